import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Statement, type Captured } from './statements.ts'

/** The same pragmas as the shop's connections have. */
function open(file: string, readOnly: boolean): DatabaseSync {
  const database = new DatabaseSync(file, {
    readOnly,
    timeout: 5_000,
    enableForeignKeyConstraints: true,
  })
  database.exec('pragma cache_size = -16000; pragma temp_store = memory')
  if (!readOnly) database.exec('pragma journal_mode = wal; pragma synchronous = full')
  return database
}

interface Job {
  run(): void
  settle(failure: Error | undefined): void
}

const groupSizeMax = 128

/**
 * What any server over SQLite would have to do to be as durable and as fast: one connection to
 * read, one to write, and transactions that wait at the same time share a COMMIT.
 */
export class BareDatabase implements Disposable {
  readonly #reading: DatabaseSync
  readonly #writing: DatabaseSync
  readonly #begin: StatementSync
  readonly #commit: StatementSync
  readonly #savepoint: StatementSync
  readonly #rollback: StatementSync
  readonly #release: StatementSync
  #queue: Job[] = []

  constructor(file: string) {
    this.#writing = open(file, false)
    this.#reading = open(file, true)
    this.#begin = this.#writing.prepare('begin immediate')
    this.#commit = this.#writing.prepare('commit')
    this.#savepoint = this.#writing.prepare('savepoint job')
    this.#rollback = this.#writing.prepare('rollback to job')
    this.#release = this.#writing.prepare('release job')
  }

  read<Row>(captured: Captured): Statement<Row> {
    return new Statement(this.#reading, captured)
  }

  write<Row>(captured: Captured): Statement<Row> {
    return new Statement(this.#writing, captured)
  }

  /** Runs `work` as a savepoint of the next group; resolves once that is on the disk. */
  transaction<T>(work: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    let value: T
    this.#queue.push({
      run: () => {
        value = work()
      },
      settle: (failure) => (failure ? reject(failure) : resolve(value)),
    })
    if (this.#queue.length === 1) setImmediate(() => this.#runGroup())
    return promise
  }

  #runGroup(): void {
    const jobs = this.#queue.slice(0, groupSizeMax)
    this.#queue = this.#queue.slice(groupSizeMax)
    this.#begin.run()
    const failures = jobs.map((job) => this.#runJob(job))
    this.#commit.run()
    for (const [index, job] of jobs.entries()) job.settle(failures[index])
    if (this.#queue.length > 0) setImmediate(() => this.#runGroup())
  }

  #runJob(job: Job): Error | undefined {
    this.#savepoint.run()
    try {
      job.run()
      return undefined
    } catch (error) {
      this.#rollback.run()
      return error instanceof Error ? error : new Error(String(error))
    } finally {
      this.#release.run()
    }
  }

  [Symbol.dispose](): void {
    this.#reading.close()
    this.#writing.close()
  }
}
