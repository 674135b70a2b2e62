import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addProduct, describeOnEveryDatabase } from '../support/shop.ts'
import { added, checkOut, outcome, refused, refusedField, stockOf, unchanged } from './support.ts'
import {
  buy,
  kindsOf,
  numbered,
  openWarehouse,
  serialsOf,
  type Event,
  type Named,
} from './units-support.ts'

describeOnEveryDatabase('units with serial numbers', (openShop) => {
  test('received units are the stock, each with its serial number', async () => {
    await using shop = await openShop()
    const { variantId, receive, staff, unit } = await openWarehouse(shop)
    const answer = await receive(['SN-1', 'sn-2'])
    assert.equal(answer.status, 201, answer.text)
    assert.deepEqual(
      [answer.body.data.received, serialsOf(answer.body.data.units)],
      [2, ['SN-1', 'sn-2']],
    )
    assert.deepEqual({ ...(await stockOf(shop.ctx, variantId)) }, { on_hand: 2, reserved: 0 })
    const found = await unit('SN-2')
    assert.deepEqual([found.serial_number, found.state, found.order], ['sn-2', 'available', null])
    assert.deepEqual(kindsOf(found), ['received'])
    const list = await staff('GET', '/units?serial_number=sn-&state=available')
    assert.deepEqual(serialsOf(list.body.data), ['sn-2', 'SN-1'])
    await shop.assertAudit()
  })

  test('a sale names its units, to the customer and to staff', async () => {
    await using shop = await openShop()
    const { variantId, unit, staff } = await openWarehouse(shop, numbered(5))
    const order = await buy(shop, 'buyer', { variantId, quantity: 3 })
    assert.deepEqual(
      order.lines[0].units,
      numbered(3).map((serial_number) => ({ serial_number, is_returned: false })),
    )
    const read = await shop.call('GET', `/api/v1/orders/${order.number}?token=${order.token}`)
    assert.deepEqual(read.body.data.lines[0].units, order.lines[0].units)
    const sold = await unit('SN-1')
    assert.deepEqual([sold.state, sold.order.number], ['sold', order.number])
    assert.deepEqual(kindsOf(sold), ['received', 'sold'])
    assert.equal((await unit('SN-4')).state, 'available')
    const list = await staff('GET', `/units?order_id=${order.id}`)
    assert.equal(list.body.data.length, 3)
    assert.deepEqual({ ...(await stockOf(shop.ctx, variantId)) }, { on_hand: 2, reserved: 0 })
    await shop.assertAudit()
  })

  test('the lines of an article share its units, and other articles name none', async () => {
    await using shop = await openShop()
    const { variantId, receive } = await openWarehouse(shop, numbered(2))
    const counted = await addProduct(shop.ctx)
    const other = await openWarehouse(shop, ['B-1', 'B-2', 'B-3'])
    await added(shop, { session: 'mixed' }, { variantId: counted.variantId, quantity: 2 })
    await added(shop, { session: 'mixed' }, { variantId: other.variantId, quantity: 3 })
    const order = await buy(shop, 'mixed', { variantId, quantity: 2 })
    const serials = (order.lines as { units: Named[] }[]).map(({ units }) => serialsOf(units))
    assert.deepEqual(serials, [[], ['B-1', 'B-2', 'B-3'], ['SN-1', 'SN-2']])
    assert.equal((await receive(['SN-9'])).status, 201)
    await shop.assertAudit()
  })

  test('a payment that is declined takes no unit', async () => {
    await using shop = await openShop()
    const { variantId, unit } = await openWarehouse(shop, ['SN-1'])
    await added(shop, { session: 'poor' }, { variantId })
    const declined = await checkOut(shop, { session: 'poor' }, outcome('decline'))
    refused(declined, 422, 'PAYMENT_DECLINED')
    const found = await unit('SN-1')
    assert.deepEqual([found.state, kindsOf(found)], ['available', ['received']])
    assert.equal((await checkOut(shop, { session: 'poor' })).status, 201)
    assert.equal((await unit('SN-1')).state, 'sold')
    await shop.assertAudit()
  })

  test('a unit that came back is sold again, and its history says how', async () => {
    await using shop = await openShop()
    const { variantId, unit, staff } = await openWarehouse(shop, ['SN-1'])
    const first = await buy(shop, 'first', { variantId })
    const back = await staff('POST', '/units/SN-1/return', { note: 'too small' })
    assert.deepEqual([back.status, back.body.data.state], [201, 'returned'])
    assert.deepEqual({ ...(await stockOf(shop.ctx, variantId)) }, { on_hand: 0, reserved: 0 })
    const shelf = await staff('POST', '/units/SN-1/restocking', {})
    assert.deepEqual([shelf.status, shelf.body.data.state], [201, 'available'])
    assert.deepEqual({ ...(await stockOf(shop.ctx, variantId)) }, { on_hand: 1, reserved: 0 })
    const second = await buy(shop, 'second', { variantId })
    const { history, state: now } = await unit('SN-1')
    assert.equal(now, 'sold')
    assert.deepEqual(
      (history as Event[]).map(({ kind, state, order }) => [kind, state, order?.number ?? null]),
      [
        ['received', 'available', null],
        ['sold', 'sold', first.number],
        ['returned', 'returned', first.number],
        ['restocked', 'available', first.number],
        ['sold', 'sold', second.number],
      ],
    )
    assert.deepEqual([history[2].note, history[1].actor], ['too small', 'system'])
    const path = `/api/v1/orders/${first.number}?token=${first.token}`
    const { lines } = (await shop.call('GET', path)).body.data
    assert.deepEqual(lines[0].units, [{ serial_number: 'SN-1', is_returned: true }])
    await shop.assertAudit()
  })

  test('a scrapped unit is not sold, and is the same unit when it turns up again', async () => {
    await using shop = await openShop()
    const { variantId, unit, staff, receive } = await openWarehouse(shop, ['SN-1', 'SN-2'])
    const scrapped = await staff('POST', '/units/SN-1/scrapping', { note: 'dropped' })
    assert.deepEqual([scrapped.status, scrapped.body.data.state], [201, 'scrapped'])
    assert.deepEqual({ ...(await stockOf(shop.ctx, variantId)) }, { on_hand: 1, reserved: 0 })
    const order = await buy(shop, 'buyer', { variantId })
    assert.equal(order.lines[0].units[0].serial_number, 'SN-2')
    assert.equal((await receive(['SN-1'])).status, 201)
    assert.deepEqual(kindsOf(await unit('SN-1')), ['received', 'scrapped', 'received'])
    assert.deepEqual({ ...(await stockOf(shop.ctx, variantId)) }, { on_hand: 1, reserved: 0 })
    await shop.assertAudit()
  })

  test('what is promised to somebody is not scrapped', async () => {
    await using shop = await openShop()
    const { variantId, staff } = await openWarehouse(shop, ['SN-1'])
    await added(shop, { session: 'waiting' }, { variantId })
    const waiting = await checkOut(shop, { session: 'waiting' }, outcome('timeout'))
    assert.equal(waiting.status, 503)
    const answer = await unchanged(shop, () => staff('POST', '/units/SN-1/scrapping', {}))
    refused(answer, 409, 'INSUFFICIENT_STOCK')
    await shop.assertAudit()
  })

  test('a unit goes from one state to the next, and nowhere else', async () => {
    await using shop = await openShop()
    const { variantId, staff } = await openWarehouse(shop, ['SN-1', 'SN-2'])
    const move = (name: string) => staff('POST', `/units/SN-1/${name}`, {})
    const refuses = async (state: string, names: readonly string[]) => {
      for (const name of names) {
        const answer = await unchanged(shop, () => move(name))
        assert.equal(refused(answer, 409, 'UNIT_STATE').details.state, state, name)
      }
    }
    await refuses('available', ['return', 'restocking'])
    await buy(shop, 'buyer', { variantId })
    await refuses('sold', ['restocking', 'scrapping'])
    assert.equal((await move('return')).status, 201)
    await refuses('returned', ['return'])
    assert.equal((await move('scrapping')).status, 201)
    await refuses('scrapped', ['return', 'restocking', 'scrapping'])
    assert.deepEqual({ ...(await stockOf(shop.ctx, variantId)) }, { on_hand: 1, reserved: 0 })
    await shop.assertAudit()
  })

  test('a serial number is there once, whatever its case', async () => {
    await using shop = await openShop()
    const { receive, staff, product } = await openWarehouse(shop, ['SN-1', 'SN-2'])
    const other = await openWarehouse(shop)
    for (const answer of [
      await unchanged(shop, () => receive(['SN-3', 'sn-1'])),
      await unchanged(shop, () => other.receive(['SN-2'])),
    ]) {
      const { details } = refused(answer, 409, 'ALREADY_EXISTS')
      assert.equal(details.serials.length, 1)
    }
    refusedField(await unchanged(shop, () => receive(['X', 'x'])), 'serial_numbers.1')
    const correct = (serial_number: string) => staff('PATCH', '/units/SN-1', { serial_number })
    refused(await unchanged(shop, () => correct('sn-2')), 409, 'ALREADY_EXISTS')
    const corrected = await correct('SN-1b')
    assert.deepEqual([corrected.status, corrected.body.data.serial_number], [200, 'SN-1b'])
    refused(await staff('GET', '/units/SN-1'), 404, 'NOT_FOUND')
    assert.equal((await staff('GET', '/units/sn-1B')).body.data.sku, product.sku)
    await shop.assertAudit()
  })

  test('a thousand units are received at once, and a key has them received once', async () => {
    await using shop = await openShop()
    const { variantId, token } = await openWarehouse(shop)
    const receive = () =>
      shop.call('POST', '/api/v1/admin/units', {
        token,
        key: 'pallet-7',
        body: { variant_id: variantId, serial_numbers: numbered(1_000) },
      })
    const first = await receive()
    assert.deepEqual([first.status, first.body.data.received], [201, 1_000])
    const again = await receive()
    assert.deepEqual([again.text, again.headers.get('idempotent-replayed')], [first.text, 'true'])
    assert.deepEqual({ ...(await stockOf(shop.ctx, variantId)) }, { on_hand: 1_000, reserved: 0 })
    const order = await buy(shop, 'bulk', { variantId, quantity: 400 })
    assert.equal(order.lines[0].units.length, 400)
    await shop.assertAudit()
  })

  test('serial numbers are made up where nobody has any', async () => {
    await using shop = await openShop()
    const { variantId, staff } = await openWarehouse(shop)
    const answer = await staff('POST', '/units', { variant_id: variantId, quantity: 3 })
    assert.equal(answer.status, 201, answer.text)
    for (const { serial_number } of answer.body.data.units) {
      assert.match(serial_number, /^[0-9a-f]{8}-[0-9a-f]{4}-4/)
      assert.equal((await staff('GET', `/units/${serial_number}`)).status, 200)
    }
    const both = { variant_id: variantId, quantity: 1, serial_numbers: ['X'] }
    refusedField(await unchanged(shop, () => staff('POST', '/units', both)), 'quantity')
    refusedField(await staff('POST', '/units', { variant_id: variantId }), 'serial_numbers')
    await shop.assertAudit()
  })
})
