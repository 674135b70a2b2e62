import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'

export type Column = RawBuilder<unknown>

interface TableOptions {
  /** Gives the table a short integer `number` beside its `id`; it counts from `start`. */
  readonly numberedFrom?: number
  /** The table has a primary key of its own among `constraints`, and no `id`. */
  readonly keyed?: boolean
  /** Rows are large: keep them out of the primary key's tree where the engine has a choice. */
  readonly wide?: boolean
  readonly columns: Readonly<Record<string, Column>>
  readonly constraints?: readonly string[]
  readonly indexes?: Readonly<Record<string, readonly string[]>>
  readonly appendOnly?: boolean
}

/** Names that go into indexes: MySQL allows 768 characters in all. */
const nameLengthMax = 200

/** What columns are declared with. */
export function columnTypes({ types }: Dialect) {
  const required = (type: Column) => sql`${type} not null`
  const optional = (type: Column) => sql`${type} null`
  const withDefault = (type: Column, value: number | string) =>
    sql`${type} not null default ${sql.lit(value)}`
  return { ...types, required, optional, withDefault, name: types.string(nameLengthMax) }
}

export type Create = (name: string, options: TableOptions) => Promise<void>

export function creator(schema: Kysely<unknown>, dialect: Dialect): Create {
  return (name, options) => createTable(schema, dialect, [name, options])
}

export async function addColumns(
  schema: Kysely<unknown>,
  table: string,
  columns: Readonly<Record<string, Column>>,
): Promise<void> {
  for (const [name, type] of Object.entries(columns)) {
    await sql`alter table ${sql.table(table)} add column ${sql.ref(name)} ${type}`.execute(schema)
  }
}

/** Creates one table with its indexes and triggers, the same on every database. */
async function createTable(
  schema: Kysely<unknown>,
  dialect: Dialect,
  [name, options]: readonly [string, TableOptions],
): Promise<void> {
  const start = options.numberedFrom ?? 1
  const numbered = options.numberedFrom !== undefined
  const columns = Object.entries(options.columns).map(
    ([column, type]) => sql`${sql.raw(column)} ${type}`,
  )
  const parts = [
    ...keyColumns(dialect, options).map((text) => sql.raw(text)),
    ...columns,
    ...(options.constraints ?? []).map((text) => sql.raw(text)),
  ]
  const tail = dialect.tableOptions({ numbered, start, clustered: !options.wide })
  await sql`create table ${sql.raw(name)} (${sql.join(parts)}) ${sql.raw(tail)}`.execute(schema)
  await createIndexes(schema, name, options.indexes ?? {})
  const numbers = numbered ? dialect.startNumbers(name, start) : []
  const triggers = options.appendOnly ? dialect.appendOnly(name) : []
  for (const statement of [...numbers, ...triggers]) await sql.raw(statement).execute(schema)
}

function keyColumns(dialect: Dialect, { numberedFrom, keyed }: TableOptions): readonly string[] {
  if (numberedFrom !== undefined) return dialect.numberedColumns(numberedFrom)
  return keyed ? [] : [`id ${dialect.uuidColumn} primary key`]
}

async function createIndexes(
  schema: Kysely<unknown>,
  table: string,
  indexes: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  for (const [name, columns] of Object.entries(indexes)) {
    const list = sql.raw(columns.join(', '))
    await sql`create index ${sql.raw(name)} on ${sql.raw(table)} (${list})`.execute(schema)
  }
}
