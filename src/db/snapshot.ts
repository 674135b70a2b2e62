import type { Side } from './dialect/side.ts'
import { sqliteDialect } from './dialect/sqlite/dialect.ts'
import { openDatabase } from './open.ts'
import { beginSnapshot, openReadOnly, queriesOn, sqliteFileOf } from './sqlite-file.ts'

/** One state of a database, however long reading it takes and whatever is written meanwhile. */
export type Snapshot = Side & AsyncDisposable

/** Opens a database that is there, and that is only read. */
export async function openSnapshot(url: string): Promise<Snapshot> {
  const file = sqliteFileOf(url)
  return file === undefined ? openOnServer(url) : openSqlite(file)
}

function openSqlite(file: string): Snapshot {
  const connection = openReadOnly(file)
  beginSnapshot(connection)
  return {
    db: queriesOn(connection),
    dialect: sqliteDialect,
    async [Symbol.asyncDispose]() {
      connection[Symbol.dispose]()
    },
  }
}

/** On a connection for migrations: those have no time limits, which a long read would run into. */
async function openOnServer(url: string): Promise<Snapshot> {
  await using stack = new AsyncDisposableStack()
  const { schema, dialect } = stack.use(await openDatabase(url))
  const transaction = await schema
    .startTransaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute()
  stack.defer(() => transaction.rollback().execute())
  const opened = stack.move()
  return {
    db: transaction,
    dialect,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}
