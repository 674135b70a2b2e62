import { isIP } from 'node:net'
import {
  createPool,
  type Pool,
  type PoolConnection,
  type PoolOptions,
  type SslOptions,
} from 'mysql2'
import { ConfigError } from '../../../config/read.ts'
import { UnavailableError } from '../../errors.ts'
import type { DatabaseLimits } from '../../limits.ts'
import type { ServerAddress, Tls } from '../address.ts'
import type { ConnectionPool } from '../pool.ts'
import { MysqlConnection } from './connection.ts'
import { endsConnection } from './faults.ts'
import type { Flavour } from './flavour.ts'

/** Per connection; the server's limit for all connections together is 16,382. */
const preparedStatementsMax = 200

export const sqlMode =
  'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_DATE,NO_ZERO_IN_DATE,' +
  'ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'

export function connectionConfig(address: ServerAddress): PoolOptions {
  const { host, port, socket, user, password, database, tls } = address
  return {
    ...(socket === undefined ? { host, port } : { socketPath: socket }),
    user,
    password,
    database,
    ...(tls ? { ssl: tlsOptions(tls, host) } : {}),
    charset: 'utf8mb4_bin',
    timezone: 'Z',
    supportBigNumbers: true,
    jsonStrings: true,
    // Without these two: functions' names would be reserved words, and a server could ask for
    // files.
    flags: ['-IGNORE_SPACE', '-LOCAL_FILES'],
    maxPreparedStatements: preparedStatementsMax,
  }
}

function tlsOptions({ verify, ...files }: Tls, host: string): SslOptions {
  // The driver would compare the certificate of a server named by its address with "localhost".
  if (verify === 'authority and host' && isIP(host) !== 0) {
    throw new ConfigError(
      'sslmode=verify-full on MySQL needs the name of the host, not its address',
    )
  }
  return {
    ...files,
    rejectUnauthorized: verify !== 'none',
    verifyIdentity: verify === 'authority and host',
  }
}

/** `mysql2`'s pool, with a bound on the wait for a connection and with the settings we rely on. */
export class MysqlPool implements ConnectionPool {
  readonly #pool: Pool
  readonly #flavour: Flavour
  readonly #limits: DatabaseLimits
  readonly #ready = new WeakSet<PoolConnection>()

  constructor(address: ServerAddress, flavour: Flavour, limits: DatabaseLimits) {
    this.#flavour = flavour
    this.#limits = limits
    this.#pool = createPool({
      ...connectionConfig(address),
      connectionLimit: limits.poolSize,
      connectTimeout: limits.poolWaitMs,
    })
    this.#pool.on('connection', watchForLoss)
  }

  async acquire(): Promise<MysqlConnection> {
    const raw = await this.#lend()
    const connection = new MysqlConnection(raw, this.#limits)
    if (this.#ready.has(raw)) return connection
    try {
      await setUp(connection, this.#flavour, this.#limits)
    } catch (error) {
      connection.release('unknown')
      throw error
    }
    this.#ready.add(raw)
    return connection
  }

  /** The driver's queue has no time limit: who has given up returns at once what comes late. */
  #lend(): Promise<PoolConnection> {
    const { promise, resolve, reject } = Promise.withResolvers<PoolConnection>()
    let hasGivenUp = false
    const timer = setTimeout(() => {
      hasGivenUp = true
      reject(new UnavailableError(`no free connection within ${this.#limits.poolWaitMs} ms`))
    }, this.#limits.poolWaitMs)
    this.#pool.getConnection((error, connection) => {
      clearTimeout(timer)
      if (hasGivenUp && !error) connection.release()
      if (error) reject(unavailable(error))
      else resolve(connection)
    })
    return promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    // Connections that break while they are being closed are closed all the same.
    this.#pool.end(() => resolve())
    await promise
  }
}

/** An error event that nobody hears would end the process; the next statement reports it. */
function watchForLoss(connection: PoolConnection): void {
  connection.on('error', () => undefined)
}

function unavailable(error: Error): Error {
  if (!endsConnection(error)) return error
  return new UnavailableError('no connection to the database server', { cause: error })
}

async function setUp(
  connection: MysqlConnection,
  flavour: Flavour,
  { lockTimeoutMs, statementTimeoutMs, idleTransactionTimeoutMs }: DatabaseLimits,
): Promise<void> {
  const lockSeconds = Math.max(1, Math.ceil(lockTimeoutMs / 1_000))
  const settings: Readonly<Record<string, string | number>> = {
    sql_mode: sqlMode,
    time_zone: '+00:00',
    innodb_lock_wait_timeout: lockSeconds,
    lock_wait_timeout: lockSeconds,
    ...flavour.timeouts({
      statementMs: statementTimeoutMs,
      idleTransactionMs: idleTransactionTimeoutMs,
    }),
  }
  const assignments = Object.keys(settings).map((name) => `session ${name} = ?`)
  await connection.run(`set ${assignments.join(', ')}`, Object.values(settings))
  await connection.command(`set names utf8mb4 collate ${flavour.collation}`)
  await connection.command('set session transaction isolation level read committed')
  await assertIsolation(connection)
}

/** No update is lost only at READ COMMITTED, so the setting is read back. */
async function assertIsolation(connection: MysqlConnection): Promise<void> {
  const rows = await connection.all(
    "show session variables where variable_name in ('tx_isolation', 'transaction_isolation')",
    [],
  )
  const levels = rows.map((row) => (row as { Value: string }).Value)
  if (levels.length > 0 && levels.every((level) => level === 'READ-COMMITTED')) return
  throw new ConfigError(`the database must run at READ-COMMITTED, not ${levels.join(', ')}`)
}
