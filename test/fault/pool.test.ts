import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { add, checkOut } from '../api/support.ts'
import { engines, reportMissing } from '../support/databases.ts'
import { addProduct, openShopOn } from '../support/shop.ts'
import { startSlowProxy } from './pool-proxy.ts'
import { poolRounds } from './pool.ts'

for (const engine of engines().filter(({ name }) => name !== 'sqlite')) {
  describe(`a database that is too slow for its clients (${engine.name})`, () => {
    if (engine.missing !== undefined) return reportMissing(engine.name, engine.missing)

    test('200 clients at 5 connections: some are served, the rest sent away in time', async (t) => {
      const tally = await poolRounds({ engine, rounds: 1 })
      t.diagnostic(JSON.stringify(tally))
    })

    test('one that falls silent makes the shop unready, and it recovers by itself', async () => {
      await using fresh = await engine.fresh()
      await using proxy = await startSlowProxy(fresh.url)
      const settings = {
        DB_POOL_SIZE: '3',
        DB_POOL_WAIT_MS: '200',
        DB_STATEMENT_TIMEOUT_MS: '300',
      }
      const url = proxy.through(fresh.url)
      await using shop = await openShopOn(url, { settings }, () => Promise.resolve())
      const { variantId } = await addProduct(shop.ctx)
      proxy.slowDown(Infinity)
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          add(shop, { session: `silent-${index}` }, { variantId }),
        ),
      )
      for (const { status, headers, text } of answers) {
        assert.equal(status, 503, text)
        assert.ok(headers.has('retry-after'))
      }
      assert.equal((await shop.call('GET', '/health/ready')).status, 503)
      assert.equal((await shop.call('GET', '/health/live')).status, 200)
      proxy.slowDown(0)
      while ((await shop.call('GET', '/health/ready')).status !== 200) await sleep(50)
      const who = { session: 'after' }
      assert.equal((await add(shop, who, { variantId })).status, 201)
      assert.equal((await checkOut(shop, who)).status, 201)
      await shop.assertAudit()
    })
  })
}
