import type { Context } from '../../context.ts'
import type { Tx } from '../../db/database.ts'
import { enqueue } from '../../db/outbox.ts'
import { issueOrderedCards } from '../credit/orders.ts'
import { getOrderRow, payOrder, recordEvent } from '../order/orders.ts'
import { lockPaymentsOf, type PaymentRow } from './queries.ts'

/**
 * Looks whether all of an order's money is here now; if so a placed order is paid, which gives it
 * the gift cards it bought. Payments are locked first: of two that are collected at one moment the
 * second one sees the first.
 */
export async function collected(ctx: Context, tx: Tx, orderId: string): Promise<void> {
  if (!isCollected(await lockPaymentsOf(tx, { orderId }))) return
  const order = await getOrderRow(tx, orderId)
  if (!(await payOrder(ctx, tx, order))) return
  await issueOrderedCards(ctx, tx, order)
  await recordEvent(ctx, tx, { orderId, type: 'paid' })
  const payload = { order_id: orderId, number: order.number }
  await enqueue(ctx, tx, { topic: 'order.paid', payload })
}

/** Something has come, and of no payment that still stands is anything left to come. */
function isCollected(payments: readonly PaymentRow[]): boolean {
  const replaced = new Set(payments.map(({ replaces_id }) => replaces_id))
  const standing = payments.filter(({ id }) => !replaced.has(id))
  const isWhole = (payment: PaymentRow) =>
    payment.captured_minor + payment.released_minor === payment.amount_minor
  return standing.every(isWhole) && payments.some(({ captured_minor }) => captured_minor > 0)
}
