import assert from 'node:assert/strict'
import { test } from 'node:test'
import { restock, sellMore } from '../../src/domains/inventory/returns.ts'
import { addProduct, describeOnEveryDatabase, type TestShop } from '../support/shop.ts'
import { add, added, checkOut, outcome, refused, refusedField, unchanged } from './support.ts'
import { openLocation, orderIdOf, shelvesOf, staffOf } from './stock-support.ts'

/** A set of two lamps and a shade, with 7 lamps and 3 shades there. */
async function openWithSet(shop: TestShop) {
  const staff = await staffOf(shop)
  const lamp = await addProduct(shop.ctx, { onHand: 7 })
  const shade = await addProduct(shop.ctx, { onHand: 3 })
  const set = await addProduct(shop.ctx, { onHand: 0, priceMinor: 2_500 })
  const parts = [
    { variant_id: lamp.variantId, quantity: 2 },
    { variant_id: shade.variantId, quantity: 1 },
  ]
  await staff.done('PATCH', `/variants/${set.variantId}/supply`, { parts })
  return { staff, lamp, shade, set }
}

const onHand = async ({ ctx }: TestShop, { variantId }: { variantId: string }) =>
  (await shelvesOf(ctx, variantId))['main']?.[0]

describeOnEveryDatabase('a bundle', (openShop) => {
  test('is there as often as its scarcest part allows, and costs what it costs', async () => {
    await using shop = await openShop()
    const { set, lamp, staff } = await openWithSet(shop)
    const one = (await shop.call('GET', `/api/v1/products/${set.number}`)).body.data
    assert.deepEqual([one.available, one.variants[0].available], [3, 3])
    const list = async (query: string) =>
      (await shop.call('GET', `/api/v1/products?${query}`)).body.data as {
        number: number
        available: number
      }[]
    const shown = async (query: string) =>
      (await list(query)).filter(({ number }) => number === set.number)
    assert.deepEqual(
      (await shown('in_stock=true')).map(({ available }) => available),
      [3],
    )
    assert.deepEqual(await shown('in_stock=false'), [])
    await staff.done('POST', '/stock-adjustments', {
      ...{ variant_id: lamp.variantId, quantity: -6, kind: 'scrap', reason: 'damaged' },
    })
    assert.deepEqual(
      (await shown('in_stock=false')).map(({ available }) => available),
      [0],
    )
    await shop.assertAudit()
  })

  test('takes its parts, of which the demand of all lines is summed', async () => {
    await using shop = await openShop()
    const { staff, set, lamp, shade } = await openWithSet(shop)
    const who = { session: 's' }
    await added(shop, who, { ...set, quantity: 3 })
    await added(shop, who, { ...lamp, quantity: 2 })
    await unchanged(shop, async () => {
      const { details } = refused(await checkOut(shop, who), 409, 'INSUFFICIENT_STOCK')
      assert.deepEqual([details.sku, details.available, details.requested], [lamp.sku, 7, 8])
    })
    assert.equal((await shop.call('DELETE', '/api/v1/cart', who)).status, 200)
    await added(shop, who, { ...set, quantity: 3 })
    await added(shop, who, { ...lamp, quantity: 1 })
    const placed = await checkOut(shop, who)
    assert.equal(placed.status, 201, placed.text)
    assert.equal(placed.body.data.subtotal.amount, '85.00')
    assert.deepEqual([await onHand(shop, lamp), await onHand(shop, shade)], [0, 0])
    const kept = await staff.done('GET', `/orders/${placed.body.data.number}/allocations`)
    assert.deepEqual(kept.bundles, [
      {
        variant_id: set.variantId,
        parts: [
          { variant_id: lamp.variantId, sku: lamp.sku, quantity: 2 },
          { variant_id: shade.variantId, sku: shade.sku, quantity: 1 },
        ],
      },
    ])
    assert.deepEqual(
      kept.articles.map((row: Record<string, unknown>) => [row['sku'], row['quantity']]),
      [
        [lamp.sku, 7],
        [shade.sku, 3],
      ],
    )
    await shop.assertAudit()
  })

  test('gives its parts back, those that it was bought with', async () => {
    await using shop = await openShop()
    const { staff, set, lamp, shade } = await openWithSet(shop)
    await added(shop, { session: 's' }, { ...set, quantity: 2 })
    const placed = await checkOut(shop, { session: 's' })
    const orderId = await orderIdOf(shop.ctx, placed.body.data.number)
    const parts = [{ variant_id: lamp.variantId, quantity: 1 }]
    await staff.done('PATCH', `/variants/${set.variantId}/supply`, { parts })
    const items = [{ variantId: set.variantId, quantity: 1 }]
    await unchanged(shop, async () => {
      const more = shop.ctx.db.transaction((tx) => sellMore(shop.ctx, tx, { orderId, items }))
      await assert.rejects(more, { code: 'BUNDLE_CHANGED' })
    })
    const back = { orderId, items, kind: 'return' as const }
    await shop.ctx.db.transaction((tx) => restock(shop.ctx, tx, back))
    assert.deepEqual([await onHand(shop, lamp), await onHand(shop, shade)], [5, 2])
    await shop.assertAudit()
  })

  test('gives its parts back when the payment fails', async () => {
    await using shop = await openShop()
    const { set, lamp, shade } = await openWithSet(shop)
    await added(shop, { session: 's' }, { ...set, quantity: 3 })
    assert.equal((await checkOut(shop, { session: 's' }, outcome('decline'))).status, 422)
    assert.deepEqual(await shelvesOf(shop.ctx, lamp.variantId), { main: [7, 0, 0] })
    assert.deepEqual(await shelvesOf(shop.ctx, shade.variantId), { main: [3, 0, 0] })
    assert.equal((await checkOut(shop, { session: 's' })).status, 201)
    await shop.assertAudit()
  })

  test('may have its parts at several places', async () => {
    await using shop = await openShop()
    const { staff, set, shade } = await openWithSet(shop)
    await openLocation(staff, { code: 'north', priority: 1 }, { [shade.variantId]: 4 })
    assert.equal((await shop.call('GET', `/api/v1/products/${set.number}`)).body.data.available, 3)
    await added(shop, { session: 's' }, { ...set, quantity: 3 })
    await added(shop, { session: 's' }, { ...shade, quantity: 2 })
    assert.equal((await checkOut(shop, { session: 's' })).status, 201)
    assert.deepEqual(await shelvesOf(shop.ctx, shade.variantId), {
      main: [0, 0, 0],
      north: [2, 0, 0],
    })
    await shop.assertAudit()
  })

  test('has no stock of its own, no bundles in it, and itself least of all', async () => {
    await using shop = await openShop()
    const { staff, set, lamp } = await openWithSet(shop)
    const plain = await addProduct(shop.ctx, { onHand: 0 })
    await unchanged(shop, async () => {
      const receipt = { variant_id: set.variantId, quantity: 1, kind: 'receipt' }
      refusedField(await staff.call('POST', '/stock-adjustments', receipt), 'variant_id')
      const supply = (product: { variantId: string }, body: object) =>
        staff.call('PATCH', `/variants/${product.variantId}/supply`, body)
      const made = (variant_id: string) => ({ parts: [{ variant_id, quantity: 1 }] })
      refusedField(await supply(plain, made(set.variantId)), 'parts')
      refusedField(await supply(plain, made(plain.variantId)), 'parts')
      refused(await supply(plain, made(shop.ctx.newId())), 404, 'NOT_FOUND')
      refused(await supply(lamp, made(plain.variantId)), 409, 'IN_USE')
      refusedField(await supply(set, { tracks_lots: true }), 'tracks_lots')
      refusedField(await supply(set, { back_orders: { limit: 1 } }), 'back_orders')
      const too = await add(shop, { session: 's' }, { ...set, quantity: 4 })
      refused(too, 409, 'INSUFFICIENT_STOCK')
    })
    const undone = await staff.done('PATCH', `/variants/${set.variantId}/supply`, { parts: [] })
    assert.deepEqual([undone.parts, undone.available], [[], 0])
    await shop.assertAudit()
  })
})
