import { existsSync } from 'node:fs'
import { configOf, type Config } from '../config/config.ts'
import { ConfigError, type RawSettings } from '../config/read.ts'
import type { Database } from '../db/database.ts'
import { migrate, migrateTo, migrationStatus } from '../db/migrate.ts'
import { planMigrations, type MigrationStep } from '../db/migration-plan.ts'
import { openDatabase } from '../db/open.ts'
import { sqliteFileOf } from '../db/sqlite-file.ts'
import { readArguments } from './arguments.ts'

export const usage = `
migrate             bring the schema of the database up to date
  --to <name>       up or down to this migration; "none" is the state before the first
  --force           go down: this drops tables and columns with what is in them
  --plan            print what would run, and run nothing
  --status          list all migrations, and whether they are done

A server does the same when it starts. Many may start at once: one migrates, the others wait.`

const options = {
  to: { type: 'string' },
  force: { type: 'boolean' },
  plan: { type: 'boolean' },
  status: { type: 'boolean' },
} as const

export async function migrateCommand(raw: RawSettings, args: readonly string[]): Promise<void> {
  const { values, positionals } = readArguments(args, options)
  if (positionals.length > 0) throw new ConfigError('Name a migration with --to. See --help.')
  const isReading = values.plan === true || values.status === true
  await using database = await openConfigured(configOf(raw), isReading)
  if (values.status) return await printStatus(database)
  const steps = await planMigrations(database, values.to)
  if (values.plan)
    return print(steps.map(({ name, direction }) => `would run ${name} ${direction}`))
  refuseLoss(steps, values.force === true)
  const ran = await (values.to === undefined ? migrate(database) : migrateTo(database, values.to))
  print(ran.map((name) => `ran ${name}`))
}

/** Looking at a file that is not there must not make it; it would be an empty database. */
function openConfigured(config: Config, isReading: boolean): Promise<Database> {
  const { databaseUrl } = config.data
  const isMemory = databaseUrl === 'sqlite::memory:'
  const file = isMemory ? undefined : sqliteFileOf(databaseUrl)
  const isAbsent = file !== undefined && !existsSync(file)
  return openDatabase(isReading && isAbsent ? 'sqlite::memory:' : databaseUrl, config.database)
}

async function printStatus(database: Database): Promise<void> {
  const states = await migrationStatus(database)
  print(states.map(({ name, state }) => `${state.padEnd(12)}${name}`))
}

function refuseLoss(steps: readonly MigrationStep[], isForced: boolean): void {
  const down = steps.filter(({ direction }) => direction === 'down').map(({ name }) => name)
  if (down.length === 0 || isForced) return
  throw new ConfigError(
    `Going down undoes ${down.join(', ')} and loses what is stored in what it made.\n` +
      'Make a backup, then repeat this with --force.',
  )
}

function print(lines: readonly string[]): void {
  const text = lines.length === 0 ? 'The schema is up to date.' : lines.join('\n')
  process.stdout.write(`${text}\n`)
}
