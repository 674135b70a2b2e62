import {
  DefaultQueryExecutor,
  DummyDriver,
  Kysely,
  type CompiledQuery,
  type ConnectionProvider,
  type DatabaseConnection,
  type Dialect as KyselyDialect,
  type DialectAdapter,
  type Driver,
  type KyselyProps,
  type QueryCompiler,
  type QueryResult,
} from 'kysely'
import type { Dialect } from './dialect/dialect.ts'
import type { Tables } from './tables.ts'

export type Awaitable<T> = T | Promise<T>

/** What a statement that returns no rows did. `insertId` is the generated number, if any. */
export interface Change {
  readonly changes: number
  readonly insertId: number | undefined
}

/**
 * Where compiled statements run: one connection, or a pool. Rows are plain objects. A statement
 * with a `name` is run often: a server may prepare it once per connection under that name.
 */
export interface Runner {
  all(sql: string, params: readonly unknown[], name?: string): Awaitable<unknown[]>
  run(sql: string, params: readonly unknown[], name?: string): Awaitable<Change>
}

/**
 * A query builder bound to a place where its statements run. Reads may use it outside of any
 * transaction.
 */
export class Db extends Kysely<Tables> {
  readonly runner: Runner
  readonly dialect: Dialect

  constructor(props: KyselyProps, runner: Runner, dialect: Dialect) {
    super(props)
    this.runner = runner
    this.dialect = dialect
  }
}

/**
 * A `Db` inside an open transaction. Writes and locks ask for it, so they do not compile without.
 */
export class Tx extends Db {
  readonly #afterCommit: (() => void)[] = []

  /** Runs `announce` once the transaction is durable, and never if it is rolled back. */
  afterCommit(announce: () => void): void {
    this.#afterCommit.push(announce)
  }

  /** For the database that ran the transaction: what to announce, in order. */
  announcements(): readonly (() => void)[] {
    return this.#afterCommit
  }
}

/**
 * An open database. `read` sees what is committed; `long` is for reads that take more than a few
 * ms.
 */
export interface Database extends AsyncDisposable {
  readonly dialect: Dialect
  readonly read: Db
  readonly long: Db
  /**
   * Runs `work` in one READ COMMITTED (or stricter) transaction and resolves after it is durable.
   * What `work` throws rolls it back alone. No transaction inside another, no network inside.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** Throws when the database does not answer. */
  ping(): Promise<void>
  /** A plain query builder for migrations, which run alone and before anything else. */
  readonly schema: Kysely<unknown>
}

interface KyselyParts {
  readonly config: { readonly dialect: KyselyDialect }
  readonly driver: Driver
  readonly compiler: QueryCompiler
  readonly adapter: DialectAdapter
}

const partsByDialect = new WeakMap<Dialect, KyselyParts>()

/**
 * What does not depend on where statements run is made once, since every transaction is a place.
 */
function kyselyParts(dialect: Dialect): KyselyParts {
  const known = partsByDialect.get(dialect)
  if (known) return known
  const { kysely } = dialect
  const made = {
    config: { dialect: kysely },
    driver: new DummyDriver(),
    compiler: kysely.createQueryCompiler(),
    adapter: kysely.createAdapter(),
  }
  partsByDialect.set(dialect, made)
  return made
}

/** Kysely's plumbing around a runner. */
export function kyselyProps(runner: Runner, dialect: Dialect): KyselyProps {
  const { config, driver, compiler, adapter } = kyselyParts(dialect)
  const connection = connectionOf(runner)
  const provider: ConnectionProvider = {
    provideConnection: (consumer) => consumer(connection),
  }
  const executor = new DefaultQueryExecutor(compiler, adapter, provider, [])
  return { config, dialect: config.dialect, driver, executor }
}

function connectionOf(runner: Runner): DatabaseConnection {
  return {
    async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
      if (returnsRows(query)) {
        return { rows: (await runner.all(query.sql, query.parameters)) as R[] }
      }
      const { changes, insertId } = await runner.run(query.sql, query.parameters)
      return {
        rows: [],
        numAffectedRows: BigInt(changes),
        ...(insertId === undefined ? {} : { insertId: BigInt(insertId) }),
      }
    },
    // oxlint-disable-next-line require-yield -- the interface wants it; every read here is paged
    async *streamQuery(): AsyncIterableIterator<never> {
      throw new Error('streaming is not supported: page through the rows')
    },
  }
}

function returnsRows({ query }: CompiledQuery): boolean {
  switch (query.kind) {
    case 'SelectQueryNode':
      return true
    case 'InsertQueryNode':
    case 'UpdateQueryNode':
    case 'DeleteQueryNode':
      return query.returning !== undefined
    case 'RawNode':
      return /^\s*(select|with|pragma|explain|show|values)\b/i.test(query.sqlFragments[0] ?? '')
    default:
      return false
  }
}
