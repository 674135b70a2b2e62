import type { Context } from '../../context.ts'
import type { DecidedOutcome, PaymentOutcome } from '../../drivers/payment/driver.ts'
import { expireStock, listExpired } from '../inventory/inventory.ts'
import { recordEvent } from '../order/orders.ts'
import { settleAdditional } from '../payment/additional.ts'
import {
  abandoned,
  askProvider,
  cancelAtProvider,
  giveUpOn,
  neverArrived,
  takeDue,
  type PaymentRow,
} from '../payment/payments.ts'
import { performAll } from '../payment/performing.ts'
import { settling } from './settle.ts'

const batchSize = 100

/**
 * Finishes what a crash or a silent provider has left behind: asks about pending payments, looks
 * once more for those that never arrived, and makes captures, voids and refunds left undone. Runs
 * in every node; each payment and operation is taken by one of them. Returns how many it took.
 */
export async function reconcileDue(ctx: Context): Promise<number> {
  const { payments, operations } = await takeDue(ctx, batchSize)
  for (const payment of payments) {
    await apart(ctx, payment.order_id, () => reconcile(ctx, payment))
  }
  await performAll(ctx, operations)
  return payments.length + operations.length
}

/** One order that cannot be dealt with must not hold up those behind it: it is tried again. */
async function apart(ctx: Context, orderId: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    // Without a database nothing behind it would fare better.
    if (ctx.db.dialect.readFault(error).kind === 'unavailable') throw error
    ctx.log.error({ err: error, orderId }, 'order not reconciled; it is tried again')
  }
}

/**
 * Asks the provider about a payment and settles it by the answer. One it has not seen, long after
 * it was sent, has never been made. Without an answer the payment stays as it is.
 */
async function reconcile(ctx: Context, payment: PaymentRow): Promise<void> {
  const answer = await askProvider(ctx, payment)
  if (answer === undefined) return
  if (payment.status === 'failed') return reconcileFailed(ctx, payment, answer)
  if (answer !== 'absent' && answer.kind !== 'action_required') return apply(ctx, payment, answer)
  const code = answer === 'absent' ? neverArrived : abandoned
  if (code === abandoned && !isOverdue(ctx, payment)) return
  const isKnown = code === abandoned || payment.provider_reference !== null
  // What the provider knows of could still be paid there, until it has been cancelled.
  const end = isKnown ? await cancelAtProvider(ctx, payment) : failedBy(code)
  if (end === undefined || end.kind === 'action_required') return
  await apply(ctx, payment, end.kind === 'failed' ? failedBy(code) : end)
}

const failedBy = (code: string) => ({ kind: 'failed', code }) as const

/** Its payer has had as long as the stock was reserved for the order. */
function isOverdue({ clock, config }: Context, { created_at }: PaymentRow): boolean {
  return created_at + config.lifetimes.holdMs <= clock.now()
}

async function reconcileFailed(
  ctx: Context,
  payment: PaymentRow,
  answer: PaymentOutcome | 'absent',
): Promise<void> {
  const isMoney =
    answer !== 'absent' && (answer.kind === 'captured' || answer.kind === 'authorised')
  if (isMoney) await apply(ctx, payment, answer)
  else await giveUpOn(ctx, payment)
}

/** Settles a payment, whichever of its order's it is. */
export async function apply(
  ctx: Context,
  payment: PaymentRow,
  outcome: DecidedOutcome,
): Promise<void> {
  if (payment.position > 1) return settleAdditional(ctx, payment, outcome)
  const settlement = { orderId: payment.order_id, outcome }
  await settling(ctx, settlement, (tx, settle) => settle(tx))
}

/**
 * Gives back the stock of orders that were not paid in time. The order itself keeps waiting for
 * word from its provider: only that can say whether money has moved.
 */
export async function expireDue(ctx: Context): Promise<number> {
  const expired = await listExpired(ctx, batchSize)
  for (const orderId of expired) {
    await apart(ctx, orderId, () =>
      ctx.db.transaction(async (tx) => {
        if (!(await expireStock(ctx, tx, orderId))) return
        await recordEvent(ctx, tx, { orderId, type: 'hold_expired' })
      }),
    )
  }
  return expired.length
}
