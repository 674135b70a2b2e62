import {
  DummyDriver,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
  type Expression,
} from 'kysely'
import type { DatabaseFault, Dialect, JoinedUpdate, RowColumns } from '../dialect.ts'
import { insertRow, rowInserts } from '../insert.ts'
import { plainTable } from '../plain-table.ts'
import { dropNamelessChecks } from './checks.ts'
import { sqliteSearch } from './search.ts'

const insertUnlessThere = rowInserts((insert) => sql`${insert} on conflict do nothing`)

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  kysely: {
    createDriver: () => new DummyDriver(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  },
  // UUIDs are text: measured, decoding 16-byte blobs in JavaScript costs more than 20 more bytes
  // do.
  types: {
    uuid: sql`text`,
    integer: sql`integer`,
    text: sql`text`,
    json: sql`text`,
    string: () => sql`text`,
  },
  can: {
    returning: true,
    rowLocks: false,
    weighRanges: false,
    pipeline: false,
    transactionalDdl: true,
  },
  search: sqliteSearch,
  uuidColumn: 'text not null',
  numberedColumns: () => [
    'number integer primary key autoincrement',
    'id text not null unique check (length(id) = 36)',
  ],
  tableOptions: ({ numbered, clustered }) =>
    numbered || !clustered ? 'strict' : 'strict, without rowid',
  startNumbers: (table, start) => [
    `insert into sqlite_sequence (name, seq) values ('${table}', ${start - 1})`,
  ],
  dropNamelessChecks,
  dropIndex: (_table, index) => `drop index ${index}`,
  quotient: (dividend, divisor) => sql<number>`(${dividend}) / (${divisor})`,
  appendOnly: (table) =>
    ['update', 'delete'].map(
      (verb) =>
        `create trigger ${table}_no_${verb} before ${verb} on ${table} begin ` +
        `select raise(abort, '${table} is append-only'); end`,
    ),
  jsonRows,
  updateJoined: (update: JoinedUpdate) =>
    sql`update ${sql.table(update.table)} set ${update.set}
      from ${update.source} as ${sql.ref(update.alias)} where ${update.where}`,
  async insertOnce(tx, table, row) {
    return (await insertUnlessThere(tx, table, row)).changes === 1
  },
  insertMissing: (insert) => sql`${insert} where true on conflict do nothing`,
  async insertNumbered(tx, table, row) {
    const query = insertRow(table, row).compile(tx)
    const { insertId } = await tx.runner.run(query.sql, query.parameters)
    return insertId ?? 0
  },
  walked: plainTable,
  readFault,
}

function jsonRows(json: Expression<string>, columns: RowColumns) {
  const fields = Object.keys(columns).map(
    (name) => sql`value ->> ${sql.lit(`$.${name}`)} as ${sql.ref(name)}`,
  )
  return sql`(select ${sql.join(fields)} from json_each(${json}))`
}

const faults: Readonly<Record<number, DatabaseFault['kind']>> = {
  5: 'retry', // BUSY: another process holds the write lock
  6: 'retry', // LOCKED
  8: 'unavailable', // READONLY
  10: 'unavailable', // IOERR
  11: 'unavailable', // CORRUPT
  13: 'unavailable', // FULL
  14: 'unavailable', // CANTOPEN
}

/** node:sqlite reports the extended result code in `errcode`. https://sqlite.org/rescode.html */
function readFault(error: unknown): DatabaseFault {
  if (!(error instanceof Error) || !('errcode' in error)) return { kind: 'unknown' }
  const code = Number(error.errcode)
  const constraint = error.message.replace(/^.*constraint failed: /, '')
  if (code === 2067 || code === 1555) return { kind: 'unique', constraint }
  if (code === 275) return { kind: 'check', constraint }
  if (code === 787) return { kind: 'foreign_key' }
  const kind = faults[code & 0xff]
  return kind === 'retry' || kind === 'unavailable' ? { kind } : { kind: 'unknown' }
}
