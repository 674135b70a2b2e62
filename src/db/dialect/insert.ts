import { sql, type RawBuilder } from 'kysely'

/** `INSERT INTO table (…) VALUES (…)` with every value bound. */
export function insertRow(
  table: string,
  row: Readonly<Record<string, unknown>>,
): RawBuilder<unknown> {
  const columns = sql.join(Object.keys(row).map((name) => sql.ref(name)))
  const values = sql.join(Object.values(row).map((value) => sql.val(value)))
  return sql`insert into ${sql.table(table)} (${columns}) values (${values})`
}
