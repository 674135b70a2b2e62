import type { ConnectionOptions } from 'node:tls'
import { Kysely, PostgresDialect } from 'kysely'
import { Pool, type ClientBase, type PoolConfig } from 'pg'
import { ConfigError } from '../../../config/read.ts'
import type { Database } from '../../database.ts'
import { UnavailableError } from '../../errors.ts'
import { longReads, type DatabaseLimits } from '../../limits.ts'
import { readAddress, type ServerAddress, type Tls } from '../address.ts'
import type { ConnectionPool } from '../pool.ts'
import { pooledDatabase } from '../pooled-database.ts'
import { isClientLoss, PostgresConnection, watchForLoss } from './connection.ts'
import { postgresDialect } from './dialect.ts'
import { parserOf } from './types.ts'

const applicationName = 'cartwright'
/** The server's own timeouts come first; this one ends the wait for a server that is gone. */
const silenceMarginMs = 5_000

export async function openPostgres(url: string, limits: DatabaseLimits): Promise<Database> {
  const address = readAddress(url, 5432)
  const longLimits = { ...limits, ...longReads }
  const database = pooledDatabase({
    dialect: postgresDialect,
    pool: new PostgresPool(address, limits),
    longPool: new PostgresPool(address, longLimits),
    schema: schemaBuilder(address),
  })
  try {
    await database.ping()
    return database
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
}

class PostgresPool implements ConnectionPool {
  readonly #pool: Pool

  constructor(address: ServerAddress, limits: DatabaseLimits) {
    this.#pool = new Pool({
      ...connectionConfig(address),
      max: limits.poolSize,
      connectionTimeoutMillis: limits.poolWaitMs,
      query_timeout: limits.statementTimeoutMs + silenceMarginMs,
      onConnect: (client) => setUp(client, limits),
    })
    // A connection that dies while idle is replaced when the next one is needed.
    this.#pool.on('error', () => undefined)
    this.#pool.on('connect', watchForLoss)
  }

  async acquire(): Promise<PostgresConnection> {
    try {
      return new PostgresConnection(await this.#pool.connect())
    } catch (error) {
      if (!isClientLoss(error)) throw error
      throw new UnavailableError('no connection to PostgreSQL', { cause: error })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end()
  }
}

function connectionConfig({ host, port, socket, user, password, database, tls }: ServerAddress) {
  return {
    host: socket ?? host,
    port,
    user,
    password,
    database,
    ssl: tls ? tlsOptions(tls) : false,
    application_name: applicationName,
    keepAlive: true,
    types: { getTypeParser: parserOf },
  } satisfies PoolConfig
}

function tlsOptions({ verify, ...files }: Tls): ConnectionOptions {
  return {
    ...files,
    rejectUnauthorized: verify !== 'none',
    ...(verify === 'authority' ? { checkServerIdentity: () => undefined } : {}),
  }
}

/** Settings that the correctness of this program rests on are read back, not trusted. */
async function setUp(client: ClientBase, limits: DatabaseLimits): Promise<void> {
  await set(client, {
    ...required,
    lock_timeout: `${limits.lockTimeoutMs}ms`,
    statement_timeout: `${limits.statementTimeoutMs}ms`,
    idle_in_transaction_session_timeout: `${limits.idleTransactionTimeoutMs}ms`,
  })
  await assertSettings(client, { ...required, server_encoding: 'UTF8' })
}

const required = { default_transaction_isolation: 'read committed', TimeZone: 'UTC' }

async function set(client: ClientBase, values: Readonly<Record<string, string>>): Promise<void> {
  await client.query(
    'select set_config(name, value, false) from unnest($1::text[], $2::text[]) as s(name, value)',
    [Object.keys(values), Object.values(values)],
  )
}

async function assertSettings(client: ClientBase, expected: Readonly<Record<string, string>>) {
  const { rows } = await client.query<{ name: string; value: string }>(
    'select name, current_setting(name) as value from unnest($1::text[]) as s(name)',
    [Object.keys(expected)],
  )
  for (const { name, value } of rows) {
    if (value === expected[name]) continue
    throw new ConfigError(`PostgreSQL must have ${name} = ${expected[name]}, not ${value}`)
  }
}

/** Migrations may run and wait for longer than any request, so these connections have no limits. */
function schemaBuilder(address: ServerAddress): Kysely<unknown> {
  return new Kysely({
    dialect: new PostgresDialect({
      pool: async () => {
        const pool = new Pool({
          ...connectionConfig(address),
          max: 2,
          onConnect: (client) => set(client, required),
        })
        pool.on('error', () => undefined)
        pool.on('connect', watchForLoss)
        return pool
      },
    }),
  })
}
