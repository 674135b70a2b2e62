import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { kyselyProps, Tx, type Change, type Runner } from '../../database.ts'
import { runInTransactionScope } from '../../scope.ts'
import type { SqliteConnection } from './connection.ts'
import { sqliteDialect } from './dialect.ts'

interface Job {
  readonly work: (tx: Tx) => Promise<unknown>
  readonly settle: (outcome: Outcome) => void
}

type Outcome = { readonly value: unknown; readonly tx: Tx } | { readonly error: unknown }

interface Done {
  readonly job: Job
  readonly outcome: Outcome
}

/** The connection as one job may use it: what comes after its end would write into another job. */
class JobRunner implements Runner {
  readonly #connection: SqliteConnection
  #isClosed = false

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  all(sql: string, params: readonly unknown[]): unknown[] {
    this.#assertOpen()
    return this.#connection.all(sql, params)
  }

  run(sql: string, params: readonly unknown[]): Change {
    this.#assertOpen()
    return this.#connection.run(sql, params)
  }

  close(): void {
    this.#isClosed = true
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new Error('a statement came after the end of its transaction')
  }
}

/** Bounds how long the first in a group waits for the last. */
const groupSizeMax = 128
/** How often another process's write lock is tried for. */
const pollMaxMs = 50

/**
 * The one writer: a FIFO queue with group commit. Waiting transactions run one after another as
 * savepoints of a single BEGIN IMMEDIATE … COMMIT, so that they share one flush to disk; each is
 * acknowledged, whether it succeeded or failed, only after that COMMIT.
 */
export class SqliteWriter {
  readonly #connection: SqliteConnection
  readonly #queue: Job[] = []
  #draining: Promise<void> | undefined

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    this.#queue.push({ work, settle: resolve })
    this.#draining ??= this.#drain()
    const outcome = await promise
    if ('error' in outcome) throw outcome.error
    for (const announce of outcome.tx.announcements()) announce()
    return outcome.value as T
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await this.#draining
  }

  async #drain(): Promise<void> {
    try {
      // One turn of the event loop collects every request that has already arrived.
      await nextTurn()
      while (this.#queue.length > 0) {
        await this.#runGroup()
        if (this.#queue.length > 0) await nextTurn()
      }
    } finally {
      this.#draining = undefined
    }
  }

  async #runGroup(): Promise<void> {
    const done: Done[] = []
    let failure: { error: unknown } | undefined
    try {
      await this.#begin()
      await this.#runJobs(done)
      this.#connection.run('commit', [])
    } catch (error) {
      failure = { error }
      this.#rollBack()
      // A BEGIN that failed ran nobody: those waiting get the reason too.
      if (done.length === 0) this.#failNext(error)
    }
    for (const { job, outcome } of done) job.settle(failure ?? outcome)
  }

  /**
   * Another process may be writing. Its lock is waited for between turns of the event loop, since
   * SQLite's own wait would keep this process from answering anybody meanwhile.
   */
  async #begin(): Promise<void> {
    const deadline = performance.now() + this.#connection.busyTimeoutMs
    for (let tries = 0; ; tries++) {
      try {
        this.#connection.beginAtOnce()
        return
      } catch (error) {
        const isBusy = sqliteDialect.readFault(error).kind === 'retry'
        if (!isBusy || performance.now() > deadline) throw error
      }
      await sleep(Math.random() * Math.min(pollMaxMs, 2 ** tries))
    }
  }

  /** A rollback that fails too must not keep those who wait from hearing of it. */
  #rollBack(): void {
    try {
      if (this.#connection.database.isTransaction) this.#connection.run('rollback', [])
    } catch {
      // The next BEGIN says what is wrong.
    }
  }

  #failNext(error: unknown): void {
    for (const job of this.#queue.splice(0, groupSizeMax)) job.settle({ error })
  }

  async #runJobs(done: Done[]): Promise<void> {
    while (done.length < groupSizeMax) {
      const job = this.#queue.shift()
      if (!job) return
      const entry = { job, outcome: await this.#runJob(job) }
      done.push(entry)
      // A full disk or an I/O error rolls back everything, the group's earlier members included.
      if (!this.#connection.database.isTransaction) {
        throw 'error' in entry.outcome ? entry.outcome.error : new Error('the transaction was lost')
      }
    }
  }

  async #runJob(job: Job): Promise<Outcome> {
    const connection = this.#connection
    connection.run('savepoint job', [])
    const runner = new JobRunner(connection)
    try {
      const tx = new Tx(kyselyProps(runner, sqliteDialect), runner, sqliteDialect)
      const value = await runInTransactionScope(() => job.work(tx))
      runner.close()
      connection.run('release job', [])
      return { value, tx }
    } catch (error) {
      runner.close()
      if (connection.database.isTransaction) {
        connection.run('rollback to job', [])
        connection.run('release job', [])
      }
      return { error }
    }
  }
}
