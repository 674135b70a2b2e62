import mysql2, {
  type FieldPacket,
  type PoolConnection,
  type QueryError,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2'
import type { Change } from '../../database.ts'
import { ConnectionLostError } from '../../errors.ts'
import type { PooledConnection } from '../pool.ts'
import { assertBindable, exactNumber } from '../values.ts'
import { endsConnection } from './faults.ts'

type Result = RowDataPacket[] | ResultSetHeader

interface Answer {
  readonly result: Result
  readonly fields: readonly FieldPacket[]
}

type Callback = (error: QueryError | null, result: Result, fields: FieldPacket[]) => void

export class MysqlConnection implements PooledConnection {
  readonly #connection: PoolConnection
  /** Ends the wait for a server that is gone; the server's own timeouts come first. */
  readonly #silenceMs: number

  constructor(connection: PoolConnection, silenceMs: number) {
    this.#connection = connection
    this.#silenceMs = silenceMs
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
    const options = { sql, timeout: this.#silenceMs }
    await this.#call((callback) =>
      this.#connection.query<Result & RowDataPacket[]>(options, callback),
    )
  }

  release(state: 'clean' | 'unknown'): void {
    if (state === 'clean') this.#connection.release()
    else this.#connection.destroy()
  }

  /** Every statement is prepared; the driver keeps the prepared ones of each connection by text. */
  async #execute(sql: string, params: readonly unknown[]): Promise<Answer> {
    assertBindable(params)
    const options = { sql, values: params.map(parameter), timeout: this.#silenceMs }
    return this.#call((callback) =>
      this.#connection.execute<Result & RowDataPacket[]>(options, callback),
    )
  }

  async #call(start: (callback: Callback) => unknown): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    start((error, result, fields) => (error ? reject(error) : resolve({ result, fields })))
    return promise.catch((error: unknown) => {
      if (!endsConnection(error)) throw error
      throw new ConnectionLostError('connection lost', { cause: error })
    })
  }
}

/** The driver would send every number as a DOUBLE, which LIMIT refuses and arithmetic inherits. */
function parameter(value: unknown) {
  return Number.isInteger(value) ? mysql2.TypedParameter.LONGLONG(value as number) : value
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
