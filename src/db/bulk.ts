import { sql, type RawBuilder, type SqlBool } from 'kysely'
import type { RowColumns } from './dialect/dialect.ts'
import type { Change, Tx } from './database.ts'
import { preparedWrite } from './prepared.ts'
import type { Tables } from './tables.ts'

type TableName = keyof Tables & string

/**
 * A prepared INSERT of any number of rows in one statement whose text never changes: the rows go
 * in as one JSON parameter. JSON columns hold JSON text.
 */
export function bulkInsert<Row extends object>(
  table: TableName,
  columns: RowColumns,
): (tx: Tx, rows: readonly Row[]) => Promise<Change> {
  const names = sql.join(Object.keys(columns).map((name) => sql.ref(name)))
  const insert = preparedWrite<{ rows: string }>(
    (db, param) =>
      sql`insert into ${sql.table(table)} (${names})
        select ${names} from ${db.dialect.jsonRows(param('rows'), columns)} as d`,
  )
  return (tx, rows) => insert(tx, { rows: JSON.stringify(rows) })
}

/** The same, leaving rows alone that are there already. */
export function bulkInsertOnce<Row extends object>(
  table: TableName,
  columns: RowColumns,
): (tx: Tx, rows: readonly Row[]) => Promise<Change> {
  const [first = ''] = Object.keys(columns)
  const names = sql.join(Object.keys(columns).map((name) => sql.ref(name)))
  const insert = preparedWrite<{ rows: string }>((db, param) =>
    db.dialect.insertMissing(
      sql`insert into ${sql.table(table)} (${names})
        select ${names} from ${db.dialect.jsonRows(param('rows'), columns)} as d`,
      sql`${sql.table(table)}.${sql.ref(first)}`,
    ),
  )
  return (tx, rows) => insert(tx, { rows: JSON.stringify(rows) })
}

interface BulkUpdate {
  readonly table: TableName
  /** The columns of the JSON rows, visible in `set` and `where` as `d.…`. */
  readonly columns: RowColumns
  readonly set: RawBuilder<unknown>
  readonly where: RawBuilder<SqlBool>
}

/** A prepared UPDATE of many rows at once, each with its own values and guard. */
export function bulkUpdate<Row extends object>(
  update: BulkUpdate,
): (tx: Tx, rows: readonly Row[]) => Promise<Change> {
  const write = preparedWrite<{ rows: string }>((db, param) =>
    db.dialect.updateJoined({
      table: update.table,
      source: db.dialect.jsonRows(param('rows'), update.columns),
      alias: 'd',
      set: update.set,
      where: update.where,
    }),
  )
  return (tx, rows) => write(tx, { rows: JSON.stringify(rows) })
}
