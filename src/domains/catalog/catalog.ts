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
import {
  countProducts,
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
export async function getAnyProduct(ctx: Context, by: Reference): Promise<Product> {
  const product = await findProduct(ctx.db.read, by)
  if (!product) throw notFound('Product')
  return { product, variants: await listVariants(ctx.db.read, { productId: product.id }) }
}

/** One page of active products. Throws VALIDATION_ERROR for a cursor of another sort. */
export async function listProducts(ctx: Context, listing: Listing): Promise<Page<ListRow>> {
  checkPlace(listing)
  const { filter, paging } = listing
  const manyInRange = await isManyInRange(ctx, listing)
  const rows = await listProductRows(ctx.db.read, { ...listing, manyInRange })
  const items = rows.slice(0, paging.perPage)
  const isWhole = paging.page === 1 && !paging.after && rows.length <= paging.perPage
  const counted = isWhole ? countedOf(rows.length) : await countOf(ctx, filter)
  const last = items.at(-1)
  const next = rows.length > items.length && last ? writeCursor(placeOf(last)) : null
  return { items, counted, next }
}

/**
 * Walking a list meets a product of the price range among every `all / inRange`; looking the range
 * up means to sort all of it. Which is less work depends on how much of the list is in the range.
 */
async function isManyInRange(ctx: Context, { filter, sort, paging }: Listing): Promise<boolean> {
  const { priceMin, priceMax, words, categoryNumber } = filter
  const isLookedUp = (priceMin ?? priceMax) !== undefined && words === undefined
  if (!isLookedUp || sort.endsWith('price')) return false
  const { total: inRange } = await countOf(ctx, filter)
  const walked = categoryNumber === undefined ? {} : { categoryNumber }
  const { total: all } = await countOf(ctx, walked)
  return paging.page * paging.perPage * all < inRange * inRange
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

interface KnownCount {
  readonly counted: Counted
  readonly untilMs: number
}

/** Counting costs as much as several pages, and no shopper notices a total that is seconds old. */
const countLifetimeMs = 5_000
const countsKeptMax = 5_000
const knownCounts = new WeakMap<Context, Map<string, KnownCount>>()

async function countOf(ctx: Context, filter: ProductFilter): Promise<Counted> {
  const known = countsOf(ctx)
  const key = JSON.stringify(filter)
  const found = known.get(key)
  if (found && found.untilMs > ctx.clock.now()) return found.counted
  const counted = countedOf(await countProducts(ctx.db.read, filter))
  if (known.size >= countsKeptMax) known.clear()
  known.set(key, { counted, untilMs: ctx.clock.now() + countLifetimeMs })
  return counted
}

function countsOf(ctx: Context): Map<string, KnownCount> {
  const known = knownCounts.get(ctx) ?? new Map<string, KnownCount>()
  knownCounts.set(ctx, known)
  return known
}

/** Forgets the totals of lists, after this process changed what is for sale. */
export function forgetCounts(ctx: Context): void {
  knownCounts.delete(ctx)
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
