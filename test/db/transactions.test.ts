import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { bulkUpdate } from '../../src/db/bulk.ts'
import type { Tx } from '../../src/db/database.ts'
import { outsideTransactions } from '../../src/db/scope.ts'
import { sql } from 'kysely'
import { forEachDatabase } from '../support/databases.ts'
import { insertStock, settingNames, stockOf, writeSetting, type StockKey } from './fixtures.ts'

forEachDatabase((name, openFresh) => {
  test('a transaction is visible to others only once it has committed', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const inside = Promise.withResolvers<void>()
    const mayEnd = Promise.withResolvers<void>()
    const writing = database.transaction(async (tx) => {
      await writeSetting(tx, 'a', '1')
      assert.deepEqual(await settingNames(tx), ['a'])
      inside.resolve()
      await mayEnd.promise
    })
    await inside.promise
    assert.deepEqual(await settingNames(database.read), [])
    mayEnd.resolve()
    await writing
    assert.deepEqual(await settingNames(database.read), ['a'])
    assert.deepEqual(await settingNames(database.long), ['a'])
  })

  test('what the work throws rolls it back, and it alone', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const results = await Promise.allSettled(
      ['a', 'b', 'c'].map((setting) =>
        database.transaction(async (tx) => {
          await writeSetting(tx, setting, '1')
          if (setting === 'b') throw new Error('changed my mind')
          return setting
        }),
      ),
    )
    assert.deepEqual(
      results.map((result) =>
        result.status === 'fulfilled' ? result.value : String(result.reason),
      ),
      ['a', 'Error: changed my mind', 'c'],
    )
    assert.deepEqual(await settingNames(database.read), ['a', 'c'])
  })

  test('announcements are made in order, after the commit, and never after a rollback', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const heard: string[] = []
    await database.transaction(async (tx) => {
      await writeSetting(tx, 'a', '1')
      tx.afterCommit(() => heard.push('first'))
      tx.afterCommit(() => heard.push('second'))
      await settingNames(tx)
      assert.deepEqual(heard, [])
    })
    assert.deepEqual(heard, ['first', 'second'])
    const failing = database.transaction(async (tx) => {
      tx.afterCommit(() => heard.push('third'))
      await writeSetting(tx, 'a', 'again')
    })
    await assert.rejects(failing)
    assert.deepEqual(heard, ['first', 'second'])
  })

  test('a transaction inside another is refused', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const nested = database.transaction(async () => database.transaction(async () => 1))
    await assert.rejects(nested, /a second transaction was attempted inside a database transaction/)
    assert.equal(await database.transaction(async () => 2), 2)
  })

  test('a call over the network is refused while a transaction is open', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const provider = outsideTransactions('payments', { charge: async () => 'charged' })
    await assert.rejects(
      database.transaction(() => provider.charge()),
      /payments.charge was attempted inside a database transaction/,
    )
    assert.equal(await provider.charge(), 'charged')
    const afterwards = Promise.withResolvers<string>()
    await database.transaction(async (tx) => {
      tx.afterCommit(() => provider.charge().then(afterwards.resolve, afterwards.reject))
    })
    assert.equal(await afterwards.promise, 'charged')
  })

  test('a read beside the open transaction is refused, because it sees other data', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    await assert.rejects(
      database.transaction(() => settingNames(database.read)),
      /a read beside the transaction was attempted inside a database transaction/,
    )
  })

  test('a statement after the end of its transaction is refused', async () => {
    await using fresh = await openFresh()
    const leaked = await fresh.database.transaction(async (tx) => ({ tx }))
    await assert.rejects(settingNames(leaked.tx), /after the end of its transaction/)
    assert.deepEqual(await settingNames(fresh.database.read), [])
  })

  test('fifty parallel takers of a piece each leave exactly none of fifty', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const [key] = await insertStock(database, [50])
    assert.ok(key)
    const takings = Array.from({ length: 60 }, () =>
      database.transaction(async (tx) => (await takeRows(tx, [{ ...key, quantity: 1 }])).changes),
    )
    const taken = await Promise.all(takings)
    assert.equal(
      taken.reduce((sum, changes) => sum + changes, 0),
      50,
    )
    assert.deepEqual(await stockOf(database.read, key), { on_hand: 0, reserved: 0 })
  })

  test('orders over the same articles in one order of keys never deadlock', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const keys = await insertStock(
      database,
      Array.from({ length: 8 }, () => 1_000),
    )
    const demand = keys.map((key) => ({ ...key, quantity: 1 }))
    let attempts = 0
    const orders = Array.from({ length: 40 }, () =>
      database.transaction(async (tx) => {
        attempts += 1
        return (await takeRows(tx, demand)).changes
      }),
    )
    assert.deepEqual(new Set(await Promise.all(orders)), new Set([8]))
    assert.equal(attempts, 40)
    for (const key of keys) assert.equal((await stockOf(database.read, key)).on_hand, 960)
  })

  if (name !== 'sqlite') {
    test('rows are locked in the order in which they are given', async () => {
      await using fresh = await openFresh()
      const { database } = fresh
      const keys = await insertStock(database, [100, 100, 100])
      for (const order of [keys, keys.toReversed()]) {
        const [first, , last] = order
        assert.ok(first && last)
        const inside = Promise.withResolvers<void>()
        const mayEnd = Promise.withResolvers<void>()
        const holder = database.transaction(async (tx) => {
          await takeRows(tx, [{ ...first, quantity: 1 }])
          inside.resolve()
          await mayEnd.promise
        })
        await inside.promise
        const demand = order.map((key) => ({ ...key, quantity: 1 }))
        const waiting = database.transaction((tx) => takeRows(tx, demand))
        await sleep(300)
        // Whoever waits for the first row must not hold the last one yet.
        let attempts = 0
        await database.transaction((tx) => {
          attempts += 1
          return takeRows(tx, [{ ...last, quantity: 1 }])
        })
        assert.equal(attempts, 1)
        mayEnd.resolve()
        await Promise.all([holder, waiting])
      }
      for (const key of keys) {
        const taken = 100 - (await stockOf(database.read, key)).on_hand
        assert.equal(taken, key === keys[1] ? 2 : 4)
      }
    })

    test('a deadlock is resolved by running one of the two again', async () => {
      await using fresh = await openFresh()
      const { database } = fresh
      const keys = await insertStock(database, [100, 100])
      let attempts = 0
      const heard: string[] = []
      const bothHold = meetingOf(2)
      const opposite = [keys, keys.toReversed()].map((order) =>
        database.transaction(async (tx) => {
          attempts += 1
          tx.afterCommit(() => heard.push('done'))
          await takeInTurns(tx, order, bothHold)
        }),
      )
      await Promise.all(opposite)
      assert.ok(attempts > 2, `${attempts} attempts`)
      assert.deepEqual(heard, ['done', 'done'])
      for (const key of keys) assert.equal((await stockOf(database.read, key)).on_hand, 98)
    })

    test('work that swallows a deadlock is run again all the same', async () => {
      await using fresh = await openFresh()
      const { database } = fresh
      const keys = await insertStock(database, [100, 100])
      const bothHold = meetingOf(2)
      const opposite = [keys, keys.toReversed()].map((order) =>
        database.transaction(async (tx) => {
          await takeInTurns(tx, order, bothHold).catch(() => undefined)
        }),
      )
      await Promise.all(opposite)
      for (const key of keys) assert.equal((await stockOf(database.read, key)).on_hand, 98)
    })

    test('who waits too long for a lock gives up, and gets it in a later try', async () => {
      await using fresh = await openFresh({ lockTimeoutMs: 50 })
      const { database } = fresh
      const [key] = await insertStock(database, [2])
      assert.ok(key)
      const inside = Promise.withResolvers<void>()
      const mayEnd = Promise.withResolvers<void>()
      const holder = database.transaction(async (tx) => {
        await takeRows(tx, [{ ...key, quantity: 1 }])
        inside.resolve()
        await mayEnd.promise
      })
      await inside.promise
      let attempts = 0
      await database.transaction(async (tx) => {
        attempts += 1
        if (attempts === 2) mayEnd.resolve()
        await takeRows(tx, [{ ...key, quantity: 1 }])
      })
      await holder
      assert.ok(attempts >= 2, `${attempts} attempts`)
      assert.equal((await stockOf(database.read, key)).on_hand, 0)
    })
  }
})

const takeRows = bulkUpdate<StockKey & { quantity: number }>({
  table: 'stock',
  columns: { variant_id: 'uuid', location_id: 'uuid', quantity: 'integer' },
  set: sql`on_hand = stock.on_hand - d.quantity`,
  where: sql<boolean>`stock.variant_id = d.variant_id and stock.location_id = d.location_id
    and stock.on_hand - stock.reserved >= d.quantity`,
})

/** Resolves for everybody once `count` have come; who comes later does not wait. */
function meetingOf(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let come = 0
  return () => {
    come += 1
    if (come === count) resolve()
    return promise
  }
}

async function takeInTurns(
  tx: Tx,
  [first, second]: readonly StockKey[],
  meet: () => Promise<void>,
): Promise<void> {
  assert.ok(first && second)
  await takeRows(tx, [{ ...first, quantity: 1 }])
  await meet()
  await takeRows(tx, [{ ...second, quantity: 1 }])
}
