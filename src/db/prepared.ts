import { sql, type CompiledQuery, type RawBuilder } from 'kysely'
import type { Change, Db, Tx } from './database.ts'
import type { Dialect } from './dialect/dialect.ts'

/** Stands in a compiled statement where a named parameter goes. */
class Slot {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

export type Param<P> = <K extends keyof P & string>(name: K) => RawBuilder<P[K]>

interface Plan {
  /** Unique in the process, and short: servers limit the length. */
  readonly name: string
  readonly sql: string
  readonly params: readonly unknown[]
}

let planCount = 0

type Build<P, R> = (db: Db, param: Param<P>) => { compile(db: Db): CompiledQuery<R> }

/**
 * Compiles the builder once per dialect; afterwards a call costs only the statement itself
 * (building and compiling a query costs more than SQLite needs to run it).
 */
function plans<P, R>(build: Build<P, R>): (db: Db) => Plan {
  const byDialect = new Map<Dialect, Plan>()
  return (db) => {
    const known = byDialect.get(db.dialect)
    if (known) return known
    const query = build(db, (name) => sql`${sql.val(new Slot(name))}`).compile(db)
    const plan = { name: `q${++planCount}`, sql: query.sql, params: query.parameters }
    byDialect.set(db.dialect, plan)
    return plan
  }
}

function bind(plan: Plan, values: Readonly<Record<string, unknown>>): unknown[] {
  return plan.params.map((param) => (param instanceof Slot ? values[param.name] : param))
}

/** A prepared SELECT (or a write with RETURNING): `(db, params) → rows`. */
export function preparedQuery<P extends object, R>(
  build: Build<P, R>,
): (db: Db, params: P) => Promise<R[]> {
  const planFor = plans(build)
  return async (db, params) => {
    const plan = planFor(db)
    const values = bind(plan, params as Record<string, unknown>)
    return (await db.runner.all(plan.sql, values, plan.name)) as R[]
  }
}

/** A prepared write without rows: `(tx, params) → what changed`. */
export function preparedWrite<P extends object>(
  build: Build<P, unknown>,
): (tx: Tx, params: P) => Promise<Change> {
  const planFor = plans(build)
  return async (tx, params) => {
    const plan = planFor(tx)
    const values = bind(plan, params as Record<string, unknown>)
    return tx.runner.run(plan.sql, values, plan.name)
  }
}
