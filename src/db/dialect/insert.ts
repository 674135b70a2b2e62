import { sql, type RawBuilder } from 'kysely'
import type { Change, Tx } from '../database.ts'
import { preparedWrite } from '../prepared.ts'

type Row = Readonly<Record<string, unknown>>
type Raw = RawBuilder<unknown>

export function insertRow(table: string, row: Row): Raw {
  return insert(table, Object.keys(row), (name) => sql.val(row[name]))
}

function insert(table: string, columns: readonly string[], value: (name: string) => Raw): Raw {
  const names = sql.join(columns.map((name) => sql.ref(name)))
  return sql`insert into ${sql.table(table)} (${names}) values (${sql.join(columns.map(value))})`
}

/**
 * INSERTs of single rows, in the shape that `finish` gives them; each is compiled once for its
 * table and columns.
 */
export function rowInserts(
  finish: (insert: Raw, firstColumn: Raw) => Raw,
): (tx: Tx, table: string, row: Row) => Promise<Change> {
  const writes = new Map<string, (tx: Tx, row: Row) => Promise<Change>>()
  return (tx, table, row) => {
    const columns = Object.keys(row)
    const key = `${table} ${columns.join()}`
    const known = writes.get(key)
    if (known) return known(tx, row)
    const made = preparedWrite<Row>((_db, param) =>
      finish(insert(table, columns, param), sql.ref(columns[0] ?? '')),
    )
    writes.set(key, made)
    return made(tx, row)
  }
}
