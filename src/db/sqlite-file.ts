import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { sql, Kysely } from 'kysely'
import { ConfigError } from '../config/read.ts'
import { kyselyProps } from './database.ts'
import { SqliteConnection } from './dialect/sqlite/connection.ts'
import { sqliteDialect } from './dialect/sqlite/dialect.ts'
import { SchemaError } from './errors.ts'
import { assertComplete, assertKnown, migrationStatus } from './migrate.ts'

const busyTimeoutMs = 5_000

// https://sqlite.org/rescode.html
const busy = 5
const corrupt = 11
const notADatabase = 26

/** The file of a `sqlite:` URL; undefined for a database on a server. */
export function sqliteFileOf(url: string): string | undefined {
  const file = /^sqlite:(.*)$/s.exec(url)?.[1]
  if (file === ':memory:') throw new ConfigError('A database in memory ends with its process.')
  if (file === '') throw new ConfigError('The URL needs a file: sqlite:path/to/shop.db')
  return file
}

/** Opens a file that must be there; nothing can be written through it. */
export function openReadOnly(file: string): SqliteConnection {
  if (!existsSync(file)) throw new ConfigError(`There is no file ${file}.`)
  try {
    return new SqliteConnection({ file, readOnly: true, busyTimeoutMs })
  } catch (error) {
    throw isNotADatabase(error) ? notAShop(file, error) : error
  }
}

/** A query builder on one connection. */
export function queriesOn(connection: SqliteConnection): Kysely<unknown> {
  return new Kysely(kyselyProps(connection, sqliteDialect))
}

/** Begins what reads one state of the database, whatever is written meanwhile. */
export function beginSnapshot(connection: SqliteConnection): void {
  connection.run('begin', [])
  // The state is chosen by the first read.
  connection.all('select count(*) from sqlite_schema', [])
}

/** Refuses a file that is not a shop, or is of a version that this program does not know. */
export async function assertShop(connection: SqliteConnection, file: string): Promise<void> {
  try {
    const states = await migrationStatus({ schema: queriesOn(connection) })
    assertKnown(states)
    assertComplete(states)
    if (states.some(({ state }) => state === 'done')) return
  } catch (error) {
    if (error instanceof SchemaError) throw new ConfigError(`${file}: ${error.message}`)
    throw isNotADatabase(error) ? notAShop(file, error) : error
  }
  throw notAShop(file)
}

function notAShop(file: string, cause?: unknown): ConfigError {
  return new ConfigError(`${file} is not a Cartwright database.`, { cause })
}

/** Reads every page and follows every reference; an empty list means that all is well. */
export async function findDamage(connection: SqliteConnection): Promise<string[]> {
  const db = queriesOn(connection)
  try {
    return [...(await listFaults(db)), ...(await listOrphans(db))]
  } catch (error) {
    if (isDamage(error)) return [(error as Error).message]
    throw error
  }
}

async function listFaults(db: Kysely<unknown>): Promise<string[]> {
  const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check(10)`.execute(db)
  return rows.map((row) => row.integrity_check).filter((fault) => fault !== 'ok')
}

async function listOrphans(db: Kysely<unknown>): Promise<string[]> {
  const { rows } = await sql<{ table: string; parent: string }>`
    select "table", parent from pragma_foreign_key_check limit 10`.execute(db)
  return rows.map(({ table, parent }) => `a row of ${table} refers to no row of ${parent}`)
}

/**
 * Writes what its log holds into the file itself, so that the file is complete on its own. Leaving
 * WAL mode is refused while anybody else has the file open, and that is what this returns.
 */
export function makeSingleFile(file: string): 'single' | 'in use' {
  const database = new DatabaseSync(file, { timeout: 200 })
  try {
    database.exec('pragma journal_mode = delete')
    return 'single'
  } catch (error) {
    if (codeOf(error) === busy) return 'in use'
    throw error
  } finally {
    database.close()
  }
}

/** Whether SQLite cannot make sense of the file. */
export const isDamage = (error: unknown): boolean =>
  isNotADatabase(error) || codeOf(error) === corrupt

const isNotADatabase = (error: unknown) => codeOf(error) === notADatabase

function codeOf(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined
}
