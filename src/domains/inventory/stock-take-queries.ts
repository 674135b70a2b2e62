import { sql } from 'kysely'
import { bulkUpdate } from '../../db/bulk.ts'
import type { Db } from '../../db/database.ts'
import { guardStatus } from '../../db/guard.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { StockTakeTable } from './tables.ts'

export type StockTakeStatus = StockTakeTable['status']

export interface StockTakeRow {
  readonly id: string
  readonly location_id: string
  readonly location_code: string
  readonly status: StockTakeStatus
  readonly note: string | null
  readonly version: number
  readonly created_at: number
  readonly updated_at: number
}

const takes = (db: Db) =>
  db
    .selectFrom('stock_takes as t')
    .innerJoin('locations as l', 'l.id', 't.location_id')
    .select(['t.id', 't.location_id', 'l.code as location_code', 't.status', 't.note'])
    .select(['t.version', 't.created_at', 't.updated_at'])

const takeById = preparedQuery<{ id: string }, StockTakeRow>((db, param) =>
  takes(db).where('t.id', '=', param('id')),
)

export async function findStockTake(db: Db, id: string): Promise<StockTakeRow | undefined> {
  return (await takeById(db, { id }))[0]
}

/** Newest first; `before` is the id of the last of the page before. */
export function listStockTakes(
  db: Db,
  { before, limit }: { before: string | undefined; limit: number },
): Promise<StockTakeRow[]> {
  const query = takes(db).orderBy('t.id', 'desc').limit(limit)
  return (before === undefined ? query : query.where('t.id', '<', before)).execute()
}

export const insertStockTake = preparedWrite<{
  id: string
  locationId: string
  note: string | null
  now: number
}>((db, param) =>
  db.insertInto('stock_takes').values({
    id: param('id'),
    location_id: param('locationId'),
    status: 'open',
    note: param('note'),
    created_at: param('now'),
    updated_at: param('now'),
  }),
)

const status = guardStatus<StockTakeStatus>()

/** Locks an open stock-take by counting its version up; nothing if it is not open. */
export const moveStockTake = preparedWrite<{ id: string; to: StockTakeStatus; now: number }>(
  (db, param) =>
    db
      .updateTable('stock_takes')
      .set((set) => ({
        status: param('to'),
        version: set('version', '+', 1),
        updated_at: param('now'),
      }))
      .where('id', '=', param('id'))
      .where(status, '=', 'open'),
)

export interface CountLine {
  readonly stock_take_id: string
  readonly counted_id: string
  readonly variant_id: string
  readonly location_id: string
  readonly lot_id: string | null
  readonly pieces: number
  readonly at: number
}

const countColumns = {
  stock_take_id: 'uuid',
  counted_id: 'uuid',
  variant_id: 'uuid',
  location_id: 'uuid',
  lot_id: 'uuid',
  pieces: 'integer',
  at: 'integer',
} as const

const expectedNow = sql`coalesce(
  case when d.lot_id is null
    then (select s.on_hand from stock s
      where s.variant_id = d.variant_id and s.location_id = d.location_id)
    else (select l.on_hand from stock_lots l where l.id = d.lot_id) end, 0)`

/** Counts again what has been counted before. */
export const recount = bulkUpdate<CountLine>({
  table: 'stock_take_lines',
  columns: countColumns,
  set: sql`counted = d.pieces, counted_at = d.at, expected = ${expectedNow}`,
  where: sql<boolean>`stock_take_lines.stock_take_id = d.stock_take_id
    and stock_take_lines.counted_id = d.counted_id`,
})

/** Counts what has not been counted before; expected is what is on hand by the books just now. */
export const insertCounts = preparedWrite<{ rows: string }>((db, param) =>
  db.dialect.insertMissing(
    sql`insert into stock_take_lines
      (stock_take_id, counted_id, variant_id, lot_id, counted, expected, counted_at)
      select d.stock_take_id, d.counted_id, d.variant_id, d.lot_id, d.pieces, ${expectedNow},
        d.at
      from ${db.dialect.jsonRows(param('rows'), countColumns)} as d`,
    sql`stock_take_lines.counted_id`,
  ),
)

export interface StockTakeLineRow {
  readonly variant_id: string
  readonly sku: string
  readonly lot_id: string | null
  readonly lot_code: string | null
  readonly expires_at: number | null
  readonly is_withheld: 0 | 1 | null
  readonly counted: number
  readonly expected: number
  readonly counted_at: number
}

export const listCounts = preparedQuery<{ id: string }, StockTakeLineRow>(
  (_db, param) => sql<StockTakeLineRow>`
    select c.variant_id, v.sku, c.lot_id, k.code as lot_code, k.expires_at, k.is_withheld,
      c.counted, c.expected, c.counted_at
    from stock_take_lines c join variants v on v.id = c.variant_id
    left join stock_lots k on k.id = c.lot_id
    where c.stock_take_id = ${param('id')} order by v.sku, k.code`,
)
