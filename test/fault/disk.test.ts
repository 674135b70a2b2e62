import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import { add, checkOut, refused, unchanged } from '../api/support.ts'
import { engines } from '../support/databases.ts'
import { addProduct, openShopOn } from '../support/shop.ts'
import { assertIntact, canMount, diskRounds } from './disk.ts'

for (const engine of engines().filter(({ name }) => name === 'sqlite')) {
  describe('a full disk under the embedded database', () => {
    test('refuses writes, answers reads, and goes on when there is room again', async () => {
      await using fresh = await engine.fresh()
      await using shop = await openShopOn(fresh.url, {}, () => Promise.resolve())
      const { ctx } = shop
      const { variantId } = await addProduct(ctx, { onHand: 1_000 })
      const pageCount = async () =>
        Number(
          (await sql<{ page_count: number }>`pragma page_count`.execute(ctx.db.read)).rows[0]
            ?.page_count,
        )
      const limit = (await pageCount()) + 8
      await sql.raw(`pragma max_page_count = ${limit}`).execute(ctx.db.schema)
      const buy = async (session: string) => {
        const added = await add(shop, { session }, { variantId, key: `add-${session}` })
        return added.status === 201 ? checkOut(shop, { session }, { key: session }) : added
      }
      const sessions = Array.from({ length: 100 }, (_, index) => `s${index}`)
      const answers = []
      for (let at = 0; at < sessions.length; at += 10) {
        answers.push(...(await Promise.all(sessions.slice(at, at + 10).map(buy))))
      }
      const refusals = answers.filter(({ status }) => status !== 201)
      assert.ok(refusals.length > 10 && refusals.length < 100, `${refusals.length} refused`)
      for (const answer of refusals) {
        refused(answer, 503, 'SERVICE_UNAVAILABLE')
        assert.ok(answer.headers.has('retry-after'))
      }
      await unchanged(shop, async () => refused(await buy('more'), 503, 'SERVICE_UNAVAILABLE'))
      assert.equal((await shop.call('GET', '/api/v1/products')).status, 200)
      assert.equal((await shop.call('GET', '/health/ready')).status, 200)
      await shop.assertAudit()
      await sql.raw('pragma max_page_count = 1073741823').execute(ctx.db.schema)
      for (const session of sessions) {
        const answer = await buy(session)
        assert.equal(answer.status, 201, answer.text)
      }
      const orders = await ctx.db.read.selectFrom('orders').select('status').execute()
      assert.deepEqual(
        orders.map(({ status }) => status),
        sessions.map(() => 'paid'),
      )
      await shop.assertAudit()
      assertIntact(fresh.url.replace('sqlite:', ''))
    })

    // Where a file system may not be mounted, the limit above has to stand for it.
    if (!canMount()) return
    test('the same on a disk that is really full', async (t) => {
      const seed = Date.now() % 1_000_000_007
      const tally = await diskRounds({ fault: 'full', rounds: 2, seed })
      t.diagnostic(`seed ${seed}: ${JSON.stringify(tally)}`)
    })
  })
}
