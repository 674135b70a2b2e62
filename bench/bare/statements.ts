import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'
import type { Context } from '../../src/context.ts'
import { kyselyProps, Tx, type Change, type Runner } from '../../src/db/database.ts'
import type { EventTopic } from '../../src/db/events.ts'
import { enqueue } from '../../src/db/outbox.ts'
import { sqliteDialect } from '../../src/db/dialect/sqlite/dialect.ts'

/** Stands for a value of which only the name is known yet. */
class Named {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** A placeholder to hand to a query of the shop where it expects a value. */
export const named = <T>(name: string): T => new Named(name) as unknown as T

/** Parameters for a query of the shop that are all placeholders, each under its own name. */
export function allNamed<P extends object>(): P {
  return new Proxy({}, { get: (_, name) => new Named(String(name)) }) as P
}

/** Text and order of parameters of one statement, as the shop runs it. */
export interface Captured {
  readonly sql: string
  /** A name for what is given at each call, or the constant that the shop always binds. */
  readonly params: readonly (Named | SQLInputValue)[]
}

/**
 * Lets a query of the shop run against nothing and keeps what it would have run. So the bare server
 * has the very SQL of the shop, without anything of the shop between it and SQLite.
 */
export function capture(run: (tx: Tx) => unknown): Captured {
  let captured: Captured | undefined
  const keep = (sql: string, params: readonly unknown[]): void => {
    captured ??= { sql, params: params as Captured['params'] }
  }
  const runner: Runner = {
    all(sql, params) {
      keep(sql, params)
      return []
    },
    run(sql, params): Change {
      keep(sql, params)
      return { changes: 1, insertId: 1 }
    },
  }
  // Queries call their runner before they wait for anything, so there is nothing to wait for here.
  const tx = new Tx(kyselyProps(runner, sqliteDialect), runner, sqliteDialect)
  void Promise.resolve(run(tx)).catch(() => undefined)
  if (!captured) throw new Error('the query ran no statement')
  return captured
}

/** Captures a query whose parameters are one object: the usual shape. */
export function captureNamed<P extends object>(query: (tx: Tx, params: P) => unknown): Captured {
  return capture((tx) => query(tx, allNamed<P>()))
}

/** Captures a query that takes rows, which the shop binds as one JSON text: `rows`. */
export function captureBulk(query: (tx: Tx, rows: readonly never[]) => unknown): Captured {
  const { sql } = capture((tx) => query(tx, []))
  return { sql, params: [named('rows')] }
}

/** Captures the writing of an event, whose payload is to be given as `payload`. */
export function captureEvent(topic: EventTopic): Captured {
  const ctx = { newId: () => named('id'), clock: { now: () => named('now') } }
  const payload = { toJSON: () => 'sample' }
  const { sql, params } = capture((tx) =>
    enqueue(ctx as unknown as Context, tx, { topic, payload } as never),
  )
  return { sql, params: params.map((param) => (param === '"sample"' ? named('payload') : param)) }
}

export type Values = Readonly<Record<string, SQLInputValue>>

/**
 * A prepared statement that binds by the names under which it was captured. Rows are built from
 * arrays: measured, the objects that node:sqlite makes itself are slower to make and to read.
 */
export class Statement<Row = unknown> {
  readonly #statement: StatementSync
  readonly #params: Captured['params']
  readonly #columns: readonly string[]

  constructor(database: DatabaseSync, { sql, params }: Captured) {
    this.#statement = database.prepare(sql)
    this.#statement.setReturnArrays(true)
    this.#params = params
    this.#columns = this.#statement.columns().map(({ name }) => name)
  }

  all(values: Values): Row[] {
    const rows = this.#statement.all(...this.#bind(values)) as unknown as SQLOutputValue[][]
    return rows.map((row) => this.#rowOf(row)) as Row[]
  }

  run(values: Values): number {
    return Number(this.#statement.run(...this.#bind(values)).changes)
  }

  #bind(values: Values): SQLInputValue[] {
    return this.#params.map((param) =>
      param instanceof Named ? (values[param.name] as SQLInputValue) : param,
    )
  }

  #rowOf(values: readonly SQLOutputValue[]): Record<string, SQLOutputValue> {
    const row: Record<string, SQLOutputValue> = {}
    for (let index = 0; index < this.#columns.length; index++) {
      row[this.#columns[index]!] = values[index]!
    }
    return row
  }
}
