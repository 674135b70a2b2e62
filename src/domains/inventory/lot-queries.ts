import { sql } from 'kysely'
import { bulkInsert, bulkInsertOnce, bulkUpdate } from '../../db/bulk.ts'
import type { Change, Tx } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import { locked } from './plan-queries.ts'

export interface LotRow {
  readonly id: string
  readonly variant_id: string
  readonly location_id: string
  readonly code: string
  readonly expires_at: number | null
  readonly on_hand: number
  readonly reserved: number
  readonly is_withheld: 0 | 1
}

const columns = sql`l.id, l.variant_id, l.location_id, l.code, l.expires_at, l.on_hand, l.reserved,
  l.is_withheld`

/** Lots of some articles that may be sold at this time. */
export const lockSellableLots = preparedQuery<{ ids: string; now: number }, LotRow>(
  (db, param) => sql<LotRow>`
    select ${columns}
    from ${db.dialect.jsonRows(param('ids'), { variant_id: 'uuid' })} d
    join stock_lots l on l.variant_id = d.variant_id
    where l.on_hand > l.reserved and l.is_withheld = 0
      and (l.expires_at is null or l.expires_at > ${param('now')})
    order by l.id ${locked(db)}`,
)

/** Lots by their ids, kept from changing. `ids` is a JSON array of {id}. */
export const lockLots = preparedQuery<{ ids: string }, LotRow>(
  (db, param) => sql<LotRow>`
    select ${columns} from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join stock_lots l on l.id = d.id order by l.id ${locked(db)}`,
)

export const listLots = preparedQuery<{ variantId: string }, LotRow & { location_code: string }>(
  (_db, param) => sql<LotRow & { location_code: string }>`
    select ${columns}, p.code as location_code from stock_lots l
    join locations p on p.id = l.location_id
    where l.variant_id = ${param('variantId')} order by l.expires_at, l.code, p.code`,
)

export const findLot = preparedQuery<
  { variantId: string; locationId: string; code: string },
  LotRow
>(
  (db, param) => sql<LotRow>`
    select ${columns} from stock_lots l
    where l.variant_id = ${param('variantId')} and l.location_id = ${param('locationId')}
      and l.code = ${param('code')} ${locked(db)}`,
)

export interface NewLot {
  readonly id: string
  readonly variant_id: string
  readonly location_id: string
  readonly code: string
  readonly expires_at: number | null
  readonly on_hand: number
  readonly created_at: number
}

/** Opens lots, unless the place has them. */
export const openLots = bulkInsertOnce<NewLot>('stock_lots', {
  id: 'uuid',
  variant_id: 'uuid',
  location_id: 'uuid',
  code: 'text',
  expires_at: 'integer',
  on_hand: 'integer',
  created_at: 'integer',
})

export interface LotPieces {
  readonly lot_id: string
  readonly quantity: number
}

const piecesColumns = { lot_id: 'uuid', quantity: 'integer' } as const

export const reserveLots = bulkUpdate<LotPieces>({
  table: 'stock_lots',
  columns: piecesColumns,
  set: sql`reserved = stock_lots.reserved + d.quantity`,
  where: sql<boolean>`stock_lots.id = d.lot_id
    and stock_lots.on_hand - stock_lots.reserved >= d.quantity`,
})

export const releaseLots = bulkUpdate<LotPieces>({
  table: 'stock_lots',
  columns: piecesColumns,
  set: sql`reserved = stock_lots.reserved - d.quantity`,
  where: sql<boolean>`stock_lots.id = d.lot_id and stock_lots.reserved >= d.quantity`,
})

/** Takes reserved pieces of lots out of the warehouse. */
export const sellReservedLots = bulkUpdate<LotPieces>({
  table: 'stock_lots',
  columns: piecesColumns,
  set: sql`on_hand = stock_lots.on_hand - d.quantity, reserved = stock_lots.reserved - d.quantity`,
  where: sql<boolean>`stock_lots.id = d.lot_id and stock_lots.reserved >= d.quantity`,
})

/** Adds to what is on hand of lots (or takes from it), never below what is reserved. */
export const adjustLots = bulkUpdate<LotPieces>({
  table: 'stock_lots',
  columns: piecesColumns,
  set: sql`on_hand = stock_lots.on_hand + d.quantity`,
  where: sql<boolean>`stock_lots.id = d.lot_id
    and stock_lots.on_hand + d.quantity >= stock_lots.reserved`,
})

export interface LotHold extends LotPieces {
  readonly order_id: string
  readonly is_sold: 0 | 1
}

export const insertLotHolds = bulkInsert<LotHold>('stock_lot_holds', {
  order_id: 'uuid',
  lot_id: 'uuid',
  quantity: 'integer',
  is_sold: 'integer',
})

const addRows = bulkUpdate<{ order_id: string; lot_id: string; pieces: number }>({
  table: 'stock_lot_holds',
  columns: { order_id: 'uuid', lot_id: 'uuid', pieces: 'integer' },
  set: sql`quantity = stock_lot_holds.quantity + d.pieces`,
  where: sql<boolean>`stock_lot_holds.order_id = d.order_id and stock_lot_holds.lot_id = d.lot_id
    and stock_lot_holds.is_sold = 1`,
})

/** Adds to what an order has bought of lots that it has of already. */
export const addToLotHolds = (tx: Tx, rows: readonly LotHold[]): Promise<Change> =>
  addRows(
    tx,
    rows.map(({ order_id, lot_id, quantity: pieces }) => ({ order_id, lot_id, pieces })),
  )

/** Notes what an order has bought of lots that it has nothing of yet. */
export const insertMissingLotHolds = bulkInsertOnce<LotHold>('stock_lot_holds', {
  order_id: 'uuid',
  lot_id: 'uuid',
  quantity: 'integer',
  is_sold: 'integer',
})

export const markLotHoldsReturned = bulkUpdate<LotPieces & { order_id: string }>({
  table: 'stock_lot_holds',
  columns: { order_id: 'uuid', ...piecesColumns },
  set: sql`returned = stock_lot_holds.returned + d.quantity`,
  where: sql<boolean>`stock_lot_holds.order_id = d.order_id and stock_lot_holds.lot_id = d.lot_id
    and stock_lot_holds.is_sold = 1
    and stock_lot_holds.returned + d.quantity <= stock_lot_holds.quantity`,
})

export interface HeldLot extends LotRow {
  readonly lot_id: string
  /** Pieces that the order holds, or has bought and not brought back. */
  readonly quantity: number
}

/** The lots of which an order holds (or has bought) pieces, kept from changing. */
export const lockHeldLots = preparedQuery<{ orderId: string; isSold: 0 | 1 }, HeldLot>(
  (db, param) => sql<HeldLot>`
    select h.lot_id, h.quantity - h.returned as quantity, ${columns}
    from stock_lot_holds h join stock_lots l on l.id = h.lot_id
    where h.order_id = ${param('orderId')} and h.is_sold = ${param('isSold')}
      and h.quantity > h.returned
    order by h.lot_id ${locked(db)}`,
)

export const sellLotHolds = preparedWrite<{ orderId: string }>((db, param) =>
  db
    .updateTable('stock_lot_holds')
    .set({ is_sold: 1 })
    .where('order_id', '=', param('orderId'))
    .where('is_sold', '=', 0),
)

export const deleteLotHolds = preparedWrite<{ orderId: string }>((db, param) =>
  db
    .deleteFrom('stock_lot_holds')
    .where('order_id', '=', param('orderId'))
    .where('is_sold', '=', 0),
)

/** Lots that expired and can still be sold as far as the books know. */
export const lockExpiredLots = preparedQuery<{ now: number; limit: number }, LotRow>(
  (db, param) => sql<LotRow>`
    select ${columns} from stock_lots l
    where l.is_withheld = 0 and l.expires_at <= ${param('now')}
    order by l.id limit ${param('limit')} ${locked(db)}`,
)

export const withholdLots = bulkUpdate<{ id: string }>({
  table: 'stock_lots',
  columns: { id: 'uuid' },
  set: sql`is_withheld = 1`,
  where: sql<boolean>`stock_lots.id = d.id and stock_lots.is_withheld = 0`,
})
