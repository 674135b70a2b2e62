import { sql } from 'kysely'
import { bulkInsert, bulkUpdate } from '../../db/bulk.ts'
import type { Db } from '../../db/database.ts'
import { guardStatus } from '../../db/guard.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { TransferStatus } from './tables.ts'

export interface TransferRow {
  readonly id: string
  readonly from_id: string
  readonly from_code: string
  readonly to_id: string
  readonly to_code: string
  readonly status: TransferStatus
  readonly note: string | null
  readonly version: number
  readonly created_at: number
  readonly updated_at: number
}

const transfers = (db: Db) =>
  db
    .selectFrom('stock_transfers as t')
    .innerJoin('locations as f', 'f.id', 't.from_id')
    .innerJoin('locations as g', 'g.id', 't.to_id')
    .select(['t.id', 't.from_id', 'f.code as from_code', 't.to_id', 'g.code as to_code'])
    .select(['t.status', 't.note', 't.version', 't.created_at', 't.updated_at'])

const transferById = preparedQuery<{ id: string }, TransferRow>((db, param) =>
  transfers(db).where('t.id', '=', param('id')),
)

export async function findTransfer(db: Db, id: string): Promise<TransferRow | undefined> {
  return (await transferById(db, { id }))[0]
}

export interface TransferFilter {
  readonly status?: TransferStatus | undefined
  readonly locationId?: string | undefined
}

/** Newest first; `before` is the id of the last transfer of the page before. */
export function listTransfers(
  db: Db,
  { status, locationId }: TransferFilter,
  { before, limit }: { before: string | undefined; limit: number },
): Promise<TransferRow[]> {
  let query = transfers(db).orderBy('t.id', 'desc').limit(limit)
  if (status !== undefined) query = query.where('t.status', '=', status)
  if (locationId !== undefined) {
    query = query.where((where) =>
      where.or([where('t.from_id', '=', locationId), where('t.to_id', '=', locationId)]),
    )
  }
  if (before !== undefined) query = query.where('t.id', '<', before)
  return query.execute()
}

export interface TransferLineRow {
  readonly transfer_id: string
  readonly position: number
  readonly variant_id: string
  readonly sku: string
  readonly lot_id: string | null
  readonly lot_code: string | null
  readonly expires_at: number | null
  readonly quantity: number
  readonly received: number
  readonly taken_back: number
}

/** The lines of some transfers. `ids` is a JSON array of {id}. */
export const listTransferLines = preparedQuery<{ ids: string }, TransferLineRow>(
  (db, param) => sql<TransferLineRow>`
    select l.transfer_id, l.position, l.variant_id, v.sku, l.lot_id, k.code as lot_code,
      k.expires_at, l.quantity, l.received, l.taken_back
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join stock_transfer_lines l on l.transfer_id = d.id
    join variants v on v.id = l.variant_id
    left join stock_lots k on k.id = l.lot_id
    order by l.transfer_id, l.position`,
)

export const insertTransfers = bulkInsert<{
  id: string
  from_id: string
  to_id: string
  status: 'in_transit'
  note: string | null
  created_at: number
  updated_at: number
}>('stock_transfers', {
  id: 'uuid',
  from_id: 'uuid',
  to_id: 'uuid',
  status: 'text',
  note: 'text',
  created_at: 'integer',
  updated_at: 'integer',
})

export const insertTransferLines = bulkInsert<{
  transfer_id: string
  position: number
  variant_id: string
  lot_id: string | null
  quantity: number
}>('stock_transfer_lines', {
  transfer_id: 'uuid',
  position: 'integer',
  variant_id: 'uuid',
  lot_id: 'uuid',
  quantity: 'integer',
})

export interface LinePieces {
  readonly transfer_id: string
  readonly position: number
  readonly quantity: number
}

const pieces = { transfer_id: 'uuid', position: 'integer', quantity: 'integer' } as const
const sameLine = sql<boolean>`stock_transfer_lines.transfer_id = d.transfer_id
  and stock_transfer_lines.position = d.position
  and stock_transfer_lines.received + stock_transfer_lines.taken_back + d.quantity
    <= stock_transfer_lines.quantity`

/** Counts what has arrived, never more than is on its way. */
export const receiveLines = bulkUpdate<LinePieces>({
  table: 'stock_transfer_lines',
  columns: pieces,
  set: sql`received = stock_transfer_lines.received + d.quantity`,
  where: sameLine,
})

/** Counts what went back to where it came from. */
export const takeBackLines = bulkUpdate<LinePieces>({
  table: 'stock_transfer_lines',
  columns: pieces,
  set: sql`taken_back = stock_transfer_lines.taken_back + d.quantity`,
  where: sameLine,
})

const status = guardStatus<TransferStatus>()

/** Locks a transfer that is on its way by counting its version up; nothing if it is not. */
export const touchTransfer = preparedWrite<{ id: string; now: number }>((db, param) =>
  db
    .updateTable('stock_transfers')
    .set((set) => ({ version: set('version', '+', 1), updated_at: param('now') }))
    .where('id', '=', param('id'))
    .where(status, 'in', ['in_transit', 'partly_received']),
)

export const setTransferStatus = preparedWrite<{ id: string; status: TransferStatus }>(
  (db, param) =>
    db
      .updateTable('stock_transfers')
      .set({ status: param('status') })
      .where('id', '=', param('id')),
)
