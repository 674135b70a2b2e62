import type { Database } from '../../src/db/database.ts'
import type { Statement } from '../recording.ts'

/** What is wrong with the way in which a database means to run a statement. */
export interface Problem {
  readonly problem: string
  readonly plan: readonly string[]
}

export interface Query extends Statement {
  /** A filter or a search was chosen, so that its matches may have to be sorted. */
  readonly sorts: boolean
  /** So many products have what is searched for that reading all the words is the least work. */
  readonly isBroad?: boolean
}

/**
 * Finds what a plan must not do: read a whole table or index; sort what is not bounded, unless the
 * query `sorts`.
 */
export type Planner = (database: Database, query: Query) => Promise<Problem[]>

/** Small by nature: reading all of it is what it is for. */
const smallTables = [
  'categories',
  'brands',
  'shipping_methods',
  'locations',
  'settings',
  'roles',
  'signing_keys',
  'pricing_state',
]

/** More rows than this are more than a page, a cart or an order. */
export const sortedRowsMax = 1_000

/** Every name that a statement gives to a table that it may read as a whole. */
export function wholeNames({ sql, isBroad }: Query): Set<string> {
  const named = new RegExp(
    String.raw`\b(?:from|join)\s+["\`]?(?:${smallTables.join('|')})["\`]?\s+(?:as\s+)?["\`]?(\w+)`,
    'gi',
  )
  const aliases = [...sql.matchAll(named)].map(([, alias = '']) => alias)
  return new Set([...smallTables, ...aliases, ...(isBroad ? ['product_search'] : [])])
}
