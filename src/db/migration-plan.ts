import type { Database } from './database.ts'
import { SchemaError } from './errors.ts'
import { assertComplete, assertKnown, migrationStatus, noMigrations } from './migrate.ts'

export interface MigrationStep {
  readonly name: string
  readonly direction: 'up' | 'down'
}

/** What `migrate` (or `migrateTo` that migration) would run, in order; refuses what they refuse. */
export async function planMigrations(
  database: Pick<Database, 'schema'>,
  target?: string,
): Promise<MigrationStep[]> {
  const states = await migrationStatus(database)
  assertKnown(states)
  assertComplete(states)
  const names = states.map(({ name }) => name)
  const last = target === undefined ? names.length - 1 : names.indexOf(target)
  if (last === -1 && target !== noMigrations) {
    const known = [noMigrations, ...names].join(', ')
    throw new SchemaError(`There is no migration "${target}"; there are: ${known}.`)
  }
  const up = states.filter(({ state }, index) => state === 'pending' && index <= last)
  const down = states.filter(({ state }, index) => state === 'done' && index > last).toReversed()
  return [
    ...down.map(({ name }) => ({ name, direction: 'down' as const })),
    ...up.map(({ name }) => ({ name, direction: 'up' as const })),
  ]
}
