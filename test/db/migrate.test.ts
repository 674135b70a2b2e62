import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import type { Database } from '../../src/db/database.ts'
import { SchemaError } from '../../src/db/errors.ts'
import { migrate, migrateTo, migrationStatus, noMigrations } from '../../src/db/migrate.ts'
import { openDatabase } from '../../src/db/open.ts'
import { engines, forEachDatabase } from '../support/databases.ts'
import { insertStock, settingNames, stockOf, writeSetting } from './fixtures.ts'

const first = '0001-foundation'

forEachDatabase((name, openFresh) => {
  const fresh = () => {
    const engine = engines().find((one) => one.name === name)
    assert.ok(engine)
    return engine.fresh({ empty: true })
  }

  test('nodes that start together migrate once', async () => {
    await using empty = await fresh()
    const ran = await Promise.all(Array.from({ length: 4 }, () => migrateInProcess(empty.url)))
    const names = ran.flat()
    assert.equal(new Set(names).size, names.length, 'no migration ran twice')
    await using database = await openDatabase(empty.url)
    assert.deepEqual(await migrate(database), [])
    const done = (await migrationStatus(database)).map((migration) => migration.name)
    assert.deepEqual(names.sort(), done)
  })

  test('migrations go down and up again over a shop with data', async () => {
    await using opened = await openFresh()
    const { database } = opened
    await fill(database)
    const names = (await migrationStatus(database)).map((migration) => migration.name)
    assert.deepEqual(await migrateTo(database, noMigrations), names.toReversed())
    assert.deepEqual(await tableNames(database), [])
    assert.ok((await migrationStatus(database)).every(({ state }) => state === 'pending'))
    assert.deepEqual(await migrateTo(database, first), [first])
    assert.deepEqual(await migrate(database), names.slice(1))
    assert.ok((await migrationStatus(database)).every(({ state }) => state === 'done'))
    const [key] = await fill(database)
    assert.ok(key)
    assert.deepEqual(await stockOf(database.read, key), { on_hand: 3, reserved: 0 })
  })

  test('a schema of a newer version is refused', async () => {
    await using opened = await openFresh()
    const { database } = opened
    await sql`insert into kysely_migration (name, timestamp)
      values ('9999-future', '2099-01-01T00:00:00.000Z')`.execute(database.schema)
    await assert.rejects(
      migrate(database),
      (error) => error instanceof SchemaError && /newer version.*9999-future/.test(error.message),
    )
    const last = (await migrationStatus(database)).at(-1)
    assert.deepEqual(last, { name: '9999-future', state: 'unknown' })
  })

  test('a migration that fails leaves nothing behind, or a schema that is refused', async () => {
    await using empty = await fresh()
    await using database = await openDatabase(empty.url)
    await sql`create table carts (id varchar(36))`.execute(database.schema)
    await assert.rejects(migrate(database), /carts/)
    await sql`drop table carts`.execute(database.schema)
    if (database.dialect.can.transactionalDdl) {
      assert.ok((await migrate(database)).includes(first))
      return
    }
    await assert.rejects(
      migrate(database),
      (error) => error instanceof SchemaError && /"0001-foundation" was interr/.test(error.message),
    )
    assert.deepEqual((await migrationStatus(database))[0], { name: first, state: 'interrupted' })
  })

  test('a migration that does not exist is refused by name', async () => {
    await using opened = await openFresh()
    await assert.rejects(migrateTo(opened.database, '0000-nothing'), /there are: none, 0001-found/)
  })

  test('the schema is that of SQLite, column by column', async () => {
    await using opened = await openFresh()
    await using reference = await openDatabase('sqlite::memory:')
    await migrate(reference)
    assert.deepEqual(await columns(opened.database), await columns(reference))
  })

  test('the settings of a shop survive a restart of its node', async () => {
    await using opened = await openFresh()
    await opened.database.transaction((tx) => writeSetting(tx, 'kept', '1'))
    await using again = await openDatabase(opened.url)
    assert.deepEqual(await migrate(again), [])
    assert.deepEqual(await settingNames(again.read), ['kept'])
  })
})

async function migrateInProcess(url: string): Promise<string[]> {
  const script = join(import.meta.dirname, '../support/migrate-process.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [script, url])
  return JSON.parse(stdout) as string[]
}

async function fill(database: Database) {
  const text = JSON.stringify([{ number: 1, name: 'red', body: 'shoe' }])
  await database.transaction((tx) => tx.dialect.search.saveAll(tx, text))
  return insertStock(database, [3])
}

/** FTS5 keeps its index in tables of its own. */
const isOurs = ({ name }: { name: string }) => !/^(product_search|migration_running$)/.test(name)

async function tableNames({ schema }: Database): Promise<string[]> {
  return (await schema.introspection.getTables()).filter(isOurs).map(({ name }) => name)
}

async function columns({ schema }: Database): Promise<string[]> {
  const tables = (await schema.introspection.getTables()).filter(isOurs)
  const lines = tables.flatMap((table) =>
    table.columns.map(
      // SQLite calls every integer primary key nullable.
      ({ name, isNullable }) =>
        `${table.name}.${name}${isNullable && name !== 'number' ? ' or null' : ''}`,
    ),
  )
  return lines.sort()
}
