import { DatabaseError } from 'pg'
import { UnavailableError } from '../../errors.ts'
import type { DatabaseFault } from '../dialect.ts'

/** SQLSTATE → what it means. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const faults: Readonly<Record<string, 'retry' | 'unavailable'>> = {
  '40001': 'retry', // serialization_failure
  '40P01': 'retry', // deadlock_detected
  '55P03': 'retry', // lock_not_available: lock_timeout
  '57014': 'unavailable', // query_canceled: statement_timeout
  '25006': 'unavailable', // read_only_sql_transaction: a standby, in a failover
  '58030': 'unavailable', // io_error
}

/** Classes: connection exception, insufficient resources, operator intervention. */
const unavailableClasses = ['08', '53', '57']

/** After these the server has closed the connection. */
export const endsConnection = (code: string | undefined): boolean =>
  code !== undefined && (/^(08|57P)/.test(code) || code === idleTransactionCode)

export const idleTransactionCode = '25P03'

export function readFault(error: unknown): DatabaseFault {
  if (error instanceof UnavailableError) return { kind: 'unavailable' }
  if (!(error instanceof DatabaseError)) return { kind: 'unknown' }
  const { code = '', constraint = '' } = error
  if (code === '23505') return { kind: 'unique', constraint: uniqueColumns(error) }
  if (code === '23514') return { kind: 'check', constraint }
  if (code === '23503') return { kind: 'foreign_key' }
  const kind = faults[code]
  if (kind) return { kind }
  return { kind: unavailableClasses.includes(code.slice(0, 2)) ? 'unavailable' : 'unknown' }
}

/** From a detail like `Key (cart_id, variant_id)=(1, 2) already exists.`: table.column, … */
function uniqueColumns({ table = '', detail = '', constraint = '' }: DatabaseError): string {
  const columns = /\(([^()]+)\)=\(/.exec(detail)?.[1]
  if (!columns) return constraint
  return columns
    .split(', ')
    .map((column) => `${table}.${column}`)
    .join(', ')
}
