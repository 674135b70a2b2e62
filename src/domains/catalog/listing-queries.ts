import { sql, type RawBuilder } from 'kysely'
import type { Minor } from '../../core/money.ts'
import { countMax, type Paging, type PlaceKey } from '../../core/paging.ts'
import type { Db } from '../../db/database.ts'
import { isBeyond } from '../../db/dialect/after.ts'
import { preparedQuery } from '../../db/prepared.ts'
import { availableOfProduct, availableOfVariant } from '../../db/stock.ts'

export const productSorts = [
  'relevance',
  'created_at',
  '-created_at',
  'price',
  '-price',
  'name',
  '-name',
] as const
export type ProductSort = (typeof productSorts)[number]

/** Which products a list shows. Prices are in minor units; words come from `core/words.ts`. */
export interface ProductFilter {
  readonly categoryNumber?: number
  readonly brandSlug?: string
  readonly priceMin?: Minor
  readonly priceMax?: Minor
  readonly inStock?: boolean
  readonly words?: readonly string[]
  readonly attributes?: readonly { readonly name: string; readonly value: string }[]
}

export interface ListRow {
  readonly number: number
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly description: string
  readonly price_minor: Minor
  readonly price_max_minor: Minor
  readonly currency: string
  readonly tags: string
  readonly images: string
  readonly version: number
  readonly created_at: number
  readonly updated_at: number
  readonly brand_slug: string | null
  readonly brand_name: string | null
  readonly category_number: number | null
  readonly category_slug: string | null
  readonly category_name: string | null
  readonly available: number
  readonly variant_count: number
  readonly key0: PlaceKey
  readonly key1?: PlaceKey
}

/** Everything about a list that changes its SQL. Two lists of one shape share one statement. */
interface Shape {
  readonly category: boolean
  readonly brand: boolean
  readonly priceMin: boolean
  readonly priceMax: boolean
  readonly inStock: boolean | undefined
  readonly search: boolean
  readonly manyMatch: boolean
  readonly attributeCount: number
  readonly sort: ProductSort
  readonly cursor: boolean
}

type Values = Readonly<Record<string, PlaceKey>>
type Slot = (name: string) => RawBuilder<PlaceKey>

export interface Listing {
  readonly filter: ProductFilter
  readonly sort: ProductSort
  readonly paging: Paging
  /**
   * So many products are in the price range, in the category of a list by name, or have the words,
   * that walking the list in its order meets a page of them sooner than looking all of them up and
   * sorting them.
   */
  readonly manyMatch?: boolean
}

const pages = new Map<string, (db: Db, values: Values) => Promise<ListRow[]>>()
const counts = new Map<string, (db: Db, values: Values) => Promise<{ count: number }[]>>()

/** One page of active products: one row more than asked tells whether there is a next page. */
export function listProductRows(db: Db, listing: Listing): Promise<ListRow[]> {
  const shape = shapeOf(listing)
  const values = { ...filterValues(db, listing.filter), ...pageValues(listing.paging) }
  return remember(pages, JSON.stringify(shape), () => pageQuery(shape))(db, values)
}

/** How long the whole list is that may be walked, drafts and all, and how long a category's is. */
export const listLengths = preparedQuery<{ category: number }, { all: number; category: number }>(
  (_db, param) => sql<{ all: number; category: number }>`
    select coalesce(max(number), 0) as ${sql.ref('all')},
      (select total_product_count from categories where number = ${param('category')}) as category
    from products`,
)

/** How many there are, counted to one more than is ever reported. */
export async function countProducts(db: Db, filter: ProductFilter): Promise<number> {
  const shape = shapeOf({
    filter,
    sort: 'created_at',
    paging: { page: 1, perPage: 1, after: undefined },
  })
  const values = { ...filterValues(db, filter), limit: countMax + 1 }
  const rows = await remember(counts, JSON.stringify(shape), () => countQuery(shape))(db, values)
  return rows[0]?.count ?? 0
}

function remember<T>(known: Map<string, T>, key: string, make: () => T): T {
  const found = known.get(key)
  if (found) return found
  const made = make()
  known.set(key, made)
  return made
}

function shapeOf({ filter, sort, paging, manyMatch = false }: Listing): Shape {
  return {
    category: filter.categoryNumber !== undefined,
    brand: filter.brandSlug !== undefined,
    priceMin: filter.priceMin !== undefined,
    priceMax: filter.priceMax !== undefined,
    inStock: filter.inStock,
    search: filter.words !== undefined,
    manyMatch,
    attributeCount: filter.attributes?.length ?? 0,
    sort: sort === 'relevance' && !filter.words ? 'created_at' : sort,
    cursor: paging.after !== undefined,
  }
}

function filterValues(db: Db, filter: ProductFilter): Values {
  const { search } = db.dialect
  const attributes = (filter.attributes ?? []).flatMap(({ name, value }, index) => [
    [`attribute${index}`, name],
    [`value${index}`, value],
  ])
  return {
    category: filter.categoryNumber ?? 0,
    brand: filter.brandSlug ?? '',
    priceMin: filter.priceMin ?? 0,
    priceMax: filter.priceMax ?? 0,
    words: filter.words ? search.matchText(filter.words) : '',
    nameWords: filter.words ? search.matchNameText(filter.words) : '',
    ...(Object.fromEntries(attributes) as Values),
  }
}

function pageValues({ page, perPage, after }: Paging): Values {
  const keys = Object.fromEntries((after ?? []).map((key, index) => [`after${index}`, key]))
  return { ...keys, limit: perPage + 1, offset: after ? 0 : (page - 1) * perPage }
}

function pageQuery(shape: Shape) {
  return preparedQuery<Values, ListRow>((db, slot) => {
    const keys = sortKeys(db, shape, slot)
    const selected = keys.map((key, index) => sql`${key} as ${sql.ref(`key${index}`)}`)
    const names = keys.map((_, index) => sql.ref(`page.key${index}`))
    const aliases = keys.map((_, index) => sql.ref(`key${index}`))
    const conditions = [...filters(db, shape, slot), ...afterPlace(db, shape, { keys, slot })]
    const page = sql`(select ${sql.join(selected)}, ${numberOf(shape)} as page_number
      from ${candidates(db, shape, slot)} ${where(conditions)}
      order by ${ordered(shape, aliases)} limit ${slot('limit')} offset ${slot('offset')})`
    return sql<ListRow>`select p.number, p.id, p.slug, p.name, p.description, p.price_minor,
        p.price_max_minor, p.currency, p.tags, p.images, p.version, p.created_at, p.updated_at,
        b.slug as brand_slug, b.name as brand_name, c.number as category_number,
        c.slug as category_slug, c.name as category_name, ${sql.join(names)},
        ${availableOfProduct(db)} as available,
        (select count(*) from variants v where v.product_id = p.id) as variant_count
      from ${page} page
      join products p on p.number = page.page_number
      left join brands b on b.id = p.brand_id
      left join categories c on c.id = p.category_id
      order by ${ordered(shape, names)}`
  })
}

function countQuery(shape: Shape) {
  return preparedQuery<Values, { count: number }>(
    (db, slot) => sql<{ count: number }>`select count(*) as count from (
      select 1 as one from ${candidates(db, shape, slot)} ${where(filters(db, shape, slot))}
      limit ${slot('limit')}) counted`,
  )
}

type Raw = RawBuilder<unknown>

const isDescending = ({ sort }: Shape) => sort.startsWith('-')
const sortField = ({ sort }: Shape) => sort.replace(/^-/, '')

/** Whether the list begins with the products of the category; else it looks for them on its way. */
const fromCategory = (shape: Shape) =>
  shape.category && !(shape.manyMatch && !shape.search && sortField(shape) === 'name')

/**
 * Only active products have rows in the search index and in `product_categories`, so these come
 * first, and the products themselves are joined only where something else of them is needed.
 */
function candidates(db: Db, shape: Shape, slot: Slot): Raw {
  if (shape.search) return searchedCandidates(db, shape, slot)
  if (!fromCategory(shape)) return db.dialect.walked('products', 'p')
  return needsProduct(shape)
    ? sql`product_categories pc join products p on p.number = pc.product_number`
    : sql`product_categories pc`
}

/** SQLite keeps to the order of a CROSS JOIN; looking up single products in its index is slow. */
function searchedCandidates(db: Db, shape: Shape, slot: Slot): Raw {
  const { matches, matchesOnTheWay = matches } = db.dialect.search
  const words = slot('words') as RawBuilder<string>
  const found = shape.manyMatch ? matchesOnTheWay(words) : matches(words)
  const sources = [
    sql`${found} m`,
    shape.category && sql`product_categories pc`,
    needsProduct(shape) && sql`products p`,
  ]
  return sql.join(
    sources.filter((source) => source !== false),
    sql` cross join `,
  )
}

function needsProduct(shape: Shape): boolean {
  const { search, category, brand, inStock, priceMin, priceMax } = shape
  const ofProduct = brand || inStock !== undefined || sortField(shape) === 'name'
  const ofPrice = priceMin || priceMax || sortField(shape) === 'price'
  return ofProduct || (ofPrice && !category) || (!search && !category)
}

/** Indexes of products begin with it, so it is asked for wherever one of them may be walked. */
const isActive = sql`p.status = 'active'`

/** Not EXISTS, so that no database turns it into a join that begins with the category. */
const inCategory = (prices: readonly Raw[], slot: Slot) => sql`(select 1 from product_categories pc
  ${where([
    sql`pc.category_number = ${slot('category')}`,
    sql`pc.product_number = p.number`,
    ...prices,
  ])}) is not null`

function numberOf(shape: Shape): Raw {
  if (shape.search) return sql`m.product_number`
  return fromCategory(shape) ? sql`pc.product_number` : sql`p.number`
}

const priceOf = (shape: Shape) => (shape.category ? sql`pc.price_minor` : sql`p.price_minor`)

/** The price as a filter sees it; an expression cannot be looked up in an index. */
const comparedPrice = (db: Db, shape: Shape) =>
  shape.manyMatch && !db.dialect.can.weighRanges ? sql`${priceOf(shape)} + 0` : priceOf(shape)

function where(conditions: readonly Raw[]): Raw {
  return conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`
}

function filters(db: Db, shape: Shape, slot: Slot): Raw[] {
  const number = numberOf(shape)
  const price = comparedPrice(db, shape)
  const { search, category } = shape
  const begins = fromCategory(shape)
  const prices = [
    shape.priceMin && sql`${price} >= ${slot('priceMin')}`,
    shape.priceMax && sql`${price} <= ${slot('priceMax')}`,
  ].filter((condition) => condition !== false)
  const conditions = [
    begins && sql`pc.category_number = ${slot('category')}`,
    search && category && sql`pc.product_number = m.product_number`,
    search && needsProduct(shape) && sql`p.number = m.product_number`,
    (search ? needsProduct(shape) : !begins) && isActive,
    ...(category && !begins ? [inCategory(prices, slot)] : prices),
    shape.brand && sql`p.brand_id = (select id from brands where slug = ${slot('brand')})`,
    shape.inStock !== undefined && stockCondition(db, shape.inStock),
    ...Array.from({ length: shape.attributeCount }, (_, index) =>
      attributeCondition({ number, slot, index }),
    ),
  ]
  return conditions.filter((condition) => condition !== false)
}

/** Not EXISTS, which MariaDB and PostgreSQL would turn into a join that reads all the stock. */
function stockCondition(db: Db, inStock: boolean): Raw {
  const found = sql`case when p.has_bundle = 1
    then (select 1 from variants v where v.product_id = p.id
      and ${availableOfVariant(db)} > 0 limit 1)
    else (select 1 from stock s where s.product_id = p.id and s.is_active = 1
      and s.on_hand > s.reserved + s.withheld limit 1) end`
  return inStock ? sql`${found} is not null` : sql`${found} is null`
}

/**
 * The first attribute may be where a list begins. Those after it are looked up for each product:
 * SQLite would look up every pair of numbers that two lists can make.
 */
function attributeCondition({ number, slot, index }: { number: Raw; slot: Slot; index: number }) {
  const chosen = sql`product_attributes a
    where a.attribute = ${slot(`attribute${index}`)} and a.value = ${slot(`value${index}`)}`
  return index === 0
    ? sql`${number} in (select a.product_number from ${chosen})`
    : sql`exists (select 1 from ${chosen} and a.product_number = ${number})`
}

/** What the list is sorted by, ending in the number, which is unique and grows with time. */
function sortKeys(db: Db, shape: Shape, slot: Slot): Raw[] {
  const number = numberOf(shape)
  switch (sortField(shape)) {
    case 'price':
      return [priceOf(shape), number]
    case 'name':
      return [sql`p.name`, number]
    case 'relevance':
      return [nameFirst(db, number, slot), number]
    default:
      return [number]
  }
}

/** Products that have all the words in their name come before those that have them elsewhere. */
function nameFirst(db: Db, number: Raw, slot: Slot): Raw {
  const named = db.dialect.search.matchesName(slot('nameWords') as RawBuilder<string>)
  return sql`case when ${number} in ${named} then 0 else 1 end`
}

function ordered(shape: Shape, keys: readonly Raw[]): Raw {
  const direction = isDescending(shape) ? sql`desc` : sql`asc`
  return sql.join(keys.map((key) => sql`${key} ${direction}`))
}

function afterPlace(db: Db, shape: Shape, { keys, slot }: { keys: readonly Raw[]; slot: Slot }) {
  if (!shape.cursor) return []
  const place = keys.map((_, index) => slot(`after${index}`))
  const direction = isDescending(shape) ? 'desc' : 'asc'
  return [isBeyond(db.dialect, { key: keys, place, direction })]
}
