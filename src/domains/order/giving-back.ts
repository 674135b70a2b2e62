import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import { minor, parseDecimal, sumMinor, type Minor } from '../../core/money.ts'
import type { Db, Tx } from '../../db/database.ts'
import { oweRefund, refundableOf } from '../payment/refunds.ts'
import { raiseGivenBack } from './life-queries.ts'
import { lineShares } from './lines.ts'
import type { OrderLineRow, OrderRow } from './orders.ts'

/** What an order is worth now: its total less what cancellations and returns took off. */
export function worthOf(order: OrderRow): Minor {
  return minor(order.total_minor - order.given_back_minor)
}

/** What its customer has still to pay for an order, however it is to be paid. */
export async function outstandingOf(db: Db, order: OrderRow): Promise<Minor> {
  return minor(Math.max(0, worthOf(order) - (await refundableOf(db, order.id))))
}

export interface GivingBack {
  /** As it was read after `lockOrder`. */
  readonly order: OrderRow
  /** Not more than the order is worth. */
  readonly amountMinor: Minor
  readonly reason: string
}

/**
 * Takes something off the worth of an order. What was paid beyond the rest goes back; what was not
 * paid yet need not be paid any more. The caller has locked the order, and has the refunds made
 * after the commit (`makeRefunds`).
 */
export async function giveBack(
  ctx: Context,
  tx: Tx,
  { order, amountMinor, reason }: GivingBack,
): Promise<{ readonly order: OrderRow; readonly refundMinor: Minor }> {
  if (amountMinor === 0) return { order, refundMinor: amountMinor }
  const { changes } = await raiseGivenBack(tx, { id: order.id, amountMinor })
  if (changes !== 1) throw new Error(`order ${order.number} is worth less than ${amountMinor}`)
  const after = { ...order, given_back_minor: minor(order.given_back_minor + amountMinor) }
  const excess = (await refundableOf(tx, order.id)) - worthOf(after)
  const refundMinor = minor(Math.min(amountMinor, Math.max(0, excess)))
  await oweRefund(ctx, tx, { orderId: order.id, amountMinor: refundMinor, reason })
  return { order: after, refundMinor }
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
