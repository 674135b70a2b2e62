import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { reconcileDue } from '../../src/domains/checkout/reconcile.ts'
import { added, unchanged } from '../api/support.ts'
import { startProvider } from '../provider/provider.ts'
import { engines, reportMissing } from '../support/databases.ts'
import { addProduct } from '../support/shop.ts'
import { openRig, pay, untilSettled } from './provider.ts'
import { captured, orderOf, settleBy, settleOn } from './provider-settle.ts'

for (const engine of engines()) {
  describe(`one payment settled from all sides (${engine.name})`, () => {
    if (engine.missing !== undefined) return reportMissing(engine.name, engine.missing)

    test('twenty at once change its state once, and a late failure does not', async () => {
      await using provider = await startProvider()
      await using rig = await openRig(engine, provider)
      const seed = Date.now() % 1_000_000_007
      const tally = await settleOn(rig, { engine, rounds: 10, seed })
      assert.equal(tally.attempts, 200)
    })

    test('a late failure of a paid order changes not one row', async () => {
      await using provider = await startProvider()
      await using rig = await openRig(engine, provider)
      const { shop } = rig
      const { variantId } = await addProduct(shop.ctx)
      await added(shop, { session: 'one' }, { variantId })
      assert.equal((await pay(shop, 'one')).status, 201)
      const orderId = await orderOf(shop.ctx, 'one')
      await unchanged(shop, () => settleBy(shop.ctx, orderId, { kind: 'failed', code: 'late' }))
      await unchanged(shop, () => settleBy(shop.ctx, orderId, captured(orderId)))
      await shop.assertAudit()
    })

    test('a payment that cannot be settled does not hold up the others', async () => {
      await using provider = await startProvider()
      await using rig = await openRig(engine, provider)
      const { shop, clock } = rig
      const { variantId } = await addProduct(shop.ctx)
      for (const session of ['stuck', 'next']) {
        await added(shop, { session }, { variantId })
        await provider.behave({ script: ['500-after'] })
        assert.equal((await pay(shop, session)).status, 503)
        clock.advance(1_000)
      }
      // Damage that should never be: the cart of the first order is not in checkout any more.
      const stuck = await orderOf(shop.ctx, 'stuck')
      const setCart = (status: 'open' | 'checkout') =>
        shop.ctx.db.transaction(async (tx) => {
          const { cart_id: id } = await tx
            .selectFrom('orders')
            .select('cart_id')
            .where('id', '=', stuck)
            .executeTakeFirstOrThrow()
          await tx.updateTable('carts').set({ status }).where('id', '=', id).execute()
        })
      await setCart('open')
      clock.advance(31_000)
      await reconcileDue(shop.ctx)
      const rows = await shop.ctx.db.read
        .selectFrom('payments')
        .select('status')
        .orderBy('created_at')
        .execute()
      assert.deepEqual(
        rows.map(({ status }) => status),
        ['pending', 'captured'],
      )
      assert.equal((await pay(shop, 'next')).status, 201)
      await setCart('checkout')
      await untilSettled(rig)
      await shop.assertAudit()
    })
  })
}
