import type { Context } from '../../context.ts'
import { formatMinor, minor, sumMinor, type Minor } from '../../core/money.ts'
import {
  isAllReturned,
  isAllShipped,
  openQuantity,
  type OrderAction,
  type Party,
} from '../../core/order-states.ts'
import type { Tx } from '../../db/database.ts'
import { record } from '../audit/log.ts'
import { releaseCredit } from '../credit/credit.ts'
import { revokeOrderedCards } from '../credit/orders.ts'
import { restock } from '../inventory/returns.ts'
import { oweRefund, refundableOf, releasePayments } from '../payment/refunds.ts'
import { releaseUses } from '../promotion/uses.ts'
import { insertCancellationLines, insertCancellations } from './cancellation-queries.ts'
import { areAllDelivered, undoParcels } from './fulfilments.ts'
import { giveBack, shippingLeft, shippingRefund, worthOf } from './giving-back.ts'
import { cancelPieces, raiseGivenBack } from './life-queries.ts'
import { assertAction, lockOrder, moveOrder } from './life.ts'
import { lineShares } from './lines.ts'
import { listOrderLines, type OrderLineRow, type OrderRow } from './orders.ts'
import {
  articlesOf,
  assertAvailable,
  choosePieces,
  countPieces,
  namesOf,
  type ChosenPieces,
  type NamedPieces,
} from './pieces.ts'

export interface Cancelling {
  readonly orderId: string
  /** The version the caller has seen, from If-Match. */
  readonly version: number | undefined
  /** A word that can be counted: `customer_request`. */
  readonly reason: string
  /** Of staff, for staff. */
  readonly note: string | null
  readonly by: Party
}

/**
 * Cancels an order that counts, as long as nothing of it has left: stock, promotions, coupons,
 * gift cards, store credit and money go back, once. The refunds are written down here and made
 * after the commit. Refuses by the table of states, with VERSION_CONFLICT, and with GIFT_CARD_SPENT
 * if a gift card that it bought has been used.
 */
export async function cancelOrder(ctx: Context, tx: Tx, cancelling: Cancelling): Promise<OrderRow> {
  const { orderId: id, version, by } = cancelling
  const order = await lockOrder(tx, { id, version })
  assertAction(order, 'cancel', by)
  return cancelAll(ctx, tx, { cancelling, order, lines: await listOrderLines(tx, id) })
}

interface Locked {
  readonly cancelling: Cancelling
  readonly order: OrderRow
  readonly lines: readonly OrderLineRow[]
}

async function cancelAll(
  ctx: Context,
  tx: Tx,
  { cancelling, order, lines }: Locked,
): Promise<OrderRow> {
  const { reason, by } = cancelling
  await undoParcels(ctx, tx, order.id)
  const chosen = lines
    .map((line) => ({ line, quantity: line.quantity - line.cancelled_quantity }))
    .filter(({ quantity }) => quantity > 0)
  const amountMinor = worthOf(order)
  const shippingMinor = shippingLeft(order, lines)
  const id = await noteCancellation(ctx, tx, {
    ...{ cancelling, order, chosen },
    ...{ amountMinor, shippingMinor },
  })
  await raiseGivenBack(tx, { id: order.id, amountMinor })
  await releasePayments(ctx, tx, order.id)
  await releaseUses(tx, order.id)
  await releaseCredit(ctx, tx, order.id)
  const refundMinor = await refundableOf(tx, order.id)
  await oweRefund(ctx, tx, { orderId: order.id, amountMinor: refundMinor, reason })
  await revokeOrderedCards(ctx, tx, { orderId: order.id, cards: cardsOf(chosen) })
  const data = { reason, ...amounts(order, { refundMinor }) }
  const moved = await moveOrder(ctx, tx, { order, action: 'cancel', by, data, subjectId: id })
  await restock(ctx, tx, { orderId: order.id, items: articlesOf(chosen), kind: 'cancellation' })
  return { ...moved, given_back_minor: order.total_minor }
}

function amounts({ currency }: OrderRow, { refundMinor }: { readonly refundMinor: Minor }) {
  return refundMinor === 0 ? {} : { refund: `${formatMinor(refundMinor, currency)} ${currency}` }
}

interface Noted extends Pick<Locked, 'cancelling' | 'order'> {
  readonly chosen: readonly ChosenPieces[]
  readonly amountMinor: Minor
  readonly shippingMinor: Minor
}

/** Writes a cancellation with its lines, and counts their pieces. Returns its id. */
async function noteCancellation(ctx: Context, tx: Tx, noted: Noted): Promise<string> {
  const { cancelling, order, chosen, amountMinor, shippingMinor } = noted
  const id = ctx.newId()
  const { reason, note } = cancelling
  const amounts = { amount_minor: amountMinor, shipping_minor: shippingMinor }
  const created_at = ctx.clock.now()
  await insertCancellations(tx, [{ id, order_id: order.id, reason, note, ...amounts, created_at }])
  const rows = chosen.map(({ line, quantity }) => ({
    cancellation_id: id,
    line_id: line.id,
    quantity,
    amount_minor: lineShares(line, quantity).totalMinor,
  }))
  await insertCancellationLines(tx, rows)
  // Parcels that were undone are not in the lines that were read before.
  const available = (line: OrderLineRow) => line.quantity - line.cancelled_quantity
  await countPieces(tx, order.id, { chosen, available, write: cancelPieces })
  const after = { reason, lines: namesOf(chosen) }
  await record(ctx, tx, { action: 'order.cancelled', subject: ['order', order.id], after })
  return id
}

const cardsOf = (chosen: readonly ChosenPieces[]) =>
  chosen
    .filter(({ line }) => line.kind === 'gift_card' && line.price_minor > 0)
    .map(({ line, quantity }) => ({ amountMinor: line.price_minor, count: quantity }))

export interface CancellingPieces extends Cancelling {
  readonly items: readonly NamedPieces[]
  /** Of the shipping, besides the pieces, as a decimal; undefined: none. */
  readonly shippingRefund: string | undefined
}

/**
 * Cancels pieces of an order that are in no parcel. The last of them cancel the order as a whole
 * if nothing of it has left. Refuses by the table of states, with VERSION_CONFLICT, NOT_FOUND,
 * QUANTITY_EXCEEDED, GIFT_CARD_SPENT, and more of the shipping than is left (VALIDATION_ERROR).
 */
export async function cancelLines(
  ctx: Context,
  tx: Tx,
  cancelling: CancellingPieces,
): Promise<OrderRow> {
  const { orderId: id, version, by } = cancelling
  const order = await lockOrder(tx, { id, version })
  assertAction(order, 'cancel_part', by)
  const lines = await listOrderLines(tx, id)
  const chosen = choosePieces(lines, cancelling.items)
  assertAvailable(chosen, openQuantity)
  const isWhole = lines.every((line) => {
    const { quantity = 0 } = chosen.find((one) => one.line.id === line.id) ?? {}
    return line.cancelled_quantity + quantity === line.quantity
  })
  if (isWhole) return cancelAll(ctx, tx, { cancelling, order, lines })
  return cancelSome(ctx, tx, { cancelling, order, lines, chosen })
}

async function cancelSome(
  ctx: Context,
  tx: Tx,
  locked: Locked & { cancelling: CancellingPieces; chosen: readonly ChosenPieces[] },
): Promise<OrderRow> {
  const { cancelling, order, lines, chosen } = locked
  const { reason, by } = cancelling
  const shippingMinor = shippingRefund(order, lines, cancelling.shippingRefund)
  const amountMinor = worthWithin(order, [
    ...chosen.map(({ line, quantity }) => lineShares(line, quantity).totalMinor),
    shippingMinor,
  ])
  const noted = { cancelling, order, chosen, amountMinor, shippingMinor }
  const id = await noteCancellation(ctx, tx, noted)
  const given = await giveBack(ctx, tx, { order, amountMinor, reason })
  await revokeOrderedCards(ctx, tx, { orderId: order.id, cards: cardsOf(chosen) })
  const after = lines.map((line) => {
    const { quantity = 0 } = chosen.find((one) => one.line.id === line.id) ?? {}
    return { ...line, cancelled_quantity: line.cancelled_quantity + quantity }
  })
  const action = await actionOf(tx, order, after)
  const data = {
    ...{ reason, items: namesOf(chosen) },
    ...amounts(order, given),
  }
  const moved = await moveOrder(ctx, tx, { order: given.order, action, by, data, subjectId: id })
  await restock(ctx, tx, { orderId: order.id, items: articlesOf(chosen), kind: 'cancellation' })
  return moved
}

/** Which step of its life it is for an order that its lines are then like this. */
async function actionOf(
  tx: Tx,
  { id, status }: OrderRow,
  lines: readonly OrderLineRow[],
): Promise<OrderAction> {
  if (status !== 'partially_shipped' || !isAllShipped(lines)) return 'cancel_part'
  if (isAllReturned(lines)) return 'cancel_rest_returned'
  return (await areAllDelivered(tx, id)) ? 'cancel_rest_delivered' : 'cancel_rest'
}

/** The sum of amounts, or all that an order is still worth. */
export function worthWithin(order: OrderRow, amountsMinor: readonly Minor[]): Minor {
  return minor(Math.min(sumMinor(amountsMinor), worthOf(order)))
}
