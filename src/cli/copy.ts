import { configOf } from '../config/config.ts'
import { ConfigError, type RawSettings } from '../config/read.ts'
import type { Holding, TableReport } from '../db/copy-compare.ts'
import { CopyDiffersError, copyShop, type CopyReport, type CopyStep } from '../db/copy.ts'
import { fillSearch } from '../domains/catalog/search-index.ts'
import { readArguments } from './arguments.ts'
import { count, ProgressBar } from './progress.ts'

export const usage = `
copy --to <url>     copy the whole shop into an empty database of any kind
  --from <url>      another source than the configured database

URLs are those of DATABASE_URL: sqlite:file, postgres://…, mysql://… The source is only read. The
target is migrated, filled, and compared with the source by counts and checksums. Stop the servers
of the source first: what they sell after the beginning is not in the copy.`

const options = { from: { type: 'string' }, to: { type: 'string' } } as const

/** Exits with status 1 if the copy differs from its source in anything. */
export async function copyCommand(raw: RawSettings, args: readonly string[]): Promise<void> {
  const { values, positionals } = readArguments(args, options)
  const { from = configOf(raw).data.databaseUrl, to } = values
  if (positionals.length > 0) throw new ConfigError('Name the databases by --from and --to.')
  if (to === undefined) throw new ConfigError('Name the target: --to <url>. See --help.')
  if (from === to) throw new ConfigError('The source and the target are the same database.')
  const startedAt = performance.now()
  try {
    const report = await runCopy(from, to)
    printTables(report.tables)
    printSummary(report, performance.now() - startedAt)
  } catch (error) {
    if (!(error instanceof CopyDiffersError)) throw error
    printTables(error.tables)
    process.stderr.write(`${error.message} No server will start on it: drop it.\n`)
    process.exitCode = 1
  }
}

async function runCopy(from: string, to: string): Promise<CopyReport> {
  using bar = new ProgressBar()
  const onProgress = ({ step, table, done, total }: CopyStep) =>
    bar.show({ label: `${step.padEnd(6)} ${table}`, done, total, unit: 'rows' })
  return await copyShop({ from, to, onProgress, fillSearch })
}

function printTables(tables: readonly TableReport[]): void {
  for (const { table, source, target, same } of tables) {
    const sides = same ? describe(source) : `${describe(source)} → ${describe(target)}`
    process.stdout.write(`${same ? 'same     ' : 'DIFFERENT'} ${table.padEnd(20)} ${sides}\n`)
  }
}

function describe({ rows, checksum, next }: Holding): string {
  return [
    `${count(rows).padStart(9)} rows`,
    ...(checksum === undefined ? [] : [checksum.slice(0, 12)]),
    ...(next === undefined ? [] : [`next number ${next}`]),
  ].join('  ')
}

function printSummary({ tables, foreign, outdated }: CopyReport, durationMs: number): void {
  const rows = tables.reduce((sum, { source }) => sum + source.rows, 0)
  const seconds = durationMs / 1_000
  process.stdout.write(
    `\nCopied and compared ${count(rows)} rows in ${seconds.toFixed(1)} s ` +
      `(${count(rows / seconds)}/s): the target holds what the source held.\n`,
  )
  if (foreign.length > 0) {
    process.stderr.write(`Not copied, because no migration made them: ${foreign.join(', ')}.\n`)
  }
  if (outdated.length > 0) {
    process.stderr.write(
      `The source was written to meanwhile (${outdated.join(', ')}), and that is not in the ` +
        'copy: stop its servers, and copy into a new database.\n',
    )
  }
}
