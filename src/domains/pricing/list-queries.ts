import { sql } from 'kysely'
import type { Minor } from '../../core/money.ts'
import { bulkInsert, bulkUpdate } from '../../db/bulk.ts'
import type { Db, Tx } from '../../db/database.ts'
import { preparedQuery } from '../../db/prepared.ts'

export interface ListRow {
  readonly id: string
  readonly code: string
  readonly name: string
  readonly currency: string
  readonly priority: number
  readonly group_id: string | null
  readonly starts_at: number | null
  readonly ends_at: number | null
  readonly is_active: 0 | 1
  readonly version: number
}

const lists = (db: Db) =>
  db
    .selectFrom('price_lists')
    .select(['id', 'code', 'name', 'currency', 'priority', 'group_id', 'starts_at', 'ends_at'])
    .select(['is_active', 'version'])
    .orderBy('priority')
    .orderBy('id')

export const listListRows = preparedQuery<object, ListRow>((db) => lists(db))

const listById = preparedQuery<{ id: string }, ListRow>((db, param) =>
  lists(db).where('id', '=', param('id')),
)

export async function findList(db: Db, id: string): Promise<ListRow | undefined> {
  return (await listById(db, { id }))[0]
}

export function insertList(
  tx: Tx,
  row: Omit<ListRow, 'version'> & { created_at: number; updated_at: number },
): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'price_lists', { ...row })
}

/** Replaces a list if it is still at `version`, where one is demanded; says whether it was. */
export async function updateList(
  tx: Tx,
  at: { id: string; version: number | undefined },
  row: Omit<ListRow, 'id' | 'code' | 'currency' | 'version'> & { updated_at: number },
): Promise<boolean> {
  const { id, version } = at
  const { numUpdatedRows } = await tx
    .updateTable('price_lists')
    .set((set) => ({ ...row, version: set('version', '+', 1) }))
    .where('id', '=', id)
    .$if(version !== undefined, (update) => update.where('version', '=', version ?? 0))
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export async function deleteList(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('prices').where('list_id', '=', id).execute()
  await tx.deleteFrom('price_lists').where('id', '=', id).execute()
}

export interface PriceRow {
  readonly variant_id: string
  readonly list_id: string
  readonly min_quantity: number
  readonly price_minor: Minor
  readonly compare_at_minor: Minor | null
}

/** The prices of some articles on all lists. `ids` is a JSON array of {id}. */
export const listPricesOf = preparedQuery<{ ids: string }, PriceRow>(
  (db, param) => sql<PriceRow>`
    select p.variant_id, p.list_id, p.min_quantity, p.price_minor, p.compare_at_minor
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join prices p on p.variant_id = d.id`,
)

export interface ListedPrice extends PriceRow {
  readonly sku: string
}

/** One page of the prices of a list, by SKU. */
export async function listPricesOn(
  db: Db,
  { listId, limit, offset }: { listId: string; limit: number; offset: number },
): Promise<ListedPrice[]> {
  return db
    .selectFrom('prices as p')
    .innerJoin('variants as v', 'v.id', 'p.variant_id')
    .select(['p.variant_id', 'p.list_id', 'p.min_quantity', 'p.price_minor'])
    .select(['p.compare_at_minor', 'v.sku'])
    .where('p.list_id', '=', listId)
    .orderBy('v.sku')
    .orderBy('p.min_quantity')
    .limit(limit)
    .offset(offset)
    .execute()
}

const priceColumns = {
  variant_id: 'uuid',
  list_id: 'uuid',
  min_quantity: 'integer',
  price_minor: 'integer',
  compare_at_minor: 'integer',
} as const

export const insertPrices = bulkInsert<PriceRow>('prices', priceColumns)

export interface PriceChange {
  readonly of_variant: string
  readonly of_list: string
  readonly from_quantity: number
  readonly new_minor: Minor
  readonly new_compare_minor: Minor | null
}

export const updatePrices = bulkUpdate<PriceChange>({
  table: 'prices',
  columns: {
    of_variant: 'uuid',
    of_list: 'uuid',
    from_quantity: 'integer',
    new_minor: 'integer',
    new_compare_minor: 'integer',
  },
  set: sql`price_minor = d.new_minor, compare_at_minor = d.new_compare_minor`,
  where: sql<boolean>`prices.variant_id = d.of_variant and prices.list_id = d.of_list
    and prices.min_quantity = d.from_quantity`,
})

export async function deletePrice(
  tx: Tx,
  at: { listId: string; variantId: string; minQuantity: number },
): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('prices')
    .where('list_id', '=', at.listId)
    .where('variant_id', '=', at.variantId)
    .where('min_quantity', '=', at.minQuantity)
    .executeTakeFirst()
  return numDeletedRows === 1n
}

export interface RecordRow {
  readonly id: string
  readonly variant_id: string
  readonly list_id: string | null
  readonly currency: string
  readonly price_minor: Minor | null
  readonly priority: number
  readonly starts_at: number | null
  readonly ends_at: number | null
  readonly created_at: number
}

export const insertRecords = bulkInsert<RecordRow>('price_records', {
  id: 'uuid',
  variant_id: 'uuid',
  list_id: 'uuid',
  currency: 'text',
  price_minor: 'integer',
  priority: 'integer',
  starts_at: 'integer',
  ends_at: 'integer',
  created_at: 'integer',
})

/** All single prices on a list: what is recorded when the list itself changes. */
export const listSinglePrices = preparedQuery<
  { listId: string },
  { variant_id: string; price_minor: Minor }
>((db, param) =>
  db
    .selectFrom('prices')
    .select(['variant_id', 'price_minor'])
    .where('list_id', '=', param('listId'))
    .where('min_quantity', '=', 1)
    .orderBy('variant_id'),
)

/** What articles were asked for in one currency, in order. `ids` is a JSON array of {id}. */
export const listRecordsOf = preparedQuery<{ ids: string; currency: string }, RecordRow>(
  (db, param) => sql<RecordRow>`
    select r.id, r.variant_id, r.list_id, r.currency, r.price_minor, r.priority, r.starts_at,
      r.ends_at, r.created_at
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join price_records r on r.variant_id = d.id and r.currency = ${param('currency')}
    order by r.variant_id, r.created_at, r.id`,
)
