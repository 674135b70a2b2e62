import type { Context } from '../../context.ts'
import { invalid, ShopError } from '../../core/errors.ts'
import { formatMinor, minor, type Minor } from '../../core/money.ts'
import { isAllReturned } from '../../core/order-states.ts'
import type { Tx } from '../../db/database.ts'
import { record } from '../audit/log.ts'
import { restock, sellMore } from '../inventory/returns.ts'
import { worthWithin } from './cancellation.ts'
import { addArticles, chargeMore, type Charge, type Grown, type NewArticles } from './edits.ts'
import { amountIn, giveBack, shippingRefund } from './giving-back.ts'
import { assertAction, lockOrder, moveOrder } from './life.ts'
import { lineShares } from './lines.ts'
import { listOrderLines, type OrderLineRow, type OrderRow } from './orders.ts'
import { articlesOf } from './pieces.ts'
import { receiveRow, writeReceived, type ReturnLineRow } from './return-queries.ts'
import { endPieces, getReturn, wrongState, type OneReturn } from './returns.ts'

/** What has come of a line of a return. */
export interface CamePieces {
  readonly lineId: string
  readonly quantity: number
  /** Of these, fit to be sold again; the others are scrap. */
  readonly restocked: number
}

export interface Receiving extends OneReturn {
  /** undefined: everything, all of it fit to be sold again. */
  readonly items: readonly CamePieces[] | undefined
  /** Of the shipping, given back besides, as a decimal; undefined: nothing. */
  readonly shippingRefund: string | undefined
  /** Kept, say for damage, as a decimal; undefined: nothing. */
  readonly deduction: string | undefined
  /** What goes out in exchange. */
  readonly exchange: NewArticles | undefined
  /** Where the goods are put; undefined: where they were sold from. */
  readonly locationId?: string | undefined
}

/**
 * The goods of an approved return are back: what is fit goes on the shelf, and exactly what was
 * paid for them goes back, less a deduction. With an exchange the new articles are sold at once,
 * and only the difference is charged or given back. Refuses with NOT_FOUND, WRONG_STATE,
 * QUANTITY_EXCEEDED, INSUFFICIENT_STOCK, and amounts that are too large (VALIDATION_ERROR).
 */
export async function receiveReturn(
  ctx: Context,
  tx: Tx,
  receiving: Receiving,
): Promise<Charge | undefined> {
  const { orderId, id, exchange } = receiving
  const order = await lockOrder(tx, { id: orderId })
  assertAction(order, 'return_part', 'staff')
  const found = await getReturn(tx, receiving)
  if (found.row.status !== 'approved') throw wrongState(found)
  const lines = await listOrderLines(tx, orderId)
  const came = cameOf(lines, found.lines, receiving.items)
  const amounts = amountsOf(order, { lines, came, receiving })
  const grown = exchange && (await exchangeFor(ctx, tx, { order, id, items: exchange.items }))
  const offsetMinor = minor(Math.min(amounts.amountMinor, grown?.addedMinor ?? 0))
  const receipt = { id, now: ctx.clock.now(), ...amounts, offsetMinor }
  if ((await receiveRow(tx, receipt)).changes !== 1) throw wrongState(found)
  await countIn(tx, { order, id, came, asked: found.lines })
  const given = await giveBack(ctx, tx, {
    ...{ order: grown?.order ?? order, amountMinor: amounts.amountMinor, offsetMinor },
    reason: `return ${found.row.number}`,
  })
  const charge =
    grown &&
    (await chargeMore(ctx, tx, {
      order: given.order,
      amountMinor: minor(grown.addedMinor - offsetMinor),
      method: exchange.paymentMethod,
    }))
  const after = lines.map((line) => {
    const { quantity = 0 } = came.find((one) => one.line.id === line.id) ?? {}
    return { ...line, returned_quantity: line.returned_quantity + quantity }
  })
  const canEnd = given.order.status !== 'partially_shipped' && isAllReturned(after)
  const data = {
    return: found.row.number,
    items: came.map(({ line, quantity, restocked }) => ({
      ...{ line_id: line.id, sku: line.sku, quantity, restocked },
    })),
    ...refundText(order, given.refundMinor),
  }
  const action = canEnd ? 'return_rest' : 'return_part'
  await moveOrder(ctx, tx, { order: given.order, action, data, subjectId: id })
  await record(ctx, tx, { action: 'return.received', subject: ['order', orderId], after: data })
  const items = articlesOf(came.map(({ line, restocked: quantity }) => ({ line, quantity })))
  const { locationId } = receiving
  if (items.length > 0) await restock(ctx, tx, { orderId, items, kind: 'return', locationId })
  if (exchange) await sellMore(ctx, tx, { orderId, items: exchange.items })
  return charge
}

interface Exchange {
  readonly order: OrderRow
  readonly id: string
  readonly items: NewArticles['items']
}

/** Sells other articles for those of a return; the order has something to send again. */
async function exchangeFor(ctx: Context, tx: Tx, { order, id, items }: Exchange): Promise<Grown> {
  const grown = await addArticles(ctx, tx, { order, items, returnId: id })
  const data = { items: grown.items }
  const moved = await moveOrder(ctx, tx, { order: grown.order, action: 'exchange', data })
  return { ...grown, order: moved }
}

const refundText = ({ currency }: OrderRow, refundMinor: Minor) =>
  refundMinor === 0 ? {} : { refund: `${formatMinor(refundMinor, currency)} ${currency}` }

interface Came {
  readonly line: OrderLineRow
  readonly quantity: number
  readonly restocked: number
}

/** What has come of each line; a line that is not named has not come. */
function cameOf(
  lines: readonly OrderLineRow[],
  asked: readonly ReturnLineRow[],
  items: readonly CamePieces[] | undefined,
): Came[] {
  const all = asked.map(({ line_id: lineId, quantity }) => ({
    ...{ lineId, quantity, restocked: quantity },
  }))
  const given = items ?? all
  const wanted = new Map(asked.map(({ line_id, quantity }) => [line_id, quantity]))
  if (new Set(given.map(({ lineId }) => lineId)).size !== given.length) {
    throw invalid('items', 'name a line more than once')
  }
  return given.map(({ lineId, quantity, restocked }) => {
    const line = lines.find(({ id }) => id === lineId)
    const available = wanted.get(lineId) ?? 0
    if (!line || quantity > available) {
      throw new ShopError('QUANTITY_EXCEEDED', { sku: line?.sku ?? lineId, available })
    }
    if (restocked > quantity) throw invalid('restocked', 'is more than has come')
    return { line, quantity, restocked }
  })
}

interface Worth {
  readonly lines: readonly OrderLineRow[]
  readonly came: readonly Came[]
  readonly receiving: Receiving
}

function amountsOf(order: OrderRow, { lines, came, receiving }: Worth) {
  const shippingMinor = shippingRefund(order, lines, receiving.shippingRefund)
  const deductionMinor = amountIn(order, 'deduction', receiving.deduction)
  const shares = came.map(({ line, quantity }) => lineShares(line, quantity).totalMinor)
  const whole = worthWithin(order, [...shares, shippingMinor])
  if (deductionMinor > whole) throw invalid('deduction', 'is more than is given back')
  return { amountMinor: minor(whole - deductionMinor), shippingMinor, deductionMinor }
}

interface CountingIn {
  readonly order: OrderRow
  readonly id: string
  readonly came: readonly Came[]
  readonly asked: readonly ReturnLineRow[]
}

/** Counts what has come on the lines of the return and of the order. */
async function countIn(tx: Tx, { order, id, came, asked }: CountingIn): Promise<void> {
  const rows = came.map(({ line, quantity, restocked }) => ({
    of_return: id,
    of_line: line.id,
    came: quantity,
    kept: restocked,
    worth_minor: lineShares(line, quantity).totalMinor,
  }))
  await writeReceived(tx, rows)
  const byLine = new Map(came.map(({ line, quantity }) => [line.id, quantity]))
  await endPieces(
    tx,
    order,
    asked.map(({ line_id, quantity }) => ({ line_id, quantity, came: byLine.get(line_id) ?? 0 })),
  )
}
