import { accessSync, constants } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import {
  freePort,
  makeFolder,
  placeInMemory,
  runToEnd,
  startServer,
  type TestServer,
} from './server-process.ts'

const asRoot = process.getuid?.() === 0 ? ['--user=root'] : []

const settings = [
  // The data is thrown away: a test run may not survive a power cut, and need not wait for disks.
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-doublewrite=0',
  '--innodb-buffer-pool-size=256M',
  '--max-connections=500',
]

/** The server's binary on PATH or where packages put it: MariaDB's, else MySQL's. */
export function findMysql(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  const files = ['mariadbd', 'mysqld'].flatMap((name) => folders.map((path) => join(path, name)))
  return files.find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export async function startMysql(binary: string): Promise<TestServer> {
  const folder = await makeFolder('mysql', placeInMemory())
  const data = join(folder, 'data')
  const port = await freePort()
  await runToEnd(initialisation(binary, data))
  const args = [...servingFrom({ folder, data, port }), ...settings]
  const url = `mysql://root@127.0.0.1:${port}/mysql`
  const ping = async () => (await createConnection(url)).end()
  return startServer({ file: binary, args }, { folder, url, ping })
}

interface Place {
  readonly folder: string
  readonly data: string
  readonly port: number
}

/** What every server of ours is started with: all it has is in its folder, and only we reach it. */
export function servingFrom({ folder, data, port }: Place): string[] {
  return [
    '--no-defaults',
    ...asRoot,
    `--datadir=${data}`,
    `--port=${port}`,
    `--socket=${join(folder, 'socket')}`,
    `--pid-file=${join(folder, 'pid')}`,
    `--tmpdir=${folder}`,
    '--bind-address=127.0.0.1',
    '--skip-log-bin',
    '--skip-name-resolve',
  ]
}

export function initialisation(binary: string, data: string) {
  // A server that starts deletes what others have in a shared folder for temporary files.
  const folders = [`--datadir=${data}`, `--tmpdir=${dirname(data)}`]
  const args = ['--no-defaults', ...asRoot, ...folders]
  if (!binary.endsWith('mariadbd')) {
    return { file: binary, args: [...args, '--initialize-insecure'] }
  }
  const access = ['--auth-root-authentication-method=normal', '--skip-test-db']
  return { file: 'mariadb-install-db', args: [...args, ...access] }
}
