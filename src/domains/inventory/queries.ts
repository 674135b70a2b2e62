import { sql } from 'kysely'
import { bulkInsert, bulkInsertOnce, bulkUpdate } from '../../db/bulk.ts'
import type { Db } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'

export interface Demand {
  readonly variant_id: string
  readonly location_id: string
  readonly quantity: number
}

export const demandColumns = {
  variant_id: 'uuid',
  location_id: 'uuid',
  quantity: 'integer',
} as const

const sameStock = sql<boolean>`stock.variant_id = d.variant_id
  and stock.location_id = d.location_id`

/**
 * The one guard against overselling: it sits in the write, so no two buyers can pass it for the
 * same piece. Fewer changed rows than demanded means that something is short.
 */
export const reserveRows = bulkUpdate<Demand>({
  table: 'stock',
  columns: demandColumns,
  set: sql`reserved = stock.reserved + d.quantity`,
  where: sql<boolean>`${sameStock}
    and stock.on_hand - stock.reserved - stock.withheld >= d.quantity`,
})

/** The same for what leaves at once, without having been reserved. */
export const takeRows = bulkUpdate<Demand>({
  table: 'stock',
  columns: demandColumns,
  set: sql`on_hand = stock.on_hand - d.quantity`,
  where: sql<boolean>`${sameStock}
    and stock.on_hand - stock.reserved - stock.withheld >= d.quantity`,
})

/** Puts pieces on shelves that there are. */
export const addToRows = bulkUpdate<Demand>({
  table: 'stock',
  columns: demandColumns,
  set: sql`on_hand = stock.on_hand + d.quantity`,
  where: sameStock,
})

/** Withholds pieces from being sold (or, below 0, gives them free). */
export const withholdRows = bulkUpdate<Demand>({
  table: 'stock',
  columns: demandColumns,
  set: sql`withheld = stock.withheld + d.quantity`,
  where: sameStock,
})

/**
 * Takes reserved pieces out of the warehouse. What is tracked by unit since the holds were read, or
 * no longer, is not: its units would have to be sold too.
 */
export const sellReservedRows = bulkUpdate<Hold>({
  table: 'stock',
  columns: { ...demandColumns, was_tracked: 'integer' },
  set: sql`on_hand = stock.on_hand - d.quantity, reserved = stock.reserved - d.quantity`,
  where: sql<boolean>`${sameStock} and stock.reserved >= d.quantity
    and stock.is_tracked = d.was_tracked`,
})

/** Gives reserved pieces back. */
export const releaseReservedRows = bulkUpdate<Demand>({
  table: 'stock',
  columns: demandColumns,
  set: sql`reserved = stock.reserved - d.quantity`,
  where: sql<boolean>`${sameStock} and stock.reserved >= d.quantity`,
})

export interface NewHold extends Demand {
  readonly order_id: string
  readonly status: 'active'
  readonly expires_at: number
}

export const insertHolds = bulkInsert<NewHold>('stock_holds', {
  order_id: 'uuid',
  variant_id: 'uuid',
  location_id: 'uuid',
  quantity: 'integer',
  status: 'text',
  expires_at: 'integer',
})

/** A hold with what there is to know of an article that is more than counted pieces. */
export interface PlannedHold extends NewHold {
  readonly waiting: number
  readonly promised_at: number | null
  readonly has_lots: 0 | 1
}

export const insertPlannedHolds = bulkInsert<PlannedHold>('stock_holds', {
  order_id: 'uuid',
  variant_id: 'uuid',
  location_id: 'uuid',
  quantity: 'integer',
  status: 'text',
  expires_at: 'integer',
  waiting: 'integer',
  promised_at: 'integer',
  has_lots: 'integer',
})

export interface Hold extends Demand {
  readonly status: 'active' | 'released'
  /** Pieces on back-order, beside `quantity`. */
  readonly waiting: number
  readonly has_lots: 0 | 1
  /** Whether every piece of it has a serial number. */
  readonly was_tracked: 0 | 1
}

/**
 * What an order has reserved and not bought, in the order of the stock's locks; released is what
 * had run out. Where rows can be locked these are, so that they do not run out from here on.
 */
export const listHolds = preparedQuery<{ orderId: string }, Hold>((db, param) => {
  const holds = db
    .selectFrom('stock_holds')
    .select(['variant_id', 'location_id', 'quantity', 'status', 'waiting', 'has_lots'])
    .select(
      sql<0 | 1>`(select s.is_tracked from stock s
        where s.variant_id = stock_holds.variant_id
          and s.location_id = stock_holds.location_id)`.as('was_tracked'),
    )
    .where('order_id', '=', param('orderId'))
    .where(sql<boolean>`status <> 'sold'`)
    .orderBy('variant_id')
    .orderBy('location_id')
    .$castTo<Hold>()
  return db.dialect.can.rowLocks ? holds.forUpdate() : holds
})

/** Ends the holds of an order by a sale. */
export const sellHolds = preparedWrite<{ orderId: string }>((db, param) =>
  db
    .updateTable('stock_holds')
    .set({ status: 'sold' })
    .where('order_id', '=', param('orderId'))
    .where(sql<boolean>`status <> 'sold'`),
)

/** Ends the active holds of an order; the number of changed rows tells who won. */
export const releaseHolds = preparedWrite<{ orderId: string }>((db, param) =>
  db
    .updateTable('stock_holds')
    .set({ status: 'released' })
    .where('order_id', '=', param('orderId'))
    .where('status', '=', 'active'),
)

/** Orders whose reservation has run out, oldest first. */
export const listExpiredOrders = preparedQuery<
  { now: number; limit: number },
  { order_id: string }
>((db, param) =>
  db
    .selectFrom('stock_holds')
    .select('order_id')
    .distinct()
    .where('status', '=', 'active')
    .where('expires_at', '<=', param('now'))
    .limit(param('limit')),
)

/** Ends the holds of an order that have run out; nothing if they were sold in the meantime. */
export const expireHolds = preparedWrite<{ orderId: string; now: number }>((db, param) =>
  db
    .updateTable('stock_holds')
    .set({ status: 'released' })
    .where('order_id', '=', param('orderId'))
    .where('status', '=', 'active')
    .where('expires_at', '<=', param('now')),
)

export interface NewMovement {
  readonly id: string
  readonly variant_id: string
  readonly location_id: string
  readonly quantity: number
  readonly kind: string
  readonly order_id: string | null
  readonly note: string | null
  readonly created_at: number
  readonly reason?: string | null
  readonly lot_id?: string | null
  /** The transfer or the stock-take that it belongs to. */
  readonly source_id?: string | null
}

export const insertMovements = bulkInsert<NewMovement>('stock_movements', {
  id: 'uuid',
  variant_id: 'uuid',
  location_id: 'uuid',
  quantity: 'integer',
  kind: 'text',
  order_id: 'uuid',
  note: 'text',
  created_at: 'integer',
  reason: 'text',
  lot_id: 'uuid',
  source_id: 'uuid',
})

/** Opens shelves, unless they are open. */
export const openRows = bulkInsertOnce<{
  variant_id: string
  location_id: string
  product_id: string
  on_hand: 0
  is_active: 0 | 1
}>('stock', {
  variant_id: 'uuid',
  location_id: 'uuid',
  product_id: 'uuid',
  on_hand: 'integer',
  is_active: 'integer',
})

export const insertStockRows = bulkInsert<{
  variant_id: string
  location_id: string
  product_id: string
  on_hand: number
  reserved: number
}>('stock', {
  variant_id: 'uuid',
  location_id: 'uuid',
  product_id: 'uuid',
  on_hand: 'integer',
  reserved: 'integer',
})

interface Level {
  readonly variant_id: string
  readonly location_id: string
  readonly target: number
  readonly expected: number
}

/** Sets what is on hand where it is what was expected, never below what is spoken for. */
export const setRow = bulkUpdate<Level>({
  table: 'stock',
  columns: {
    variant_id: 'uuid',
    location_id: 'uuid',
    target: 'integer',
    expected: 'integer',
  },
  set: sql`on_hand = d.target`,
  where: sql<boolean>`${sameStock} and stock.on_hand = d.expected
    and d.target >= stock.reserved + stock.withheld`,
})

/** Adds to (or takes from) what is on hand, never below what is reserved or withheld. */
export const adjustRows = bulkUpdate<Demand>({
  table: 'stock',
  columns: demandColumns,
  set: sql`on_hand = stock.on_hand + d.quantity`,
  where: sql<boolean>`${sameStock}
    and stock.on_hand + d.quantity >= stock.reserved + stock.withheld`,
})

export interface StockRow {
  readonly variant_id: string
  readonly sku: string
  readonly location_id: string
  readonly location_code: string
  readonly on_hand: number
  readonly reserved: number
  readonly withheld: number
  readonly available: number
  readonly is_active: 0 | 1
}

function stockRows(db: Db) {
  return db
    .selectFrom('stock as s')
    .innerJoin('variants as v', 'v.id', 's.variant_id')
    .innerJoin('locations as l', 'l.id', 's.location_id')
    .select(['s.variant_id', 'v.sku', 's.location_id', 'l.code as location_code'])
    .select(['s.on_hand', 's.reserved', 's.withheld', 's.is_active'])
    .select(sql<number>`s.on_hand - s.reserved - s.withheld`.as('available'))
}

export const listStockOfVariant = preparedQuery<{ variantId: string }, StockRow>((db, param) =>
  stockRows(db).where('s.variant_id', '=', param('variantId')).orderBy('l.code'),
)

export const listStockOfSku = preparedQuery<{ sku: string }, StockRow>((db, param) =>
  stockRows(db).where('v.sku', '=', param('sku')).orderBy('l.code'),
)

/**
 * What is left of some variants for an order, for telling a shopper what was short. What the order
 * itself has just reserved counts as left, because its transaction is about to be undone.
 */
export const listAvailable = preparedQuery<
  { orderId: string; rows: string },
  { variant_id: string; sku: string; available: number }
>(
  (db, param) => sql<{ variant_id: string; sku: string; available: number }>`
    select v.id as variant_id, v.sku, coalesce(s.on_hand - s.withheld, 0) - coalesce((
        select sum(h.quantity) from stock_holds h
        where h.variant_id = d.variant_id and h.location_id = d.location_id
          and h.status = 'active' and h.order_id <> ${param('orderId')}), 0) as available
    from ${db.dialect.jsonRows(param('rows'), demandColumns)} d
    join variants v on v.id = d.variant_id
    left join stock s on s.variant_id = d.variant_id and s.location_id = d.location_id
    order by v.sku`,
)
