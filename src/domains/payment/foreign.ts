import type { Context } from '../../context.ts'
import { minor, type Minor } from '../../core/money.ts'
import type { Tx } from '../../db/database.ts'
import { noteGrant } from '../order/giving-back.ts'
import { getOrderRow, recordEvent } from '../order/orders.ts'
import { collected } from './collecting.ts'
import { endOperation, findOperation, listOperationsOf } from './operation-queries.ts'
import { newOperation, saveOperations } from './operations.ts'
import { announceRefund, note } from './performing.ts'
import {
  findPayment,
  lockPaymentsOf,
  reopenRefund,
  reserveCapture,
  reserveRefunds,
  endCapture,
  voidLapsed,
  type PaymentRow,
} from './queries.ts'

/**
 * Notes that an authorisation has been collected, as its provider says: by a capture of this shop
 * whose answer is still on its way, or at the provider's own desk. Nothing happens twice.
 */
export async function noteCollected(
  ctx: Context,
  payment: PaymentRow,
  collectedMinor: Minor,
): Promise<void> {
  const { id, order_id: orderId } = payment
  await ctx.db.transaction(async (tx) => {
    const operations = await listOperationsOf(tx, { orderId })
    const own = operations.find(
      ({ payment_id, kind, status }) =>
        payment_id === id && kind === 'capture' && status === 'pending',
    )
    const reference = payment.provider_reference
    if (own)
      return void (await note(ctx, tx, { operation: own, outcome: { kind: 'done', reference } }))
    await lockPaymentsOf(tx, { orderId })
    const now = ctx.clock.now()
    const amountMinor = minor(Math.min(collectedMinor, payment.authorised_minor))
    if ((await reserveCapture(tx, { id, amountMinor, now })).changes !== 1) return
    await endCapture(tx, { id, reservedMinor: amountMinor, capturedMinor: amountMinor, now })
    const data = { payment_id: id, amount_minor: amountMinor }
    await recordEvent(ctx, tx, { orderId, type: 'payment_captured', data })
    await collected(ctx, tx, orderId)
  })
}

/** Notes that a provider has let go of an authorisation: it ran out, or its desk cancelled it. */
export async function noteLapsed(
  ctx: Context,
  { id, order_id: orderId }: PaymentRow,
): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    await lockPaymentsOf(tx, { orderId })
    if ((await voidLapsed(tx, { id, now: ctx.clock.now() })).changes !== 1) return
    await recordEvent(ctx, tx, { orderId, type: 'payment_voided', data: { payment_id: id } })
  })
}

export interface ToldRefund {
  /** What the provider calls the payment, and the refund. */
  readonly payment: string
  readonly reference: string
  /** The key of the operation, if this shop asked for it. */
  readonly operationKey: string | null
  readonly amountMinor: Minor
  readonly status: 'done' | 'failed'
}

/** Notes what a provider says of a refund; false if it is about no payment of this shop. */
export async function noteToldRefund(ctx: Context, told: ToldRefund): Promise<boolean> {
  const { operationKey: key, reference } = told
  const operation =
    (key === null ? undefined : await findOperation(ctx.db.read, { key })) ??
    (await findOperation(ctx.db.read, { reference }))
  if (operation) {
    await ctx.db.transaction((tx) => noteOwn(ctx, tx, { operationId: operation.id, told }))
    return true
  }
  const payment = await findPayment(ctx.db.read, { reference: told.payment })
  if (!payment) return false
  if (told.status === 'done') {
    await ctx.db.transaction((tx) => noteForeign(ctx, tx, { payment, told }))
  }
  return true
}

/** A refund of this shop: done, or failed after all, even if it had been said to be done. */
async function noteOwn(
  ctx: Context,
  tx: Tx,
  { operationId, told }: { operationId: string; told: ToldRefund },
): Promise<void> {
  const operation = await findOperation(tx, { id: operationId })
  if (!operation) return
  const { reference, status } = told
  const outcome =
    status === 'done'
      ? ({ kind: 'done', reference } as const)
      : ({ kind: 'failed', code: 'failed_later' } as const)
  if (await note(ctx, tx, { operation, outcome })) return
  if (status === 'done') return
  const { order_id: orderId, payment_id: id, amount_minor: amountMinor } = operation
  const now = ctx.clock.now()
  const payments = await lockPaymentsOf(tx, { orderId })
  const end = { id: operationId, from: 'done', status: 'failed', reference, now } as const
  if ((await endOperation(tx, { ...end, failureCode: 'failed_later' })).changes !== 1) return
  if ((await reopenRefund(tx, { id, amountMinor, now })).changes !== 1) {
    throw new Error(`refund ${operationId} does not fit its payment`)
  }
  const payment = payments.find((row) => row.id === id)
  if (!payment) return
  const order = await getOrderRow(tx, orderId)
  await announceRefund(ctx, tx, { operation, payment, order, isDone: false })
}

/** Money that went back at the provider's own desk: the books say so from now on. */
async function noteForeign(
  ctx: Context,
  tx: Tx,
  { payment: known, told }: { payment: PaymentRow; told: ToldRefund },
): Promise<void> {
  const { order_id: orderId, id } = known
  const payments = await lockPaymentsOf(tx, { orderId })
  const payment = payments.find((row) => row.id === id) ?? known
  const { amountMinor, reference } = told
  // Told again, it is there: the key is the provider's own name of the refund.
  if (await findOperation(tx, { reference })) return
  const now = ctx.clock.now()
  const reason = 'made at the provider'
  if (amountMinor <= openOf(payment)) await noteGrant(ctx, tx, { orderId, amountMinor, reason })
  const part = { payment_id: id, part_minor: amountMinor, now }
  if ((await reserveRefunds(tx, [part])).changes !== 1) {
    throw new Error(`the provider gave back more of payment ${id} than was captured`)
  }
  const facts = { payment, kind: 'refund', amountMinor, reason, providerKey: reference } as const
  const made = newOperation(ctx, facts)
  await saveOperations(tx, [made])
  const operation = { ...made, attempts: 0 }
  await note(ctx, tx, { operation, outcome: { kind: 'done', reference } })
}

const openOf = (payment: PaymentRow) =>
  payment.captured_minor - payment.refunded_minor - payment.refunding_minor
