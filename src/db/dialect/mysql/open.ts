import { CompiledQuery, Kysely, MysqlDialect } from 'kysely'
import { createConnection, createPool, type RowDataPacket } from 'mysql2'
import type { Database } from '../../database.ts'
import { UnavailableError } from '../../errors.ts'
import { longReads, type DatabaseLimits } from '../../limits.ts'
import { readAddress, type ServerAddress } from '../address.ts'
import { pooledDatabase } from '../pooled-database.ts'
import { mariadbDialect, mysqlDialect } from './dialect.ts'
import { endsConnection } from './faults.ts'
import { mariadb, mysql, type Flavour } from './flavour.ts'
import { connectionConfig, MysqlPool, sqlMode } from './pool.ts'

/** Opens a database on MySQL or MariaDB; which of them it is, the server says. */
export async function openMysql(url: string, limits: DatabaseLimits): Promise<Database> {
  const address = readAddress(url, 3306)
  const isMariadb = /mariadb/i.test(await serverVersion(address, limits.poolWaitMs))
  const flavour = isMariadb ? mariadb : mysql
  const database = pooledDatabase({
    dialect: isMariadb ? mariadbDialect : mysqlDialect,
    pool: new MysqlPool(address, flavour, limits),
    longPool: new MysqlPool(address, flavour, { ...limits, ...longReads }),
    schema: schemaBuilder(address, flavour),
  })
  try {
    await database.ping()
    return database
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
}

function serverVersion(address: ServerAddress, timeoutMs: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const connection = createConnection({ ...connectionConfig(address), connectTimeout: timeoutMs })
  connection.on('error', reject)
  connection.query<RowDataPacket[]>('select version() as version', (error, rows) => {
    if (error) reject(error)
    else resolve(String(rows[0]?.['version']))
    connection.destroy()
  })
  return promise.catch((error: unknown) => {
    if (!endsConnection(error)) throw error
    throw new UnavailableError('no connection to the database server', { cause: error })
  })
}

/** Migrations may run and wait for longer than any request, so these connections have no limits. */
function schemaBuilder(address: ServerAddress, { collation }: Flavour): Kysely<unknown> {
  return new Kysely({
    dialect: new MysqlDialect({
      pool: async () => createPool({ ...connectionConfig(address), connectionLimit: 2 }),
      async onCreateConnection(connection) {
        const run = (sql: string, params: unknown[] = []) =>
          connection.executeQuery(CompiledQuery.raw(sql, params))
        await run("set session sql_mode = ?, session time_zone = '+00:00'", [sqlMode])
        await run(`set names utf8mb4 collate ${collation}`)
        await run('set session transaction isolation level read committed')
      },
    }),
  })
}
