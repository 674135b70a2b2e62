import assert from 'node:assert/strict'
import { test } from 'node:test'
import { restock } from '../../src/domains/inventory/returns.ts'
import { added, checkOut, outcome } from '../api/support.ts'
import { openLocation, orderIdOf, shelvesOf, staffOf } from '../api/stock-support.ts'
import { addProduct, describeOnEveryDatabase, type TestShop } from '../support/shop.ts'
import { inParallel, tally } from './support.ts'

const width = 32
const session = (name: string | number) => ({ session: `buyer-${name}` })

const rush = (shop: TestShop, buyers: number) =>
  inParallel(buyers, width, (buyer) => checkOut(shop, session(buyer)))

describeOnEveryDatabase('thousands of buyers of 100 pieces at two locations', (openShop) => {
  test('get exactly 100 of them', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId } = await addProduct(shop.ctx, { onHand: 60 })
    await openLocation(staff, { code: 'north', priority: 1 }, { [variantId]: 40 })
    // All of the 5,000 where they take the shortest.
    const buyers = shop.ctx.db.dialect.can.rowLocks ? 1_000 : 5_000
    await inParallel(buyers, width, (buyer) => added(shop, session(buyer), { variantId }))
    const counts = tally(await rush(shop, buyers))
    assert.deepEqual(counts, { 201: 100, '409 INSUFFICIENT_STOCK': buyers - 100 })
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [0, 0, 0], north: [0, 0, 0] })
    await shop.assertAudit()
  })
})

describeOnEveryDatabase('a rush at several locations', (openShop) => {
  test('splits orders without losing or doubling a piece', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId } = await addProduct(shop.ctx, { onHand: 25 })
    await openLocation(staff, { code: 'north', priority: 1 }, { [variantId]: 25 })
    await openLocation(staff, { code: 'south', priority: 2 }, { [variantId]: 10 })
    await inParallel(60, width, (buyer) => added(shop, session(buyer), { variantId, quantity: 3 }))
    const counts = tally(await rush(shop, 60))
    assert.deepEqual(counts, { 201: 20, '409 INSUFFICIENT_STOCK': 40 })
    await shop.assertAudit()
  })

  test('sells as many before they are there as it may, and gives them to the oldest', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId } = await addProduct(shop.ctx, { onHand: 10 })
    const back_orders = { limit: 15 }
    await staff.done('PATCH', `/variants/${variantId}/supply`, { back_orders })
    await inParallel(100, width, (buyer) => added(shop, session(buyer), { variantId }))
    const body = { variant_id: variantId, quantity: 1, kind: 'receipt' }
    // Goods come while people buy: whoever waits has them before anybody else.
    const [answers] = await Promise.all([
      rush(shop, 100),
      inParallel(5, 1, () => staff.done('POST', '/stock-adjustments', body)),
    ])
    assert.deepEqual(tally(answers), { 201: 30, '409 INSUFFICIENT_STOCK': 70 })
    await shop.assertAudit()
    await inParallel(20, 8, () => staff.done('POST', '/stock-adjustments', body))
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [5, 0, 0] })
    await shop.assertAudit()
  })

  test('takes parts for bundles and for themselves from the same shelf', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const lamp = await addProduct(shop.ctx, { onHand: 40 })
    const shade = await addProduct(shop.ctx, { onHand: 100 })
    const set = await addProduct(shop.ctx, { onHand: 0 })
    const parts = [
      { variant_id: lamp.variantId, quantity: 2 },
      { variant_id: shade.variantId, quantity: 1 },
    ]
    await staff.done('PATCH', `/variants/${set.variantId}/supply`, { parts })
    await inParallel(60, width, (buyer) =>
      added(shop, session(buyer), buyer % 2 === 0 ? set : { ...lamp, quantity: 2 }),
    )
    const counts = tally(await rush(shop, 60))
    assert.deepEqual(counts, { 201: 20, '409 INSUFFICIENT_STOCK': 40 })
    assert.deepEqual(await shelvesOf(shop.ctx, lamp.variantId), { main: [0, 0, 0] })
    await shop.assertAudit()
  })

  test('sells each piece of each lot once', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId } = await addProduct(shop.ctx, { onHand: 0 })
    await staff.done('PATCH', `/variants/${variantId}/supply`, { tracks_lots: true })
    for (const [index, quantity] of [7, 5, 3].entries()) {
      const lot = { code: `L${index}`, expires_at: `2099-01-0${index + 1}T00:00:00Z` }
      const body = { variant_id: variantId, quantity, kind: 'receipt', lot }
      await staff.done('POST', '/stock-adjustments', body)
    }
    await inParallel(40, width, (buyer) => added(shop, session(buyer), { variantId }))
    const declined = await inParallel(20, width, (buyer) =>
      checkOut(shop, session(buyer), outcome('decline')),
    )
    for (const { status } of declined) assert.ok([409, 422].includes(status))
    const counts = tally(await rush(shop, 40))
    assert.deepEqual(counts, { 201: 15, '409 INSUFFICIENT_STOCK': 25 })
    await shop.assertAudit()
  })

  test('while goods move, are counted and come back, the books agree', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId } = await addProduct(shop.ctx, { onHand: 60 })
    const north = await openLocation(staff, { code: 'north', priority: 1 }, { [variantId]: 60 })
    const [main] = await staff.done('GET', '/locations')
    await inParallel(100, width, (buyer) => added(shop, session(buyer), { variantId }))
    const transfer = {
      ...{ from_location_id: main.id, to_location_id: north },
      lines: [{ variant_id: variantId, quantity: 3 }],
    }
    const move = async () => {
      const { status, body } = await staff.call('POST', '/stock-transfers', transfer)
      if (status === 201) await staff.done('POST', `/stock-transfers/${body.data.id}/receipts`, {})
      else assert.equal(status, 409)
    }
    const giveBack = async (number: number) => {
      const orderId = await orderIdOf(shop.ctx, number)
      const items = [{ variantId, quantity: 1 }]
      const back = { orderId, items, kind: 'return' as const }
      await shop.ctx.db.transaction((tx) => restock(shop.ctx, tx, back))
    }
    const [answers] = await Promise.all([
      inParallel(100, width, async (buyer) => {
        const answer = await checkOut(shop, session(buyer))
        if (answer.status === 201 && buyer % 5 === 0) {
          await giveBack(answer.body.data.number as number)
        }
        return answer
      }),
      inParallel(10, 2, move),
    ])
    for (const name of Object.keys(tally(answers))) {
      assert.ok(['201', '409 INSUFFICIENT_STOCK'].includes(name), name)
    }
    await shop.assertAudit()
  })
})
