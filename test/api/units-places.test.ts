import assert from 'node:assert/strict'
import { test } from 'node:test'
import { restock, sellMore } from '../../src/domains/inventory/returns.ts'
import { addProduct, describeOnEveryDatabase, signUp, type TestShop } from '../support/shop.ts'
import { refused, stockOf, unchanged } from './support.ts'
import { buy, kindsOf, numbered, openWarehouse, serialsOf } from './units-support.ts'

/** The same warehouse in the hands of somebody who may do everything. */
async function openAll(shop: TestShop, serials: readonly string[]) {
  const warehouse = await openWarehouse(shop, serials)
  const { token } = await signUp(shop, { role: 'admin' })
  const admin = async (method: string, path: string, body?: object) => {
    const answer = await shop.call(method, `/api/v1/admin${path}`, {
      token,
      ...(body ? { body } : {}),
    })
    assert.ok(answer.status < 300, answer.text)
    return answer.body.data
  }
  return { ...warehouse, admin }
}

interface Place {
  readonly code: string
}

const statesOf = (units: readonly { serial_number: string; state: string }[]) =>
  Object.fromEntries(units.map(({ serial_number, state }) => [serial_number, state]))

describeOnEveryDatabase('units and the rest of the stock', (openShop) => {
  test('what is cancelled or comes back is put on the shelf by its units, scanned ones first', async () => {
    await using shop = await openShop()
    const { ctx } = shop
    const { variantId, staff } = await openWarehouse(shop, numbered(4))
    const { id: orderId } = await buy(shop, 'buyer', { variantId, quantity: 3 })
    await staff('POST', '/units/SN-1/return', {})
    const back = (quantity: number, kind: 'return' | 'cancellation') =>
      ctx.db.transaction((tx) =>
        restock(ctx, tx, { orderId, items: [{ variantId, quantity }], kind }),
      )
    await back(1, 'return')
    const states = async () => statesOf((await staff('GET', '/units')).body.data)
    assert.deepEqual(await states(), {
      ...{ 'SN-1': 'available', 'SN-2': 'sold', 'SN-3': 'sold', 'SN-4': 'available' },
    })
    await back(1, 'cancellation')
    assert.equal((await states())['SN-3'], 'available')
    assert.deepEqual({ ...(await stockOf(ctx, variantId)) }, { on_hand: 3, reserved: 0 })
    await shop.assertAudit()
  })

  test('a unit that staff has put back already is not put back again by its order', async () => {
    await using shop = await openShop()
    const { ctx } = shop
    const { variantId, staff } = await openWarehouse(shop, ['SN-1'])
    const { id: orderId } = await buy(shop, 'buyer', { variantId })
    await staff('POST', '/units/SN-1/return', {})
    assert.equal((await staff('POST', '/units/SN-1/restocking', {})).status, 201)
    const items = [{ variantId, quantity: 1 }]
    const again = () =>
      ctx.db.transaction((tx) => restock(ctx, tx, { orderId, items, kind: 'return' }))
    await assert.rejects(unchanged(shop, again), { code: 'TRACKED_BY_UNIT' })
    assert.deepEqual({ ...(await stockOf(ctx, variantId)) }, { on_hand: 1, reserved: 0 })
    await shop.assertAudit()
  })

  test('what an order gets later are units of its own', async () => {
    await using shop = await openShop()
    const { ctx } = shop
    const { variantId, unit } = await openWarehouse(shop, numbered(2))
    const { id: orderId, number } = await buy(shop, 'buyer', { variantId })
    const items = [{ variantId, quantity: 1 }]
    await ctx.db.transaction((tx) => sellMore(ctx, tx, { orderId, items }))
    const found = await unit('SN-2')
    assert.deepEqual([found.state, found.order.number], ['sold', number])
    assert.deepEqual({ ...(await stockOf(ctx, variantId)) }, { on_hand: 0, reserved: 0 })
  })

  test('a bundle names the units of its parts', async () => {
    await using shop = await openShop()
    const { variantId, admin } = await openAll(shop, numbered(5))
    const bundle = await addProduct(shop.ctx, { onHand: 0 })
    const counted = await addProduct(shop.ctx, { onHand: 9 })
    await admin('PATCH', `/variants/${bundle.variantId}/supply`, {
      parts: [
        { variant_id: variantId, quantity: 2 },
        { variant_id: counted.variantId, quantity: 1 },
      ],
    })
    const order = await buy(shop, 'buyer', { variantId: bundle.variantId, quantity: 2 })
    assert.deepEqual(serialsOf(order.lines[0].units), numbered(4))
    await shop.assertAudit()
  })

  test('a bundle, and what is kept by lots, is not tracked; what is tracked becomes neither', async () => {
    await using shop = await openShop()
    const { variantId, admin, track } = await openAll(shop, ['SN-1'])
    const lotted = await addProduct(shop.ctx, { onHand: 0 })
    await admin('PATCH', `/variants/${lotted.variantId}/supply`, { tracks_lots: true })
    refused(await unchanged(shop, () => track({}, lotted)), 409, 'IN_USE')
    const path = `/api/v1/admin/variants/${variantId}/supply`
    const { token } = await signUp(shop, { role: 'admin' })
    const body = { tracks_lots: true }
    const answer = await unchanged(shop, () => shop.call('PATCH', path, { token, body }))
    refused(answer, 409, 'TRACKED_BY_UNIT')
    await shop.assertAudit()
  })

  test('units that are received go to those who wait for them', async () => {
    await using shop = await openShop()
    const { variantId, admin, receive, unit } = await openAll(shop, ['SN-1'])
    await admin('PATCH', `/variants/${variantId}/supply`, { back_orders: { limit: 5 } })
    const order = await buy(shop, 'waiting', { variantId, quantity: 3 })
    assert.deepEqual(serialsOf(order.lines[0].units), ['SN-1'])
    assert.equal((await receive(['SN-2', 'SN-3', 'SN-4'])).status, 201)
    const path = `/api/v1/orders/${order.number}?token=${order.token}`
    const { lines } = (await shop.call('GET', path)).body.data
    assert.deepEqual(serialsOf(lines[0].units), numbered(3))
    assert.deepEqual(kindsOf(await unit('SN-2')), ['received', 'sold'])
    assert.equal((await unit('SN-4')).state, 'available')
    await shop.assertAudit()
  })

  test('units are received at another location, and sold from there', async () => {
    await using shop = await openShop()
    const { variantId, admin, unit, staff } = await openAll(shop, ['SN-1'])
    const { id } = await admin('POST', '/locations', { code: 'north', name: 'North' })
    const body = { variant_id: variantId, location: 'north', serial_numbers: ['N-1'] }
    assert.equal((await staff('POST', '/units', body)).status, 201)
    const byId = { ...body, location: id, serial_numbers: ['N-2'] }
    assert.equal((await staff('POST', '/units', byId)).status, 201)
    const order = await buy(shop, 'buyer', { variantId, quantity: 2 })
    const serials = serialsOf(order.lines[0].units)
    assert.equal(serials.length, 2)
    for (const serial of serials) assert.equal((await unit(serial)).state, 'sold')
    const nowhere = { ...body, location: 'south', serial_numbers: ['S-1'] }
    refused(await unchanged(shop, () => staff('POST', '/units', nowhere)), 400, 'VALIDATION_ERROR')
    await shop.assertAudit()
  })

  test('what was sold from two locations comes back to both, each unit once', async () => {
    await using shop = await openShop()
    const { ctx } = shop
    const { variantId, admin, staff } = await openAll(shop, ['SN-1', 'SN-2'])
    await admin('POST', '/locations', { code: 'north', name: 'North' })
    const body = { variant_id: variantId, location: 'north', serial_numbers: ['N-1', 'N-2'] }
    assert.equal((await staff('POST', '/units', body)).status, 201)
    const { id: orderId } = await buy(shop, 'buyer', { variantId, quantity: 4 })
    const items = [{ variantId, quantity: 4 }]
    await ctx.db.transaction((tx) => restock(ctx, tx, { orderId, items, kind: 'return' }))
    const units = (await staff('GET', '/units')).body.data as { state: string; location: Place }[]
    assert.deepEqual(units.map(({ state, location }) => `${state} ${location.code}`).toSorted(), [
      'available main',
      'available main',
      'available north',
      'available north',
    ])
    await shop.assertAudit()
  })
})
