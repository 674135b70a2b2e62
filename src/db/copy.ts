import { ConfigError } from '../config/read.ts'
import { countRows, hasRows, inserter, lateFiller, rowPages, RowSum } from './copy-rows.ts'
import { compareSides, searchIndex, type TableReport } from './copy-compare.ts'
import { isInternal, listColumnTypes, listCopyTables, type CopyTable } from './copy-schema.ts'
import type { Database } from './database.ts'
import { nextNumber, setNextNumber } from './dialect/numbers.ts'
import { defaultLimits } from './limits.ts'
import { assertComplete, assertKnown, markRunning, migrate, migrationStatus } from './migrate.ts'
import { openDatabase } from './open.ts'
import type { Side } from './dialect/side.ts'
import { openSnapshot, type Snapshot } from './snapshot.ts'

export interface CopyStep {
  readonly step: 'copy' | 'search' | 'check'
  readonly table: string
  readonly done: number
  readonly total: number
}

export interface Copy {
  readonly from: string
  readonly to: string
  readonly onProgress: (step: CopyStep) => void
  /** Makes the search index of the target from its products: each database has its own kind. */
  readonly fillSearch: (target: Database, onRows: (done: number) => void) => Promise<void>
}

export interface CopyReport {
  readonly tables: readonly TableReport[]
  /** Tables of the source that no migration made; they are not copied. */
  readonly foreign: readonly string[]
  /** Tables that grew or shrank while the copy was made: what is new in them is not in it. */
  readonly outdated: readonly string[]
}

/** The target is not what the source is. It stays marked, so that no server starts on it. */
export class CopyDiffersError extends Error {
  readonly tables: readonly TableReport[]

  constructor(tables: readonly TableReport[]) {
    super('The target differs from the source.')
    this.tables = tables
  }
}

/** Statements of a copy are large, and nobody else waits for them. */
const limits = { ...defaultLimits, poolSize: 2, statementTimeoutMs: 600_000 }
const mark = 'copy of another shop'

/**
 * Copies a whole shop into an empty database of any kind: one state of the source, which is only
 * read. Until all of it is there and has been compared, no server starts on the target.
 */
export async function copyShop(copy: Copy): Promise<CopyReport> {
  const models = await listCopyTables()
  await using source = await openSide('source', () => openSnapshot(copy.from))
  await assertUpToDate(source)
  const tables = await countAll(source, models)
  await using target = await openSide('target', () => openDatabase(copy.to, limits))
  await assertEmpty(target, models)
  await migrate(target)
  const reports = await copyInto({ copy, source, target, tables })
  const rows = new Map(tables.map(({ name, total }) => [name, total]))
  return {
    tables: reports,
    foreign: await listForeign(source, rows),
    outdated: await listOutdated(copy.from, rows),
  }
}

async function openSide<T>(side: 'source' | 'target', open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error) {
    const { message } = error as Error
    throw new ConfigError(`The ${side} cannot be opened: ${message}`, { cause: error })
  }
}

async function assertUpToDate(source: Snapshot): Promise<void> {
  const states = await migrationStatus({ schema: source.db })
  assertKnown(states)
  assertComplete(states)
  const pending = states.filter(({ state }) => state === 'pending')
  if (pending.length === 0) return
  throw new ConfigError(
    pending.length === states.length
      ? 'The source is not a Cartwright database.'
      : `The source lacks "${pending[0]?.name}". Bring it up to date first: cartwright migrate.`,
  )
}

interface CountedTable extends CopyTable {
  /** Rows in the source. */
  readonly total: number
}

async function countAll({ db }: Snapshot, tables: readonly CopyTable[]) {
  const counted: CountedTable[] = []
  for (const table of tables) counted.push({ ...table, total: await countRows(db, table.name) })
  return counted
}

/** Asked before the target is migrated, so that a refusal has changed nothing. */
async function assertEmpty({ schema }: Database, tables: readonly CopyTable[]): Promise<void> {
  const existing = new Set((await schema.introspection.getTables()).map(({ name }) => name))
  for (const { name } of tables) {
    if (!existing.has(name) || !(await hasRows(schema, name))) continue
    throw new ConfigError(
      `The target is not empty: "${name}" has rows. Create a new database and name that. (A ` +
        'server that has been started on a database has put its first rows into it.)',
    )
  }
}

interface Job {
  readonly copy: Copy
  readonly source: Snapshot
  readonly target: Database
  readonly tables: readonly CountedTable[]
}

async function copyInto(job: Job): Promise<readonly TableReport[]> {
  const { copy, source, target, tables } = job
  let reports: readonly TableReport[] = []
  await markRunning(target.schema, mark, async () => {
    const sums = await copyTables(job)
    await fillLate(job)
    const numbers = await moveNumbers(job)
    await fillSearch(job)
    const onRows = (table: CountedTable, done: number) => show(copy, 'check', { table, done })
    reports = await compareSides(
      { source, target: sideOf(target) },
      { tables, sums, numbers, onRows },
    )
    if (reports.some(({ same }) => !same)) throw new CopyDiffersError(reports)
  })
  return reports
}

/** Copies table by table; returns what was read of each, by name. */
async function copyTables({ copy, source, target, tables }: Job): Promise<Map<string, RowSum>> {
  const types = await listColumnTypes(target.schema, tables)
  const sums = new Map<string, RowSum>()
  for (const table of tables) {
    const insert = inserter(target, table, types.get(table.name) ?? {})
    const sum = new RowSum(table.columns)
    sums.set(table.name, sum)
    for await (const rows of rowPages(source, table)) {
      await insert(rows).catch((error: unknown) => refuseTable(table, error))
      for (const row of rows) sum.add(row)
      show(copy, 'copy', { table, done: sum.rows })
    }
    if (sum.rows !== table.total) {
      throw new Error(`${sum.rows} of ${table.total} rows of ${table.name} were read`)
    }
  }
  return sums
}

function refuseTable({ name }: CopyTable, error: unknown): never {
  const { message } = error as Error
  throw new ConfigError(
    `The target does not take the rows of "${name}": ${message}\n` +
      'It is incomplete now. Drop it, and copy into a new one once the reason is gone.',
    { cause: error },
  )
}

/** A category may stand before its parent, so parents are written when all of them are there. */
async function fillLate({ source, target, tables }: Job): Promise<void> {
  const types = await listColumnTypes(target.schema, tables)
  for (const table of tables) {
    for (const column of table.late) {
      const fill = lateFiller(target, { table, column, types: types.get(table.name) ?? {} })
      const columns = [...table.key, column]
      for await (const rows of rowPages(source, { ...table, columns })) await fill(rows)
    }
  }
}

/** Lets the target count on from where the source is; returns that, by table. */
async function moveNumbers({ source, target, tables }: Job): Promise<Map<string, number>> {
  const numbers = new Map<string, number>()
  for (const { name: table } of tables.filter(({ isNumbered }) => isNumbered)) {
    const next = await nextNumber(source, table)
    await setNextNumber(sideOf(target), { table, next })
    numbers.set(table, next)
  }
  return numbers
}

const sideOf = ({ schema, dialect }: Database): Side => ({ db: schema, dialect })

async function fillSearch({ copy, source, target }: Job): Promise<void> {
  const table = { name: searchIndex, total: await countRows(source.db, searchIndex) }
  await copy.fillSearch(target, (done) => show(copy, 'search', { table, done }))
}

function show(
  { onProgress }: Copy,
  step: CopyStep['step'],
  { table, done }: { table: Pick<CountedTable, 'name' | 'total'>; done: number },
): void {
  onProgress({ step, table: table.name, done, total: table.total })
}

async function listForeign({ db }: Snapshot, known: ReadonlyMap<string, number>) {
  const tables = await db.introspection.getTables()
  return tables.map(({ name }) => name).filter((name) => !known.has(name) && !isInternal(name))
}

async function listOutdated(url: string, rows: ReadonlyMap<string, number>): Promise<string[]> {
  await using now = await openSnapshot(url)
  const outdated: string[] = []
  for (const [table, copied] of rows) {
    if ((await countRows(now.db, table)) !== copied) outdated.push(table)
  }
  return outdated
}
