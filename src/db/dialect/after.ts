import { sql, type RawBuilder, type SqlBool } from 'kysely'
import type { Dialect } from './dialect.ts'

export type KeyValues = Readonly<Record<string, string | number | null>>

/** Rows whose key comes after this one. */
export function isAfter(
  dialect: Dialect,
  key: readonly string[],
  last: KeyValues,
): RawBuilder<SqlBool> {
  return isBeyond(dialect, {
    key: key.map((column) => sql.ref(column)),
    place: key.map((column) => sql.val(last[column] ?? null)),
    direction: 'asc',
  })
}

type Parts = readonly RawBuilder<unknown>[]

interface Place {
  readonly key: Parts
  readonly place: Parts
  readonly direction: 'asc' | 'desc'
}

/**
 * Rows that come after a place, in the order of a key. SQLite and PostgreSQL find the place of a
 * row value in an index, MySQL and MariaDB that of the long form; each would read from the
 * beginning for the other.
 */
export function isBeyond({ name }: Dialect, { key, place, direction }: Place): RawBuilder<SqlBool> {
  const beyond = direction === 'asc' ? sql`>` : sql`<`
  if (name === 'mysql') return longForm(beyond, key, place)
  return sql`(${sql.join(key)}) ${beyond} (${sql.join(place)})`
}

function longForm(
  beyond: RawBuilder<unknown>,
  [column, ...columns]: Parts,
  [value, ...values]: Parts,
): RawBuilder<SqlBool> {
  if (columns.length === 0) return sql`${column} ${beyond} ${value}`
  const rest = longForm(beyond, columns, values)
  return sql`(${column} ${beyond} ${value} or (${column} = ${value} and ${rest}))`
}
