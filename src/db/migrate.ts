import { Migrator, type Migration } from 'kysely/migration'
import type { Database } from './database.ts'
import type { Dialect } from './dialect/dialect.ts'
import * as foundation from './migrations/0001-foundation.ts'

/** In the order in which they run; a migration that has been released is never edited. */
function migrations(dialect: Dialect): Record<string, Migration> {
  return Object.fromEntries(
    Object.entries({ '0001-foundation': foundation }).map(([name, { up, down }]) => [
      name,
      { up: (schema) => up(schema, dialect), down: (schema) => down(schema, dialect) },
    ]),
  )
}

/** Brings the schema up to date; returns the names of the migrations that ran. */
export async function migrate(database: Database): Promise<string[]> {
  const migrator = new Migrator({
    db: database.schema,
    provider: { getMigrations: () => Promise.resolve(migrations(database.dialect)) },
  })
  const { error, results } = await migrator.migrateToLatest()
  if (error) throw error
  return (results ?? []).map(({ migrationName }) => migrationName)
}
