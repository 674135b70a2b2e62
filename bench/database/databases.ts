import { copyShop } from '../../src/db/copy.ts'
import { fillSearch } from '../../src/domains/catalog/search-index.ts'
import type { Progress } from '../data/load.ts'
import type { DatabaseServer } from './server.ts'

/** Two databases with the same shop: nothing that one side leaves behind meets the other. */
export interface Databases extends AsyncDisposable {
  readonly shop: string
  readonly baseline: string
}

/** Fills both from a shop on SQLite. */
export async function fillDatabases(
  server: DatabaseServer,
  { sqliteFile, progress }: { sqliteFile: string; progress: Progress },
): Promise<Databases> {
  const prefix = `cartwright_bench_${process.pid}`
  const names = { shop: `${prefix}_shop`, baseline: `${prefix}_baseline` }
  const dispose = () => dropAll(server, Object.values(names))
  try {
    await server.execute([`create database ${names.shop}`])
    await copy(server, { sqliteFile, progress, database: names.shop })
    if (server.kind === 'postgres') {
      await server.execute([`create database ${names.baseline} template ${names.shop}`])
    } else {
      await server.execute([`create database ${names.baseline}`])
      await copy(server, { sqliteFile, progress, database: names.baseline })
    }
    for (const name of Object.values(names)) await analyze(server, name)
    return { ...names, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

interface CopyPlan {
  readonly sqliteFile: string
  readonly database: string
  readonly progress: Progress
}

async function copy(server: DatabaseServer, plan: CopyPlan): Promise<void> {
  await copyShop({
    from: `sqlite:${plan.sqliteFile}`,
    to: server.urlOf(plan.database),
    fillSearch,
    onProgress: ({ step, table, done, total }) =>
      plan.progress(`${plan.database}: ${step} ${table}, ${done} of ${total}`),
  })
}

/** Both servers plan by statistics, which a shop that has run for a while has. */
async function analyze(server: DatabaseServer, database: string): Promise<void> {
  if (server.kind === 'postgres') return server.execute(['vacuum analyze'], database)
  const rows = await server.query(
    `select table_name as name from information_schema.tables
      where table_schema = '${database}' and table_type = 'BASE TABLE'`,
    database,
  )
  const statements = rows.map(({ name }) => `analyze table ${String(name)}`)
  await server.execute(statements, database)
}

async function dropAll(server: DatabaseServer, names: readonly string[]): Promise<void> {
  const how = server.kind === 'postgres' ? ' with (force)' : ''
  await server.execute(names.map((name) => `drop database if exists ${name}${how}`))
}
