import type { Context } from '../src/context.ts'
import { Db, kyselyProps, Tx, type Database, type Runner } from '../src/db/database.ts'

/** A statement as the application gave it to its database. */
export interface Statement {
  readonly sql: string
  readonly params: readonly unknown[]
}

export interface Recorded {
  readonly statements: readonly Statement[]
  /** How many transactions were begun. A read that stands alone is in none. */
  readonly transactions: number
}

/** A context whose statements are written down, on every database alike. */
export interface RecordedContext {
  readonly ctx: Context
  /** What has been run since the last `take`. */
  take(): Recorded
}

export function recorded(ctx: Context): RecordedContext {
  let [statements, transactions]: [Statement[], number] = [[], 0]
  const note = (statement: Statement) => statements.push(statement)
  const database = recordingDatabase(ctx.db, { note, begun: () => (transactions += 1) })
  return {
    ctx: { ...ctx, db: database },
    take() {
      const taken = { statements, transactions }
      ;[statements, transactions] = [[], 0]
      return taken
    },
  }
}

interface Listener {
  readonly note: (statement: Statement) => void
  readonly begun: () => void
}

function recordingDatabase(database: Database, { note, begun }: Listener): Database {
  const { dialect, read, long, schema } = database
  const readingOf = (db: Db) => {
    const runner = recordingRunner(db.runner, note)
    return new Db(kyselyProps(runner, dialect), runner, dialect)
  }
  return {
    dialect,
    read: readingOf(read),
    long: readingOf(long),
    schema,
    transaction: (work) =>
      database.transaction(async (tx) => {
        begun()
        const runner = recordingRunner(tx.runner, note)
        const recording = new Tx(kyselyProps(runner, dialect), runner, dialect)
        const value = await work(recording)
        for (const announce of recording.announcements()) tx.afterCommit(announce)
        return value
      }),
    ping: () => database.ping(),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

function recordingRunner(runner: Runner, note: Listener['note']): Runner {
  return {
    all(sql, params, name) {
      note({ sql, params })
      return runner.all(sql, params, name)
    },
    run(sql, params, name) {
      note({ sql, params })
      return runner.run(sql, params, name)
    },
  }
}
