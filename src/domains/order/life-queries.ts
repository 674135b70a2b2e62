import { sql } from 'kysely'
import type { Minor } from '../../core/money.ts'
import { bulkUpdate } from '../../db/bulk.ts'
import type { Db, Tx } from '../../db/database.ts'
import { guardStatus } from '../../db/guard.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { OrderStatus } from './tables.ts'

const orderToLock = preparedQuery<{ id: string }, { id: string }>((db, param) => {
  const rows = db.selectFrom('orders').select('id').where('id', '=', param('id'))
  return db.dialect.can.rowLocks ? rows.forUpdate() : rows
})

/**
 * Makes everybody else who changes this order wait until the transaction is over; false if there is
 * no such order. Where one transaction writes at a time there is nothing to wait for.
 */
export async function lockOrderRow(tx: Tx, id: string): Promise<boolean> {
  return (await orderToLock(tx, { id })).length > 0
}

const status = guardStatus<OrderStatus>()

interface Move {
  readonly id: string
  readonly from: OrderStatus
  readonly to: OrderStatus
  readonly now: number
}

/** One step of an order's life; no changed row means that it had left `from` in between. */
export const moveOrderRow = preparedWrite<Move>((db, param) =>
  db
    .updateTable('orders')
    .set((set) => ({
      status: param('to'),
      version: set('version', '+', 1),
      updated_at: param('now'),
    }))
    .where('id', '=', param('id'))
    .where(status, '=', param('from')),
)

/** A cancelled order lets go of its cart, which stays what it became. */
export const freeCart = preparedWrite<{ id: string }>((db, param) =>
  db
    .updateTable('orders')
    .set({ live_cart_id: null })
    .where('id', '=', param('id'))
    .where(status, '=', 'cancelled'),
)

/** Takes something off the worth of an order, never more than it has. */
export const raiseGivenBack = preparedWrite<{ id: string; amountMinor: Minor }>((db, param) =>
  db
    .updateTable('orders')
    .set({ given_back_minor: sql<Minor>`given_back_minor + ${param('amountMinor')}` })
    .where('id', '=', param('id'))
    .where(sql<boolean>`given_back_minor + ${param('amountMinor')} <= total_minor`),
)

export interface Raise {
  readonly id: string
  readonly subtotalMinor: Minor
  readonly taxMinor: Minor
  readonly shippingMinor: Minor
  readonly shippingTaxMinor: Minor
  readonly totalMinor: Minor
  readonly itemCount: number
  readonly giftCardCount: number
}

/** Adds what was added to an order to its totals; CHECKs refuse what does not add up. */
export const raiseTotals = preparedWrite<Raise>(
  (_db, param) => sql`update orders set
      subtotal_minor = subtotal_minor + ${param('subtotalMinor')},
      tax_minor = tax_minor + ${param('taxMinor')},
      shipping_minor = shipping_minor + ${param('shippingMinor')},
      shipping_tax_minor = shipping_tax_minor + ${param('shippingTaxMinor')},
      total_minor = total_minor + ${param('totalMinor')},
      item_count = item_count + ${param('itemCount')},
      gift_card_count = gift_card_count + ${param('giftCardCount')}
    where id = ${param('id')}`,
)

/** Pieces of a line that something happens to. */
export interface Pieces {
  readonly line_id: string
  readonly of_order: string
  readonly pieces: number
}

const piecesColumns = { line_id: 'uuid', of_order: 'uuid', pieces: 'integer' } as const

const sameLine = sql<boolean>`order_lines.id = d.line_id and order_lines.order_id = d.of_order`

/** Cancels pieces that are in no parcel; fewer changed rows than lines: some are not open. */
export const cancelPieces = bulkUpdate<Pieces>({
  table: 'order_lines',
  columns: piecesColumns,
  set: sql`cancelled_quantity = order_lines.cancelled_quantity + d.pieces`,
  where: sql<boolean>`${sameLine} and order_lines.cancelled_quantity
    + order_lines.fulfilled_quantity + d.pieces <= order_lines.quantity`,
})

/** Puts open pieces into a parcel. */
export const packPieces = bulkUpdate<Pieces>({
  table: 'order_lines',
  columns: piecesColumns,
  set: sql`fulfilled_quantity = order_lines.fulfilled_quantity + d.pieces`,
  where: sql<boolean>`${sameLine} and order_lines.cancelled_quantity
    + order_lines.fulfilled_quantity + d.pieces <= order_lines.quantity`,
})

/** Takes pieces out of a parcel that has not left. */
export const unpackPieces = bulkUpdate<Pieces>({
  table: 'order_lines',
  columns: piecesColumns,
  set: sql`fulfilled_quantity = order_lines.fulfilled_quantity - d.pieces`,
  where: sql<boolean>`${sameLine}
    and order_lines.shipped_quantity <= order_lines.fulfilled_quantity - d.pieces`,
})

/** Sends packed pieces away. */
export const shipPieces = bulkUpdate<Pieces>({
  table: 'order_lines',
  columns: piecesColumns,
  set: sql`shipped_quantity = order_lines.shipped_quantity + d.pieces`,
  where: sql<boolean>`${sameLine}
    and order_lines.shipped_quantity + d.pieces <= order_lines.fulfilled_quantity`,
})

/** Sets pieces that have left aside for a return. */
export const askBackPieces = bulkUpdate<Pieces>({
  table: 'order_lines',
  columns: piecesColumns,
  set: sql`returning_quantity = order_lines.returning_quantity + d.pieces`,
  where: sql<boolean>`${sameLine} and order_lines.returning_quantity
    + order_lines.returned_quantity + d.pieces <= order_lines.shipped_quantity`,
})

/** Ends a return: what was set aside is free again, and of it `came` pieces are back. */
export const endReturnPieces = bulkUpdate<Pieces & { readonly came: number }>({
  table: 'order_lines',
  columns: { ...piecesColumns, came: 'integer' },
  set: sql`returning_quantity = order_lines.returning_quantity - d.pieces,
    returned_quantity = order_lines.returned_quantity + d.came`,
  where: sql<boolean>`${sameLine} and order_lines.returning_quantity >= d.pieces
    and d.came <= d.pieces`,
})

const lastPosition = preparedQuery<{ orderId: string }, { position: number }>((db, param) =>
  db
    .selectFrom('order_lines')
    .select('position')
    .where('order_id', '=', param('orderId'))
    .orderBy('position', 'desc')
    .limit(1),
)

/** The place after the last line of an order. */
export async function nextPosition(db: Db, orderId: string): Promise<number> {
  return ((await lastPosition(db, { orderId }))[0]?.position ?? -1) + 1
}

/** Where an order goes, or is billed to; no changed row means that it has left. */
export const writeAddresses = preparedWrite<{
  id: string
  shipping: string
  billing: string
  nameKey: string
}>((db, param) =>
  db
    .updateTable('orders')
    .set({
      shipping_address: param('shipping'),
      billing_address: param('billing'),
      name_key: param('nameKey'),
    })
    .where('id', '=', param('id')),
)

/** How an order is sent. */
export const writeShippingMethod = preparedWrite<{ id: string; code: string; name: string }>(
  (db, param) =>
    db
      .updateTable('orders')
      .set({ shipping_method: param('code'), shipping_name: param('name') })
      .where('id', '=', param('id')),
)
