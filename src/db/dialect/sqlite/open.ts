import { Kysely, SqliteAdapter, SqliteDialect } from 'kysely'
import type { Database, Db } from '../../database.ts'
import { assertOutsideTransaction } from '../../scope.ts'
import { readingDb, type Reader } from '../reader.ts'
import { SqliteConnection } from './connection.ts'
import { sqliteDialect } from './dialect.ts'
import { LongReads } from './long-reads.ts'
import { SqliteWriter } from './writer.ts'

const busyTimeoutMs = 5_000

/**
 * Opens `file` (or `:memory:`, where reads wait for the writer because both share a connection).
 */
export function openSqlite(file: string): Database {
  const writing = new SqliteConnection({ file, readOnly: false, busyTimeoutMs })
  const writer = new SqliteWriter(writing)
  return file === ':memory:' ? memoryDatabase(writing, writer) : fileDatabase(file, writing, writer)
}

function memoryDatabase(writing: SqliteConnection, writer: SqliteWriter): Database {
  const reader: Reader = {
    async all(sql, params) {
      await writer.idle()
      return writing.all(sql, params)
    },
  }
  const read = readingDb(reader, sqliteDialect)
  return database({ writing, writer, read, long: read, close: async () => writer.idle() })
}

function fileDatabase(file: string, writing: SqliteConnection, writer: SqliteWriter): Database {
  const reading = new SqliteConnection({ file, readOnly: true, busyTimeoutMs })
  const longReads = new LongReads(file)
  const close = async () => {
    await writer.idle()
    await longReads[Symbol.asyncDispose]()
    reading[Symbol.dispose]()
  }
  const read = readingDb(reading, sqliteDialect)
  const long = readingDb(longReads, sqliteDialect)
  return database({ writing, writer, read, long, close })
}

interface Parts {
  readonly writing: SqliteConnection
  readonly writer: SqliteWriter
  readonly read: Db
  readonly long: Db
  readonly close: () => Promise<void>
}

function database({ writing, writer, read, long, close }: Parts): Database {
  return {
    dialect: sqliteDialect,
    read,
    long,
    schema: schemaBuilder(writing),
    async transaction(work) {
      assertOutsideTransaction('a second transaction')
      return writer.transaction(work)
    },
    async ping() {
      await read.runner.all('select 1', [])
    },
    async [Symbol.asyncDispose]() {
      await close()
      writing[Symbol.dispose]()
    },
  }
}

/** Kysely's own SQLite driver over our connection, for the migrator alone. */
function schemaBuilder({ database }: SqliteConnection): Kysely<unknown> {
  return new Kysely({
    dialect: new MigratingDialect({
      database: {
        close: () => undefined,
        prepare(sql) {
          // Only a migration may edit the text of the schema.
          if (sql.startsWith('pragma writable_schema')) {
            database.enableDefensive(!sql.endsWith('= on'))
          }
          // Taking the write lock first makes processes that migrate at once take turns.
          const statement = database.prepare(sql === 'begin' ? 'begin immediate' : sql)
          return {
            reader: statement.columns().length > 0,
            all: (params) => statement.all(...(params as never[])),
            run: (params) => statement.run(...(params as never[])),
            iterate: (params) => statement.iterate(...(params as never[])),
          }
        },
      },
    }),
  })
}

class MigratingDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new MigratingAdapter()
  }
}

/** Kysely does without, but DDL of SQLite does roll back: a migration runs whole or not at all. */
class MigratingAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}
