import { configOf } from '../config/config.ts'
import { ConfigError, type RawSettings } from '../config/read.ts'
import { backupSqlite, type FileCopy } from '../db/backup.ts'
import { nativeTools } from '../db/dialect/native-tools.ts'
import { sqliteFileOf } from '../db/sqlite-file.ts'
import { readArguments, theFile } from './arguments.ts'
import { count, megabytes, ProgressBar } from './progress.ts'

export const usage = `
backup <file>       copy the database into a new file, while the shop goes on selling

The file holds one moment of the database, checked, and is complete on its own. It is never written
over another. For PostgreSQL and MySQL this prints the command of their own tools.`

export async function backupCommand(raw: RawSettings, args: readonly string[]): Promise<void> {
  const to = theFile(readArguments(args, {}).positionals)
  const { databaseUrl } = configOf(raw).data
  const from = sqliteFileOf(databaseUrl) ?? useNativeTools(databaseUrl, to)
  using bar = new ProgressBar()
  const onProgress = (pages: { done: number; total: number }) =>
    bar.show({ ...pages, label: 'copying', unit: 'pages' })
  const made = await backupSqlite({ from, to, onProgress })
  bar[Symbol.dispose]()
  process.stdout.write(`Backed up and checked: ${describe(made)}.\n`)
}

export function describe({ file, bytes, contents }: FileCopy): string {
  const { products, customers, orders } = contents
  return (
    `${file}, ${megabytes(bytes)}, ${count(products)} products, ` +
    `${count(customers)} customers, ${count(orders)} orders`
  )
}

/** Fails on purpose: whoever runs this every night must not believe that a backup was made. */
export function useNativeTools(databaseUrl: string, file: string): never {
  const tools = nativeTools(databaseUrl, file)
  if (!tools) throw new ConfigError('DATABASE_URL must start with sqlite:, postgres:// or mysql://')
  throw new ConfigError(
    `Nothing was done: this database is backed up by the tools of ${tools.product}.\n\n` +
      `Back up:\n  ${tools.backup}\n\n` +
      `Restore, into an empty database:\n  ${tools.restore}\n\n` +
      `They read the password from ${tools.password}.`,
  )
}
