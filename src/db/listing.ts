import { sql, type RawBuilder } from 'kysely'
import { badCursor, countMax, type PlaceKey } from '../core/paging.ts'
import type { Db } from './database.ts'
import { isBeyond } from './dialect/after.ts'

type Raw = RawBuilder<unknown>

/** One side from which a list is looked at. */
export interface ListFilter {
  /** What a row of the list must be. */
  readonly condition: Raw
  /**
   * `select … as id`, each once: the ids of all rows that pass, by an index, but not in the order
   * of the list. Undefined where the list is walked by that very index.
   */
  readonly lookup?: Raw | undefined
}

export interface Listing {
  /** The table with its alias. */
  readonly source: Raw
  readonly id: Raw
  /** What the list is sorted by, ending in something unique; the table has an index on it. */
  readonly keys: readonly Raw[]
  readonly direction: 'asc' | 'desc'
  readonly filters: readonly ListFilter[]
}

export interface ListPage {
  readonly after: readonly PlaceKey[] | undefined
  readonly limit: number
}

export interface Listed {
  readonly id: string
  /** For the cursor: where this row stands. */
  readonly place: readonly PlaceKey[]
}

/**
 * So many matches are looked up and sorted sooner than they are met on the way through a list of a
 * million: 20 of 3,000 are met after 7,000 rows, if they lie anywhere.
 */
const fewMax = 3_000

/**
 * One page of a list by any of its sides. Where the matches of one side are few they are looked up
 * and sorted; else the list is walked in its order, and meets a page of matches soon. So a page
 * costs the same however long the list is.
 */
export async function listPage(db: Db, listing: Listing, page: ListPage): Promise<Listed[]> {
  const { keys, direction } = listing
  const { after, limit } = page
  if (after && after.length !== keys.length) throw badCursor()
  const few = await fewest(db, listing.filters, fewMax)
  const { from, conditions } = matches(listing, few?.filter)
  const place = (after ?? []).map((key) => sql`${key}`)
  const beyond = after ? [isBeyond(db.dialect, { key: keys, place, direction })] : []
  const selected = keys.map((key, index) => sql`${key} as ${sql.ref(`key${index}`)}`)
  const order = keys.map((_, index) =>
    direction === 'asc' ? sql`${sql.ref(`key${index}`)} asc` : sql`${sql.ref(`key${index}`)} desc`,
  )
  const { rows } = await sql<Record<string, PlaceKey> & { id: string }>`
    select ${listing.id} as id, ${sql.join(selected)} from ${from}
    ${where([...conditions, ...beyond])} order by ${sql.join(order)} limit ${limit}`.execute(db)
  return rows.map((row) => ({ id: row.id, place: keys.map((_, index) => row[`key${index}`]!) }))
}

/** How many rows there are, counted to one more than is ever reported. */
export async function countListed(db: Db, listing: Listing): Promise<number> {
  const { filters } = listing
  const [only] = filters
  if (only?.lookup !== undefined && filters.length === 1) return countFound(db, only.lookup)
  const few = await fewest(db, filters, countMax)
  const { from, conditions } = matches(listing, few?.filter)
  return countRows(db, sql`select 1 as one from ${from} ${where(conditions)}`)
}

async function countRows(db: Db, query: Raw): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from (${query} limit ${countMax + 1}) counted`.execute(db)
  return rows[0]?.count ?? 0
}

const countFound = (db: Db, lookup: Raw) =>
  countRows(db, sql`select 1 as one from (${lookup}) found`)

interface Matches {
  readonly from: Raw
  readonly conditions: readonly Raw[]
}

/** Where the rows come from: the matches of one side, or the whole table. */
function matches({ source, id, filters }: Listing, few: ListFilter | undefined): Matches {
  const conditions = filters.filter((filter) => filter !== few).map(({ condition }) => condition)
  if (few?.lookup === undefined) return { from: source, conditions }
  // SQLite keeps to the order of a CROSS JOIN, and has no numbers by which to choose another.
  const from = sql`(${few.lookup}) found cross join ${source}`
  return { from, conditions: [sql`${id} = found.id`, ...conditions] }
}

/** The side with the fewest matches, if these are few enough to look all of them up. */
async function fewest(db: Db, filters: readonly ListFilter[], most: number) {
  let best: { readonly filter: ListFilter; readonly count: number } | undefined
  for (const filter of filters) {
    if (filter.lookup === undefined) continue
    const count = await countFound(db, filter.lookup)
    if (count <= most && count < (best?.count ?? Infinity)) best = { filter, count }
  }
  return best
}

function where(conditions: readonly Raw[]): Raw {
  return conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`
}

/**
 * A column as a filter compares it while the list is walked by another: without knowing how much
 * lies in a range, SQLite and MariaDB would rather look it up, and sort all that they find.
 */
export function walkedBy(db: Db, column: Raw, type: 'integer' | 'text'): Raw {
  if (db.dialect.can.weighRanges) return column
  return type === 'integer' ? sql`${column} + 0` : sql`coalesce(${column}, '')`
}
