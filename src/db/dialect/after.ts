import { sql, type RawBuilder, type SqlBool } from 'kysely'
import type { Dialect } from './dialect.ts'

export type KeyValues = Readonly<Record<string, string | number | null>>

/**
 * Rows whose key comes after this one. SQLite and PostgreSQL find the place of a row value in an
 * index, MySQL and MariaDB that of the long form; each would read from the beginning for the other.
 */
export function isAfter(
  { name }: Dialect,
  key: readonly string[],
  last: KeyValues,
): RawBuilder<SqlBool> {
  if (name === 'mysql') return longForm(key, last)
  const columns = key.map((column) => sql.ref(column))
  const values = key.map((column) => sql.val(last[column] ?? null))
  return sql`(${sql.join(columns)}) > (${sql.join(values)})`
}

function longForm([name = '', ...others]: readonly string[], last: KeyValues): RawBuilder<SqlBool> {
  const [column, value] = [sql.ref(name), sql.val(last[name] ?? null)]
  if (others.length === 0) return sql`${column} > ${value}`
  return sql`(${column} > ${value} or (${column} = ${value} and ${longForm(others, last)}))`
}
