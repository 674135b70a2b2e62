import assert from 'node:assert/strict'
import { test } from 'node:test'
import { restock, sellMore } from '../../src/domains/inventory/returns.ts'
import { addProduct, describeOnEveryDatabase, type TestShop } from '../support/shop.ts'
import { added, checkOut, unchanged } from './support.ts'
import { movesOf, openLocation, orderIdOf, shelvesOf, staffOf } from './stock-support.ts'

async function bought(shop: TestShop, items: readonly { variantId: string; quantity: number }[]) {
  for (const item of items) await added(shop, { session: 's' }, item)
  const placed = await checkOut(shop, { session: 's' })
  assert.equal(placed.status, 201, placed.text)
  return orderIdOf(shop.ctx, placed.body.data.number as number)
}

const back = (shop: TestShop, restocking: Parameters<typeof restock>[2]) =>
  shop.ctx.db.transaction((tx) => restock(shop.ctx, tx, restocking))

describeOnEveryDatabase('goods of an order', (openShop) => {
  test('go back to where they were sold from, once', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId, sku } = await addProduct(shop.ctx, { onHand: 2 })
    await openLocation(staff, { code: 'north', priority: 1 }, { [variantId]: 3 })
    const orderId = await bought(shop, [{ variantId, quantity: 4 }])
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [0, 0, 0], north: [1, 0, 0] })
    const items = [{ variantId, quantity: 3 }]
    await back(shop, { orderId, items, kind: 'cancellation' })
    const shelves = Object.values(await shelvesOf(shop.ctx, variantId)).map(([onHand]) => onHand)
    assert.deepEqual(shelves.toSorted(), [2, 2])
    await unchanged(shop, async () => {
      await assert.rejects(back(shop, { orderId, items, kind: 'return' }), {
        code: 'STOCK_NOT_SOLD',
        details: { sku, available: 1, requested: 3 },
      })
    })
    await back(shop, { orderId, items: [{ variantId, quantity: 1 }], kind: 'return' })
    const moves = await movesOf(shop.ctx, variantId)
    assert.deepEqual(moves.at(-1), ['return', 1])
    await shop.assertAudit()
  })

  test('go where they are told to, even where the article has never been', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId } = await addProduct(shop.ctx, { onHand: 2 })
    const orderId = await bought(shop, [{ variantId, quantity: 2 }])
    const locationId = await openLocation(staff, { code: 'returns' })
    const items = [{ variantId, quantity: 2 }]
    await back(shop, { orderId, items, kind: 'return', locationId })
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [0, 0, 0], returns: [2, 0, 0] })
    await shop.assertAudit()
  })

  test('can become more, as long as there are some', async () => {
    await using shop = await openShop()
    const lamp = await addProduct(shop.ctx, { onHand: 3 })
    const shade = await addProduct(shop.ctx, { onHand: 1 })
    const orderId = await bought(shop, [{ ...lamp, quantity: 2 }])
    const more = (items: { variantId: string; quantity: number }[]) =>
      shop.ctx.db.transaction((tx) => sellMore(shop.ctx, tx, { orderId, items }))
    await unchanged(shop, async () => {
      await assert.rejects(more([{ variantId: lamp.variantId, quantity: 2 }]), {
        code: 'INSUFFICIENT_STOCK',
      })
    })
    await more([
      { variantId: lamp.variantId, quantity: 1 },
      { variantId: shade.variantId, quantity: 1 },
    ])
    assert.deepEqual(await shelvesOf(shop.ctx, lamp.variantId), { main: [0, 0, 0] })
    assert.deepEqual(await shelvesOf(shop.ctx, shade.variantId), { main: [0, 0, 0] })
    await back(shop, { orderId, items: [{ ...lamp, quantity: 3 }], kind: 'return' })
    assert.deepEqual(await shelvesOf(shop.ctx, lamp.variantId), { main: [3, 0, 0] })
    assert.deepEqual(await movesOf(shop.ctx, lamp.variantId), [
      ['receipt', 3],
      ['sale', -2],
      ['sale', -1],
      ['return', 3],
    ])
  })
})
