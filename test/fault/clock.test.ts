import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { deleteExpiredClaims } from '../../src/db/idempotency.ts'
import { enqueue, listPendingEvents, takeEvents } from '../../src/db/outbox.ts'
import { deliverPending } from '../../src/db/relay.ts'
import { forgetExpiredCarts } from '../../src/domains/cart/cart.ts'
import { expireDue, reconcileDue } from '../../src/domains/checkout/reconcile.ts'
import {
  add,
  added,
  checkOut,
  linesOf,
  orderStatuses,
  outcome,
  refused,
  stockOf,
  testClock,
  type TestClock,
} from '../api/support.ts'
import { engines, reportMissing } from '../support/databases.ts'
import { addProduct, openShopOn, signUp, type TestShop } from '../support/shop.ts'

const hourMs = 3_600_000
const holdMs = 15 * 60_000
const cartMs = 30 * 24 * hourMs
const keyMs = 24 * hourMs
const tokenMs = 900_000
const leaseMs = 30_000
const who = { session: 'one' }

/** Moments shortly before clocks are put forward or back, and one like any other. */
const moments: readonly (readonly [string, string, number])[] = [
  ['on an ordinary day', 'UTC', Date.UTC(2026, 5, 17, 10)],
  ['when summer time begins', 'Europe/Berlin', Date.UTC(2026, 2, 29, 0, 55)],
  ['when summer time ends', 'Europe/Berlin', Date.UTC(2026, 9, 25, 0, 55)],
  ['when the hour is repeated', 'America/New_York', Date.UTC(2026, 10, 1, 5, 55)],
]

/** Whether it has come to pass at `ms`, and not one millisecond before. */
async function assertDueAt(clock: TestClock, ms: number, isDue: () => Promise<boolean>) {
  clock.advance(ms - 1)
  assert.equal(await isDue(), false, 'too early')
  clock.advance(1)
  assert.equal(await isDue(), true, 'too late')
}

async function pendingOrder(shop: TestShop) {
  const { variantId } = await addProduct(shop.ctx, { onHand: 3 })
  await added(shop, who, { variantId, quantity: 2 })
  refused(
    await checkOut(shop, who, { key: 'k', ...outcome('timeout') }),
    503,
    'PAYMENT_UNAVAILABLE',
  )
  return variantId
}

for (const engine of engines()) {
  describe(`time (${engine.name})`, () => {
    if (engine.missing !== undefined) return reportMissing(engine.name, engine.missing)

    const open = async (startMs?: number) => {
      const fresh = await engine.fresh()
      const clock = testClock(startMs)
      const shop = await openShopOn(fresh.url, { clock }, async () => fresh[Symbol.asyncDispose]())
      return { clock, shop, [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose]() }
    }

    for (const [name, zone, startMs] of moments) {
      test(`holds, carts, keys and tokens last to the millisecond ${name}`, async () => {
        const zoneBefore = process.env['TZ']
        process.env['TZ'] = zone
        try {
          await using opened = await open(startMs)
          const { shop, clock } = opened
          await assertLifetimes(shop, clock)
          await shop.assertAudit()
        } finally {
          if (zoneBefore === undefined) delete process.env['TZ']
          else process.env['TZ'] = zoneBefore
        }
      })
    }

    test('a clock that jumps an hour ahead and back costs nobody money or goods', async () => {
      await using opened = await open()
      const { shop, clock } = opened
      const variantId = await pendingOrder(shop)
      clock.advance(hourMs)
      assert.equal(await expireDue(shop.ctx), 1)
      assert.deepEqual({ ...(await stockOf(shop.ctx, variantId)) }, { on_hand: 3, reserved: 0 })
      clock.advance(-hourMs)
      clock.advance(31_000)
      await reconcileDue(shop.ctx)
      assert.deepEqual(await orderStatuses(shop.ctx), ['paid'])
      assert.deepEqual({ ...(await stockOf(shop.ctx, variantId)) }, { on_hand: 1, reserved: 0 })
      await shop.assertAudit()
    })

    test('a clock that jumps an hour back frees nothing early, and a repetition still pays', async () => {
      await using opened = await open()
      const { shop, clock } = opened
      const variantId = await pendingOrder(shop)
      clock.advance(-hourMs)
      assert.equal(await expireDue(shop.ctx), 0)
      assert.deepEqual({ ...(await stockOf(shop.ctx, variantId)) }, { on_hand: 3, reserved: 2 })
      const answer = await checkOut(shop, who, { key: 'k', ...outcome('timeout') })
      assert.equal(answer.status, 201, answer.text)
      await shop.assertAudit()
    })

    test('an event that a node took before it died is delivered by another half a minute later', async () => {
      await using opened = await open()
      const { shop, clock } = opened
      const { ctx } = shop
      const payload = { order_id: 'one', number: 1 }
      await ctx.db.transaction((tx) => enqueue(ctx, tx, { topic: 'order.refunded', payload }))
      const now = clock.now()
      const [event] = await listPendingEvents(ctx.db.read, { now, limit: 1 })
      const taken = { id: event?.id ?? '', due_at: now, until_at: now + leaseMs }
      await ctx.db.transaction((tx) => takeEvents(tx, [taken]))
      await assertDueAt(clock, leaseMs, async () => (await deliverPending(ctx)) === 1)
      assert.equal(await deliverPending(ctx), 0)
    })

    test('a token outlives a clock that jumps back, and not one that jumps ahead', async () => {
      await using opened = await open()
      const { shop, clock } = opened
      const { token } = await signUp(shop)
      const me = async () => (await shop.call('GET', '/api/v1/customers/me', { token })).status
      assert.equal(await me(), 200)
      clock.advance(-hourMs)
      assert.equal(await me(), 200)
      clock.advance(2 * hourMs)
      assert.equal(await me(), 401)
      clock.advance(-hourMs)
      assert.equal(await me(), 200)
    })
  })
}

async function assertLifetimes(shop: TestShop, clock: TestClock): Promise<void> {
  const { ctx } = shop
  await pendingOrder(shop)
  await assertDueAt(clock, holdMs, async () => (await expireDue(ctx)) === 1)
  const { token } = await signUp(shop)
  await assertDueAt(clock, tokenMs, async () => {
    const { status } = await shop.call('GET', '/api/v1/customers/me', { token })
    return status === 401
  })
  const { variantId } = await addProduct(ctx)
  const other = { session: 'two' }
  await add(shop, other, { variantId, key: 'once' })
  await assertDueAt(clock, keyMs, async () => {
    await ctx.db.transaction((tx) => deleteExpiredClaims(tx, { now: ctx.clock.now() }))
    const answer = await add(shop, other, { variantId, key: 'once' })
    return !answer.headers.has('idempotent-replayed')
  })
  assert.deepEqual((await linesOf(shop, other))[0]?.[1], 2)
  await assertDueAt(clock, cartMs, async () => {
    await ctx.db.transaction((tx) => forgetExpiredCarts(ctx, tx))
    return (await linesOf(shop, other)).length === 0
  })
}
