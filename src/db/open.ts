import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError } from '../config/read.ts'
import type { Database } from './database.ts'
import { openSqlite } from './dialect/sqlite/open.ts'
import { defaultLimits, type DatabaseLimits } from './limits.ts'

/**
 * Opens the database a URL names: `sqlite:path`, `sqlite::memory:`, `postgres://…`, `mysql://…`.
 */
export async function openDatabase(
  url: string,
  limits: DatabaseLimits = defaultLimits,
): Promise<Database> {
  const [scheme = '', ...rest] = url.split(':')
  switch (scheme) {
    case 'sqlite':
      return openSqliteFile(rest.join(':'))
    case 'postgres':
    case 'postgresql':
      // Loaded only where they are used: a shop on SQLite starts without them.
      return (await import('./dialect/postgres/open.ts')).openPostgres(url, limits)
    case 'mysql':
    case 'mariadb':
      return (await import('./dialect/mysql/open.ts')).openMysql(url, limits)
    default:
      throw new ConfigError('DATABASE_URL must start with sqlite:, postgres:// or mysql://')
  }
}

function openSqliteFile(path: string): Database {
  if (path === '') throw new ConfigError('DATABASE_URL needs a file: sqlite:path/to/shop.db')
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
  return openSqlite(path)
}
