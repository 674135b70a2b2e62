import type { SQLInputValue } from 'node:sqlite'
import { minor } from '../../src/core/money.ts'
import { countMax } from '../../src/core/paging.ts'
import { sqliteSearch } from '../../src/db/dialect/sqlite/search.ts'
import {
  countProducts,
  listProductRows,
  type ListRow,
  type Listing,
  type ProductFilter,
  type ProductSort,
} from '../../src/domains/catalog/listing-queries.ts'
import { findCategory, type CategoryRow } from '../../src/domains/catalog/queries.ts'
import type { BareDatabase } from './database.ts'
import { capture, named, type Captured, type Statement, type Values } from './statements.ts'

export interface ListQuery {
  readonly page?: string
  readonly sort?: ProductSort
  readonly category?: string
  readonly min_price?: string
  readonly max_price?: string
  readonly in_stock?: string
  readonly search?: string
}

interface Statements {
  readonly page: Statement<ListRow>
  /** The page where much of the list lies in the price range. */
  readonly widePage: Statement<ListRow>
  readonly count: Statement<{ count: number }>
}

interface Range {
  readonly filter: Values
  readonly sort: ProductSort
  /** The place in the list where the page ends. */
  readonly end: number
}

interface Found {
  readonly rows: readonly ListRow[]
  readonly total: number
  readonly isCapped: boolean
}

/** The shop keeps totals for as long; without that the bare server would have more to do. */
const countLifetimeMs = 5_000

/** The list queries of the shop, one pair of statements for each combination of filters. */
export class BareListings {
  readonly #database: BareDatabase
  readonly #categories: Statement<CategoryRow>
  readonly #statements = new Map<string, Statements>()
  readonly #counts = new Map<string, { readonly count: number; readonly untilMs: number }>()

  constructor(database: BareDatabase) {
    this.#database = database
    this.#categories = database.read(
      capture((tx) => findCategory(tx, { by: 'number', number: named('number') })),
    )
  }

  find(query: ListQuery, { page, perPage }: { page: number; perPage: number }): Found {
    const sort = query.sort ?? (query.search === undefined ? 'created_at' : 'relevance')
    const statements = this.#statementsFor(query, sort)
    const filter = this.#filterValues(query)
    const isWide = this.#isWide(query, { filter, sort, end: page * perPage })
    const place = { limit: perPage + 1, offset: (page - 1) * perPage }
    const rows = (isWide ? statements.widePage : statements.page).all({ ...filter, ...place })
    const isWhole = page === 1 && rows.length <= perPage
    const count = isWhole ? rows.length : this.#count(statements, filter)
    return { rows, total: Math.min(count, countMax), isCapped: count > countMax }
  }

  /** As the shop decides how to read a list limited by price and sorted by something else. */
  #isWide(query: ListQuery, { filter, sort, end }: Range): boolean {
    const { min_price, max_price, search, category } = query
    const isLookedUp = (min_price ?? max_price) !== undefined && search === undefined
    if (!isLookedUp || sort.endsWith('price')) return false
    const inRange = Math.min(this.#count(this.#statementsFor(query, sort), filter), countMax)
    const walked = this.#statementsFor(category === undefined ? {} : { category }, sort)
    const all = Math.min(this.#count(walked, { category: filter['category'] ?? 0 }), countMax)
    return end * all < inRange * inRange
  }

  #filterValues(query: ListQuery): Values {
    const words = query.search?.toLowerCase().split(' ') ?? []
    return {
      category: query.category === undefined ? 0 : this.#categoryNumber(query.category),
      priceMin: Number(query.min_price ?? 0) * 100,
      priceMax: Number(query.max_price ?? 0) * 100,
      words: sqliteSearch.matchText(words),
      nameWords: sqliteSearch.matchNameText(words),
      // Belongs to the text of the statement, but has to tell totals apart.
      inStock: query.in_stock ?? '',
    }
  }

  #categoryNumber(text: string): number {
    return this.#categories.all({ number: Number(text) })[0]?.number ?? 0
  }

  #count({ count }: Statements, filter: Values): number {
    const key = JSON.stringify(filter)
    const known = this.#counts.get(key)
    if (known && known.untilMs > Date.now()) return known.count
    const [row] = count.all({ ...filter, limit: countMax + 1 })
    const found = row?.count ?? 0
    if (this.#counts.size >= 5_000) this.#counts.clear()
    this.#counts.set(key, { count: found, untilMs: Date.now() + countLifetimeMs })
    return found
  }

  #statementsFor(query: ListQuery, sort: ProductSort): Statements {
    const { category, min_price, max_price, in_stock, search } = query
    const given = [category, min_price, max_price, search].map((value) => value !== undefined)
    const key = `${sort} ${in_stock} ${given.join()}`
    const known = this.#statements.get(key)
    if (known) return known
    const { page, widePage, count } = captureListing(sampleFilter(query), sort)
    const made = {
      page: this.#database.read<ListRow>(page),
      widePage: this.#database.read<ListRow>(widePage),
      count: this.#database.read<{ count: number }>(count),
    }
    this.#statements.set(key, made)
    return made
  }
}

/** Values that occur nowhere else in a statement, each for one of its parameters. */
const samples = { category: 987_001, priceMin: 987_002, priceMax: 987_003, word: 'sampleword' }
const samplePaging = { page: 987_004, perPage: 987_005, after: undefined }

function sampleFilter(query: ListQuery): ProductFilter {
  return {
    ...(query.category === undefined ? {} : { categoryNumber: samples.category }),
    ...(query.min_price === undefined ? {} : { priceMin: minor(samples.priceMin) }),
    ...(query.max_price === undefined ? {} : { priceMax: minor(samples.priceMax) }),
    ...(query.in_stock === undefined ? {} : { inStock: query.in_stock === 'true' }),
    ...(query.search === undefined ? {} : { words: [samples.word] }),
  }
}

const nameOfSample = new Map<unknown, string>([
  [samples.category, 'category'],
  [samples.priceMin, 'priceMin'],
  [samples.priceMax, 'priceMax'],
  [sqliteSearch.matchText([samples.word]), 'words'],
  [sqliteSearch.matchNameText([samples.word]), 'nameWords'],
  [samplePaging.perPage + 1, 'limit'],
  [countMax + 1, 'limit'],
  [(samplePaging.page - 1) * samplePaging.perPage, 'offset'],
])

function captureListing(filter: ProductFilter, sort: ProductSort) {
  const listing: Listing = { filter, sort, paging: samplePaging }
  return {
    page: withNames(capture((tx) => listProductRows(tx, listing))),
    widePage: withNames(capture((tx) => listProductRows(tx, { ...listing, manyMatch: true }))),
    count: withNames(capture((tx) => countProducts(tx, filter))),
  }
}

function withNames({ sql, params }: Captured): Captured {
  const renamed = params.map((param) => {
    const name = nameOfSample.get(param)
    return name === undefined ? param : named<SQLInputValue>(name)
  })
  return { sql, params: renamed }
}
