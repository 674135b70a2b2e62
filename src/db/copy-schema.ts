import { sql, type Kysely } from 'kysely'
import type { RowColumns, RowColumnType } from './dialect/dialect.ts'
import { migrate } from './migrate.ts'
import { openDatabase } from './open.ts'

/** A table as far as copying its rows must know it. */
export interface CopyTable {
  readonly name: string
  readonly columns: readonly string[]
  /** The columns of the primary key, in its order. */
  readonly key: readonly string[]
  /** Has `number`s that the database counts. */
  readonly isNumbered: boolean
  /** Columns that refer to rows which come later, so they are filled in when those are there. */
  readonly late: readonly string[]
}

interface Column {
  readonly table: string
  readonly name: string
  readonly key: number
  readonly required: number
}

interface Reference {
  readonly table: string
  readonly column: string
  readonly target: string
}

/** Kept by migrations and by the engines themselves; the search index is made anew. */
export const isInternal = (table: string): boolean =>
  /^(sqlite_|kysely_|migration_running$|product_search)/.test(table)

/**
 * Every table, each after those that it refers to. The schema is the same everywhere, so it is
 * read where that is easiest: from the migrations, run on SQLite in memory.
 */
export async function listCopyTables(): Promise<CopyTable[]> {
  await using model = await openDatabase('sqlite::memory:')
  await migrate(model)
  const columns = (await listColumns(model.schema)).filter(({ table }) => !isInternal(table))
  return inOrder(
    Map.groupBy(columns, ({ table }) => table),
    await listReferences(model.schema),
  )
}

async function listColumns(schema: Kysely<unknown>): Promise<Column[]> {
  const { rows } = await sql<Column>`
    select t.name as "table", c.name, c.pk as "key", c."notnull" as required
    from pragma_table_list t join pragma_table_info(t.name) c
    where t.schema = 'main' and t.type = 'table' order by t.name, c.cid`.execute(schema)
  return rows
}

async function listReferences(schema: Kysely<unknown>): Promise<Reference[]> {
  const { rows } = await sql<Reference>`
    select t.name as "table", f."from" as "column", f."table" as target
    from pragma_table_list t join pragma_foreign_key_list(t.name) f
    where t.schema = 'main'`.execute(schema)
  return rows
}

function inOrder(
  columnsOf: ReadonlyMap<string, readonly Column[]>,
  references: readonly Reference[],
): CopyTable[] {
  const placed: CopyTable[] = []
  const waiting = new Map(columnsOf)
  const openReferences = (table: string) =>
    references.filter((one) => one.table === table && waiting.has(one.target))
  while (waiting.size > 0) {
    const [name, columns] = nextOf(waiting, openReferences)
    const late = openReferences(name).map(({ column }) => column)
    waiting.delete(name)
    placed.push(copyTable(name, columns, late))
  }
  return placed
}

/** A table that refers to nothing that waits; else one whose references may be empty for now. */
function nextOf(
  waiting: ReadonlyMap<string, readonly Column[]>,
  openReferences: (table: string) => Reference[],
): [string, readonly Column[]] {
  const tables = [...waiting]
  const isOptional = (columns: readonly Column[], { column }: Reference) =>
    columns.some(({ name, required }) => name === column && required === 0)
  const next =
    tables.find(([name]) => openReferences(name).length === 0) ??
    tables.find(([name, columns]) => openReferences(name).every((one) => isOptional(columns, one)))
  if (!next)
    throw new Error(`these tables need each other first: ${[...waiting.keys()].join(', ')}`)
  return next
}

function copyTable(name: string, columns: readonly Column[], late: readonly string[]): CopyTable {
  const key = columns.filter((column) => column.key > 0).sort((a, b) => a.key - b.key)
  return {
    name,
    columns: columns.map((column) => column.name),
    key: key.map((column) => column.name),
    isNumbered: key.length === 1 && key[0]?.name === 'number',
    late,
  }
}

/** What goes into the columns of these tables on this database. */
export async function listColumnTypes(
  schema: Kysely<unknown>,
  tables: readonly CopyTable[],
): Promise<Map<string, RowColumns>> {
  const names = new Set(tables.map(({ name }) => name))
  const found = (await schema.introspection.getTables()).filter(({ name }) => names.has(name))
  return new Map(
    found.map(({ name, columns }) => [
      name,
      Object.fromEntries(columns.map((one) => [one.name, rowTypeOf(one.dataType)])),
    ]),
  )
}

function rowTypeOf(dataType: string): RowColumnType {
  const type = dataType.toLowerCase()
  if (type === 'uuid') return 'uuid'
  if (type.startsWith('json')) return 'json'
  if (/int/.test(type)) return 'integer'
  if (/text|char/.test(type)) return 'text'
  throw new Error(`copying columns of the type ${dataType} is not implemented`)
}
