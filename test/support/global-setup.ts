import { engines } from './databases.ts'
import { findMysql, startMysql } from './mysql-server.ts'
import { findPostgres, startPostgres } from './postgres-server.ts'
import type { TestServer } from './server-process.ts'

/**
 * For `node --test --test-global-setup`: one server of each kind for the whole run. Test files
 * find it in their environment, and make databases of their own on it.
 */
const servers: TestServer[] = []

export async function globalSetup(): Promise<void> {
  const wanted = engines()
  for (const { missing } of wanted) if (missing !== undefined) console.error(missing)
  const isWanted = (name: string) => wanted.some((engine) => engine.name === name)
  await Promise.all([
    isWanted('postgres') && start('TEST_POSTGRES_URL', findPostgres(), startPostgres),
    isWanted('mysql') && start('TEST_MYSQL_URL', findMysql(), startMysql),
  ])
}

async function start(
  variable: string,
  binary: string | undefined,
  run: (binary: string) => Promise<TestServer>,
): Promise<void> {
  if (process.env[variable] || binary === undefined) return
  const server = await run(binary)
  servers.push(server)
  process.env[variable] = server.url
}

export async function globalTeardown(): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()))
}
