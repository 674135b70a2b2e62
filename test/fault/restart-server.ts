import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, closeSync, openSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import { findMysql, initialisation, servingFrom } from '../support/mysql-server.ts'
import {
  asNobody,
  findPostgres,
  isRoot,
  nobody,
  usableBinaries,
} from '../support/postgres-server.ts'
import { freePort, makeFolder, runToEnd, type ServerCommand } from '../support/server-process.ts'

/**
 * A database server that keeps its data when it is killed: it waits for the disk as one in
 * production does, unlike the servers that the other tests share.
 */
export interface DurableServer extends AsyncDisposable {
  readonly url: string
  /** kill -9, as a crash of the machine would do it. */
  kill(): Promise<void>
  /** An orderly stop that does not wait for clients. */
  stop(): Promise<void>
  /** Resolves when it answers again. */
  start(): Promise<void>
}

interface Parts {
  readonly folder: string
  readonly url: string
  readonly command: ServerCommand
  readonly stopSignal: NodeJS.Signals
  readonly ping: () => Promise<void>
}

export async function startDurable(engine: 'postgres' | 'mysql'): Promise<DurableServer> {
  const parts = engine === 'postgres' ? await postgresParts() : await mysqlParts()
  const { folder, url, command, stopSignal, ping } = parts
  let child: ChildProcess | undefined
  const end = async (signal: NodeJS.Signals) => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }
  const killNow = () => void child?.kill('SIGKILL')
  process.once('exit', killNow)
  const log = join(folder, 'server.log')
  const start = async () => {
    do child = launch(log, command)
    while (!(await isAnswering(child, { ping, log })))
  }
  await start()
  return {
    url,
    kill: () => end('SIGKILL'),
    stop: () => end(stopSignal),
    start,
    async [Symbol.asyncDispose]() {
      process.off('exit', killNow)
      await end('SIGKILL')
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    },
  }
}

function launch(log: string, { file, args, spawn: options }: ServerCommand): ChildProcess {
  const output = openSync(log, 'w')
  const child = spawn(file, args, { ...options, stdio: ['ignore', output, output] })
  closeSync(output)
  return child
}

/** True once it answers; false if it has to be started again. */
async function isAnswering(
  child: ChildProcess,
  { ping, log }: { ping: () => Promise<void>; log: string },
): Promise<boolean> {
  for (;;) {
    await sleep(50)
    const error = await ping().catch((reason: unknown) => reason)
    if (error === undefined) return true
    if (child.exitCode === null && child.signalCode === null) continue
    const output = readFileSync(log, 'utf8').slice(-4_000)
    // What was killed a moment ago has children that have not noticed yet.
    if (/still in use|already exists|Unable to lock/.test(output)) return false
    throw new Error(`it ended:\n${output}`, { cause: error })
  }
}

async function postgresParts(): Promise<Parts> {
  const folder = await makeFolder('durable-postgres')
  if (isRoot) chownSync(folder, nobody, nobody)
  const native = usableBinaries(findPostgres() ?? '', folder)
  const data = join(folder, 'data')
  const port = await freePort()
  const init = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale', 'C']
  await runToEnd({ file: join(native, 'bin', 'initdb'), args: init, spawn: asNobody })
  const settings = {
    port,
    unix_socket_directories: folder,
    listen_addresses: '127.0.0.1',
    // What makes a COMMIT survive, said aloud: a default that changes must not go unnoticed.
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    max_connections: 100,
    shared_buffers: '64MB',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const command = {
    file: join(native, 'bin', 'postgres'),
    args: ['-D', data, ...flags],
    spawn: asNobody,
  }
  const ping = async () => {
    const client = new Client({ connectionString: url })
    client.on('error', () => undefined)
    try {
      await client.connect()
    } finally {
      await client.end()
    }
  }
  // "Fast": clients are disconnected, transactions rolled back.
  return { folder, url, command, stopSignal: 'SIGINT', ping }
}

async function mysqlParts(): Promise<Parts> {
  const folder = await makeFolder('durable-mysql')
  const binary = findMysql() ?? ''
  const data = join(folder, 'data')
  const port = await freePort()
  await runToEnd(initialisation(binary, data))
  const args = [
    ...servingFrom({ folder, data, port }),
    '--innodb-flush-log-at-trx-commit=1',
    '--innodb-doublewrite=1',
    '--innodb-buffer-pool-size=64M',
  ]
  const url = `mysql://root@127.0.0.1:${port}/shop`
  const ping = async () => {
    const connection = await createConnection(`mysql://root@127.0.0.1:${port}/mysql`)
    await connection.query('create database if not exists shop')
    await connection.end()
  }
  return { folder, url, command: { file: binary, args }, stopSignal: 'SIGTERM', ping }
}
