import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Context } from '../../src/context.ts'
import { attemptsMax } from '../../src/core/backoff.ts'
import { enqueue } from '../../src/db/outbox.ts'
import { deliverPending } from '../../src/db/relay.ts'
import { describeOnEveryDatabase } from '../support/shop.ts'
import { testClock } from './support.ts'

/** Orders that are nowhere: what is told of an order may be looked up by its id. */
const ids = {
  one: '00000000-0000-7000-8000-000000000001',
  bad: '00000000-0000-7000-8000-000000000002',
  two: '00000000-0000-7000-8000-000000000003',
} as const

const announce = (ctx: Context, order_id: string) =>
  ctx.db.transaction((tx) =>
    enqueue(ctx, tx, { topic: 'order.refund_due', payload: { order_id, number: 1 } }),
  )

/** The same shop with a subscriber, the one that writes events to the log, that fails for one. */
function failingFor(ctx: Context, orderId: string): { ctx: Context; heard: string[] } {
  const heard: string[] = []
  const log = Object.create(ctx.log, {
    debug: {
      value: ({ payload }: { payload: string }) => {
        const { order_id } = JSON.parse(payload) as { order_id: string }
        heard.push(order_id)
        if (order_id === orderId) throw new Error('the subscriber fails')
      },
    },
  }) as Context['log']
  return { ctx: { ...ctx, log }, heard }
}

const rowsOf = async ({ db }: Context) => {
  const rows = await db.read.selectFrom('outbox').select(['status', 'attempts']).execute()
  return rows.map(({ status, attempts }) => `${status} ${attempts}`).sort()
}

describeOnEveryDatabase('an event', (openShop) => {
  test('that a subscriber fails to hear is told again later, and holds up no other', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    const { ctx, heard } = failingFor(shop.ctx, ids.bad)
    for (const id of Object.values(ids)) await announce(ctx, id)
    assert.equal(await deliverPending(ctx), 3)
    assert.deepEqual(heard.toSorted(), Object.values(ids))
    assert.deepEqual(await rowsOf(ctx), ['delivered 0', 'delivered 0', 'pending 1'])
    clock.advance(9_999)
    assert.equal(await deliverPending(ctx), 0)
    clock.advance(1)
    assert.equal(await deliverPending(ctx), 1)
    clock.advance(19_999)
    assert.equal(await deliverPending(ctx), 0)
    clock.advance(1)
    assert.equal(await deliverPending(shop.ctx), 1)
    assert.deepEqual(await rowsOf(ctx), ['delivered 0', 'delivered 0', 'delivered 2'])
    assert.deepEqual(heard.toSorted(), [ids.bad, ...Object.values(ids)].toSorted())
  })

  test('is put aside when it could not be told for a day', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    const { ctx, heard } = failingFor(shop.ctx, ids.bad)
    await announce(ctx, ids.bad)
    for (let attempts = 0; attempts < attemptsMax; attempts++) {
      assert.equal(await deliverPending(ctx), 1)
      clock.advance(3_600_000)
    }
    assert.equal(await deliverPending(ctx), 0)
    assert.equal(heard.length, attemptsMax)
    assert.deepEqual(await rowsOf(ctx), [`failed ${attemptsMax}`])
  })
})
