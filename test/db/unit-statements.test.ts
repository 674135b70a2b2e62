import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recorded } from '../../bench/recording.ts'
import { buildApp } from '../../src/app.ts'
import { startTracking } from '../../src/domains/unit/tracking.ts'
import { newSerials, receiveUnits } from '../../src/domains/unit/units.ts'
import {
  addProduct,
  checkoutBody,
  describeOnEveryDatabase,
  type TestShop,
} from '../support/shop.ts'

/** What it costs to receive units, to buy some articles of which each has its own, and to look. */
async function costsOf(shop: TestShop, { units, articles }: { units: number; articles: number }) {
  const { ctx, take } = recorded(shop.ctx)
  const { app } = await buildApp(ctx)
  const headers = { 'session-id': `tracking-${units}` }
  const call = async (method: 'GET' | 'POST', url: string, payload?: object) => {
    const answer = await app.inject({ method, url, headers, ...(payload ? { payload } : {}) })
    assert.ok(answer.statusCode < 300, answer.body)
    return answer.json<{ data: { number: number; token: string; lines: { units: object[] }[] } }>()
  }
  const received: number[] = []
  for (let article = 0; article < articles; article++) {
    const { variantId } = await addProduct(shop.ctx, { onHand: 0 })
    await ctx.db.transaction(async (tx) => {
      await startTracking(ctx, tx, { variantId, serials: new Map() })
    })
    take()
    const serials = newSerials(units)
    const place = { location: undefined, note: undefined }
    await ctx.db.transaction((tx) => receiveUnits(ctx, tx, { variantId, serials, ...place }))
    received.push(take().statements.length)
    await call('POST', '/api/v1/cart/items', { variant_id: variantId, quantity: units })
  }
  take()
  const body = { ...checkoutBody, payment_method: 'manual' }
  const { data: order } = await call('POST', '/api/v1/checkout', body)
  const sold = take().statements.length
  const path = `/api/v1/orders/${order.number}?token=${order.token}`
  const { data: read } = await call('GET', path)
  assert.deepEqual(
    read.lines.map((line) => line.units.length),
    Array.from({ length: articles }, () => units),
  )
  await app.close()
  return { received: new Set(received), sold, read: take().statements.length }
}

describeOnEveryDatabase('statements about units', (openShop) => {
  test('are as many for a thousand units, or for twenty articles, as for one', async () => {
    await using shop = await openShop()
    const one = await costsOf(shop, { units: 1, articles: 1 })
    assert.deepEqual(await costsOf(shop, { units: 50, articles: 20 }), one)
    assert.deepEqual(await costsOf(shop, { units: 1_000, articles: 1 }), one)
    assert.equal(one.received.size, 1)
    await shop.assertAudit()
  })
})
