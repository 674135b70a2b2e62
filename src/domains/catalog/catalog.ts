import type { Context } from '../../context.ts'
import { invalid, notFound } from '../../core/errors.ts'
import {
  badCursor,
  countedOf,
  writeCursor,
  type Counted,
  type Page,
  type Paging,
  type PlaceKey,
} from '../../core/paging.ts'
import type { Reference } from '../../core/reference.ts'
import type { Db } from '../../db/database.ts'
import {
  countProducts,
  listLengths,
  listProductRows,
  type Listing,
  type ListRow,
  type ProductFilter,
} from './listing-queries.ts'
import {
  findCategory,
  findPictureSource,
  findProduct,
  listBrands,
  listCategories,
  listDescriptions,
  listVariants,
  type BrandRow,
  type CategoryRow,
  type ProductRow,
  type VariantRow,
} from './queries.ts'

export interface Product {
  readonly product: ProductRow
  readonly variants: readonly VariantRow[]
}

/** A product that is for sale; drafts and archived ones are not found. */
export async function getProduct(ctx: Context, by: Reference): Promise<Product> {
  const found = await getAnyProduct(ctx, by)
  if (found.product.status !== 'active') throw notFound('Product')
  return found
}

/** A product in any status, for staff. */
export function getAnyProduct(ctx: Context, by: Reference): Promise<Product> {
  return loadProduct(ctx.db.read, by)
}

/** The same, inside the transaction that changes it. */
export async function loadProduct(db: Db, by: Reference): Promise<Product> {
  const product = await findProduct(db, by)
  if (!product) throw notFound('Product')
  return { product, variants: await listVariants(db, { productId: product.id }) }
}

/** The long texts about products, which lists and carts leave out, by number. */
export async function descriptionsOf(
  db: Db,
  numbers: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  if (numbers.length === 0) return new Map()
  const rows = JSON.stringify([...new Set(numbers)].map((number) => ({ number })))
  const found = await listDescriptions(db, { numbers: rows })
  return new Map(found.map(({ number, description }) => [number, description]))
}

/** One page of active products. Throws VALIDATION_ERROR for a cursor of another sort. */
export async function listProducts(ctx: Context, listing: Listing): Promise<Page<ListRow>> {
  checkPlace(listing)
  const { filter, paging } = listing
  const manyMatch = await doManyMatch(ctx, listing)
  const rows = await listProductRows(ctx.db.read, { ...listing, manyMatch })
  const items = rows.slice(0, paging.perPage)
  const isWhole = paging.page === 1 && !paging.after && rows.length <= paging.perPage
  const counted = isWhole ? countedOf(rows.length) : await countOf(ctx, filter)
  const last = items.at(-1)
  const next = rows.length > items.length && last ? writeCursor(placeOf(last)) : null
  return { items, counted, next }
}

/**
 * Walking a list meets one that matches among every `all / matching`; looking the matching ones up
 * means to sort all of them. Which is less work depends on how much of the list matches.
 */
async function doManyMatch(ctx: Context, listing: Listing): Promise<boolean> {
  const lengths = await lengthsOf(ctx, listing)
  if (!lengths) return false
  const { all, matching } = lengths
  const { page, perPage } = listing.paging
  return page * perPage * all < matching * matching
}

interface Lengths {
  readonly all: number
  readonly matching: number
}

/** Nothing where there is no choice, or where the database knows better. */
async function lengthsOf(ctx: Context, { filter, sort }: Listing): Promise<Lengths | undefined> {
  const { search, can } = ctx.db.dialect
  const { priceMin, priceMax, words, attributes, categoryNumber } = filter
  if (words !== undefined) {
    const hasChoice = search.matchesOnTheWay !== undefined && sort !== 'relevance'
    return hasChoice ? lengthsOfAll(ctx, filter) : undefined
  }
  // What has an attribute is looked up in any case.
  const isByName = categoryNumber !== undefined && sort.endsWith('name') && !attributes
  if (isByName) return lengthsOfAll(ctx, filter)
  const isInRange = (priceMin ?? priceMax) !== undefined && !sort.endsWith('price')
  return isInRange && !can.weighRanges ? lengthsInRange(ctx, filter) : undefined
}

/** Of the list of all products, and of what the filter leaves of it. */
async function lengthsOfAll(ctx: Context, filter: ProductFilter): Promise<Lengths> {
  const category = filter.categoryNumber ?? 0
  const [all, inCategory] = await remembered(ctx, `lengths ${category}`, async () => {
    const [row] = await listLengths(ctx.db.read, { category })
    return [row?.all ?? 0, row?.category ?? 0] as const
  })
  if (isOnlyCategory(filter)) return { all, matching: inCategory }
  return { all, matching: (await countOf(ctx, filter)).total }
}

const isOnlyCategory = ({ categoryNumber, ...others }: ProductFilter) =>
  categoryNumber !== undefined && Object.keys(others).length === 0

async function lengthsInRange(ctx: Context, filter: ProductFilter): Promise<Lengths> {
  const { categoryNumber } = filter
  const { total: matching } = await countOf(ctx, filter)
  const walked = categoryNumber === undefined ? {} : { categoryNumber }
  return { all: (await countOf(ctx, walked)).total, matching }
}

function placeOf({ key0, key1 }: ListRow): PlaceKey[] {
  return key1 === undefined ? [key0] : [key0, key1]
}

function checkPlace({ sort, paging, filter }: Listing): void {
  if (!paging.after) return
  const field = sort.replace(/^-/, '')
  const kinds =
    field === 'created_at' || (field === 'relevance' && !filter.words)
      ? ['number']
      : [field === 'name' ? 'string' : 'number', 'number']
  const fits =
    paging.after.length === kinds.length &&
    paging.after.every((key, index) => typeof key === kinds[index])
  if (!fits) throw badCursor()
}

interface Known {
  readonly value: unknown
  readonly untilMs: number
}

/** Counting costs as much as several pages, and no shopper notices a total that is seconds old. */
const countLifetimeMs = 5_000
const countsKeptMax = 5_000
const knownCounts = new WeakMap<Context['db'], Map<string, Known>>()

function countOf(ctx: Context, filter: ProductFilter): Promise<Counted> {
  return remembered(ctx, JSON.stringify(filter), async () =>
    countedOf(await countProducts(ctx.db.read, filter)),
  )
}

async function remembered<T>(ctx: Context, key: string, count: () => Promise<T>): Promise<T> {
  const known = countsOf(ctx)
  const found = known.get(key)
  if (found && found.untilMs > ctx.clock.now()) return found.value as T
  const value = await count()
  if (known.size >= countsKeptMax) known.clear()
  known.set(key, { value, untilMs: ctx.clock.now() + countLifetimeMs })
  return value
}

function countsOf(ctx: Context): Map<string, Known> {
  const known = knownCounts.get(ctx.db) ?? new Map<string, Known>()
  knownCounts.set(ctx.db, known)
  return known
}

/** Forgets the totals of lists, after this process changed what is for sale. */
export function forgetCounts(ctx: Context): void {
  knownCounts.delete(ctx.db)
}

/** All categories, parents before or after children alike; `parent_id` tells the tree. */
export function getCategories(ctx: Context): Promise<CategoryRow[]> {
  return listCategories(ctx.db.read)
}

export async function getCategory(ctx: Context, by: Reference): Promise<CategoryRow> {
  const category = await findCategory(ctx.db.read, by)
  if (!category) throw notFound('Category')
  return category
}

/** The number of the category a list is filtered by. An unknown one is the caller's mistake. */
export async function categoryNumber(ctx: Context, field: string, by: Reference): Promise<number> {
  const category = await findCategory(ctx.db.read, by)
  if (!category) throw invalid(field, 'names no category')
  return category.number
}

export function getBrands(ctx: Context): Promise<BrandRow[]> {
  return listBrands(ctx.db.read)
}

/** What a product's picture is drawn from: its name and the names of its categories, root first. */
export async function getPictureSource(ctx: Context, number: number) {
  const [product] = await findPictureSource(ctx.db.read, { number })
  if (!product) throw notFound('Picture')
  const byId = new Map((await getCategories(ctx)).map((row) => [row.id, row]))
  const path: string[] = []
  for (let at = byId.get(product.category_id ?? ''); at; at = byId.get(at.parent_id ?? '')) {
    path.unshift(at.name)
  }
  return { name: product.name, categoryPath: path }
}

export type { Listing, ListRow, Paging }
