import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import { formatMinor, minor, parseDecimal, sumMinor, type Minor } from '../../core/money.ts'
import type { Tx } from '../../db/database.ts'
import { oweRefund, reducibleOf, refundableOf } from '../payment/refunds.ts'
import { raiseGivenBack } from './life-queries.ts'
import { lockOrder, moveOrder } from './life.ts'
import { lineShares } from './lines.ts'
import { getOrderRow, type OrderLineRow, type OrderRow } from './orders.ts'

/** What an order is worth now: its total less what cancellations and returns took off. */
export function worthOf(order: OrderRow): Minor {
  return minor(order.total_minor - order.given_back_minor)
}

export interface GivingBack {
  /** As it was read after `lockOrder`. */
  readonly order: OrderRow
  /** Not more than the order is worth. */
  readonly amountMinor: Minor
  readonly reason: string
  /** Of the amount, what is given in other goods instead of money. */
  readonly offsetMinor?: Minor
}

/**
 * Takes something off the worth of an order. What was not paid yet need not be paid any more; then
 * money goes back the way it came. The caller has locked the order, goes on with the one that is
 * returned, and has the refunds made after the commit (`makeRefunds`).
 */
export async function giveBack(
  ctx: Context,
  tx: Tx,
  { order, amountMinor, reason, offsetMinor = minor(0) }: GivingBack,
): Promise<{ readonly order: OrderRow; readonly refundMinor: Minor }> {
  if (amountMinor === 0) return { order, refundMinor: amountMinor }
  const { id: orderId, number } = order
  const { changes } = await raiseGivenBack(tx, { id: orderId, amountMinor })
  if (changes !== 1) throw new Error(`order ${number} is worth less than ${amountMinor}`)
  const before = await refundableOf(tx, orderId)
  const owedMinor = Math.min(amountMinor - offsetMinor, await reducibleOf(tx, orderId))
  await oweRefund(ctx, tx, { orderId, amountMinor: minor(owedMinor), reason })
  const refundMinor = minor(before - (await refundableOf(tx, orderId)))
  // With what was left to be paid gone, it may be paid by now.
  return { order: await getOrderRow(tx, orderId), refundMinor }
}

export interface Grant {
  readonly orderId: string
  readonly amountMinor: Minor
  readonly reason: string
}

/**
 * Notes money that goes back without goods, before it does: the order is worth so much less, as far
 * as more was not paid than it is worth anyway (such as when a refund is made a second time).
 */
export async function noteGrant(
  ctx: Context,
  tx: Tx,
  { orderId, amountMinor, reason }: Grant,
): Promise<void> {
  const order = await lockOrder(tx, { id: orderId })
  const excessMinor = Math.max(0, (await refundableOf(tx, orderId)) - worthOf(order))
  const lessMinor = minor(Math.max(0, amountMinor - excessMinor))
  if (lessMinor === 0) return
  const { changes } = await raiseGivenBack(tx, { id: orderId, amountMinor: lessMinor })
  if (changes !== 1) throw new Error(`order ${order.number} is worth less than ${lessMinor}`)
  const action = lessMinor === worthOf(order) ? 'refund_rest' : 'refund_part'
  const amount = `${formatMinor(amountMinor, order.currency)} ${order.currency}`
  await moveOrder(ctx, tx, { order, action, data: { amount, reason } })
}

/** What is left of a line's worth for pieces that neither were cancelled nor came back. */
export function restOf(line: OrderLineRow): Minor {
  return lineShares(line, line.quantity - line.cancelled_quantity - line.returned_quantity)
    .totalMinor
}

/** What of an order's worth is no line's: the shipping, as far as it was not given back. */
export function shippingLeft(order: OrderRow, lines: readonly OrderLineRow[]): Minor {
  return minor(Math.max(0, worthOf(order) - sumMinor(lines.map(restOf))))
}

/** An amount that somebody writes, in the currency of an order; without one nothing. */
export function amountIn({ currency }: OrderRow, field: string, text: string | undefined): Minor {
  const amount = text === undefined ? minor(0) : parseDecimal(text, currency)
  if (amount === undefined) throw invalid(field, `is no amount of ${currency}`)
  return amount
}

/** The part of the shipping that is to go back; refuses more than is left of it. */
export function shippingRefund(
  order: OrderRow,
  lines: readonly OrderLineRow[],
  text: string | undefined,
): Minor {
  const amount = amountIn(order, 'shipping_refund', text)
  if (amount <= shippingLeft(order, lines)) return amount
  throw invalid('shipping_refund', 'is more than is left of the shipping')
}
