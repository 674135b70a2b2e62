import type { Context } from '../../context.ts'
import type { Tx } from '../../db/database.ts'
import { enqueue } from '../../db/outbox.ts'
import { together } from '../../db/together.ts'
import type { DecidedOutcome } from '../../drivers/payment/driver.ts'
import { completeCart, reopenCart } from '../cart/checkout.ts'
import { releaseCredit } from '../credit/credit.ts'
import { issueOrderedCards } from '../credit/orders.ts'
import {
  isTracked,
  lockHeldStock,
  releaseHeldStock,
  sellHeldStock,
  type Hold,
} from '../inventory/inventory.ts'
import {
  getOrderRow,
  readOrder,
  recordEvent,
  settleOrderStatus,
  type Order,
  type OrderRow,
} from '../order/orders.ts'
import { decideOutcome, giveUpLate, returnLateMoney, soldOut } from '../payment/payments.ts'
import { releaseUses } from '../promotion/uses.ts'

/** The money has come and the stock is gone; thrown to undo what was half reserved again. */
class StockGoneError extends Error {}

export interface Settlement {
  readonly orderId: string
  readonly outcome: DecidedOutcome
}

type Settle = (tx: Tx) => Promise<Order>

/**
 * The second half of a checkout, as a transaction. The shopper's request, the reconciler and
 * the provider's events all come through here with what they know; the first one decides,
 * for the others nothing changes. Money is never kept without goods: if the reservation has run
 * out it is renewed, and if the stock is gone, or the order was given up before, it is refunded.
 *
 * `work` runs in the same transaction and calls the function it is given, which returns the order
 * as it is then.
 */
export async function settling<T>(
  ctx: Context,
  settlement: Settlement,
  work: (tx: Tx, settle: Settle) => Promise<T>,
): Promise<T> {
  try {
    return await ctx.db.transaction((tx) => work(tx, (inner) => settle(ctx, inner, settlement)))
  } catch (error) {
    if (!(error instanceof StockGoneError)) throw error
    return ctx.db.transaction((tx) =>
      work(tx, (inner) => settleWithoutStock(ctx, inner, settlement)),
    )
  }
}

/** The same inside a transaction that has just reserved the stock. */
export async function settle(
  ctx: Context,
  tx: Tx,
  { orderId, outcome }: Settlement,
): Promise<Order> {
  const [isFirst, order, holds] = await together(tx, [
    () => decideOutcome(ctx, tx, { orderId, outcome }),
    () => getOrderRow(tx, orderId),
    () => lockHeldStock(tx, orderId),
  ])
  if (isFirst && outcome.kind !== 'failed') return confirm(ctx, tx, { order, holds, outcome })
  if (isFirst && outcome.kind === 'failed') {
    await cancelUnpaid(ctx, tx, { order, holds, code: outcome.code })
    if (outcome.isOpen === true) await giveUpLate(ctx, tx, { orderId })
  } else {
    await settleLate(ctx, tx, { order, outcome })
  }
  return readOrder(tx, orderId)
}

/** Word of a payment that is decided already changes something only if there is money in it. */
async function settleLate(
  ctx: Context,
  tx: Tx,
  { order, outcome }: { order: OrderRow; outcome: DecidedOutcome },
): Promise<void> {
  const { payment_status: from } = order
  if (from !== 'failed' && from !== 'voided') return
  if (outcome.kind === 'authorised') await giveUpLate(ctx, tx, { orderId: order.id })
  if (outcome.kind !== 'captured') return
  await refundInstead(ctx, tx, { order, from, reference: outcome.reference })
}

interface Held {
  readonly order: OrderRow
  readonly holds: readonly Hold[]
}

async function confirm(
  ctx: Context,
  tx: Tx,
  { order, holds, outcome }: Held & { outcome: DecidedOutcome },
): Promise<Order> {
  const status = outcome.kind === 'captured' ? 'paid' : 'placed'
  const payload = { order_id: order.id, number: order.number, status } as const
  if (status === 'paid') await issueOrderedCards(ctx, tx, order)
  const [, , , , settled, isSold] = await together(tx, [
    () => settleOrderStatus(ctx, tx, { order, status }),
    () => completeCart(ctx, tx, order.cart_id),
    () => recordEvent(ctx, tx, { orderId: order.id, type: status }),
    () => enqueue(ctx, tx, { topic: 'order.placed', payload }),
    () => readOrder(tx, order.id),
    // The stock rows are the most wanted locks of the shop: taken last, they are held shortest.
    () => sellHeldStock(ctx, tx, { orderId: order.id, holds }),
  ])
  if (!isSold) throw new StockGoneError()
  // Its lines name their units only now.
  return holds.some(isTracked) ? readOrder(tx, order.id) : settled
}

async function cancelUnpaid(
  ctx: Context,
  tx: Tx,
  { order, holds, code }: Held & { code: string },
): Promise<void> {
  await cancel(ctx, tx, order)
  await recordEvent(ctx, tx, { orderId: order.id, type: 'payment_failed', data: { code } })
  await enqueue(ctx, tx, {
    topic: 'order.payment_failed',
    payload: { order_id: order.id, number: order.number, code },
  })
  await releaseHeldStock(tx, { orderId: order.id, holds })
}

async function cancel(ctx: Context, tx: Tx, order: OrderRow): Promise<void> {
  await settleOrderStatus(ctx, tx, { order, status: 'cancelled' })
  await reopenCart(ctx, tx, order.cart_id)
  await releaseUses(tx, order.id)
  await releaseCredit(ctx, tx, order.id)
}

async function settleWithoutStock(
  ctx: Context,
  tx: Tx,
  { orderId, outcome }: Settlement,
): Promise<Order> {
  const order = await getOrderRow(tx, orderId)
  const isGivenUp =
    outcome.kind === 'captured'
      ? await refundInstead(ctx, tx, { order, from: 'pending', reference: outcome.reference })
      : await giveUpInstead(ctx, tx, orderId)
  if (isGivenUp) await cancel(ctx, tx, order)
  return readOrder(tx, orderId)
}

/** Lets go of money that was only set aside; false if that has been decided before. */
async function giveUpInstead(ctx: Context, tx: Tx, orderId: string): Promise<boolean> {
  const outcome = { kind: 'failed', code: soldOut } as const
  if (!(await decideOutcome(ctx, tx, { orderId, outcome }))) return false
  await recordEvent(ctx, tx, { orderId, type: 'payment_failed', data: { code: soldOut } })
  await giveUpLate(ctx, tx, { orderId })
  return true
}

interface Refund {
  readonly order: OrderRow
  /** `failed`: the order was cancelled when its payment seemed never to have been made. */
  readonly from: 'pending' | 'failed' | 'voided'
  readonly reference: string
}

/** Gives back money for which nothing can be sold; false if that has been decided before. */
async function refundInstead(
  ctx: Context,
  tx: Tx,
  { order, from, reference }: Refund,
): Promise<boolean> {
  const { id: orderId, payment_failure: failureCode } = order
  if (!(await returnLateMoney(ctx, tx, { orderId, from, reference, failureCode }))) return false
  await recordEvent(ctx, tx, { orderId, type: 'refund_due' })
  const payload = { order_id: orderId, number: order.number }
  await enqueue(ctx, tx, { topic: 'order.refund_due', payload })
  return true
}
