import type { Kysely } from 'kysely'
import type { Dialect } from './dialect.ts'

/** Where plain queries run, and the kind of database that it is. */
export interface Side {
  readonly db: Kysely<unknown>
  readonly dialect: Dialect
}
