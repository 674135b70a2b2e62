import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { expectedOf } from '../scripts/replay/expected.ts'
import { replayCancellations } from '../scripts/replay/cancelled.ts'
import { replay } from '../scripts/replay/replay.ts'
import { openOwnShop, openRemoteShop } from '../scripts/replay/target.ts'
import { addProduct, describeOnEveryDatabase, signUp } from './support/shop.ts'

const sample = join(import.meta.dirname, 'fixtures/online-retail')
/** Too large to be part of the project; without it the sample has to do. */
const whole = join(import.meta.dirname, '../../shared/data/orders-online-retail')

describe('the replay of real orders', () => {
  test('a shop takes in what the wholesaler did, to the penny', async () => {
    await using target = await openOwnShop()
    const result = await replay(target, { folder: sample, count: 8, invoices: [], parallel: 4 })
    assert.equal(result.orders, 8)
    assert.equal(result.lines, 56)
    assert.deepEqual(result.skipped, { 'a price of 0.001, which no coin can pay': 1 })
    const total = { pence: 161_396n, units: 732n }
    assert.deepEqual(Object.values(result.totals), [total, total, total, total])
  })

  test('an order of a thousand lines is an order like any other', async (t) => {
    await using target = await openOwnShop()
    const isThere = existsSync(whole)
    const result = await replay(target, {
      folder: isThere ? whole : sample,
      count: isThere ? 60 : 8,
      invoices: isThere ? ['573585'] : [],
      parallel: 8,
    })
    t.diagnostic(`${result.orders} orders, ${result.lines} lines, ${result.linesMax} in one`)
    if (!isThere) return
    assert.equal(result.orders, 61)
    assert.equal(result.linesMax, 1_114)
    assert.deepEqual(result.totals['the database'], { pence: 4_131_159n, units: 17_911n })
  })

  test('the first real cancellations leave the revenue that the file has', async (t) => {
    await using target = await openOwnShop()
    const isThere = existsSync(whole)
    const options = { folder: isThere ? whole : sample, count: 20, parallel: 4 }
    const result = await replayCancellations(target, options)
    t.diagnostic(`${result.cancellations} cancellations as ${result.returns} returns`)
    assert.equal(result.cancellations, isThere ? 20 : 5)
  })

  test('a cancellation is of the latest orders, and what no order has was bought before', async () => {
    await using target = await openOwnShop()
    const result = await replayCancellations(target, { folder: sample, count: 60, parallel: 4 })
    const { cancellations, originals, before, returns } = result
    assert.deepEqual([cancellations, originals, before, returns], [5, 5, 2, 7])
    // 641.88 were sold, and 370.06 came back of this and of what was sold before.
    const total = { pence: 27_182n, units: 109n }
    assert.deepEqual(Object.values(result.totals), [total, total, total, total])
  })

  test('the sum from the file counts only the orders asked for', () => {
    const { pence, units } = expectedOf(sample, new Set(['536365', '536366']))
    assert.deepEqual({ pence, units }, { pence: 13_912n + 2_220n, units: 40n + 12n })
  })
})

describeOnEveryDatabase('the replay in a shop that runs elsewhere', (openShop) => {
  test('articles and orders all go through the API', async () => {
    await using shop = await openShop({ settings: { STORE_CURRENCY: 'GBP', TAX_RATE: '0' } })
    const { token } = await signUp(shop, { role: 'admin' })
    await using target = openRemoteShop(shop.url, token)
    const result = await replay(target, { folder: sample, count: 8, invoices: [], parallel: 4 })
    assert.equal(result.orders, 8)
    assert.deepEqual(Object.keys(result.totals).length, 3)
    await shop.assertAudit()
  })

  test('a shop of another currency is refused before anything is sold', async () => {
    await using shop = await openShop()
    await addProduct(shop.ctx)
    const { token } = await signUp(shop, { role: 'admin' })
    await using target = openRemoteShop(shop.url, token)
    const replaying = replay(target, { folder: sample, count: 8, invoices: [], parallel: 4 })
    await assert.rejects(replaying, /trades in USD/)
  })
})
