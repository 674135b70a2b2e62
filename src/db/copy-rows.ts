import { hash } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import { bulkInsert, bulkUpdate } from './bulk.ts'
import type { CopyTable } from './copy-schema.ts'
import type { Database } from './database.ts'
import { isAfter, type KeyValues } from './dialect/after.ts'
import type { RowColumns } from './dialect/dialect.ts'
import type { Side } from './dialect/side.ts'
import type { Tables } from './tables.ts'

export type CopyRow = KeyValues

/** Far below the largest statement that a server takes as it is installed: 16 MiB on MariaDB. */
const pageBytes = 2 * 1024 * 1024
const pageRowsMax = 5_000
const firstPageRows = 200

/** All rows in the order of their key, in pages that are small in memory. */
export async function* rowPages(
  side: Side,
  table: Pick<CopyTable, 'name' | 'columns' | 'key'>,
): AsyncGenerator<readonly CopyRow[]> {
  let limit = firstPageRows
  let last: CopyRow | undefined
  for (;;) {
    const rows = await readPage(side, { table, last, limit })
    if (rows.length === 0) return
    yield rows
    last = rows.at(-1)
    const bytesPerRow = Math.ceil(rows.reduce((sum, row) => sum + sizeOf(row), 1) / rows.length)
    limit = Math.min(Math.max(Math.floor(pageBytes / bytesPerRow), 1), pageRowsMax, limit * 4)
  }
}

interface Page {
  readonly table: Pick<CopyTable, 'name' | 'columns' | 'key'>
  readonly last: CopyRow | undefined
  readonly limit: number
}

async function readPage({ db, dialect }: Side, { table, last, limit }: Page): Promise<CopyRow[]> {
  const columns = sql.join(table.columns.map((name) => sql.ref(name)))
  const order = sql.join(table.key.map((name) => sql.ref(name)))
  const where = last ? sql`where ${isAfter(dialect, table.key, last)}` : sql``
  const { rows } = await sql<CopyRow>`select ${columns} from ${sql.table(table.name)} ${where}
    order by ${order} limit ${limit}`.execute(db)
  return rows
}

function sizeOf(row: CopyRow): number {
  let size = 0
  for (const value of Object.values(row)) size += typeof value === 'string' ? value.length : 8
  return size
}

export async function countRows(db: Kysely<unknown>, table: string): Promise<number> {
  const { rows } = await sql<{ total: number }>`
    select count(*) as total from ${sql.table(table)}`.execute(db)
  return rows[0]?.total ?? 0
}

export async function hasRows(db: Kysely<unknown>, table: string): Promise<boolean> {
  const { rows } = await sql`select 1 as found from ${sql.table(table)} limit 1`.execute(db)
  return rows.length > 0
}

/**
 * How many rows, and the sum of their SHA-256 hashes: the same whatever the order in which an
 * engine sorts its keys. Values are compared as they are; JSON is text on every database.
 */
export class RowSum {
  rows = 0
  #sum = 0n
  readonly #columns: readonly string[]

  constructor(columns: readonly string[]) {
    this.#columns = columns
  }

  add(row: CopyRow): void {
    const text = JSON.stringify(this.#columns.map((name) => row[name]))
    this.rows += 1
    this.#sum = BigInt.asUintN(256, this.#sum + BigInt(`0x${hash('sha256', text)}`))
  }

  get checksum(): string {
    return this.#sum.toString(16).padStart(64, '0')
  }
}

type Write = (rows: readonly CopyRow[]) => Promise<void>

const tableName = (name: string) => name as keyof Tables & string

/** Inserts pages of rows, without the columns that must wait for other rows. */
export function inserter(target: Database, table: CopyTable, types: RowColumns): Write {
  const columns = pick(types, table.columns)
  const insert = bulkInsert<CopyRow>(tableName(table.name), columns)
  const empty = Object.fromEntries(table.late.map((name) => [name, null]))
  return async (rows) => {
    const given = table.late.length === 0 ? rows : rows.map((row) => ({ ...row, ...empty }))
    const { changes } = await target.transaction((tx) => insert(tx, given))
    if (changes !== rows.length) throw new Error(`${changes} of ${rows.length} rows were written`)
  }
}

/** Fills one of the columns that had to wait. */
export function lateFiller(
  target: Database,
  { table, column, types }: { table: CopyTable; column: string; types: RowColumns },
): Write {
  const [key = '', ...others] = table.key
  if (others.length > 0) throw new Error(`${table.name} would need a key of one column`)
  const update = bulkUpdate<object>({
    table: tableName(table.name),
    columns: { row_key: types[key] ?? 'text', late_value: types[column] ?? 'text' },
    set: sql`${sql.ref(column)} = ${sql.ref('d.late_value')}`,
    where: sql`${sql.ref(`${table.name}.${key}`)} = ${sql.ref('d.row_key')}`,
  })
  return async (rows) => {
    const changed = rows.filter((row) => row[column] !== null)
    if (changed.length === 0) return
    const values = changed.map((row) => ({ row_key: row[key], late_value: row[column] }))
    await target.transaction((tx) => update(tx, values))
  }
}

function pick(types: RowColumns, names: readonly string[]): RowColumns {
  return Object.fromEntries(names.map((name) => [name, types[name] ?? missing(name)]))
}

function missing(column: string): never {
  throw new Error(`the target has no column ${column}`)
}
