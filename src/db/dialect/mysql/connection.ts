import mysql2, {
  type ExecuteValues,
  type FieldPacket,
  type PoolConnection,
  type QueryError,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2'
import type { Change } from '../../database.ts'
import { ConnectionLostError, UnavailableError } from '../../errors.ts'
import type { DatabaseLimits } from '../../limits.ts'
import type { PooledConnection } from '../pool.ts'
import { assertBindable, exactNumber } from '../values.ts'
import { endsConnection } from './faults.ts'

const silenceMarginMs = 5_000

class SilenceError extends Error {}

type Result = RowDataPacket[] | ResultSetHeader

interface Answer {
  readonly result: Result
  readonly fields: readonly FieldPacket[]
}

type Callback = (error: QueryError | null, result: Result, fields: FieldPacket[]) => void

export class MysqlConnection implements PooledConnection {
  readonly #connection: PoolConnection
  readonly #limits: DatabaseLimits
  /** Ends the wait for a server that is gone; the server's own timeouts come first. */
  readonly #silenceMs: number
  #answeredAt = performance.now()

  constructor(connection: PoolConnection, limits: DatabaseLimits) {
    this.#connection = connection
    this.#limits = limits
    this.#silenceMs = limits.statementTimeoutMs + silenceMarginMs
  }

  async all(sql: string, params: readonly unknown[]): Promise<unknown[]> {
    const { result, fields } = await this.#execute(sql, params)
    return Array.isArray(result) ? withExactNumbers(result, fields) : []
  }

  async run(sql: string, params: readonly unknown[]): Promise<Change> {
    const { result } = await this.#execute(sql, params)
    if (Array.isArray(result)) return { changes: 0, insertId: undefined }
    return { changes: result.affectedRows, insertId: result.insertId || undefined }
  }

  begin(): Promise<void> {
    return this.command('start transaction')
  }

  commit(): Promise<void> {
    return this.command('commit')
  }

  rollback(): Promise<void> {
    return this.command('rollback')
  }

  /** A statement without parameters and rows, which need not be prepared. */
  async command(sql: string): Promise<void> {
    await this.#call((callback) => this.#connection.query<Result & RowDataPacket[]>(sql, callback))
  }

  release(state: 'clean' | 'unknown'): void {
    if (state === 'clean') this.#connection.release()
    else this.#connection.destroy()
  }

  /** Every statement is prepared; the driver keeps the prepared ones of each connection by text. */
  async #execute(sql: string, params: readonly unknown[]): Promise<Answer> {
    assertBindable(params)
    const values = params.map(parameter)
    return this.#call((callback) =>
      this.#connection.execute<Result & RowDataPacket[]>(sql, values, callback),
    )
  }

  async #call(start: (callback: Callback) => unknown): Promise<Answer> {
    const idleMs = performance.now() - this.#answeredAt
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    // Not the driver's own timer, which goes on running after the connection has broken.
    const silence = setTimeout(() => reject(new SilenceError()), this.#silenceMs)
    start((error, result, fields) => (error ? reject(error) : resolve({ result, fields })))
    try {
      return await promise
    } catch (error) {
      throw endsConnection(error) || error instanceof SilenceError
        ? this.#loss(error, idleMs)
        : error
    } finally {
      clearTimeout(silence)
      this.#answeredAt = performance.now()
    }
  }

  /** The server hangs up without a word on a transaction that is idle for too long. */
  #loss(cause: unknown, idleMs: number): UnavailableError {
    // Work that made the server wait too long would only do so again.
    return idleMs >= this.#limits.idleTransactionTimeoutMs
      ? new UnavailableError('the transaction was idle for too long', { cause })
      : new ConnectionLostError('connection lost', { cause })
  }
}

/** The driver would send every number as a DOUBLE, which LIMIT refuses and arithmetic inherits. */
function parameter(value: unknown): ExecuteValues {
  return Number.isInteger(value)
    ? mysql2.TypedParameter.LONGLONG(value as number)
    : (value as ExecuteValues)
}

const longlong = 8
const newdecimal = 246

/** The driver gives decimals, and integers that are not safe, as text. */
function withExactNumbers(rows: RowDataPacket[], fields: readonly FieldPacket[]): RowDataPacket[] {
  for (const { name, columnType } of fields) {
    if (columnType !== longlong && columnType !== newdecimal) continue
    for (const row of rows) {
      const value: unknown = row[name]
      if (typeof value === 'string') row[name] = exactNumber(value)
    }
  }
  return rows
}
