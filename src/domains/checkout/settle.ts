import type { Context } from '../../context.ts'
import type { Tx } from '../../db/database.ts'
import { enqueue } from '../../db/outbox.ts'
import type { PaymentOutcome } from '../../drivers/payment/driver.ts'
import { completeCart, reopenCart } from '../cart/checkout.ts'
import { releaseHeldStock, sellHeldStock } from '../inventory/inventory.ts'
import { getOrderRow, recordEvent, settleOrderStatus, type OrderRow } from '../order/orders.ts'
import { askProvider, decideOutcome, getPayment, takeDuePayments } from '../payment/payments.ts'
import type { PaymentRow } from '../payment/payments.ts'

/**
 * The second half of a checkout. The shopper's request, the reconciler and (later) the provider's
 * webhook all come through here with what they know; the first one decides, the others change
 * nothing. Returns whether this call decided.
 */
export async function settle(
  ctx: Context,
  tx: Tx,
  { orderId, outcome }: { orderId: string; outcome: PaymentOutcome },
): Promise<boolean> {
  const payment = await getPayment(tx, orderId)
  if (!(await decideOutcome(ctx, tx, { payment, outcome }))) return false
  const order = await getOrderRow(tx, orderId)
  if (outcome.kind === 'failed') await cancelUnpaid(ctx, tx, { order, code: outcome.code })
  else await confirm(ctx, tx, { order, outcome })
  return true
}

async function confirm(
  ctx: Context,
  tx: Tx,
  { order, outcome }: { order: OrderRow; outcome: PaymentOutcome },
): Promise<void> {
  const status = outcome.kind === 'captured' ? 'paid' : 'placed'
  await settleOrderStatus(ctx, tx, { order, status })
  await completeCart(ctx, tx, order.cart_id)
  await recordEvent(ctx, tx, { orderId: order.id, type: status })
  await enqueue(ctx, tx, {
    topic: 'order.placed',
    payload: { order_id: order.id, number: order.number, status },
  })
  // The stock rows are the most wanted locks of the shop: taken last, they are held shortest.
  await sellHeldStock(ctx, tx, order.id)
}

async function cancelUnpaid(
  ctx: Context,
  tx: Tx,
  { order, code }: { order: OrderRow; code: string },
): Promise<void> {
  await settleOrderStatus(ctx, tx, { order, status: 'cancelled' })
  await reopenCart(ctx, tx, order.cart_id)
  await recordEvent(ctx, tx, { orderId: order.id, type: 'payment_failed', data: { code } })
  await enqueue(ctx, tx, {
    topic: 'order.payment_failed',
    payload: { order_id: order.id, number: order.number, code },
  })
  await releaseHeldStock(tx, order.id)
}

/**
 * Asks the provider about a pending payment and settles it by the answer. A payment the provider
 * has never seen, long after it was sent, was never made. Without an answer it stays pending.
 */
export async function reconcile(ctx: Context, payment: PaymentRow): Promise<void> {
  const answer = await askProvider(ctx, payment)
  if (answer === undefined) return
  const outcome: PaymentOutcome =
    answer === 'absent' ? { kind: 'failed', code: 'never_arrived' } : answer
  await ctx.db.transaction((tx) => settle(ctx, tx, { orderId: payment.order_id, outcome }))
}

/** Settles whatever a crash or a silent provider has left behind; returns how many it looked at. */
export async function reconcileDue(ctx: Context): Promise<number> {
  const due = await takeDuePayments(ctx, 100)
  for (const payment of due) await reconcile(ctx, payment)
  return due.length
}
