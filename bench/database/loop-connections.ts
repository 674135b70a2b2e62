import mysql2, { type Connection, type ExecuteValues, type ResultSetHeader } from 'mysql2'
import { Client } from 'pg'
import { readAddress } from '../../src/db/dialect/address.ts'
import { mariadb, mysql } from '../../src/db/dialect/mysql/flavour.ts'
import { connectionConfig, sqlMode } from '../../src/db/dialect/mysql/pool.ts'
import type { DatabaseLimits } from '../../src/db/limits.ts'
import type { ServerKind } from './server.ts'

export type BoundParam = null | boolean | number | string

/** The driver, and nothing of the shop: each statement is prepared once for each connection. */
export interface BareConnection {
  begin(): Promise<unknown>
  commit(): Promise<unknown>
  /** How many rows it changed or gave back. */
  execute(sql: string, params: readonly BoundParam[]): Promise<number>
  close(): Promise<void>
}

export interface Target {
  readonly kind: ServerKind
  readonly url: string
  /** The sessions have the timeouts of the shop's, which cost the server a little. */
  readonly limits: DatabaseLimits
}

export function openBare(target: Target): Promise<BareConnection> {
  return target.kind === 'postgres' ? openPostgres(target) : openMysql(target)
}

/** The settings of the shop's sessions, as options of a PostgreSQL connection. */
export function postgresOptions(limits: DatabaseLimits): string {
  const settings = {
    default_transaction_isolation: String.raw`read\ committed`,
    TimeZone: 'UTC',
    lock_timeout: limits.lockTimeoutMs,
    statement_timeout: limits.statementTimeoutMs,
    idle_in_transaction_session_timeout: limits.idleTransactionTimeoutMs,
  }
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ')
}

async function openPostgres({ url, limits }: Target): Promise<BareConnection> {
  const { host, port, socket, user, password, database } = readAddress(url, 5_432)
  const client = new Client({
    host: socket ?? host,
    port,
    user,
    password,
    database,
    options: postgresOptions(limits),
    pipeline: true,
  })
  await client.connect()
  const names = new Map<string, string>()
  const nameOf = (text: string) => {
    const name = names.get(text) ?? `s${names.size}`
    names.set(text, name)
    return name
  }
  const query = (text: string, params: readonly BoundParam[] = []) =>
    client.query({ name: nameOf(text), text, values: params as BoundParam[] })
  return {
    begin: () => query('begin'),
    commit: () => query('commit'),
    execute: async (sql, params) => (await query(sql, params)).rowCount ?? 0,
    close: () => client.end(),
  }
}

async function openMysql({ url, limits }: Target): Promise<BareConnection> {
  const connection = mysql2.createConnection(connectionConfig(readAddress(url, 3_306)))
  const command = (sql: string) => answerOf(connection, sql)
  const [row] = (await command('select version() as version')) as { version: string }[]
  const flavour = /mariadb/i.test(String(row?.version)) ? mariadb : mysql
  const settings = {
    lock_wait_timeout: Math.ceil(limits.lockTimeoutMs / 1_000),
    innodb_lock_wait_timeout: Math.ceil(limits.lockTimeoutMs / 1_000),
    ...flavour.timeouts({
      statementMs: limits.statementTimeoutMs,
      idleTransactionMs: limits.idleTransactionTimeoutMs,
    }),
  }
  for (const [name, value] of Object.entries(settings)) {
    await command(`set session ${name} = ${value}`)
  }
  await command(`set session sql_mode = '${sqlMode}', session time_zone = '+00:00'`)
  await command(`set names utf8mb4 collate ${flavour.collation}`)
  await command('set session transaction isolation level read committed')
  return {
    begin: () => command('start transaction'),
    commit: () => command('commit'),
    execute: (sql, params) => executeMysql(connection, sql, params),
    close: async () => connection.destroy(),
  }
}

function answerOf(connection: Connection, sql: string): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  connection.query(sql, (error, result) => (error ? reject(error) : resolve(result)))
  return promise
}

function executeMysql(
  connection: Connection,
  sql: string,
  params: readonly BoundParam[],
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  // As whole numbers, as the shop sends them: the driver would make each of them a DOUBLE.
  const values = params.map((value) =>
    Number.isInteger(value)
      ? mysql2.TypedParameter.LONGLONG(value as number)
      : (value as ExecuteValues),
  )
  connection.execute(sql, values, (error, result) => {
    if (error) reject(error)
    else resolve(Array.isArray(result) ? result.length : (result as ResultSetHeader).affectedRows)
  })
  return promise
}
