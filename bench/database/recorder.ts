import { MysqlConnection } from '../../src/db/dialect/mysql/connection.ts'
import { PostgresConnection } from '../../src/db/dialect/postgres/connection.ts'
import type { PooledConnection } from '../../src/db/dialect/pool.ts'
import type { ServerKind } from './server.ts'

/** One thing that the shop asked of its database server. */
export interface Step {
  readonly kind: 'begin' | 'statement' | 'commit' | 'rollback'
  readonly sql: string
  readonly params: readonly unknown[]
  /** How many rows it changed or gave back. */
  readonly rows: number
  /** Sent along with the step before it, without waiting for an answer to that. */
  readonly joined: boolean
}

interface OpenStep extends Step {
  rows: number
}

type Method = (this: PooledConnection, ...args: never[]) => Promise<unknown>
type Methods = Record<'all' | 'run' | 'begin' | 'commit' | 'rollback', Method>

const prototypes: Readonly<Record<ServerKind, object>> = {
  postgres: PostgresConnection.prototype,
  mysql: MysqlConnection.prototype,
}

/**
 * Writes down what this process asks of a database server, at the last place of the shop before
 * the driver. What happens at the same time on several connections would be mixed up.
 */
export class ConnectionRecorder implements Disposable {
  #steps: OpenStep[] = []
  /** Something has been sent in this turn of the event loop, which has brought no answer yet. */
  #hasSent = false
  readonly #kind: ServerKind
  readonly #restore: () => void

  constructor(kind: ServerKind) {
    this.#kind = kind
    const prototype = prototypes[kind] as Methods
    const { all, run, begin, commit, rollback } = prototype
    const note = (step: Pick<Step, 'kind' | 'sql' | 'params'>) => this.#note(step)
    prototype.all = this.#statement(all)
    prototype.run = this.#statement(run)
    prototype.begin = function (...args) {
      note({ kind: 'begin', sql: 'begin', params: [] })
      return Reflect.apply(begin, this, args)
    }
    prototype.commit = function (...args) {
      note({ kind: 'commit', sql: 'commit', params: [] })
      return Reflect.apply(commit, this, args)
    }
    prototype.rollback = function (...args) {
      note({ kind: 'rollback', sql: 'rollback', params: [] })
      return Reflect.apply(rollback, this, args)
    }
    this.#restore = () => Object.assign(prototype, { all, run, begin, commit, rollback })
  }

  #note(step: Pick<Step, 'kind' | 'sql' | 'params'>): OpenStep {
    const last = this.#steps.at(-1)
    // The shop does not wait for PostgreSQL's answer to BEGIN; on MySQL it must.
    const waitsForBegin = this.#kind !== 'postgres'
    const joined = this.#hasSent || (last?.kind === 'begin' && !waitsForBegin)
    this.#hasSent = true
    setImmediate(() => (this.#hasSent = false))
    const open = { ...step, rows: 0, joined }
    this.#steps.push(open)
    return open
  }

  #statement(method: Method): Method {
    const note = (step: Pick<Step, 'kind' | 'sql' | 'params'>) => this.#note(step)
    return async function (...args) {
      const [sql, params] = args as readonly unknown[] as readonly [string, readonly unknown[]]
      const step = note({ kind: 'statement', sql, params })
      const answer = (await Reflect.apply(method, this, args)) as unknown[] | { changes: number }
      step.rows = Array.isArray(answer) ? answer.length : answer.changes
      return answer
    }
  }

  /** What was asked since the last call. */
  take(): readonly Step[] {
    const steps = this.#steps
    this.#steps = []
    return steps
  }

  [Symbol.dispose](): void {
    this.#restore()
  }
}
