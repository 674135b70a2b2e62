import { sql } from 'kysely'
import type { PlaceKey } from '../../core/paging.ts'
import { endOfPrefix } from '../../core/order-search.ts'
import type { Db } from '../../db/database.ts'
import { countListed, listPage, type ListFilter, type Listing } from '../../db/listing.ts'
import { preparedQuery } from '../../db/prepared.ts'

export const stockSorts = ['sku', '-sku'] as const

/** Which rows of stock a list shows; all that is given must hold. */
export interface StockFilter {
  /** The code of a location. */
  readonly location?: string | undefined
  /** The beginning of a SKU. */
  readonly sku?: string | undefined
  readonly productNumber?: number | undefined
  /** At most so many are available; `low`: as many as the article has as its threshold. */
  readonly availableMax?: number | 'low' | undefined
}

export interface ListedStock {
  readonly variant_id: string
  readonly sku: string
  readonly product_id: string
  readonly product_number: number
  readonly product_name: string
  readonly product_status: string
  readonly location_id: string
  readonly location_code: string
  readonly location_name: string
  readonly on_hand: number
  readonly reserved: number
  readonly available: number
}

const available = sql<number>`s.on_hand - s.reserved - s.withheld`

/** Walked by the SKUs; where a variant is, its key in `stock` tells. */
function listingOf(filter: StockFilter, sort: string): Listing {
  return {
    source: sql`variants v cross join stock s cross join locations c`,
    id: sql`v.id`,
    keys: [sql`v.sku`, sql`c.code`],
    direction: sort.startsWith('-') ? 'desc' : 'asc',
    filters: [
      { condition: sql`s.variant_id = v.id and c.id = s.location_id` },
      ...filtersOf(filter),
    ],
  }
}

/** What is few of an article that does not say so itself. */
export const lowDefault = 5

function* filtersOf(filter: StockFilter): Generator<ListFilter> {
  const { location, sku, productNumber, availableMax } = filter
  if (location !== undefined) yield { condition: sql`c.code = ${location}` }
  if (sku !== undefined) {
    yield { condition: sql`v.sku >= ${sku} and v.sku < ${endOfPrefix(sku)}` }
  }
  if (productNumber !== undefined) {
    const product = sql`(select p.id from products p where p.number = ${productNumber})`
    yield {
      condition: sql`v.product_id = ${product}`,
      lookup: sql`select q.id as id from variants q where q.product_id = ${product}`,
    }
  }
  if (availableMax === undefined) return
  const most =
    availableMax === 'low'
      ? sql`coalesce(v.low_stock_threshold, ${lowDefault})`
      : sql`${availableMax}`
  yield { condition: sql`${available} <= ${most}` }
}

const stockOfVariants = preparedQuery<{ ids: string }, ListedStock>(
  (db, param) => sql<ListedStock>`
    select v.id as variant_id, v.sku, p.id as product_id, p.number as product_number,
      p.name as product_name, p.status as product_status, c.id as location_id,
      c.code as location_code, c.name as location_name, s.on_hand, s.reserved,
      ${available} as available
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join variants v on v.id = d.id join products p on p.id = v.product_id
    join stock s on s.variant_id = v.id join locations c on c.id = s.location_id`,
)

export interface StockWanted {
  readonly filter: StockFilter
  readonly sort: string
  readonly after: readonly PlaceKey[] | undefined
  readonly limit: number
}

/** A page of what is where, by SKU and location. */
export async function listStock(
  db: Db,
  { filter, sort, after, limit }: StockWanted,
): Promise<{ row: ListedStock; place: readonly PlaceKey[] }[]> {
  const found = await listPage(db, listingOf(filter, sort), { after, limit })
  const ids = JSON.stringify([...new Set(found.map(({ id }) => id))].map((id) => ({ id })))
  const rows = await stockOfVariants(db, { ids })
  const byPlace = new Map(rows.map((row) => [`${row.sku} ${row.location_code}`, row]))
  return found.flatMap(({ place }) => {
    const row = byPlace.get(place.join(' '))
    return row ? [{ row, place }] : []
  })
}

export function countStock(db: Db, filter: StockFilter): Promise<number> {
  return countListed(db, listingOf(filter, 'sku'))
}
