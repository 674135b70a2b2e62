import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { test } from 'node:test'
import type { Database, Tx } from '../../src/db/database.ts'
import type { DatabaseFault } from '../../src/db/dialect/dialect.ts'
import { UnavailableError } from '../../src/db/errors.ts'
import { forEachDatabase } from '../support/databases.ts'
import { insertProduct, insertStock, runSql, settingNames, writeSetting } from './fixtures.ts'

forEachDatabase((name, openFresh) => {
  test('a second row under a unique key is told by table and column', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    await database.transaction((tx) => insertProduct(tx, 'shoe'))
    const fault = await faultOf(database, (tx) => insertProduct(tx, 'shoe'))
    assert.deepEqual(fault, { kind: 'unique', constraint: 'products.slug' })
  })

  test('the value in a unique fault cannot be taken for a column', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const slug = "sku' for key 'variants.sku"
    await database.transaction((tx) => insertProduct(tx, slug))
    const fault = await faultOf(database, (tx) => insertProduct(tx, slug))
    assert.deepEqual(fault, { kind: 'unique', constraint: 'products.slug' })
  })

  test('a unique key of several columns is told by its first', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const [key] = await insertStock(database, [1])
    const cart_id = randomUUIDv7()
    const line = { cart_id, variant_id: key?.variant_id ?? '', quantity: 1, price_minor: 1 }
    const insertLine = (tx: Tx) =>
      tx.dialect.insertNumbered(tx, 'cart_lines', {
        id: randomUUIDv7(),
        ...line,
        created_at: 1,
        updated_at: 1,
      })
    await database.transaction(async (tx) => {
      await runSql(
        tx,
        'insert into carts (id, status, currency, created_at, updated_at, expires_at) ' +
          `values ('${cart_id}', 'open', 'EUR', 1, 1, 1)`,
      )
      await insertLine(tx)
    })
    const fault = await faultOf(database, insertLine)
    assert.equal(fault.kind, 'unique')
    assert.match(fault.kind === 'unique' ? fault.constraint : '', /^cart_lines\.cart_id/)
  })

  test('a CHECK, a foreign key and an unknown table are told apart', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    await insertStock(database, [1])
    const kinds = await Promise.all([
      faultOf(database, (tx) => runSql(tx, 'update stock set reserved = 2')),
      faultOf(database, (tx) => runSql(tx, `update variants set product_id = '${randomUUIDv7()}'`)),
      faultOf(database, (tx) => runSql(tx, 'delete from products')),
      faultOf(database, (tx) => runSql(tx, 'delete from nowhere')),
      faultOf(database, () => Promise.reject(new Error('anything else'))),
    ])
    assert.deepEqual(
      kinds.map(({ kind }) => kind),
      ['check', 'foreign_key', 'foreign_key', 'unknown', 'unknown'],
    )
  })

  test('a statement that failed leaves the connection fit for others', async () => {
    await using fresh = await openFresh({ poolSize: 2 })
    const { database } = fresh
    for (let round = 0; round < 5; round++) {
      await faultOf(database, (tx) => runSql(tx, 'delete from nowhere'))
      await assert.rejects(
        database.read
          .selectFrom('nowhere' as 'settings')
          .selectAll()
          .execute(),
      )
    }
    await database.transaction((tx) => writeSetting(tx, 'a', '1'))
    assert.deepEqual(await settingNames(database.read), ['a'])
  })

  test('a read cannot write', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const write = database.read.insertInto('settings').values({ name: 'a', value: '' }).execute()
    await assert.rejects(write, /writes need a transaction/)
    assert.deepEqual(await settingNames(database.read), [])
  })

  if (name !== 'sqlite') {
    test('when every connection is taken, waiting ends in time with "unavailable"', async () => {
      await using fresh = await openFresh({ poolSize: 2, poolWaitMs: 1_000 })
      const { database } = fresh
      const mayEnd = Promise.withResolvers<void>()
      const holders = [1, 2].map(() => {
        const inside = Promise.withResolvers<void>()
        const work = async () => {
          inside.resolve()
          await mayEnd.promise
        }
        return { inside: inside.promise, ended: database.transaction(work) }
      })
      await Promise.all(holders.map(({ inside }) => inside))
      const startedAt = performance.now()
      const waiting = [settingNames(database.read), database.transaction(async () => 1)]
      for (const result of await Promise.allSettled<unknown>(waiting)) {
        assert.ok(result.status === 'rejected')
        assert.ok(result.reason instanceof UnavailableError)
        assert.equal(database.dialect.readFault(result.reason).kind, 'unavailable')
      }
      assert.ok(performance.now() - startedAt < 10_000)
      mayEnd.resolve()
      await Promise.all(holders.map(({ ended }) => ended))
      assert.deepEqual(await settingNames(database.read), [])
    })

    test('a statement that runs for too long is ended, and is "unavailable"', async () => {
      await using fresh = await openFresh({ statementTimeoutMs: 200 })
      const { database } = fresh
      const sleep = name === 'postgres' ? 'select pg_sleep(30)' : 'select sleep(30) from settings'
      await database.transaction((tx) => writeSetting(tx, 'a', '1'))
      const startedAt = performance.now()
      await assert.rejects(
        async () => database.read.runner.all(sleep, []),
        (error) => database.dialect.readFault(error).kind === 'unavailable',
      )
      assert.ok(performance.now() - startedAt < 20_000)
      assert.deepEqual(await settingNames(database.read), ['a'])
    })
  }
})

async function faultOf(
  database: Database,
  work: (tx: Tx) => Promise<unknown>,
): Promise<DatabaseFault> {
  try {
    await database.transaction(work)
  } catch (error) {
    return database.dialect.readFault(error)
  }
  throw new Error('the work did not fail')
}
