import { sql } from 'kysely'
import type { Minor } from '../../core/money.ts'
import type { Db } from '../../db/database.ts'
import { preparedQuery } from '../../db/prepared.ts'
import { availableOfVariant, backorderPromise, backorderRoom } from '../../db/stock.ts'
import type { Reference } from '../../core/reference.ts'
import type { ProductStatus } from './tables.ts'

/** A product with what a page about it shows; lists leave out the long texts. */
export interface ProductRow {
  readonly number: number
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly description: string
  readonly status: ProductStatus
  readonly price_minor: Minor
  readonly price_max_minor: Minor
  readonly currency: string
  readonly tags: string
  readonly options: string
  readonly attributes: string
  readonly images: string
  readonly version: number
  readonly created_at: number
  readonly updated_at: number
  readonly brand_slug: string | null
  readonly brand_name: string | null
  readonly category_number: number | null
  readonly category_id: string | null
  readonly category_slug: string | null
  readonly category_name: string | null
}

export interface VariantRow {
  readonly id: string
  readonly sku: string
  readonly options: string
  readonly price_minor: Minor
  readonly gtin: string | null
  readonly weight_grams: number | null
  readonly available: number
  /** Pieces that may be sold before they are there, beyond `available`. */
  readonly backorder_room: number
  /** When those are promised; UTC milliseconds. */
  readonly promised_at: number | null
}

const productColumns = [
  'p.number',
  'p.id',
  'p.slug',
  'p.name',
  'p.description',
  'p.status',
  'p.price_minor',
  'p.price_max_minor',
  'p.currency',
  'p.tags',
  'p.options',
  'p.attributes',
  'p.images',
  'p.version',
  'p.created_at',
  'p.updated_at',
  'b.slug as brand_slug',
  'b.name as brand_name',
  'c.number as category_number',
  'c.id as category_id',
  'c.slug as category_slug',
  'c.name as category_name',
] as const

function productsWithNames(db: Db) {
  return db
    .selectFrom('products as p')
    .leftJoin('brands as b', 'b.id', 'p.brand_id')
    .leftJoin('categories as c', 'c.id', 'p.category_id')
    .select(productColumns)
}

const productByNumber = preparedQuery<{ number: number }, ProductRow>((db, param) =>
  productsWithNames(db).where('p.number', '=', param('number')),
)
const productById = preparedQuery<{ id: string }, ProductRow>((db, param) =>
  productsWithNames(db).where('p.id', '=', param('id')),
)
const productBySlug = preparedQuery<{ slug: string }, ProductRow>((db, param) =>
  productsWithNames(db).where('p.slug', '=', param('slug')),
)

/** A product in any status. */
export async function findProduct(db: Db, by: Reference): Promise<ProductRow | undefined> {
  if (by.by === 'number') return (await productByNumber(db, by))[0]
  return by.by === 'id' ? (await productById(db, by))[0] : (await productBySlug(db, by))[0]
}

/** What is said about products, by number. `numbers` is a JSON array of {number}. */
export const listDescriptions = preparedQuery<
  { numbers: string },
  { number: number; description: string }
>(
  (db, param) => sql<{ number: number; description: string }>`select p.number, p.description
    from ${db.dialect.jsonRows(param('numbers'), { number: 'integer' })} d
    join products p on p.number = d.number`,
)

/** The variants of a product in their order, each with what can be sold of it now. */
export const listVariants = preparedQuery<{ productId: string }, VariantRow>((db, param) =>
  db
    .selectFrom('variants as v')
    .select(['v.id', 'v.sku', 'v.options', 'v.price_minor', 'v.gtin', 'v.weight_grams'])
    .select([
      availableOfVariant(db).as('available'),
      backorderRoom.as('backorder_room'),
      backorderPromise.as('promised_at'),
    ])
    .where('v.product_id', '=', param('productId'))
    .orderBy('v.position')
    .orderBy('v.id'),
)

export interface CategoryRow {
  readonly number: number
  readonly id: string
  readonly parent_id: string | null
  readonly slug: string
  readonly name: string
  readonly description: string
  readonly position: number
  readonly product_count: number
  readonly total_product_count: number
  readonly version: number
}

function categories(db: Db) {
  return db
    .selectFrom('categories')
    .select(['number', 'id', 'parent_id', 'slug', 'name', 'description', 'position'])
    .select(['product_count', 'total_product_count', 'version'])
}

const allCategories = preparedQuery<object, CategoryRow>((db) =>
  categories(db).orderBy('position').orderBy('number'),
)
const categoryByNumber = preparedQuery<{ number: number }, CategoryRow>((db, param) =>
  categories(db).where('number', '=', param('number')),
)
const categoryById = preparedQuery<{ id: string }, CategoryRow>((db, param) =>
  categories(db).where('id', '=', param('id')),
)
const categoryBySlug = preparedQuery<{ slug: string }, CategoryRow>((db, param) =>
  categories(db).where('slug', '=', param('slug')),
)

export async function findCategory(db: Db, by: Reference): Promise<CategoryRow | undefined> {
  if (by.by === 'number') return (await categoryByNumber(db, by))[0]
  return by.by === 'id' ? (await categoryById(db, by))[0] : (await categoryBySlug(db, by))[0]
}

/** The whole tree as a flat list, siblings in their order. A shop has thousands at the most. */
export const listCategories = (db: Db): Promise<CategoryRow[]> => allCategories(db, {})

export interface BrandRow {
  readonly id: string
  readonly slug: string
  readonly name: string
}

const allBrands = preparedQuery<object, BrandRow>((db) =>
  db.selectFrom('brands').select(['id', 'slug', 'name']).orderBy('name').orderBy('id'),
)

export const listBrands = (db: Db): Promise<BrandRow[]> => allBrands(db, {})

/** What the picture of a product is drawn from. The name of a draft is not public yet. */
export const findPictureSource = preparedQuery<
  { number: number },
  { name: string; category_id: string | null }
>((db, param) =>
  db
    .selectFrom('products')
    .select(['name', 'category_id'])
    .where('number', '=', param('number'))
    .where('status', '<>', 'draft'),
)
