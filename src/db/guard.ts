import { sql, type RawBuilder } from 'kysely'

/**
 * The status of a row that is found by its key, as the guard of an UPDATE. It is an expression, so
 * that no index serves it: MariaDB would sometimes go by (status, time) instead of by the key, wait
 * there for another transaction to move the entry on, and not find the row any more.
 */
export function guardStatus<Status extends string>(): RawBuilder<Status> {
  return sql<Status>`coalesce(status, '')`
}
