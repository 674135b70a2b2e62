import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expireDue } from '../../src/domains/checkout/reconcile.ts'
import { withholdExpired } from '../../src/domains/inventory/lots.ts'
import { restock } from '../../src/domains/inventory/returns.ts'
import {
  addProduct,
  describeOnEveryDatabase,
  type OpenShop,
  type TestShop,
} from '../support/shop.ts'
import { added, checkOut, outcome, refused, refusedField, testClock, unchanged } from './support.ts'
import { openLocation, orderIdOf, shelvesOf, staffOf } from './stock-support.ts'

const minutes = 60_000

/** Milk in three lots: 2 that expire in 10 minutes, 3 in 14, 4 that keep. */
async function openWithMilk(openShop: OpenShop) {
  const clock = testClock()
  const shop = await openShop({ clock })
  const staff = await staffOf(shop)
  const milk = await addProduct(shop.ctx, { onHand: 0 })
  const at = `/variants/${milk.variantId}/supply`
  assert.equal((await staff.done('PATCH', at, { tracks_lots: true })).tracks_lots, true)
  const inMinutes = (count: number) => new Date(clock.now() + count * minutes).toISOString()
  const receive = (code: string, quantity: number, expires_at: string | null) =>
    staff.done('POST', '/stock-adjustments', {
      ...{ variant_id: milk.variantId, quantity, kind: 'receipt', lot: { code, expires_at } },
    })
  await receive('KEEPS', 4, null)
  await receive('LATER', 3, inMinutes(14))
  await receive('SOON', 2, inMinutes(10))
  return { shop, staff, milk, clock, receive, inMinutes }
}

/** On hand and reserved of each lot. */
async function lotsOf({ ctx }: TestShop): Promise<Record<string, [number, number]>> {
  const rows = await ctx.db.read
    .selectFrom('stock_lots')
    .select(['code', 'on_hand', 'reserved'])
    .orderBy('code')
    .orderBy('id')
    .execute()
  return Object.fromEntries(rows.map(({ code, on_hand, reserved }) => [code, [on_hand, reserved]]))
}

describeOnEveryDatabase('an article kept by lots', (openShop) => {
  test('is sold the first to expire first', async () => {
    const { shop, milk, staff } = await openWithMilk(openShop)
    await using _shop = shop
    await added(shop, { session: 's' }, { ...milk, quantity: 4 })
    const placed = await checkOut(shop, { session: 's' })
    assert.equal(placed.status, 201, placed.text)
    assert.deepEqual(await lotsOf(shop), { KEEPS: [4, 0], LATER: [1, 0], SOON: [0, 0] })
    const { articles } = await staff.done('GET', `/orders/${placed.body.data.number}/allocations`)
    assert.deepEqual(
      articles[0].lots.map(({ code, quantity }: { code: string; quantity: number }) => [
        code,
        quantity,
      ]),
      [
        ['SOON', 2],
        ['LATER', 2],
      ],
    )
    const ledger = await staff.done('GET', `/variants/${milk.variantId}/movements`)
    assert.deepEqual(
      ledger.map((row: Record<string, unknown>) => [row['kind'], row['quantity'], row['lot_code']]),
      [
        ['sale', -2, 'SOON'],
        ['sale', -2, 'LATER'],
        ['receipt', 2, 'SOON'],
        ['receipt', 3, 'LATER'],
        ['receipt', 4, 'KEEPS'],
      ],
    )
    await shop.assertAudit()
  })

  test('is not sold when it has expired, even before the books have noticed', async () => {
    const { shop, milk, clock } = await openWithMilk(openShop)
    await using _shop = shop
    await added(shop, { session: 's' }, { ...milk, quantity: 8 })
    clock.advance(11 * minutes)
    await unchanged(shop, async () => {
      const { details } = refused(await checkOut(shop, { session: 's' }), 409, 'INSUFFICIENT_STOCK')
      assert.equal(details.available, 7)
    })
    assert.equal(await withholdExpired(shop.ctx), 1)
    assert.equal(await withholdExpired(shop.ctx), 0)
    assert.deepEqual(await shelvesOf(shop.ctx, milk.variantId), { main: [9, 0, 2] })
    const shown = await shop.call('GET', `/api/v1/products/${milk.number}`)
    assert.equal(shown.body.data.available, 7)
    await shop.assertAudit()
  })

  test('of a lot that expires while it is reserved, is sold to who has it or to nobody', async () => {
    const { shop, milk, clock } = await openWithMilk(openShop)
    await using _shop = shop
    await added(shop, { session: 's' }, { ...milk, quantity: 1 })
    const pay = { ...outcome('timeout'), key: 'k' }
    assert.equal((await checkOut(shop, { session: 's' }, pay)).status, 503)
    await added(shop, { session: 't' }, { ...milk, quantity: 1 })
    assert.equal((await checkOut(shop, { session: 't' }, outcome('timeout'))).status, 503)
    clock.advance(11 * minutes)
    assert.equal(await withholdExpired(shop.ctx), 1)
    assert.deepEqual(await shelvesOf(shop.ctx, milk.variantId), { main: [9, 2, 0] })
    assert.equal((await checkOut(shop, { session: 's' }, pay)).status, 201)
    clock.advance(shop.ctx.config.lifetimes.holdMs)
    await expireDue(shop.ctx)
    assert.deepEqual(await shelvesOf(shop.ctx, milk.variantId), { main: [8, 0, 1] })
    await shop.assertAudit()
  })

  test('goes back to its lot, wherever that is now', async () => {
    const { shop, milk, staff } = await openWithMilk(openShop)
    await using _shop = shop
    await added(shop, { session: 's' }, { ...milk, quantity: 4 })
    const placed = await checkOut(shop, { session: 's' })
    const orderId = await orderIdOf(shop.ctx, placed.body.data.number)
    const back = (quantity: number, locationId?: string) =>
      shop.ctx.db.transaction((tx) =>
        restock(shop.ctx, tx, {
          ...{ orderId, kind: 'return', locationId },
          items: [{ variantId: milk.variantId, quantity }],
        }),
      )
    await back(3)
    const returned = await lotsOf(shop)
    assert.equal((returned['SOON']?.[0] ?? 0) + (returned['LATER']?.[0] ?? 0), 4)
    await back(1, await openLocation(staff, { code: 'north' }))
    assert.deepEqual(Object.keys(await shelvesOf(shop.ctx, milk.variantId)), ['main', 'north'])
    await assert.rejects(back(1), { code: 'STOCK_NOT_SOLD' })
    await shop.assertAudit()
  })

  test('is named with its lot whenever it is booked', async () => {
    const { shop, milk, staff, inMinutes } = await openWithMilk(openShop)
    await using _shop = shop
    const plain = await addProduct(shop.ctx)
    const body = { variant_id: milk.variantId, quantity: 1, kind: 'receipt' }
    const book = (change: object) =>
      staff.call('POST', '/stock-adjustments', { ...body, ...change })
    await unchanged(shop, async () => {
      refusedField(await book({}), 'lot')
      refusedField(await book({ lot: { code: 'NEW' } }), 'lot.expires_at')
      refusedField(
        await book({ lot: { code: 'SOON', expires_at: inMinutes(99) } }),
        'lot.expires_at',
      )
      refused(await book({ quantity: -1, lot: { code: 'NEW' } }), 404, 'NOT_FOUND')
      refused(await book({ quantity: -3, lot: { code: 'SOON' } }), 409, 'INSUFFICIENT_STOCK')
      refusedField(await book({ variant_id: plain.variantId, lot: { code: 'A' } }), 'lot')
      const level = { variant_id: milk.variantId, on_hand: 1, expected_on_hand: 9 }
      refusedField(await staff.call('PUT', '/stock-levels', level), 'variant_id')
      const at = `/variants/${milk.variantId}/supply`
      refused(await staff.call('PATCH', at, { tracks_lots: false }), 409, 'IN_USE')
      const other = `/variants/${plain.variantId}/supply`
      refused(await staff.call('PATCH', other, { tracks_lots: true }), 409, 'IN_USE')
    })
    assert.equal((await book({ lot: { code: 'SOON' } })).status, 201)
    assert.equal((await book({ quantity: -2, lot: { code: 'SOON' } })).status, 201)
    assert.deepEqual((await lotsOf(shop))['SOON'], [1, 0])
    await shop.assertAudit()
  })

  test('that has expired can be scrapped, moved and counted', async () => {
    const { shop, milk, staff, clock } = await openWithMilk(openShop)
    await using _shop = shop
    const { variantId } = milk
    const north = await openLocation(staff, { code: 'north' })
    const [main] = await staff.done('GET', '/locations')
    const moved = await staff.done('POST', '/stock-transfers', {
      ...{ from_location_id: main.id, to_location_id: north },
      lines: [{ variant_id: variantId, quantity: 3 }],
    })
    assert.deepEqual(
      moved.lines.map(({ lot_code, quantity }: Record<string, unknown>) => [lot_code, quantity]),
      [
        ['SOON', 2],
        ['LATER', 1],
      ],
    )
    clock.advance(11 * minutes)
    await withholdExpired(shop.ctx)
    // Tokens are good for a quarter of an hour.
    const fresh = await staffOf(shop)
    await fresh.done('POST', `/stock-transfers/${moved.id}/receipts`, {})
    await withholdExpired(shop.ctx)
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [6, 0, 0], north: [3, 0, 2] })
    await shop.assertAudit()
    const { id } = await fresh.done('POST', '/stock-takes', { location_id: north })
    const lines = [
      { variant_id: variantId, lot_code: 'SOON', counted: 1 },
      { variant_id: variantId, lot_code: 'LATER', counted: 2 },
    ]
    await fresh.done('POST', `/stock-takes/${id}/counts`, { lines })
    await fresh.done('POST', `/stock-takes/${id}/posting`)
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [6, 0, 0], north: [3, 0, 1] })
    await fresh.done('POST', '/stock-adjustments', {
      ...{ variant_id: variantId, quantity: -1, kind: 'scrap', reason: 'expired' },
      ...{ location_id: north, lot: { code: 'SOON' } },
    })
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [6, 0, 0], north: [2, 0, 0] })
    const shown = await fresh.done('GET', `/variants/${variantId}/lots`)
    assert.equal(shown.length, 5)
    await shop.assertAudit()
  })
})
