import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { expireDue, reconcileDue } from '../../src/domains/checkout/reconcile.ts'
import { added, refused, stockOf } from '../api/support.ts'
import type { Fault } from '../provider/faults.ts'
import { accounts, startProvider, type Provider } from '../provider/provider.ts'
import { engines, reportMissing } from '../support/databases.ts'
import { addProduct } from '../support/shop.ts'
import { assertMoney } from './provider-checks.ts'
import { openRig, patientMs, pay, providerRounds, untilSettled, type Rig } from './provider.ts'

/** Faults of a charge: whether money moved, and whether it may still move later. */
const troubles: readonly (readonly [Fault, 'paid' | 'cancelled'])[] = [
  ['timeout-after', 'paid'],
  ['500-after', 'paid'],
  ['409-after', 'paid'],
  ['429-after', 'paid'],
  ['reset-after', 'paid'],
  ['broken-json', 'paid'],
  ['timeout-before', 'cancelled'],
  ['500-before', 'cancelled'],
  ['409-before', 'cancelled'],
  ['429-before', 'cancelled'],
  ['reset-before', 'cancelled'],
]

const minuteMs = 60_000
/** One buyer whose money moved while the shop heard nothing, and whose hold then ran out. */
async function paidTooLate({ shop, clock, provider }: Rig, session: string) {
  const { variantId } = await addProduct(shop.ctx, { onHand: 2 })
  await added(shop, { session }, { variantId, quantity: 2 })
  await provider.behave({ script: ['reset-after'] })
  refused(await pay(shop, session), 503, 'PAYMENT_UNAVAILABLE')
  clock.advance(16 * minuteMs)
  assert.equal(await expireDue(shop.ctx), 1)
  assert.deepEqual({ ...(await stockOf(shop.ctx, variantId)) }, { on_hand: 2, reserved: 0 })
  return variantId
}

/** The orders of a buyer, oldest first. */
async function ordersOf({ shop }: Rig, session: string) {
  return shop.ctx.db.read
    .selectFrom('orders')
    .select(['id', 'status'])
    .where('email', '=', `${session}@example.com`)
    .orderBy('number')
    .execute()
}

const statusesOf = async (rig: Rig, session: string) =>
  (await ordersOf(rig, session)).map(({ status }) => status)

for (const engine of engines()) {
  describe(`a payment provider that fails (${engine.name})`, () => {
    if (engine.missing !== undefined) return reportMissing(engine.name, engine.missing)
    let provider: Provider
    let rig: Rig & AsyncDisposable
    before(async () => {
      provider = await startProvider()
      rig = await openRig(engine, provider)
    })
    afterEach(async () => {
      await untilSettled(rig)
      await assertMoney(rig)
      await rig.shop.assertAudit()
    })
    after(async () => {
      await rig[Symbol.asyncDispose]()
      await provider[Symbol.asyncDispose]()
    })

    for (const [fault, outcome] of troubles) {
      test(`after ${fault} the order is ${outcome}, as the provider's books say`, async () => {
        const session = `once-${fault}`
        const { variantId } = await addProduct(rig.shop.ctx)
        await added(rig.shop, { session }, { variantId })
        await provider.behave({ script: [fault] })
        const answer = await pay(rig.shop, session)
        refused(answer, 503, 'PAYMENT_UNAVAILABLE')
        assert.ok(answer.headers.has('retry-after'))
        await untilSettled(rig)
        assert.deepEqual(await statusesOf(rig, session), [outcome])
      })

      test(`a repetition with the same key after ${fault} leads to one charge`, async () => {
        const { shop, clock } = rig
        const session = `again-${fault}`
        const { variantId } = await addProduct(shop.ctx)
        await added(shop, { session }, { variantId })
        await provider.behave({ script: [fault] })
        refused(await pay(shop, session), 503, 'PAYMENT_UNAVAILABLE')
        if (outcome === 'cancelled') {
          refused(await pay(shop, session), 409, 'REQUEST_IN_PROGRESS')
          clock.advance(31_000)
          await reconcileDue(shop.ctx)
          refused(await pay(shop, session), 503, 'PAYMENT_UNAVAILABLE')
        }
        const answer = await pay(shop, session)
        assert.equal(answer.status, 201, answer.text)
        assert.equal((await pay(shop, session)).text, answer.text)
        const orders = await ordersOf(rig, session)
        const expected = outcome === 'cancelled' ? ['cancelled', 'paid'] : ['paid']
        assert.deepEqual(await statusesOf(rig, session), expected)
        const books = accounts(provider.entries())
        const charged = orders.map(({ id }) => books.get(id)?.charged ?? 0)
        assert.deepEqual(charged, outcome === 'cancelled' ? [0, 1] : [1])
      })
    }

    test('money that comes after the hold ran out reserves the stock again', async () => {
      const { shop } = rig
      const variantId = await paidTooLate(rig, 'late')
      await reconcileDue(shop.ctx)
      assert.deepEqual(await statusesOf(rig, 'late'), ['paid'])
      assert.deepEqual({ ...(await stockOf(shop.ctx, variantId)) }, { on_hand: 0, reserved: 0 })
      assert.equal((await pay(shop, 'late')).status, 201)
    })

    test('money that comes after the stock was sold to others is given back, and said so', async () => {
      const { shop, clock } = rig
      const variantId = await paidTooLate(rig, 'slow')
      await added(shop, { session: 'quick' }, { variantId, quantity: 1 })
      assert.equal((await pay(shop, 'quick')).status, 201)
      refused(await pay(shop, 'slow'), 409, 'PAYMENT_REFUNDED')
      for (const refund of ['500-before', 'reset-after'] as const) {
        // It stays owed until the provider says that it has given the money back.
        await provider.behave({ always: { refund } })
        await reconcileDue(shop.ctx)
        const [payment] = await shop.ctx.db.read
          .selectFrom('payments')
          .select(['order_id', 'status'])
          .where('status', '=', 'refund_due')
          .execute()
        assert.equal(payment?.order_id, (await ordersOf(rig, 'slow'))[0]?.id)
        clock.advance(31_000)
      }
      await untilSettled(rig)
      assert.deepEqual(await statusesOf(rig, 'slow'), ['cancelled'])
      refused(await pay(shop, 'slow'), 409, 'PAYMENT_REFUNDED')
    })

    test('a charge that is made long after the shop asked in vain is given back', async () => {
      const { shop, clock } = rig
      const session = 'unlucky'
      const { variantId } = await addProduct(shop.ctx)
      await added(shop, { session }, { variantId })
      await provider.behave({ script: ['late'], lateMs: patientMs + 1_000 })
      refused(await pay(shop, session), 503, 'PAYMENT_UNAVAILABLE')
      clock.advance(31_000)
      await reconcileDue(shop.ctx)
      assert.deepEqual(await statusesOf(rig, session), ['cancelled'])
      const [order] = await ordersOf(rig, session)
      const charged = () => accounts(provider.entries()).get(order?.id ?? '')?.charged
      while (charged() !== 1) await sleep(20)
      await untilSettled(rig)
      assert.equal(accounts(provider.entries()).get(order?.id ?? '')?.balanceMinor, 0)
    })

    test('everything at once, by chance', async (t) => {
      const seed = Date.now() % 1_000_000_007
      const tally = await providerRounds({ engine, rounds: 2, seed })
      t.diagnostic(`seed ${seed}: ${JSON.stringify(tally)}`)
    })
  })
}
