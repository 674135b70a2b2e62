import type { Context } from '../../context.ts'
import type { Tx } from '../../db/database.ts'
import { enqueue } from '../../db/outbox.ts'
import { issueOrderedCards } from '../credit/orders.ts'
import { isCounting } from '../../core/order-states.ts'
import { moveOrder } from '../order/life.ts'
import { getOrderRow, listTimeline, type OrderRow } from '../order/orders.ts'
import { lockPaymentsOf, type PaymentRow } from './queries.ts'

/**
 * Looks whether all of an order's money is here now; if so a placed order is paid, which gives it
 * the gift cards it bought. Payments are locked first: of two that are collected at one moment the
 * second one sees the first.
 */
export async function collected(ctx: Context, tx: Tx, orderId: string): Promise<void> {
  if (!isCollected(await lockPaymentsOf(tx, { orderId }))) return
  const order = await getOrderRow(tx, orderId)
  if (await isPaidAlready(tx, order)) return
  await moveOrder(ctx, tx, { order, action: 'pay' })
  await issueOrderedCards(ctx, tx, order)
  const payload = { order_id: orderId, number: order.number }
  await enqueue(ctx, tx, { topic: 'order.paid', payload })
}

/** An order whose goods are on their way keeps its state when it is paid: the timeline knows. */
async function isPaidAlready(tx: Tx, order: OrderRow): Promise<boolean> {
  if (!isCounting(order.status) || order.status === 'paid') return true
  if (order.status === 'placed') return false
  return (await listTimeline(tx, order.id)).some(({ type }) => type === 'paid')
}

/** Something has come, and of no payment that still stands is anything left to come. */
function isCollected(payments: readonly PaymentRow[]): boolean {
  const replaced = new Set(payments.map(({ replaces_id }) => replaces_id))
  const standing = payments.filter(({ id }) => !replaced.has(id))
  const isWhole = (payment: PaymentRow) =>
    payment.captured_minor + payment.released_minor === payment.amount_minor
  return standing.every(isWhole) && payments.some(({ captured_minor }) => captured_minor > 0)
}
