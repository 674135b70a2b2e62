import { configOf } from '../config/config.ts'
import type { RawSettings } from '../config/read.ts'
import { restoreSqlite } from '../db/backup.ts'
import { sqliteFileOf } from '../db/sqlite-file.ts'
import { readArguments, theFile } from './arguments.ts'
import { describe, useNativeTools } from './backup.ts'
import { ProgressBar } from './progress.ts'

export const usage = `
restore <file>      put a backup in the place of the database; no server may be running
  --force           replace the database that is there; it is kept beside the restored one

The backup itself is not touched. One of an older version is migrated by the next start. For
PostgreSQL and MySQL this prints the command of their own tools.`

const options = { force: { type: 'boolean' } } as const

export async function restoreCommand(raw: RawSettings, args: readonly string[]): Promise<void> {
  const { values, positionals } = readArguments(args, options)
  const from = theFile(positionals)
  const { databaseUrl } = configOf(raw).data
  const to = sqliteFileOf(databaseUrl) ?? useNativeTools(databaseUrl, from)
  using bar = new ProgressBar()
  const onProgress = (pages: { done: number; total: number }) =>
    bar.show({ ...pages, label: 'copying', unit: 'pages' })
  const force = values.force === true
  const restored = await restoreSqlite({ from, to, force, onProgress })
  bar[Symbol.dispose]()
  process.stdout.write(`Restored and checked: ${describe(restored)}.\n`)
  const { replaced } = restored
  if (replaced) process.stdout.write(`The database that was there is now ${replaced}.\n`)
}
