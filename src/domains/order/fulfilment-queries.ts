import { sql } from 'kysely'
import { bulkInsert } from '../../db/bulk.ts'
import { guardStatus } from '../../db/guard.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { FulfilmentLineTable, FulfilmentStatus } from './tables.ts'

export interface FulfilmentRow {
  readonly id: string
  readonly order_id: string
  readonly position: number
  readonly status: FulfilmentStatus
  readonly carrier: string | null
  readonly tracking_number: string | null
  readonly tracking_url: string | null
  readonly version: number
  readonly created_at: number
  readonly shipped_at: number | null
  readonly delivered_at: number | null
  readonly cancelled_at: number | null
}

/** The parcels of orders, as they were made up. `ids` is a JSON array of {id}. */
export const listFulfilments = preparedQuery<{ ids: string }, FulfilmentRow>(
  (db, param) => sql<FulfilmentRow>`
    select f.id, f.order_id, f.position, f.status, f.carrier, f.tracking_number, f.tracking_url,
      f.version, f.created_at, f.shipped_at, f.delivered_at, f.cancelled_at
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join fulfilments f on f.order_id = d.id
    order by f.order_id, f.position`,
)

/** What is in the parcels of orders. `ids` is a JSON array of {id}. */
export const listFulfilmentLines = preparedQuery<{ ids: string }, FulfilmentLineTable>(
  (db, param) => sql<FulfilmentLineTable>`
    select l.fulfilment_id, l.line_id, l.quantity
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join fulfilments f on f.order_id = d.id
    join fulfilment_lines l on l.fulfilment_id = f.id
    join order_lines o on o.id = l.line_id
    order by f.order_id, f.position, o.position`,
)

export const insertFulfilments = bulkInsert<Omit<FulfilmentRow, 'version'>>('fulfilments', {
  id: 'uuid',
  order_id: 'uuid',
  position: 'integer',
  status: 'text',
  carrier: 'text',
  tracking_number: 'text',
  tracking_url: 'text',
  created_at: 'integer',
  shipped_at: 'integer',
  delivered_at: 'integer',
  cancelled_at: 'integer',
})

export const insertFulfilmentLines = bulkInsert<FulfilmentLineTable>('fulfilment_lines', {
  fulfilment_id: 'uuid',
  line_id: 'uuid',
  quantity: 'integer',
})

const status = guardStatus<FulfilmentStatus>()

interface Shipping {
  readonly id: string
  readonly now: number
  readonly carrier: string | null
  readonly trackingNumber: string | null
  readonly trackingUrl: string | null
}

/** Sends a parcel away, once. What is not named of its tracking stays as it was. */
export const shipRow = preparedWrite<Shipping>((db, param) =>
  db
    .updateTable('fulfilments')
    .set((set) => ({
      status: 'shipped',
      shipped_at: param('now'),
      carrier: sql<string | null>`coalesce(${param('carrier')}, carrier)`,
      tracking_number: sql<string | null>`coalesce(${param('trackingNumber')}, tracking_number)`,
      tracking_url: sql<string | null>`coalesce(${param('trackingUrl')}, tracking_url)`,
      version: set('version', '+', 1),
    }))
    .where('id', '=', param('id'))
    .where(status, '=', 'pending'),
)

export const deliverRow = preparedWrite<{ id: string; now: number }>((db, param) =>
  db
    .updateTable('fulfilments')
    .set((set) => ({
      status: 'delivered',
      delivered_at: param('now'),
      version: set('version', '+', 1),
    }))
    .where('id', '=', param('id'))
    .where(status, '=', 'shipped'),
)

export const cancelRow = preparedWrite<{ id: string; now: number }>((db, param) =>
  db
    .updateTable('fulfilments')
    .set((set) => ({
      status: 'cancelled',
      cancelled_at: param('now'),
      version: set('version', '+', 1),
    }))
    .where('id', '=', param('id'))
    .where(status, '=', 'pending'),
)

/** Undoes every parcel of an order that has not left. */
export const cancelPendingRows = preparedWrite<{ orderId: string; now: number }>((db, param) =>
  db
    .updateTable('fulfilments')
    .set((set) => ({
      status: 'cancelled',
      cancelled_at: param('now'),
      version: set('version', '+', 1),
    }))
    .where('order_id', '=', param('orderId'))
    .where(status, '=', 'pending'),
)

/** Nothing of an order is in a parcel any more; only for one of which nothing has left. */
export const unpackAll = preparedWrite<{ orderId: string }>((db, param) =>
  db
    .updateTable('order_lines')
    .set((set) => ({ fulfilled_quantity: set.ref('shipped_quantity') }))
    .where('order_id', '=', param('orderId'))
    .where(sql<boolean>`fulfilled_quantity > shipped_quantity`),
)
