import type { Context } from '../../context.ts'
import { enqueue } from '../../db/outbox.ts'
import type { PaymentOutcome } from '../../drivers/payment/driver.ts'
import { expireStock, listExpired } from '../inventory/inventory.ts'
import { getOrderRow, recordEvent } from '../order/orders.ts'
import {
  askProvider,
  giveUpOn,
  neverArrived,
  noteRefund,
  refundAtProvider,
  takeDuePayments,
  type PaymentRow,
} from '../payment/payments.ts'
import { settling } from './settle.ts'

const batchSize = 100

/**
 * Finishes what a crash or a silent provider has left behind: asks about pending payments, looks
 * once more for those that never arrived, and makes refunds that are owed. Runs in every node;
 * each payment is taken by one of them. Returns how many it looked at.
 */
export async function reconcileDue(ctx: Context): Promise<number> {
  const due = await takeDuePayments(ctx, batchSize)
  for (const payment of due) {
    await apart(ctx, payment.order_id, () =>
      payment.status === 'refund_due' ? refund(ctx, payment) : reconcile(ctx, payment),
    )
  }
  return due.length
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
  if (payment.status === 'failed' && answer !== 'absent' && answer.kind === 'captured') {
    await apply(ctx, payment, answer)
  } else if (payment.status === 'failed') {
    await giveUpOn(ctx, payment)
  } else {
    await apply(ctx, payment, answer === 'absent' ? { kind: 'failed', code: neverArrived } : answer)
  }
}

async function apply(ctx: Context, payment: PaymentRow, outcome: PaymentOutcome): Promise<void> {
  const settlement = { orderId: payment.order_id, outcome }
  await settling(ctx, settlement, (tx, settle) => settle(tx))
}

async function refund(ctx: Context, payment: PaymentRow): Promise<void> {
  if (!(await refundAtProvider(ctx, payment))) return
  const orderId = payment.order_id
  await ctx.db.transaction(async (tx) => {
    if (!(await noteRefund(ctx, tx, orderId))) return
    const { number } = await getOrderRow(tx, orderId)
    await recordEvent(ctx, tx, { orderId, type: 'refunded' })
    await enqueue(ctx, tx, { topic: 'order.refunded', payload: { order_id: orderId, number } })
  })
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
