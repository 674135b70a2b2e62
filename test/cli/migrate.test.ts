import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { sql } from 'kysely'
import { migrationStatus } from '../../src/db/migrate.ts'
import { openDatabase } from '../../src/db/open.ts'
import { engines, forEachDatabase } from '../support/databases.ts'
import { assertRan, assertRefused, makePlace, type Ran } from './support.ts'

const first = '0001-foundation'

forEachDatabase((name) => {
  const fresh = (options: { empty?: boolean }) => {
    const engine = engines().find((one) => one.name === name)
    assert.ok(engine)
    return engine.fresh(options)
  }

  test('plans, migrates up and down, and lists what is done', async () => {
    await using place = await makePlace()
    await using target = await fresh({ empty: true })
    const migrate = (...args: string[]) =>
      place.cli(['migrate', ...args], { DATABASE_URL: target.url })
    assertPrinted(await migrate('--plan', '--to', first), `would run ${first} up`)
    assertPrinted(await migrate('--to', first), `ran ${first}`)
    assertRan(await migrate())
    assertPrinted(await migrate(), 'The schema is up to date.')
    assert.match((await migrate('--status')).out, new RegExp(`^(done {8}[\\w-]+\\n)+$`))
    const refused = await migrate('--to', 'none')
    assertRefused(
      refused,
      2,
      /loses what is stored.*\nMake a backup, then repeat this with --force/,
    )
    const down = await migrate('--to', 'none', '--force')
    assert.match(down.out, new RegExp(`ran ${first}\\n$`))
    assert.match((await migrate('--status')).out, new RegExp(`^pending {5}${first}\\n`))
    assertRefused(await migrate('--to', '0000-lost'), 1, /There is no migration "0000-lost"; there/)
  })

  test('neither a command nor a server starts on a schema of a newer version', async () => {
    await using place = await makePlace()
    await using target = await fresh({})
    await execute(target.url, "insert into kysely_migration values ('9999-future', 'now')")
    for (const args of [['migrate'], ['migrate', '--plan'], ['serve'], ['audit']]) {
      const environment = { DATABASE_URL: target.url, PORT: '0' }
      assertRefused(await place.cli(args, environment), 1, /newer version \(it has "9999-future"\)/)
    }
    const status = await place.cli(['migrate', '--status'], { DATABASE_URL: target.url })
    assert.match(status.out, /unknown {5}9999-future\n$/)
  })

  test('nor on one that an interrupted migration has left behind', async () => {
    await using place = await makePlace()
    await using target = await fresh({})
    await execute(
      target.url,
      'create table if not exists migration_running (name varchar(255) primary key)',
      "insert into migration_running values ('9998-broken')",
    )
    for (const args of [['migrate'], ['serve']]) {
      const environment = { DATABASE_URL: target.url, PORT: '0' }
      assertRefused(await place.cli(args, environment), 1, /"9998-broken" was interrupted/)
    }
    await using database = await openDatabase(target.url)
    const last = (await migrationStatus(database)).at(-1)
    assert.deepEqual(last, { name: '9998-broken', state: 'interrupted' })
  })
})

test('looking at a database that is not there does not make it', async () => {
  await using place = await makePlace()
  assert.match((await place.cli(['migrate', '--plan'])).out, new RegExp(`^would run ${first} up\n`))
  assert.match((await place.cli(['migrate', '--status'])).out, new RegExp(`^pending {5}${first}\n`))
  assert.equal(existsSync(place.path('data')), false)
})

test('every command explains itself, and refuses what it does not know', async () => {
  await using place = await makePlace()
  for (const command of ['migrate', 'backup', 'restore', 'copy', 'audit']) {
    const helped = await place.cli([command, '--help'])
    assertRan(helped)
    assert.match(helped.out, new RegExp(`^${command}\\b`))
  }
  assertRefused(await place.cli(['migrate', '--upwards']), 2, /Unknown option '--upwards'/)
  assertRefused(await place.cli(['migrate', first]), 2, /Name a migration with --to/)
  assertRefused(await place.cli(['backup']), 2, /Name the file/)
  assertRefused(await place.cli(['restore', 'a', 'b']), 2, /Name one file, not 2/)
  assertRefused(await place.cli(['copy']), 2, /Name the target: --to <url>/)
})

function assertPrinted(ran: Ran, line: string): void {
  assertRan(ran)
  assert.equal(ran.out, `${line}\n`)
}

async function execute(url: string, ...statements: string[]): Promise<void> {
  await using database = await openDatabase(url)
  for (const statement of statements) await sql.raw(statement).execute(database.schema)
}
