import { UnavailableError } from '../../errors.ts'
import type { DatabaseFault } from '../dialect.ts'

/** https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html and MariaDB's list */
const faults: Readonly<Record<number, 'retry' | 'unavailable' | 'foreign_key' | 'check'>> = {
  1020: 'retry', // the row changed since the last read (MariaDB)
  1205: 'retry', // lock wait timeout: only the statement was rolled back
  1213: 'retry', // deadlock: the whole transaction was rolled back
  3572: 'retry', // NOWAIT found a lock
  1021: 'unavailable', // disk full
  1040: 'unavailable', // too many connections
  1041: 'unavailable', // out of memory
  1053: 'unavailable', // server shutdown
  1114: 'unavailable', // table full
  1203: 'unavailable', // too many connections of this user
  1226: 'unavailable', // a resource limit of this user
  1290: 'unavailable', // read-only: a replica, in a failover
  1317: 'unavailable', // query interrupted
  1836: 'unavailable', // read-only mode
  1927: 'unavailable', // connection killed (MariaDB)
  1969: 'unavailable', // statement timeout (MariaDB)
  3024: 'unavailable', // statement timeout (MySQL)
  4031: 'unavailable', // disconnected because of inactivity (MySQL)
  1216: 'foreign_key',
  1217: 'foreign_key',
  1451: 'foreign_key',
  1452: 'foreign_key',
  3819: 'check', // MySQL
  4025: 'check', // MariaDB
}

interface ServerError extends Error {
  readonly errno: number
  readonly sql?: string
  readonly fatal?: boolean
}

export function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number'
}

/** After these the server has closed the connection. */
const closing = new Set([1053, 1927, 4031])

/** Whether the connection is gone: the server said so, or the driver lost it. */
export function endsConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('fatal' in error && error.fatal === true) return true
  if (isServerError(error) && closing.has(error.errno)) return true
  const code = 'code' in error ? String(error.code) : ''
  return /^(PROTOCOL_|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|EHOSTUNREACH|ENETUNREACH)/.test(code)
}

export function readFault(error: unknown): DatabaseFault {
  if (error instanceof UnavailableError) return { kind: 'unavailable' }
  if (!isServerError(error)) return { kind: 'unknown' }
  if (error.errno === 1062) return { kind: 'unique', constraint: uniqueKey(error) }
  const kind = faults[error.errno] ?? 'unknown'
  return kind === 'check' ? { kind, constraint: checkName(error) } : { kind }
}

/**
 * From `Duplicate entry '…' for key 'products.slug'`. MariaDB leaves the table out, and the value
 * may hold anything, so only the end counts. A key is named after its first column.
 */
function uniqueKey({ message, sql = '' }: ServerError): string {
  const key = /'([^']*)'$/.exec(message)?.[1] ?? ''
  if (key.includes('.')) return key
  const table = /^\s*(?:insert into|update)\s+`?(\w+)/i.exec(sql)?.[1] ?? ''
  return `${table}.${key}`
}

/** MySQL quotes the name with ', MariaDB with `. */
function checkName({ message }: ServerError): string {
  return /(?:constraint|CONSTRAINT) ['`]([^'`]*)['`]/.exec(message)?.[1] ?? ''
}
