import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { delimiter } from 'node:path'
import { describe, test } from 'node:test'
import { added, checkOut } from '../api/support.ts'
import { engines } from '../support/databases.ts'
import { fillShop, openAt, type Filled } from './fixture.ts'
import { createDatabase, findPostgresTools, startPostgresIn } from './postgres-tools.ts'
import { assertRefused, contentsOf, makePlace, type Place } from './support.ts'

const postgresTools = findPostgresTools()
const mysql = engines().find(({ name, missing }) => name === 'mysql' && missing === undefined)
const hasMysqlTools = spawnSync('mariadb-dump', ['--version']).status === 0

describe('a database on a server', () => {
  test('is backed up by commands that are printed, without the password', async () => {
    await using place = await makePlace()
    const DATABASE_URL = "postgres://shop:s3same@db.example:6432/it's?sslmode=verify-full"
    const postgres = await place.cli(['backup', 'my shop.dump'], { DATABASE_URL })
    const options = '--no-owner --no-privileges '
    const target = "'--dbname=postgres://shop@db.example:6432/it'\\''s?sslmode=verify-full'"
    assert.deepEqual(commandsOf(postgres.err), {
      backup: `pg_dump --format=custom ${options}${target} '--file=my shop.dump'`,
      restore: `pg_restore --exit-on-error --single-transaction ${options}${target} 'my shop.dump'`,
    })
    const other = { DATABASE_URL: 'mysql://shop:s3same@db.example/shop?sslmode=require' }
    const mariadb = await place.cli(['restore', 'shop.sql'], other)
    const server = '--default-character-set=utf8mb4 --host=db.example --port=3306 --user=shop --ssl'
    assert.deepEqual(commandsOf(mariadb.err), {
      backup: `mariadb-dump ${server} --single-transaction --triggers --result-file=shop.sql shop`,
      restore: `mariadb ${server} shop < shop.sql`,
    })
    for (const ran of [postgres, mariadb]) {
      assertRefused(ran, 2, /^Nothing was done: this database is backed up by the tools of/)
      assert.doesNotMatch(ran.err, /s3same/)
    }
  })

  if (postgresTools === undefined) report('pg_dump with its server: apt-get install postgresql')
  else {
    test('comes back from pg_dump and pg_restore as it was, and sells on', async () => {
      const server = await startPostgresIn(postgresTools)
      await using stack = new AsyncDisposableStack()
      stack.defer(() => server.stop())
      const from = await createDatabase(server.url, 'source')
      const to = await createDatabase(server.url, 'target')
      await assertComesBack({ from, to, folder: postgresTools })
    })
  }

  if (mysql === undefined || !hasMysqlTools) report('mariadb-dump: apt-get install mariadb-client')
  else {
    test('comes back from mariadb-dump and mariadb as it was, and sells on', async () => {
      await using source = await mysql.fresh()
      await using target = await mysql.fresh({ empty: true })
      await assertComesBack({ from: source.url, to: target.url, folder: '' })
    })
  }
})

/** These come with the servers of a distribution, which a test run may do without. */
function report(missing: string): void {
  console.error(`Not tested, because it is missing here: ${missing}`)
}

interface Round {
  readonly from: string
  readonly to: string
  /** Where the tools are, if not on PATH. */
  readonly folder: string
}

async function assertComesBack({ from, to, folder }: Round): Promise<void> {
  await using place = await makePlace()
  const filled = await fillAt(from)
  const before = await contentsOf(from)
  const printed = async (url: string) =>
    commandsOf((await place.cli(['backup', 'shop dump'], { DATABASE_URL: url })).err)
  runInShell(place, folder, (await printed(from)).backup)
  runInShell(place, folder, (await printed(to)).restore)
  assert.deepEqual(await contentsOf(to), before)
  await assertSells(to, filled)
}

async function fillAt(url: string): Promise<Filled> {
  await using shop = await openAt(url)
  return await fillShop(shop)
}

async function assertSells(url: string, { product }: Filled): Promise<void> {
  await using shop = await openAt(url)
  await shop.assertAudit()
  const session = 'after-restore'
  await added(shop, { session }, product)
  const placed = await checkOut(shop, { session })
  assert.equal(placed.body.data.number, 1005, placed.text)
  const found = await shop.call('GET', '/api/v1/products?search=elan+zebra')
  assert.equal(found.body.data.length, 1)
  await shop.assertAudit()
}

function commandsOf(printed: string): { backup: string; restore: string } {
  const [, backup = ''] = /^Back up:\n {2}(.+)$/m.exec(printed) ?? []
  const [, restore = ''] = /^Restore, into an empty database:\n {2}(.+)$/m.exec(printed) ?? []
  return { backup, restore }
}

function runInShell({ folder: cwd }: Place, tools: string, command: string): void {
  const PATH = [tools, process.env['PATH']].join(delimiter)
  const env = { PATH, PGPASSWORD: 'sesame' }
  const { status, stderr } = spawnSync('sh', ['-c', command], { cwd, env, encoding: 'utf8' })
  assert.equal(status, 0, `${command}\n${stderr}`)
}
