import type { Context } from '../../context.ts'
import { notFound, ShopError } from '../../core/errors.ts'
import { returnsUntil, type Party } from '../../core/order-states.ts'
import type { Db, Tx } from '../../db/database.ts'
import { record } from '../audit/log.ts'
import { returnsOf, type OrderReturn } from './aftermath.ts'
import { askBackPieces, endReturnPieces } from './life-queries.ts'
import { assertAction, lockOrder, moveOrder } from './life.ts'
import { listOrderLines, type OrderLineRow, type OrderRow } from './orders.ts'
import { choosePieces, countPieces, namesOf, type NamedPieces } from './pieces.ts'
import { arrivalsOf, decideReturn, insertReturnLines, insertReturns } from './return-queries.ts'

export interface WantedPieces extends NamedPieces {
  /** A word that can be counted: `damaged`. */
  readonly reason: string
}

export interface Asking {
  readonly orderId: string
  readonly items: readonly WantedPieces[]
  readonly note: string | null
  readonly by: Party
  /** Staff may let a return pass that they have agreed on already. */
  readonly isApproved?: boolean
}

/**
 * Asks to send pieces back that have left. Refuses by the table of states, with NOT_FOUND,
 * QUANTITY_EXCEEDED, and a customer with RETURN_WINDOW_CLOSED. Returns the id of the return.
 */
export async function requestReturn(ctx: Context, tx: Tx, asking: Asking): Promise<string> {
  const { orderId, items, note, by, isApproved = false } = asking
  const order = await lockOrder(tx, { id: orderId })
  assertAction(order, 'request_return', by)
  const chosen = choosePieces(await listOrderLines(tx, orderId), items)
  if (by === 'customer') await assertInTime(ctx, tx, { orderId, chosen })
  await countPieces(tx, orderId, { chosen, available: returnable, write: askBackPieces })
  const [id, now] = [ctx.newId(), ctx.clock.now()]
  const status = isApproved ? ('approved' as const) : ('requested' as const)
  const row = { id, order_id: orderId, status, note, created_at: now, updated_at: now }
  await insertReturns(tx, [row])
  const rows = items.map(({ lineId, quantity, reason }) => ({
    return_id: id,
    line_id: lineId,
    reason,
    quantity,
  }))
  await insertReturnLines(tx, rows)
  const { number } = (await getReturn(tx, { orderId, id })).row
  const data = { return: number, items: namesOf(chosen) }
  await moveOrder(ctx, tx, { order, action: 'request_return', by, data, subjectId: id })
  await record(ctx, tx, { action: 'return.requested', subject: ['order', orderId], after: data })
  return id
}

/** How many pieces of a line may be asked back. */
export const returnable = (line: OrderLineRow): number =>
  line.shipped_quantity - line.returning_quantity - line.returned_quantity

interface InTime {
  readonly orderId: string
  readonly chosen: readonly { readonly line: OrderLineRow }[]
}

/** Goods that nobody says have arrived are in time: nobody can send back what is not there yet. */
async function assertInTime(ctx: Context, tx: Tx, { orderId, chosen }: InTime): Promise<void> {
  const arrived = await arrivalsOf(tx, orderId)
  for (const { line } of chosen) {
    const at = arrived.get(line.id)
    const until = at === undefined ? undefined : returnsUntil(at, ctx.config.lifetimes.returnMs)
    if (until !== undefined && ctx.clock.now() > until) {
      const date = new Date(until).toISOString().slice(0, 10)
      throw new ShopError('RETURN_WINDOW_CLOSED', { sku: line.sku, line_id: line.id, until: date })
    }
  }
}

export interface OneReturn {
  readonly orderId: string
  readonly id: string
}

export interface Deciding extends OneReturn {
  readonly decision: 'approved' | 'refused' | 'withdrawn'
  readonly answer: string | null
  readonly by: Party
}

/**
 * Approves or refuses a return, or withdraws it for its customer. What will not come back may be
 * asked back again. Refuses with NOT_FOUND, and with WRONG_STATE what is decided already.
 */
export async function decideOnReturn(ctx: Context, tx: Tx, deciding: Deciding): Promise<void> {
  const { orderId, id, decision, answer, by } = deciding
  const order = await lockOrder(tx, { id: orderId })
  const found = await getReturn(tx, { orderId, id })
  // What is approved can still be withdrawn, or found not to come.
  const from = decision === 'approved' ? ['requested'] : ['requested', 'approved']
  if (!from.includes(found.row.status)) throw wrongState(found)
  const now = ctx.clock.now()
  const step = { id, from: found.row.status, to: decision, answer, now }
  if ((await decideReturn(tx, step)).changes !== 1) throw wrongState(found)
  if (decision !== 'approved') {
    await endPieces(
      tx,
      order,
      found.lines.map(({ line_id, quantity }) => ({ line_id, quantity, came: 0 })),
    )
  }
  const data = { return: found.row.number, decision }
  await moveOrder(ctx, tx, { order, action: 'decide_return', by, data, subjectId: id })
  await record(ctx, tx, { action: `return.${decision}`, subject: ['order', orderId], after: data })
}

interface EndedPieces {
  readonly line_id: string
  readonly quantity: number
  readonly came: number
}

/** Frees the pieces that were set aside for a return, and counts those that came. */
export async function endPieces(
  tx: Tx,
  { id, number }: OrderRow,
  pieces: readonly EndedPieces[],
): Promise<void> {
  const rows = pieces
    .map(({ line_id, quantity, came }) => ({ line_id, of_order: id, pieces: quantity, came }))
    .toSorted((one, other) => (one.line_id < other.line_id ? -1 : 1))
  const { changes } = await endReturnPieces(tx, rows)
  if (changes !== rows.length) throw new Error(`order ${number}: a return is not as it was asked`)
}

export async function getReturn(db: Db, { orderId, id }: OneReturn): Promise<OrderReturn> {
  const found = (await returnsOf(db, orderId)).find(({ row }) => row.id === id)
  if (!found) throw notFound('Return')
  return found
}

export const wrongState = ({ row }: OrderReturn) =>
  new ShopError('WRONG_STATE', { resource: 'return', status: row.status })
