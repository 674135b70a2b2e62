import { sql } from 'kysely'
import { bulkInsert, bulkUpdate } from '../../db/bulk.ts'
import type { Db } from '../../db/database.ts'
import { preparedQuery } from '../../db/prepared.ts'

/** Where rows can be locked, those that were read stay as they are. */
export const locked = ({ dialect }: Db) => (dialect.can.rowLocks ? sql`for update` : sql``)

const idColumns = { variant_id: 'uuid' } as const

/** A JSON parameter that names variants. */
export const asIds = (variantIds: Iterable<string>): string =>
  JSON.stringify([...new Set(variantIds)].sort().map((variant_id) => ({ variant_id })))

export interface Ingredient {
  /** The article that was asked for. */
  readonly asked_id: string
  readonly asked_sku: string
  /** What it draws on: itself, or a part of it. */
  readonly variant_id: string
  readonly product_id: string
  readonly sku: string
  /** Pieces of it in one of what was asked for. */
  readonly per_one: number
  readonly is_part: 0 | 1
  readonly supply: 'stock' | 'lots' | 'bundle'
  readonly may_backorder: 0 | 1
}

/** What articles are made of. `ids` from `asIds`. */
export const listIngredients = preparedQuery<{ ids: string }, Ingredient>(
  (db, param) => sql<Ingredient>`
    select a.id as asked_id, a.sku as asked_sku, v.id as variant_id, v.product_id, v.sku,
      coalesce(b.quantity, 1) as per_one, case when b.part_id is null then 0 else 1 end as is_part,
      v.supply, v.may_backorder
    from ${db.dialect.jsonRows(param('ids'), idColumns)} d
    join variants a on a.id = d.variant_id
    left join bundle_parts b on b.variant_id = a.id
    join variants v on v.id = coalesce(b.part_id, a.id)
    order by v.id`,
)

export interface ShelfRow {
  readonly variant_id: string
  readonly location_id: string
  readonly available: number
  readonly is_active: 0 | 1
  /** Every piece has a serial number. */
  readonly is_tracked: 0 | 1
}

/** What stands where of some articles, in the order of the locks. */
export const lockShelves = preparedQuery<{ ids: string }, ShelfRow>(
  (db, param) => sql<ShelfRow>`
    select s.variant_id, s.location_id, s.on_hand - s.reserved - s.withheld as available,
      s.is_active, s.is_tracked
    from ${db.dialect.jsonRows(param('ids'), idColumns)} d
    join stock s on s.variant_id = d.variant_id
    order by s.variant_id, s.location_id ${locked(db)}`,
)

export interface TermsRow {
  readonly variant_id: string
  readonly room: number
  readonly promised_at: number | null
}

/** How much may still be sold before it is there. */
export const lockTerms = preparedQuery<{ ids: string }, TermsRow>(
  (db, param) => sql<TermsRow>`
    select t.variant_id, t.limit_quantity - t.backordered as room, t.promised_at
    from ${db.dialect.jsonRows(param('ids'), idColumns)} d
    join backorder_terms t on t.variant_id = d.variant_id
    order by t.variant_id ${locked(db)}`,
)

export interface Pieces {
  readonly variant_id: string
  readonly quantity: number
}

const piecesColumns = { variant_id: 'uuid', quantity: 'integer' } as const

/** Takes back-orders, never beyond the limit of the article. */
export const takeTerms = bulkUpdate<Pieces>({
  table: 'backorder_terms',
  columns: piecesColumns,
  set: sql`backordered = backorder_terms.backordered + d.quantity`,
  where: sql<boolean>`backorder_terms.variant_id = d.variant_id
    and backorder_terms.backordered + d.quantity <= backorder_terms.limit_quantity`,
})

/** Gives back-orders back: they were filled, or are not wanted any more. */
export const giveTerms = bulkUpdate<Pieces>({
  table: 'backorder_terms',
  columns: piecesColumns,
  set: sql`backordered = backorder_terms.backordered - d.quantity`,
  where: sql<boolean>`backorder_terms.variant_id = d.variant_id
    and backorder_terms.backordered >= d.quantity`,
})

export interface OrderPart {
  readonly order_id: string
  readonly variant_id: string
  readonly part_id: string
  readonly quantity: number
}

/** Notes what the bundles of an order are made of; what is noted already stays. */
export const insertOrderParts = bulkInsert<OrderPart>('order_bundle_parts', {
  order_id: 'uuid',
  variant_id: 'uuid',
  part_id: 'uuid',
  quantity: 'integer',
})

export const listOrderParts = preparedQuery<{ orderId: string }, OrderPart>((db, param) =>
  db
    .selectFrom('order_bundle_parts')
    .select(['order_id', 'variant_id', 'part_id', 'quantity'])
    .where('order_id', '=', param('orderId')),
)
