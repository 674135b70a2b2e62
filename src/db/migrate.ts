import { sql, type Kysely } from 'kysely'
import { Migrator, NO_MIGRATIONS, type Migration, type MigrationResultSet } from 'kysely/migration'
import type { Database } from './database.ts'
import type { Dialect } from './dialect/dialect.ts'
import { SchemaError } from './errors.ts'
import * as foundation from './migrations/0001-foundation.ts'
import * as people from './migrations/0002-people.ts'
import * as addresses from './migrations/0004-addresses.ts'
import * as deliveries from './migrations/0008-deliveries.ts'
import * as pricing from './migrations/0009-pricing.ts'
import * as payments from './migrations/0010-payments.ts'
import * as orderLife from './migrations/0011-order-life.ts'
import * as stock from './migrations/0012-stock.ts'
import * as units from './migrations/0013-units.ts'
import * as desk from './migrations/0014-desk.ts'

/** In the order in which they run; a migration that has been released is never edited. */
const migrations = {
  '0001-foundation': foundation,
  '0002-people': people,
  '0004-addresses': addresses,
  '0008-deliveries': deliveries,
  '0009-pricing': pricing,
  '0010-payments': payments,
  '0011-order-life': orderLife,
  '0012-stock': stock,
  '0013-units': units,
  '0014-desk': desk,
}

/** The state before the first migration, for `migrateTo`. */
export const noMigrations = 'none'

export interface MigrationState {
  readonly name: string
  readonly state: 'done' | 'pending' | 'interrupted' | 'unknown'
}

/** Brings the schema up to date; returns the names of the migrations that ran. */
export function migrate(database: Database): Promise<string[]> {
  return runMigrator(database, (migrator) => migrator.migrateToLatest())
}

/** Runs migrations up or down until `name` is the last one that is done. */
export async function migrateTo(database: Database, name: string): Promise<string[]> {
  if (name !== noMigrations && !Object.hasOwn(migrations, name)) {
    const known = [noMigrations, ...Object.keys(migrations)].join(', ')
    throw new SchemaError(`There is no migration "${name}"; there are: ${known}.`)
  }
  const target = name === noMigrations ? NO_MIGRATIONS : name
  return runMigrator(database, (migrator) => migrator.migrateTo(target))
}

/** Every migration that this version or the database knows, in order. */
export async function migrationStatus({
  schema,
}: Pick<Database, 'schema'>): Promise<MigrationState[]> {
  const done = await listNames(schema, 'kysely_migration')
  const interrupted = await listNames(schema, runningTable)
  const names = new Set([...Object.keys(migrations), ...done, ...interrupted])
  return [...names].sort().map((name) => {
    if (interrupted.includes(name)) return { name, state: 'interrupted' }
    if (!Object.hasOwn(migrations, name)) return { name, state: 'unknown' }
    return { name, state: done.includes(name) ? 'done' : 'pending' }
  })
}

/**
 * Nodes that start together take turns: the migrator holds an advisory lock on PostgreSQL and
 * MySQL (which the implicit commits of MySQL's DDL leave alone), and the write lock on SQLite.
 */
async function runMigrator(
  database: Database,
  run: (migrator: Migrator) => Promise<MigrationResultSet>,
): Promise<string[]> {
  assertKnown(await migrationStatus(database))
  const provider = { getMigrations: async () => guardedMigrations(database.dialect) }
  const { error, results } = await run(new Migrator({ db: database.schema, provider }))
  const states = await migrationStatus(database)
  // Another node may have been faster, and of a newer version.
  assertKnown(states)
  if (error) throw error
  assertComplete(states)
  return (results ?? []).map(({ migrationName }) => migrationName)
}

export function assertKnown(states: readonly MigrationState[]): void {
  const unknown = states.find(({ state }) => state === 'unknown')
  if (!unknown) return
  throw new SchemaError(
    `The database was migrated by a newer version (it has "${unknown.name}"). ` +
      'Start that version, or restore the backup made before the upgrade.',
  )
}

export function assertComplete(states: readonly MigrationState[]): void {
  const interrupted = states.find(({ state }) => state === 'interrupted')
  if (interrupted) throw interruptedError(interrupted.name)
}

function interruptedError(name: string): SchemaError {
  return new SchemaError(
    `The migration "${name}" was interrupted, or is running on another node, so the schema is in ` +
      'between two versions. If nothing is running, restore the backup made before it; ' +
      'a database that was empty can be dropped and created again.',
  )
}

/** Where DDL cannot be rolled back, a row in a table of its own marks a migration as running. */
const runningTable = 'migration_running'

function guardedMigrations(dialect: Dialect): Record<string, Migration> {
  const entries = Object.entries(migrations).map(([name, { up, down }]) => {
    const guarded =
      (change: typeof up) =>
      (schema: Kysely<unknown>): Promise<void> =>
        dialect.can.transactionalDdl
          ? change(schema, dialect)
          : markRunning(schema, name, () => change(schema, dialect))
    return [name, { up: guarded(up), down: guarded(down) }] as const
  })
  return Object.fromEntries(entries)
}

/** Runs `change`; until it is done, and for good if it fails, nothing starts on this schema. */
export async function markRunning(
  schema: Kysely<unknown>,
  name: string,
  change: () => Promise<void>,
): Promise<void> {
  const table = sql.table(runningTable)
  await sql`create table if not exists ${table} (name varchar(255) primary key)`.execute(schema)
  const [interrupted] = await listNames(schema, runningTable)
  if (interrupted) throw interruptedError(interrupted)
  await sql`insert into ${table} (name) values (${name})`.execute(schema)
  await change()
  await sql`delete from ${table} where name = ${name}`.execute(schema)
}

/** The names in a table of migrations; none where the table does not exist. */
async function listNames(schema: Kysely<unknown>, table: string): Promise<string[]> {
  const tables = await schema.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(({ name }) => name === table)) return []
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(table)}`.execute(schema)
  return rows.map(({ name }) => name)
}
