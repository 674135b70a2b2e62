import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError } from '../config/read.ts'
import type { Database } from './database.ts'
import { openSqlite } from './dialect/sqlite/open.ts'

/** Opens the database a URL names: `sqlite:path` or `sqlite::memory:`. */
export async function openDatabase(url: string): Promise<Database> {
  const [scheme, ...rest] = url.split(':')
  if (scheme === 'sqlite') return openSqliteFile(rest.join(':'))
  throw new ConfigError(`DATABASE_URL must start with sqlite:, not "${scheme}:"`)
}

function openSqliteFile(path: string): Database {
  if (path === '') throw new ConfigError('DATABASE_URL needs a file: sqlite:path/to/shop.db')
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
  return openSqlite(path)
}
