import { sql } from 'kysely'
import { bulkInsert } from '../../db/bulk.ts'
import type { Db, Tx } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import { availableOfVariant } from '../../db/stock.ts'
import { locked } from './plan-queries.ts'

export interface SupplyRow {
  readonly id: string
  readonly product_id: string
  readonly sku: string
  readonly supply: 'stock' | 'lots' | 'bundle'
  readonly may_backorder: 0 | 1
  readonly low_stock_threshold: number | null
  readonly available: number
  readonly limit_quantity: number | null
  readonly backordered: number | null
  readonly promised_at: number | null
}

const supplyOf = preparedQuery<{ id: string }, SupplyRow>(
  (db, param) => sql<SupplyRow>`
    select v.id, v.product_id, v.sku, v.supply, v.may_backorder, v.low_stock_threshold,
      ${availableOfVariant(db)} as available, t.limit_quantity, t.backordered, t.promised_at
    from variants v left join backorder_terms t on t.variant_id = v.id
    where v.id = ${param('id')}`,
)

export async function findSupply(db: Db, id: string): Promise<SupplyRow | undefined> {
  return (await supplyOf(db, { id }))[0]
}

const lockRow = preparedQuery<{ id: string }, { id: string }>(
  (db, param) => sql<{ id: string }>`
    select id from variants where id = ${param('id')} ${locked(db)}`,
)

/** Whoever changes how an article is kept waits for whoever is doing so. */
export async function lockVariant(tx: Tx, id: string): Promise<boolean> {
  return (await lockRow(tx, { id })).length === 1
}

export const updateSupply = preparedWrite<{
  id: string
  supply: SupplyRow['supply']
  mayBackorder: 0 | 1
  threshold: number | null
}>((db, param) =>
  db
    .updateTable('variants')
    .set({
      supply: param('supply'),
      may_backorder: param('mayBackorder'),
      low_stock_threshold: param('threshold'),
    })
    .where('id', '=', param('id')),
)

/** Notes on the product whether one of its articles is a bundle. */
export const markProduct = preparedWrite<{ productId: string }>(
  (_db, param) => sql`update products set has_bundle = case when exists (select 1 from variants v
      where v.product_id = products.id and v.supply = 'bundle') then 1 else 0 end
    where id = ${param('productId')}`,
)

export function insertTerms(tx: Tx, variantId: string): Promise<boolean> {
  const row = { variant_id: variantId, limit_quantity: 0, promised_at: null }
  return tx.dialect.insertOnce(tx, 'backorder_terms', row)
}

/** Sets how many may be on back-order, never below those that are. */
export const setTerms = preparedWrite<{
  variantId: string
  limit: number
  promisedAt: number | null
}>((db, param) =>
  db
    .updateTable('backorder_terms')
    .set({ limit_quantity: param('limit'), promised_at: param('promisedAt') })
    .where('variant_id', '=', param('variantId'))
    .where('backordered', '<=', param('limit')),
)

/** Lets nobody wait any more but those who do. */
export const closeTerms = preparedWrite<{ variantId: string }>((db, param) =>
  db
    .updateTable('backorder_terms')
    .set((set) => ({ limit_quantity: set.ref('backordered') }))
    .where('variant_id', '=', param('variantId')),
)

export interface PartRow {
  readonly variant_id: string
  readonly part_id: string
  readonly sku: string
  readonly supply: SupplyRow['supply']
  readonly quantity: number
}

export const listParts = preparedQuery<{ variantId: string }, PartRow>((db, param) =>
  db
    .selectFrom('bundle_parts as b')
    .innerJoin('variants as v', 'v.id', 'b.part_id')
    .select(['b.variant_id', 'b.part_id', 'v.sku', 'v.supply', 'b.quantity'])
    .where('b.variant_id', '=', param('variantId'))
    .orderBy('v.sku'),
)

export const deleteParts = preparedWrite<{ variantId: string }>((db, param) =>
  db.deleteFrom('bundle_parts').where('variant_id', '=', param('variantId')),
)

export const insertParts = bulkInsert<{ variant_id: string; part_id: string; quantity: number }>(
  'bundle_parts',
  { variant_id: 'uuid', part_id: 'uuid', quantity: 'integer' },
)

/** What speaks against keeping an article otherwise: goods, lots, ways, promises, bundles. */
export interface Ties {
  readonly pieces: number
  readonly lots: number
  readonly transfers: number
  readonly waiting: number
  readonly bundles: number
}

export const listTies = preparedQuery<{ id: string }, Ties>(
  (_db, param) => sql<Ties>`select
    (select coalesce(sum(on_hand), 0) from stock where variant_id = ${param('id')}) as pieces,
    (select count(*) from stock_lots where variant_id = ${param('id')}) as lots,
    (select count(*) from stock_transfer_lines where variant_id = ${param('id')}
      and quantity > received + taken_back) as transfers,
    (select count(*) from stock_holds where variant_id = ${param('id')} and status <> 'released'
      and (waiting > 0 or status = 'active')) as waiting,
    (select count(*) from bundle_parts where part_id = ${param('id')}) as bundles`,
)
