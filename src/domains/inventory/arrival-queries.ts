import { sql } from 'kysely'
import { bulkInsertOnce, bulkUpdate } from '../../db/bulk.ts'
import type { Change, Tx } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { LotRow } from './lot-queries.ts'
import { locked } from './plan-queries.ts'
import { demandColumns, type Demand } from './queries.ts'

const placeColumns = { variant_id: 'uuid', location_id: 'uuid' } as const

/** Opens shelves for articles at places that have none. `places` is JSON of the places. */
export const openShelves = preparedWrite<{ places: string }>((db, param) =>
  db.dialect.insertMissing(
    sql`insert into stock
      (variant_id, location_id, product_id, on_hand, is_active, is_tracked)
      select v.id, l.id, v.product_id, 0, l.is_active,
        (select coalesce(max(x.is_tracked), 0) from stock x where x.variant_id = v.id)
      from ${db.dialect.jsonRows(param('places'), placeColumns)} as d
      join variants v on v.id = d.variant_id join locations l on l.id = d.location_id`,
    sql`stock.variant_id`,
  ),
)

const lotColumns = { ...placeColumns, code: 'text' } as const

/** Lots by article, place and code, kept from changing. */
export const lockLotsByCode = preparedQuery<{ lots: string }, LotRow>(
  (db, param) => sql<LotRow>`
    select l.id, l.variant_id, l.location_id, l.code, l.expires_at, l.on_hand, l.reserved,
      l.is_withheld
    from ${db.dialect.jsonRows(param('lots'), lotColumns)} d
    join stock_lots l on l.variant_id = d.variant_id and l.location_id = d.location_id
      and l.code = d.code
    order by l.id ${locked(db)}`,
)

/** Of some articles, those of which pieces are owed to somebody. `ids` from `asIds`. */
export const listBackordered = preparedQuery<
  { ids: string },
  { variant_id: string; supply: string }
>(
  (db, param) => sql<{ variant_id: string; supply: string }>`
    select t.variant_id, v.supply
    from ${db.dialect.jsonRows(param('ids'), { variant_id: 'uuid' })} d
    join backorder_terms t on t.variant_id = d.variant_id
    join variants v on v.id = t.variant_id
    where t.backordered > 0 order by t.variant_id`,
)

export interface WaitingRow {
  readonly order_id: string
  readonly variant_id: string
  readonly location_id: string
  readonly waiting: number
}

/** Who waits for some articles, the oldest order first (their ids grow with time). */
export const lockWaiting = preparedQuery<{ ids: string; limit: number }, WaitingRow>(
  (db, param) => sql<WaitingRow>`
    select h.order_id, h.variant_id, h.location_id, h.waiting
    from ${db.dialect.jsonRows(param('ids'), { variant_id: 'uuid' })} d
    join stock_holds h on h.variant_id = d.variant_id
    where h.status = 'sold' and h.waiting > 0
    order by h.order_id, h.variant_id, h.location_id limit ${param('limit')} ${locked(db)}`,
)

/** Articles that are owed to somebody while there are some on a shelf. */
export const listFillable = preparedQuery<{ limit: number }, { variant_id: string }>(
  (_db, param) => sql<{ variant_id: string }>`
    select t.variant_id from backorder_terms t where t.backordered > 0
      and exists (select 1 from stock s where s.variant_id = t.variant_id and s.is_active = 1
        and s.on_hand > s.reserved + s.withheld)
      and exists (select 1 from stock_holds h where h.variant_id = t.variant_id
        and h.status = 'sold' and h.waiting > 0)
    limit ${param('limit')}`,
)

interface OrderPieces extends Demand {
  readonly order_id: string
}

const orderColumns = { order_id: 'uuid', ...demandColumns } as const

const sameHold = sql<boolean>`stock_holds.order_id = d.order_id
  and stock_holds.variant_id = d.variant_id and stock_holds.location_id = d.location_id
  and coalesce(stock_holds.status, '') = 'sold'`

/** Ends the wait for some pieces. */
export const endWaiting = bulkUpdate<OrderPieces>({
  table: 'stock_holds',
  columns: orderColumns,
  set: sql`waiting = stock_holds.waiting - d.quantity`,
  where: sql<boolean>`${sameHold} and stock_holds.waiting >= d.quantity`,
})

export interface SoldPieces extends OrderPieces {
  readonly status: 'sold'
  readonly expires_at: number
  readonly waiting: number
  readonly promised_at: number | null
  readonly has_lots: 0 | 1
}

const soldColumns = {
  ...orderColumns,
  status: 'text',
  expires_at: 'integer',
  waiting: 'integer',
  promised_at: 'integer',
  has_lots: 'integer',
} as const

// Named otherwise than what they change: MySQL could not tell them apart.
const addRows = bulkUpdate({
  table: 'stock_holds',
  columns: {
    order_id: 'uuid',
    variant_id: 'uuid',
    location_id: 'uuid',
    pieces: 'integer',
    later: 'integer',
    promise: 'integer',
    lotted: 'integer',
  },
  set: sql`quantity = stock_holds.quantity + d.pieces, waiting = stock_holds.waiting + d.later,
    promised_at = coalesce(d.promise, stock_holds.promised_at),
    has_lots = case when d.lotted = 1 then 1 else stock_holds.has_lots end`,
  where: sameHold,
})

/** Adds to what an order has bought at places where it has bought the article before. */
export const addToSold = (tx: Tx, rows: readonly SoldPieces[]): Promise<Change> =>
  addRows(
    tx,
    rows.map(({ quantity: pieces, waiting: later, promised_at, has_lots: lotted, ...row }) => ({
      ...row,
      ...{ pieces, later, promise: promised_at, lotted },
    })),
  )

/** Notes what an order has bought at places where it has nothing of the article yet. */
export const insertMissingSold = bulkInsertOnce<SoldPieces>('stock_holds', soldColumns)

export interface SoldHold extends WaitingRow {
  readonly quantity: number
  readonly returned: number
  readonly has_lots: 0 | 1
}

/** What an order has bought, in the order of the locks. */
export const lockSold = preparedQuery<{ orderId: string }, SoldHold>(
  (db, param) => sql<SoldHold>`
    select order_id, variant_id, location_id, quantity, returned, waiting, has_lots
    from stock_holds where order_id = ${param('orderId')} and status = 'sold'
    order by variant_id, location_id ${locked(db)}`,
)

export interface Returned extends OrderPieces {
  /** Pieces that were only waited for. */
  readonly given_up: number
}

/** Counts what comes back of a sale, and what was only waited for and is not wanted any more. */
export const markReturned = bulkUpdate<Returned>({
  table: 'stock_holds',
  columns: { ...orderColumns, given_up: 'integer' },
  set: sql`returned = stock_holds.returned + d.quantity, waiting = stock_holds.waiting - d.given_up,
    dropped = stock_holds.dropped + d.given_up`,
  where: sql<boolean>`${sameHold} and stock_holds.waiting >= d.given_up
    and stock_holds.returned + d.quantity <= stock_holds.quantity`,
})

export const listWaitingOf = preparedQuery<
  { orderId: string },
  { variant_id: string; quantity: number }
>(
  (_db, param) => sql<{ variant_id: string; quantity: number }>`
    select variant_id, sum(waiting) as quantity from stock_holds
    where order_id = ${param('orderId')} and status = 'sold' and waiting > 0
    group by variant_id order by variant_id`,
)
