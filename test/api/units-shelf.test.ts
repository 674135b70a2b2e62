import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeOnEveryDatabase } from '../support/shop.ts'
import { add, added, checkOut, refused, refusedField, unchanged } from './support.ts'
import { inParallel } from '../race/support.ts'
import { buy, kindsOf, numbered, openWarehouse, serialsOf } from './units-support.ts'

describeOnEveryDatabase('a unit that is set aside', (openShop) => {
  test('is on hand, and nobody can buy it until it is released', async () => {
    await using shop = await openShop()
    const { variantId, staff, unit } = await openWarehouse(shop, numbered(2))
    const aside = await staff('POST', '/units/SN-1/reservation', { note: 'for the window' })
    assert.deepEqual([aside.status, aside.body.data.state], [201, 'reserved'])
    const [level] = (await staff('GET', `/stock/${variantId}`)).body.data
    assert.deepEqual([level.on_hand, level.available], [2, 1])
    const order = await buy(shop, 'first', { variantId })
    assert.deepEqual(serialsOf(order.lines[0].units), ['SN-2'])
    refused(await add(shop, { session: 'second' }, { variantId }), 409, 'INSUFFICIENT_STOCK')
    for (const name of ['reservation', 'return', 'scrapping', 'restocking']) {
      const answer = await unchanged(shop, () => staff('POST', `/units/SN-1/${name}`, {}))
      refused(answer, 409, 'UNIT_STATE')
    }
    assert.equal((await staff('POST', '/units/SN-1/release', {})).status, 201)
    const second = await buy(shop, 'second', { variantId })
    assert.deepEqual(serialsOf(second.lines[0].units), ['SN-1'])
    assert.deepEqual(kindsOf(await unit('SN-1')), ['received', 'reserved', 'released', 'sold'])
    await shop.assertAudit()
  })

  test('is not one that is promised to somebody', async () => {
    await using shop = await openShop()
    const { variantId, staff } = await openWarehouse(shop, ['SN-1'])
    await added(shop, { session: 'waiting' }, { variantId })
    const body = { payment_data: { outcome: 'timeout' } }
    assert.equal((await checkOut(shop, { session: 'waiting' }, body)).status, 503)
    const answer = await unchanged(shop, () => staff('POST', '/units/SN-1/reservation', {}))
    refused(answer, 409, 'INSUFFICIENT_STOCK')
    await shop.assertAudit()
  })

  test('is let go of with the others when tracking ends', async () => {
    await using shop = await openShop()
    const { variantId, staff } = await openWarehouse(shop, numbered(2))
    await staff('POST', '/units/SN-1/reservation', {})
    const stopped = await staff('DELETE', `/variants/${variantId}/unit-tracking?discard=true`)
    assert.equal(stopped.status, 200)
    const [level] = (await staff('GET', `/stock/${variantId}`)).body.data
    assert.deepEqual([level.on_hand, level.available], [2, 2])
    await shop.assertAudit()
  })
})

describeOnEveryDatabase('a unit that was picked instead of another', (openShop) => {
  test('is the one that the order names, and the other is on the shelf', async () => {
    await using shop = await openShop()
    const { variantId, staff, unit } = await openWarehouse(shop, numbered(3))
    await staff('POST', '/units/SN-3/reservation', {})
    const order = await buy(shop, 'buyer', { variantId, quantity: 2 })
    assert.deepEqual(serialsOf(order.lines[0].units), ['SN-1', 'SN-2'])
    const body = { instead_of: 'SN-1', note: 'picked' }
    const assigned = await staff('POST', '/units/SN-3/assignment', body)
    assert.deepEqual(
      [assigned.status, assigned.body.data.state, assigned.body.data.order.number],
      [201, 'sold', order.number],
    )
    const path = `/api/v1/orders/${order.number}?token=${order.token}`
    const { lines } = (await shop.call('GET', path)).body.data
    assert.deepEqual(lines[0].units, [
      { serial_number: 'SN-2', is_returned: false },
      { serial_number: 'SN-3', is_returned: false },
    ])
    const other = await unit('SN-1')
    assert.deepEqual([other.state, kindsOf(other)], ['available', ['received', 'sold', 'replaced']])
    const [level] = (await staff('GET', `/stock/${variantId}`)).body.data
    assert.deepEqual([level.on_hand, level.available], [1, 1])
    const next = await buy(shop, 'next', { variantId })
    assert.deepEqual(serialsOf(next.lines[0].units), ['SN-1'])
    await shop.assertAudit()
  })

  test('is of the same article, on the shelf, and the other is sold', async () => {
    await using shop = await openShop()
    const { variantId, staff } = await openWarehouse(shop, numbered(3))
    const other = await openWarehouse(shop, ['B-1'])
    await buy(shop, 'buyer', { variantId, quantity: 2 })
    assert.equal((await other.staff('GET', '/units/B-1')).status, 200)
    const assign = (name: string, instead_of: string) =>
      unchanged(shop, () => staff('POST', `/units/${name}/assignment`, { instead_of }))
    refusedField(await assign('B-1', 'SN-1'), 'instead_of')
    refused(await assign('SN-2', 'SN-1'), 409, 'UNIT_STATE')
    refused(await assign('SN-3', 'SN-3'), 409, 'UNIT_STATE')
    refused(await assign('SN-3', 'SN-9'), 404, 'NOT_FOUND')
    await shop.assertAudit()
  })

  test('may be what somebody else is just buying: each unit stays with one order', async () => {
    await using shop = await openShop()
    const { variantId, staff } = await openWarehouse(shop, numbered(12))
    await buy(shop, 'first', { variantId })
    const buyers = Array.from({ length: 8 }, (_, index) => ({ session: `racing-${index}` }))
    for (const who of buyers) await added(shop, who, { variantId })
    const manual = { payment_method: 'manual' }
    const [answers, moved] = await Promise.all([
      Promise.all(buyers.map((who) => checkOut(shop, who, manual))),
      inParallel(11, 3, (index) =>
        staff('POST', `/units/SN-${index + 2}/assignment`, {
          instead_of: index === 0 ? 'SN-1' : `SN-${index + 1}`,
        }),
      ),
    ])
    for (const answer of answers) assert.equal(answer.status, 201, answer.text)
    for (const answer of moved) assert.ok([201, 409].includes(answer.status), answer.text)
    const sold = (await staff('GET', '/units?state=sold')).body.data
    assert.equal(sold.length, 9)
    await shop.assertAudit()
  })
})
