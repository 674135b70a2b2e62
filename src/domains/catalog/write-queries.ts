import { sql } from 'kysely'
import type { Minor } from '../../core/money.ts'
import { bulkInsert } from '../../db/bulk.ts'
import type { Db, Tx } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { ProductKind, ProductStatus } from './tables.ts'

export interface NewProductRow {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly description: string
  readonly status: ProductStatus
  readonly brand_id: string | null
  readonly category_id: string | null
  readonly price_minor: Minor
  readonly price_max_minor: Minor
  readonly currency: string
  readonly tags: string
  readonly options: string
  readonly attributes: string
  readonly images: string
  readonly tax_class: string
  readonly kind: ProductKind
  readonly created_at: number
  readonly updated_at: number
}

export const insertProductRows = bulkInsert<NewProductRow>('products', {
  id: 'uuid',
  slug: 'text',
  name: 'text',
  description: 'text',
  status: 'text',
  brand_id: 'uuid',
  category_id: 'uuid',
  price_minor: 'integer',
  price_max_minor: 'integer',
  currency: 'text',
  tags: 'json',
  options: 'json',
  attributes: 'json',
  images: 'json',
  tax_class: 'text',
  kind: 'text',
  created_at: 'integer',
  updated_at: 'integer',
})

export interface NewVariantRow {
  readonly id: string
  readonly product_id: string
  readonly sku: string
  readonly options: string
  readonly price_minor: Minor
  readonly position: number
  readonly gtin: string | null
  readonly weight_grams: number | null
  readonly compare_at_minor: Minor | null
  readonly created_at: number
  readonly updated_at: number
}

export const insertVariantRows = bulkInsert<NewVariantRow>('variants', {
  id: 'uuid',
  product_id: 'uuid',
  sku: 'text',
  options: 'json',
  price_minor: 'integer',
  position: 'integer',
  gtin: 'text',
  weight_grams: 'integer',
  compare_at_minor: 'integer',
  created_at: 'integer',
  updated_at: 'integer',
})

export const insertProductCategoryRows = bulkInsert<{
  category_number: number
  product_number: number
  price_minor: Minor
}>('product_categories', {
  category_number: 'integer',
  product_number: 'integer',
  price_minor: 'integer',
})

export const insertProductAttributeRows = bulkInsert<{
  attribute: string
  value: string
  product_number: number
}>('product_attributes', { attribute: 'text', value: 'text', product_number: 'integer' })

/** What the indexes of a product are made from. */
export interface IndexSource {
  readonly number: number
  readonly id: string
  readonly name: string
  readonly description: string
  readonly status: ProductStatus
  readonly category_id: string | null
  readonly price_minor: Minor
  readonly tags: string
  readonly attributes: string
  readonly brand_name: string | null
}

export const listIndexSources = preparedQuery<{ ids: string }, IndexSource>(
  (db, param) => sql<IndexSource>`
    select p.number, p.id, p.name, p.description, p.status, p.category_id, p.price_minor, p.tags,
      p.attributes, b.name as brand_name
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join products p on p.id = d.id
    left join brands b on b.id = p.brand_id
    order by p.number`,
)

/**
 * Takes the row lock under which all parts of a product are changed; undefined if there is none.
 */
export async function lockProduct(tx: Tx, id: string) {
  const query = tx
    .selectFrom('products')
    .select(['number', 'id', 'status', 'category_id', 'version', 'currency'])
    .select(['slug', 'name', 'description', 'brand_id', 'tags', 'attributes', 'images'])
    .where('id', '=', id)
  return (tx.dialect.can.rowLocks ? query.forUpdate() : query).executeTakeFirst()
}

/** Counts the version up, only if it is still the one that was read. */
export const bumpProduct = preparedWrite<{ id: string; version: number; now: number }>(
  (db, param) =>
    db
      .updateTable('products')
      .set((set) => ({ version: set('version', '+', 1), updated_at: param('now') }))
      .where('id', '=', param('id'))
      .where('version', '=', param('version')),
)

export interface ProductPatch {
  readonly slug?: string
  readonly name?: string
  readonly description?: string
  readonly status?: ProductStatus
  readonly brand_id?: string | null
  readonly category_id?: string | null
  readonly tags?: string
  readonly attributes?: string
  readonly images?: string
  readonly tax_class?: string
  readonly kind?: ProductKind
}

export async function updateProduct(tx: Tx, id: string, patch: ProductPatch): Promise<void> {
  if (Object.keys(patch).length === 0) return
  await tx.updateTable('products').set(patch).where('id', '=', id).execute()
}

/** Brings the lowest and highest price of a product in line with its variants. */
export const refreshPrices = preparedWrite<{ id: string }>(
  (_db, param) => sql`update products set
    price_minor = (select min(v.price_minor) from variants v where v.product_id = products.id),
    price_max_minor = (select max(v.price_minor) from variants v where v.product_id = products.id)
    where id = ${param('id')}`,
)

const deleteCategoriesOf = preparedWrite<{ number: number }>((db, param) =>
  db.deleteFrom('product_categories').where('product_number', '=', param('number')),
)
const deleteAttributesOf = preparedWrite<{ number: number }>((db, param) =>
  db.deleteFrom('product_attributes').where('product_number', '=', param('number')),
)

/** Takes a product out of every list; `insertProductCategoryRows` and the like put it back. */
export async function deleteIndexRows(tx: Tx, number: number): Promise<void> {
  await deleteCategoriesOf(tx, { number })
  await deleteAttributesOf(tx, { number })
  await tx.dialect.search.remove(tx, number)
}

export interface VariantPatch {
  readonly sku?: string
  readonly options?: string
  readonly price_minor?: Minor
  readonly gtin?: string | null
  readonly weight_grams?: number | null
  readonly compare_at_minor?: Minor | null
  readonly updated_at: number
}

export async function updateVariant(tx: Tx, id: string, patch: VariantPatch): Promise<void> {
  await tx.updateTable('variants').set(patch).where('id', '=', id).execute()
}

export async function findVariantProduct(db: Db, id: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('variants')
    .select('product_id')
    .where('id', '=', id)
    .executeTakeFirst()
  return row?.product_id
}

/** What a variant is before it is changed, under the lock of its product. */
export function findVariantRow(tx: Tx, id: string) {
  return tx
    .selectFrom('variants')
    .select(['sku', 'options', 'price_minor', 'gtin', 'weight_grams'])
    .where('id', '=', id)
    .executeTakeFirst()
}

export async function findBrandId(db: Db, slug: string): Promise<string | undefined> {
  const row = await db.selectFrom('brands').select('id').where('slug', '=', slug).executeTakeFirst()
  return row?.id
}

export async function insertBrand(
  tx: Tx,
  brand: { id: string; slug: string; name: string; created_at: number },
): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'brands', brand)
}

export interface NewCategoryRow {
  readonly id: string
  readonly parent_id: string | null
  readonly slug: string
  readonly name: string
  readonly description: string
  readonly position: number
  readonly created_at: number
  readonly updated_at: number
}

export function insertCategory(tx: Tx, row: NewCategoryRow): Promise<number> {
  return tx.dialect.insertNumbered(tx, 'categories', { ...row })
}

export interface CategoryPatch {
  readonly slug?: string
  readonly name?: string
  readonly description?: string
  readonly position?: number
  readonly parent_id?: string | null
}

/** Changes a category if it is still at `version`, where one is demanded; says whether it was. */
export async function updateCategory(
  tx: Tx,
  { id, version, now }: { id: string; version: number | undefined; now: number },
  patch: CategoryPatch,
): Promise<boolean> {
  const result = await tx
    .updateTable('categories')
    .set((set) => ({ ...patch, version: set('version', '+', 1), updated_at: now }))
    .where('id', '=', id)
    .$if(version !== undefined, (update) => update.where('version', '=', version ?? 0))
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

export async function deleteCategory(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('categories').where('id', '=', id).execute()
}

export async function categoryHasProducts(db: Db, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('products')
    .select('id')
    .where('category_id', '=', id)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Moves the counts of one category: its own, and with its descendants. */
export const addToCounts = preparedWrite<{ id: string; own: number; total: number }>(
  (_db, param) => sql`update categories set product_count = product_count + ${param('own')},
    total_product_count = total_product_count + ${param('total')} where id = ${param('id')}`,
)

/** Serialises whatever changes the category tree or where products stand in it. */
export async function lockCategoryTree(tx: Tx): Promise<void> {
  if (!tx.dialect.can.rowLocks) return
  await tx.dialect.insertOnce(tx, 'settings', { name: 'category_tree_lock', value: '' })
  await tx
    .selectFrom('settings')
    .select('name')
    .where('name', '=', 'category_tree_lock')
    .forUpdate()
    .execute()
}

/** Every product below a category, for moving it to another place in the tree. */
export const listProductIdsBelow = preparedQuery<{ number: number }, { id: string }>((db, param) =>
  db
    .selectFrom('product_categories as pc')
    .innerJoin('products as p', 'p.number', 'pc.product_number')
    .select('p.id')
    .where('pc.category_number', '=', param('number')),
)
