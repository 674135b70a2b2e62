import type { Kysely } from 'kysely'
import { kyselyProps, Tx, type Change, type Database, type Runner } from '../database.ts'
import { CommitUnknownError, ConnectionLostError, StaleReadError } from '../errors.ts'
import { assertOutsideTransaction, runInTransactionScope } from '../scope.ts'
import type { Dialect } from './dialect.ts'
import type { ConnectionPool, PooledConnection } from './pool.ts'
import { readingDb, type Reader } from './reader.ts'
import { retrying } from './retry.ts'

interface Parts {
  readonly dialect: Dialect
  readonly pool: ConnectionPool
  /** For reads that take long: they must not use up what shoppers wait for. */
  readonly longPool: ConnectionPool
  readonly schema: Kysely<unknown>
}

/** A database behind a server with row locks, where transactions run side by side. */
export function pooledDatabase({ dialect, pool, longPool, schema }: Parts): Database {
  const read = readingDb(new PoolReader(pool), dialect)
  let closed: Promise<unknown> | undefined
  return {
    dialect,
    read,
    long: readingDb(new PoolReader(longPool), dialect),
    schema,
    async transaction(work) {
      assertOutsideTransaction('a second transaction')
      const { value, tx } = await retrying(
        () => attempt(dialect, pool, work),
        (error) => isPassing(error) || isRetry(dialect, error),
      )
      for (const announce of tx.announcements()) announce()
      return value
    },
    async ping() {
      await read.runner.all('select 1', [])
    },
    async [Symbol.asyncDispose]() {
      closed ??= Promise.all([
        pool[Symbol.asyncDispose](),
        longPool[Symbol.asyncDispose](),
        schema.destroy(),
      ])
      await closed
    },
  }
}

const isPassing = (error: unknown) =>
  error instanceof ConnectionLostError || error instanceof StaleReadError

const isRetry = (dialect: Dialect, error: unknown) => dialect.readFault(error).kind === 'retry'

/** Each read on whichever connection is free. */
class PoolReader implements Reader {
  readonly #pool: ConnectionPool

  constructor(pool: ConnectionPool) {
    this.#pool = pool
  }

  async all(sql: string, params: readonly unknown[], name?: string): Promise<unknown[]> {
    try {
      return await this.#readOnce(sql, params, name)
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) throw error
      // The connection may have died while it was idle, and a read can be repeated.
      return this.#readOnce(sql, params, name)
    }
  }

  async #readOnce(sql: string, params: readonly unknown[], name?: string): Promise<unknown[]> {
    const connection = await this.#pool.acquire()
    let state: 'clean' | 'unknown' = 'clean'
    try {
      return await connection.all(sql, params, name)
    } catch (error) {
      if (error instanceof ConnectionLostError) state = 'unknown'
      throw error
    } finally {
      connection.release(state)
    }
  }
}

interface Committed<T> {
  readonly value: T
  readonly tx: Tx
}

/** Runs `work` once. The connection is taken before the transaction's scope begins. */
async function attempt<T>(
  dialect: Dialect,
  pool: ConnectionPool,
  work: (tx: Tx) => Promise<T>,
): Promise<Committed<T>> {
  const connection = await pool.acquire()
  const runner = new TransactionRunner(dialect, connection)
  const tx = new Tx(kyselyProps(runner, dialect), runner, dialect)
  try {
    await connection.begin()
    const value = await runInTransactionScope(() => work(tx))
    runner.close()
    if (runner.failure) throw runner.failure.error
    await commit(dialect, connection)
    connection.release('clean')
    return { value, tx }
  } catch (error) {
    runner.close()
    connection.release(await undo(connection, error))
    // What `work` made of an error that had ended its transaction does not count.
    throw runner.failure ? runner.failure.error : error
  }
}

async function commit(dialect: Dialect, connection: PooledConnection): Promise<void> {
  try {
    await connection.commit()
  } catch (error) {
    if (dialect.readFault(error).kind !== 'unavailable') throw error
    const message = 'the connection broke during COMMIT: the work may or may not be durable'
    throw new CommitUnknownError(message, { cause: error })
  }
}

/** Rolls back, unless there is nobody to say it to. */
async function undo(connection: PooledConnection, error: unknown): Promise<'clean' | 'unknown'> {
  if (error instanceof ConnectionLostError || error instanceof CommitUnknownError) return 'unknown'
  try {
    await connection.rollback()
    return 'clean'
  } catch {
    return 'unknown'
  }
}

/**
 * The statements of one transaction. Some errors end a transaction on the server, and MySQL then
 * runs what follows outside of any; so after such an error, and after the end, nothing runs any
 * more.
 */
class TransactionRunner implements Runner {
  readonly #dialect: Dialect
  readonly #connection: PooledConnection
  #isClosed = false
  /** The error that ended the transaction on the server. */
  failure: { readonly error: unknown } | undefined

  constructor(dialect: Dialect, connection: PooledConnection) {
    this.#dialect = dialect
    this.#connection = connection
  }

  all(sql: string, params: readonly unknown[], name?: string): Promise<unknown[]> {
    return this.#guard(async () => this.#connection.all(sql, params, name))
  }

  run(sql: string, params: readonly unknown[], name?: string): Promise<Change> {
    return this.#guard(async () => this.#connection.run(sql, params, name))
  }

  async #guard<T>(statement: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new Error('a statement came after the end of its transaction')
    if (this.failure) throw this.failure.error
    try {
      return await statement()
    } catch (error) {
      const { kind } = this.#dialect.readFault(error)
      if (kind === 'retry' || kind === 'unavailable') this.failure = { error }
      throw error
    }
  }

  close(): void {
    this.#isClosed = true
  }
}
