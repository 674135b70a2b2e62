import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import { formatMinor, minor, sumMinor, type Minor } from '../../core/money.ts'
import { planRefund, type Refundable, type RefundPart } from '../../core/refund-plan.ts'
import type { Db, Tx } from '../../db/database.ts'
import { creditLeft, refundCredit } from '../credit/credit.ts'
import { listOperationsOf } from './operation-queries.ts'
import { newOperation, saveOperations, voidKeyOf } from './operations.ts'
import { collected } from './collecting.ts'
import { performAll } from './performing.ts'
import {
  listPaymentsOf,
  lockPaymentsOf,
  releaseShares,
  reserveRefunds,
  type PaymentRow,
} from './queries.ts'
import type { PaymentStatus } from './tables.ts'

export interface OwedRefund {
  readonly orderId: string
  readonly amountMinor: Minor
  /** For the books and for staff: a line of text. */
  readonly reason: string
}

/**
 * Owes money back for an order that is worth `amountMinor` less than it was. What was not collected
 * yet is not collected; what gift cards and store credit paid goes back to them at once; the rest
 * is given back from the payments, the latest first, when `makeRefunds` or the reconciler make it.
 * Refuses more than there is (REFUND_EXCEEDS_CAPTURED). Nothing happens for 0.
 */
export async function oweRefund(
  ctx: Context,
  tx: Tx,
  { orderId, amountMinor, reason }: OwedRefund,
): Promise<void> {
  if (amountMinor === 0) return
  const payments = await lockPaymentsOf(tx, { orderId })
  const plan = planRefund(amountMinor, {
    uncollected: uncollectedOf(payments),
    creditMinor: await creditLeft(tx, orderId),
    captured: payments.toReversed().map(capturedOf),
  })
  if (plan.missingMinor > 0) throw exceeded(payments, minor(amountMinor - plan.missingMinor))
  await releaseParts(ctx, tx, { payments, parts: plan.released })
  if (plan.creditMinor > 0) {
    await refundCredit(ctx, tx, { orderId, amountMinor: plan.creditMinor, note: reason })
  }
  await refundParts(ctx, tx, { payments, parts: plan.refunded, reason })
  if (plan.released.length > 0) await collected(ctx, tx, orderId)
}

/** Refuses a refund of more than there is. */
export function exceeded(payments: readonly PaymentRow[], openMinor: Minor): ShopError {
  const currency = payments[0]?.currency ?? ''
  return new ShopError('REFUND_EXCEEDS_CAPTURED', {
    available: `${formatMinor(openMinor, currency)} ${currency}`,
  })
}

/**
 * What is still to be collected, or would have been if it had gone well; the latest first. A
 * payment on its way cannot be held up any more: it is captured first, and then goes back.
 */
function uncollectedOf(payments: readonly PaymentRow[]): Refundable[] {
  const replaced = new Set(payments.map(({ replaces_id }) => replaces_id))
  return payments
    .toReversed()
    .filter(({ id, status }) => uncollectedStates.includes(status) && !replaced.has(id))
    .map((payment) => ({ id: payment.id, openMinor: openOf(payment) }))
}

const uncollectedStates: readonly PaymentStatus[] = [
  'open',
  'due',
  'authorised',
  'failed',
  'voided',
]

const openOf = (payment: PaymentRow): Minor =>
  minor(
    payment.amount_minor -
      payment.captured_minor -
      payment.capturing_minor -
      payment.released_minor,
  )

const capturedOf = (payment: PaymentRow): Refundable => ({
  id: payment.id,
  openMinor: minor(payment.captured_minor - payment.refunded_minor - payment.refunding_minor),
})

interface Parts {
  readonly payments: readonly PaymentRow[]
  readonly parts: readonly RefundPart[]
}

async function releaseParts(ctx: Context, tx: Tx, { payments, parts }: Parts): Promise<void> {
  if (parts.length === 0) return
  const { changes } = await releaseShares(tx, parts.map(shareOf(ctx)))
  if (changes !== parts.length) throw new ShopError('PAYMENT_IN_PROGRESS')
  const given = new Map(parts.map(({ id, amountMinor }) => [id, amountMinor]))
  const voided = payments.filter(
    (payment) =>
      payment.status === 'authorised' &&
      payment.captured_minor === 0 &&
      payment.capturing_minor === 0 &&
      openOf(payment) === given.get(payment.id),
  )
  await saveOperations(
    tx,
    voided.map((payment) =>
      newOperation(ctx, {
        payment,
        kind: 'void',
        amountMinor: minor(0),
        reason: null,
        providerKey: voidKeyOf(payment),
      }),
    ),
  )
}

const shareOf = (ctx: Context) => {
  const now = ctx.clock.now()
  return ({ id, amountMinor }: RefundPart) => ({ payment_id: id, part_minor: amountMinor, now })
}

interface RefundParts extends Parts {
  readonly reason: string
}

/** Reserves refunds, each within what was captured of its payment (REFUND_EXCEEDS_CAPTURED). */
export async function refundParts(
  ctx: Context,
  tx: Tx,
  { payments, parts, reason }: RefundParts,
): Promise<string[]> {
  if (parts.length === 0) return []
  const ordered = parts.toSorted((one, other) => (one.id < other.id ? -1 : 1))
  const { changes } = await reserveRefunds(tx, ordered.map(shareOf(ctx)))
  if (changes !== parts.length) throw exceeded(payments, minor(0))
  const rows = parts.flatMap(({ id, amountMinor }) => {
    const payment = payments.find((candidate) => candidate.id === id)
    return payment ? [newOperation(ctx, { payment, kind: 'refund', amountMinor, reason })] : []
  })
  await saveOperations(tx, rows)
  return rows.map(({ id }) => id)
}

/**
 * Makes at the providers what has been decided about an order's payments and is not done yet. To
 * be called after the commit; what does not answer is left to the reconciler.
 */
export async function makeRefunds(ctx: Context, orderId: string): Promise<void> {
  const operations = await listOperationsOf(ctx.db.read, { orderId })
  await performAll(
    ctx,
    operations.filter(({ status }) => status === 'pending'),
  )
}

/**
 * For a cancellation: nothing that is authorised or due can be collected any more. It is made at
 * the providers by `makeRefunds`. Refuses while a capture is on its way (PAYMENT_IN_PROGRESS).
 */
export async function releasePayments(ctx: Context, tx: Tx, orderId: string): Promise<void> {
  const payments = await lockPaymentsOf(tx, { orderId })
  if (payments.some(({ capturing_minor }) => capturing_minor > 0)) {
    throw new ShopError('PAYMENT_IN_PROGRESS')
  }
  const parts = uncollectedOf(payments)
    .filter(({ openMinor }) => openMinor > 0)
    .map(({ id, openMinor }) => ({ id, amountMinor: openMinor }))
  await releaseParts(ctx, tx, { payments, parts })
}

/** How much less an order can be worth: what is not collected yet, and what could be given back. */
export async function reducibleOf(db: Db, orderId: string): Promise<Minor> {
  const open = uncollectedOf(await listPaymentsOf(db, { orderId }))
  const openMinor = sumMinor(open.map((payment) => payment.openMinor))
  return minor(openMinor + (await refundableOf(db, orderId)))
}

/** What could be given back of an order: captured plus credit, less what went or is going back. */
export async function refundableOf(db: Db, orderId: string): Promise<Minor> {
  const payments = await listPaymentsOf(db, { orderId })
  const captured = sumMinor(payments.map((payment) => capturedOf(payment).openMinor))
  return minor(captured + (await creditLeft(db, orderId)))
}
