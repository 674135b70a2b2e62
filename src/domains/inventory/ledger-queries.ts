import { sql } from 'kysely'
import { preparedQuery } from '../../db/prepared.ts'
import type { MovementKind } from './tables.ts'

export interface LedgerRow {
  readonly id: string
  readonly location_id: string
  readonly location_code: string
  readonly quantity: number
  readonly kind: MovementKind
  readonly reason: string | null
  readonly note: string | null
  readonly order_id: string | null
  readonly order_number: number | null
  readonly lot_code: string | null
  readonly source_id: string | null
  readonly created_at: number
}

/** What moved of an article, newest first; `before` is the id of the last of the page before. */
export const listMovements = preparedQuery<
  { variantId: string; before: string; limit: number },
  LedgerRow
>(
  (_db, param) => sql<LedgerRow>`
    select m.id, m.location_id, l.code as location_code, m.quantity, m.kind, m.reason, m.note,
      m.order_id, o.number as order_number, k.code as lot_code, m.source_id, m.created_at
    from stock_movements m join locations l on l.id = m.location_id
    left join orders o on o.id = m.order_id left join stock_lots k on k.id = m.lot_id
    where m.variant_id = ${param('variantId')} and m.id < ${param('before')}
    order by m.id desc limit ${param('limit')}`,
)

export interface AllocationRow {
  readonly variant_id: string
  readonly sku: string
  readonly location_id: string
  readonly location_code: string
  readonly status: 'active' | 'sold' | 'released'
  readonly quantity: number
  readonly waiting: number
  readonly promised_at: number | null
  readonly dropped: number
  readonly returned: number
}

/** What an order has reserved or bought, and where. */
export const listAllocations = preparedQuery<{ orderId: string }, AllocationRow>(
  (_db, param) => sql<AllocationRow>`
    select h.variant_id, v.sku, h.location_id, l.code as location_code, h.status, h.quantity,
      h.waiting, h.promised_at, h.dropped, h.returned
    from stock_holds h join variants v on v.id = h.variant_id
    join locations l on l.id = h.location_id
    where h.order_id = ${param('orderId')} order by v.sku, l.code`,
)

export interface OrderLotRow {
  readonly variant_id: string
  readonly location_id: string
  readonly code: string
  readonly expires_at: number | null
  readonly quantity: number
  readonly returned: number
}

export const listLotsOfOrder = preparedQuery<{ orderId: string }, OrderLotRow>(
  (_db, param) => sql<OrderLotRow>`
    select k.variant_id, k.location_id, k.code, k.expires_at, h.quantity, h.returned
    from stock_lot_holds h join stock_lots k on k.id = h.lot_id
    where h.order_id = ${param('orderId')} order by k.expires_at, k.code`,
)

export interface OrderPartRow {
  readonly variant_id: string
  readonly part_id: string
  readonly sku: string
  readonly quantity: number
}

/** What one bundle of an order is made of. */
export const listPartsOfOrder = preparedQuery<{ orderId: string }, OrderPartRow>(
  (_db, param) => sql<OrderPartRow>`
    select b.variant_id, b.part_id, v.sku, b.quantity
    from order_bundle_parts b join variants v on v.id = b.part_id
    where b.order_id = ${param('orderId')} order by b.variant_id, v.sku`,
)

export interface WaitingOrder {
  readonly order_id: string
  readonly order_number: number
}

/** Orders that wait for something, the oldest first; `after` is the last of the page before. */
export const listWaitingOrders = preparedQuery<{ after: string; limit: number }, WaitingOrder>(
  (_db, param) => sql<WaitingOrder>`
    select o.id as order_id, o.number as order_number from orders o
    where o.id in (select h.order_id from backorder_terms t
        join stock_holds h on h.variant_id = t.variant_id and h.status = 'sold' and h.waiting > 0
        where t.backordered > 0)
      and o.id > ${param('after')}
    order by o.id limit ${param('limit')}`,
)

export interface WaitingArticle {
  readonly order_id: string
  readonly variant_id: string
  readonly sku: string
  readonly quantity: number
  readonly promised_at: number | null
}

/** What some orders wait for. `ids` is a JSON array of {id}. */
export const listWaitingArticles = preparedQuery<{ ids: string }, WaitingArticle>(
  (db, param) => sql<WaitingArticle>`
    select h.order_id, h.variant_id, v.sku, sum(h.waiting) as quantity,
      max(h.promised_at) as promised_at
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join stock_holds h on h.order_id = d.id and h.status = 'sold' and h.waiting > 0
    join variants v on v.id = h.variant_id
    group by h.order_id, h.variant_id, v.sku order by h.order_id, v.sku`,
)
