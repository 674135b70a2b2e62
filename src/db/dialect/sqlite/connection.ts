import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { Change, Runner } from '../../database.ts'
import { assertBindable } from '../values.ts'

export interface SqliteOptions {
  readonly file: string
  readonly readOnly: boolean
  /** How long a statement waits for another process's write lock. */
  readonly busyTimeoutMs: number
}

const statementsMax = 1_000

/** One SQLite connection with its prepared statements kept by their text. */
export class SqliteConnection implements Runner, Disposable {
  readonly database: DatabaseSync
  readonly busyTimeoutMs: number
  readonly #reads = new Map<string, StatementSync>()
  readonly #writes = new Map<string, StatementSync>()

  constructor({ file, readOnly, busyTimeoutMs }: SqliteOptions) {
    this.database = new DatabaseSync(file, {
      readOnly,
      timeout: busyTimeoutMs,
      enableForeignKeyConstraints: true,
    })
    this.database.exec('pragma cache_size = -16000; pragma temp_store = memory')
    this.busyTimeoutMs = busyTimeoutMs
    if (!readOnly) this.#makeDurable(file)
  }

  /** A COMMIT must survive a power cut, so the settings are read back: some builds lower them. */
  #makeDurable(file: string): void {
    this.database.exec('pragma journal_mode = wal; pragma synchronous = full')
    this.#assertPragma('synchronous', 2)
    this.#assertPragma('foreign_keys', 1)
    if (file !== ':memory:') this.#assertPragma('journal_mode', 'wal')
  }

  #assertPragma(name: string, expected: number | string): void {
    const row = this.database.prepare(`pragma ${name}`).get()
    if (row?.[name] === expected) return
    throw new Error(`SQLite refuses ${name} = ${expected}: it says ${String(row?.[name])}`)
  }

  all(sql: string, params: readonly unknown[]): unknown[] {
    assertBindable(params)
    const statement = this.#reads.get(sql) ?? this.#prepare(sql, this.#reads)
    return statement.all(...(params as SQLInputValue[]))
  }

  run(sql: string, params: readonly unknown[]): Change {
    assertBindable(params)
    const statement = this.#writes.get(sql) ?? this.#prepareWrite(sql)
    const result = statement.run(...(params as SQLInputValue[]))
    return { changes: Number(result.changes), insertId: Number(result.lastInsertRowid) }
  }

  /** Takes the write lock, or fails at once with SQLITE_BUSY if another process has it. */
  beginAtOnce(): void {
    this.database.exec('pragma busy_timeout = 0')
    try {
      this.run('begin immediate', [])
    } finally {
      this.database.exec(`pragma busy_timeout = ${this.busyTimeoutMs}`)
    }
  }

  /**
   * The last row id is read after every write, a COMMIT included, and where FTS5 has marked rows as
   * deleted it is one of its own beyond 2^53: as a number it would fail what has already happened.
   */
  #prepareWrite(sql: string): StatementSync {
    const statement = this.#prepare(sql, this.#writes)
    statement.setReadBigInts(true)
    return statement
  }

  #prepare(sql: string, known: Map<string, StatementSync>): StatementSync {
    // The texts are a fixed set; the limit only guards against a query that builds its own.
    if (known.size >= statementsMax) known.clear()
    const statement = this.database.prepare(sql)
    known.set(sql, statement)
    return statement
  }

  [Symbol.dispose](): void {
    this.#reads.clear()
    this.#writes.clear()
    if (this.database.isOpen) this.database.close()
  }
}
