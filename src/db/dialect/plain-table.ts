import { sql, type RawBuilder } from 'kysely'

/** A table under another name. */
export function plainTable(table: string, alias: string): RawBuilder<unknown> {
  return sql`${sql.table(table)} as ${sql.ref(alias)}`
}
