import { countRows, rowPages, RowSum } from './copy-rows.ts'
import type { CopyTable } from './copy-schema.ts'
import { nextNumber } from './dialect/numbers.ts'
import type { Side } from './dialect/side.ts'

/** What one side holds. */
export interface Holding {
  readonly rows: number
  readonly checksum: string | undefined
  /** The number that the next row gets, where rows have numbers. */
  readonly next: number | undefined
}

export interface TableReport {
  readonly table: string
  readonly source: Holding
  readonly target: Holding
  readonly same: boolean
}

interface Sides {
  readonly source: Side
  readonly target: Side
}

interface Comparison<T extends CopyTable> {
  readonly tables: readonly T[]
  /** What was read of the source while it was copied, by table. */
  readonly sums: ReadonlyMap<string, RowSum>
  /** The next numbers that the source had then; it may have given more away since. */
  readonly numbers: ReadonlyMap<string, number>
  readonly onRows: (table: T, done: number) => void
}

export const searchIndex = 'product_search'

/** Reads the whole target again, and holds it against what was read of the source. */
export async function compareSides<T extends CopyTable>(
  { source, target }: Sides,
  { tables, sums, numbers, onRows }: Comparison<T>,
): Promise<TableReport[]> {
  const reports: TableReport[] = []
  for (const table of tables) {
    const sum = await sumOf(target, table, (done) => onRows(table, done))
    const { name, isNumbered } = table
    const next = isNumbered ? await nextNumber(target, name) : undefined
    reports.push(compared(name, holding(sums.get(name), numbers.get(name)), holding(sum, next)))
  }
  // The rows of the search index differ from engine to engine, and on some cannot be read.
  return [...reports, compared(searchIndex, await indexed(source), await indexed(target))]
}

async function sumOf(
  side: Side,
  table: CopyTable,
  onRows: (done: number) => void,
): Promise<RowSum> {
  const sum = new RowSum(table.columns)
  for await (const rows of rowPages(side, table)) {
    for (const row of rows) sum.add(row)
    onRows(sum.rows)
  }
  return sum
}

function holding(sum: RowSum | undefined, next: number | undefined): Holding {
  return { rows: sum?.rows ?? 0, checksum: sum?.checksum, next }
}

async function indexed({ db }: Side): Promise<Holding> {
  return { rows: await countRows(db, searchIndex), checksum: undefined, next: undefined }
}

function compared(table: string, source: Holding, target: Holding): TableReport {
  const same =
    source.rows === target.rows &&
    source.checksum === target.checksum &&
    source.next === target.next
  return { table, source, target, same }
}
