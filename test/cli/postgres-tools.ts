import { existsSync, readdirSync, chownSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import {
  freePort,
  makeFolder,
  runToEnd,
  startServer,
  type TestServer,
} from '../support/server-process.ts'

/** Where Debian and its kin keep each major version. */
const installed = '/usr/lib/postgresql'
const programs = ['initdb', 'postgres', 'pg_dump', 'pg_restore']
const nobody = 65_534
const asNobody = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}

/**
 * The folder of an installed PostgreSQL with its tools, which npm's does not bring. The server must
 * be of the same version: pg_dump refuses a newer one.
 */
export function findPostgresTools(): string | undefined {
  const versions = existsSync(installed) ? readdirSync(installed) : []
  return versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(installed, version, 'bin'))
    .find((folder) => programs.every((program) => existsSync(join(folder, program))))
}

export async function startPostgresIn(binaries: string): Promise<TestServer> {
  const folder = await makeFolder('postgres-tools')
  if ('uid' in asNobody) chownSync(folder, nobody, nobody)
  const data = join(folder, 'data')
  const port = await freePort()
  const init = ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8']
  await runToEnd({
    file: join(binaries, 'initdb'),
    args: [...init, '--locale', 'C'],
    spawn: asNobody,
  })
  const settings = [`port=${port}`, `unix_socket_directories=${folder}`, 'fsync=off']
  const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])]
  const url = `postgres://postgres:sesame@127.0.0.1:${port}/postgres`
  const ping = async () => {
    const client = new Client({ connectionString: url })
    try {
      await client.connect()
    } finally {
      await client.end()
    }
  }
  const command = { file: join(binaries, 'postgres'), args, spawn: asNobody }
  return startServer(command, { folder, url, ping })
}

/** Makes a database on the server; returns its URL. */
export async function createDatabase(serverUrl: string, name: string): Promise<string> {
  const client = new Client({ connectionString: serverUrl })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  return serverUrl.replace(/postgres$/, name)
}
