import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeOnEveryDatabase, type TestShop } from '../support/shop.ts'
import { acted, delivered, staffOf, type Bought } from './order-life-support.ts'
import { refused, stockOf, unchanged } from './support.ts'
import { buy, kindsOf, numbered, openWarehouse } from './units-support.ts'

/** As the one who bought it sees it. */
const read = async (shop: TestShop, order: Bought) =>
  (await shop.call('GET', `/api/v1/orders/${order.number}?token=${order.token}`)).body.data

describeOnEveryDatabase('the units of an order', (openShop) => {
  test('are on the shelf again when it is cancelled, and still named by it', async () => {
    await using shop = await openShop()
    const { variantId, unit } = await openWarehouse(shop, numbered(2))
    const order: Bought = await buy(shop, 'buyer', { variantId, quantity: 2 })
    const path = `/api/v1/orders/${order.number}/cancellation?token=${order.token}`
    const cancelled = await shop.call('POST', path, { body: {} })
    assert.equal(cancelled.status, 201, cancelled.text)
    assert.deepEqual(kindsOf(await unit('SN-1')), ['received', 'sold', 'restocked'])
    assert.deepEqual({ ...(await stockOf(shop.ctx, variantId)) }, { on_hand: 2, reserved: 0 })
    assert.deepEqual((await read(shop, order)).lines[0].units, [
      { serial_number: 'SN-1', is_returned: true },
      { serial_number: 'SN-2', is_returned: true },
    ])
    await shop.assertAudit()
  })

  test('come back one by one: the one that was scanned goes on the shelf', async () => {
    await using shop = await openShop()
    const { variantId, staff, unit } = await openWarehouse(shop, numbered(3))
    const order: Bought = await buy(shop, 'buyer', { variantId, quantity: 3 })
    const who = await staffOf(shop)
    await delivered(shop, who, order)
    const items = [{ line_id: order.lines[0]?.id, quantity: 1, reason: 'damaged' }]
    const path = `/api/v1/orders/${order.number}/returns?token=${order.token}`
    const asked = await shop.call('POST', path, { body: { items } })
    assert.equal(asked.status, 201, asked.text)
    const wanted = `${order.number}/returns/${asked.body.data.returns[0].id}`
    await acted(shop, who, `${wanted}/approval`, { answer: 'Send it to us' })
    assert.equal((await staff('POST', '/units/SN-2/return', { note: 'scratched' })).status, 201)
    await acted(shop, who, `${wanted}/receipt`)
    assert.equal((await unit('SN-2')).state, 'available')
    assert.deepEqual({ ...(await stockOf(shop.ctx, variantId)) }, { on_hand: 1, reserved: 0 })
    assert.deepEqual((await read(shop, order)).lines[0].units, [
      { serial_number: 'SN-1', is_returned: false },
      { serial_number: 'SN-2', is_returned: true },
      { serial_number: 'SN-3', is_returned: false },
    ])
    const again = () => staff('POST', '/units/SN-2/restocking', {})
    refused(await unchanged(shop, again), 409, 'UNIT_STATE')
    await shop.assertAudit()
  })
})
