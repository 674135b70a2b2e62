import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql, type RawBuilder } from 'kysely'
import { audit } from '../../src/domains/audit/audit.ts'
import {
  addProduct,
  describeOnEveryDatabase,
  signUp,
  type Answer,
  type TestShop,
} from '../support/shop.ts'
import { added, checkOut, outcome, refused, refusedField, stockOf, unchanged } from './support.ts'

/** Somebody who keeps the warehouse, and an article of which every piece has a serial number. */
async function openWarehouse(shop: TestShop, serials: readonly string[] = []) {
  const { token } = await signUp(shop, { role: 'warehouse' })
  const product = await addProduct(shop.ctx, { onHand: 0 })
  const staff = (method: string, path: string, body?: object): Promise<Answer> =>
    shop.call(method, `/api/v1/admin${path}`, { token, ...(body ? { body } : {}) })
  const track = (body: object = {}, { variantId } = product) =>
    staff('PUT', `/variants/${variantId}/unit-tracking`, body)
  const receive = (serial_numbers: readonly string[], { variantId } = product) =>
    staff('POST', '/units', { variant_id: variantId, serial_numbers })
  const unit = async (serial: string) => {
    const answer = await staff('GET', `/units/${encodeURIComponent(serial)}`)
    assert.equal(answer.status, 200, answer.text)
    return answer.body.data
  }
  assert.equal((await track()).status, 200)
  if (serials.length > 0) assert.equal((await receive(serials)).status, 201)
  return { token, product, staff, track, receive, unit, variantId: product.variantId }
}

const numbered = (count: number, prefix = 'SN-') =>
  Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`)

/** Buys, and returns the order. */
async function buy(
  shop: TestShop,
  session: string,
  item: { variantId: string; quantity?: number },
) {
  await added(shop, { session }, item)
  const answer = await checkOut(shop, { session })
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data
}

interface Event {
  readonly kind: string
  readonly state: string
  readonly order: { readonly number: number } | null
}

interface Named {
  readonly serial_number: string
}

const serialsOf = (units: readonly Named[]) => units.map(({ serial_number }) => serial_number)

const kindsOf = ({ history }: { history: { kind: string }[] }) => history.map(({ kind }) => kind)

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
    refusedField(await unchanged(shop, () => receive(['X', 'x'])), 'serials.1')
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

describeOnEveryDatabase('tracking by unit', (openShop) => {
  test('needs the serial numbers of what is on hand', async () => {
    await using shop = await openShop()
    const { staff, track } = await openWarehouse(shop)
    const product = await addProduct(shop.ctx, { onHand: 2 })
    const units = (...serials: string[]) => ({
      units: serials.map((serial_number) => ({ serial_number })),
    })
    for (const body of [{}, units('A'), units('A', 'B', 'C')]) {
      const answer = await unchanged(shop, () => track(body, product))
      assert.equal(refused(answer, 409, 'SERIALS_MISSING').details.on_hand, 2)
    }
    const started = await track(units('A', 'B'), product)
    assert.deepEqual([started.status, started.body.data.is_tracked], [200, true])
    assert.deepEqual((await track(units('C'), product)).body.data, started.body.data)
    assert.equal((await staff('GET', '/units/A')).body.data.history[0].kind, 'tracked')
    await shop.assertAudit()
  })

  test('makes the serial numbers up if it is told to', async () => {
    await using shop = await openShop()
    const { staff, track } = await openWarehouse(shop)
    const product = await addProduct(shop.ctx, { onHand: 12 })
    assert.equal((await track({ generate: true }, product)).status, 200)
    const list = await staff('GET', `/units?variant_id=${product.variantId}&per_page=5`)
    assert.equal(list.body.data.length, 5)
    const next = encodeURIComponent(list.body.meta.next_cursor as string)
    const rest = await staff('GET', `/units?variant_id=${product.variantId}&cursor=${next}`)
    assert.equal(rest.body.data.length, 7)
    const many = await addProduct(shop.ctx, { onHand: 1_001 })
    refused(await unchanged(shop, () => track({ generate: true }, many)), 409, 'SERIALS_MISSING')
    await shop.assertAudit()
  })

  test('refuses to count what has serial numbers, and units of what is counted', async () => {
    await using shop = await openShop()
    const { variantId, staff } = await openWarehouse(shop, ['SN-1'])
    const adjust = (quantity: number) =>
      staff('POST', '/stock-adjustments', { variant_id: variantId, quantity, kind: 'adjustment' })
    for (const quantity of [1, -1]) {
      const answer = await unchanged(shop, () => adjust(quantity))
      refused(answer, 409, 'TRACKED_BY_UNIT')
    }
    const counted = await addProduct(shop.ctx)
    const body = { variant_id: counted.variantId, serial_numbers: ['X'] }
    refused(await unchanged(shop, () => staff('POST', '/units', body)), 409, 'NOT_TRACKED_BY_UNIT')
    await shop.assertAudit()
  })

  test('ends when nothing is left, or when it is told to let go', async () => {
    await using shop = await openShop()
    const { variantId, staff, unit, track } = await openWarehouse(shop, ['SN-1', 'SN-2'])
    const path = `/variants/${variantId}/unit-tracking`
    refused(await unchanged(shop, () => staff('DELETE', path)), 409, 'IN_USE')
    const stopped = await staff('DELETE', `${path}?discard=true`)
    assert.deepEqual(
      [stopped.status, stopped.body.data.is_tracked, stopped.body.data.on_hand],
      [200, false, 2],
    )
    const found = await unit('SN-1')
    assert.deepEqual([found.state, kindsOf(found)], ['scrapped', ['received', 'untracked']])
    assert.deepEqual((await buy(shop, 'counted', { variantId })).lines[0].units, [])
    const again = await track({ units: [{ serial_number: 'SN-2', location: 'main' }] })
    assert.deepEqual([again.status, again.body.data.on_hand], [200, 1])
    assert.equal((await buy(shop, 'named', { variantId })).lines[0].units.length, 1)
    assert.equal((await staff('DELETE', path)).status, 200)
    await shop.assertAudit()
  })

  test('that begins while somebody pays gives them a unit', async () => {
    await using shop = await openShop()
    const { track } = await openWarehouse(shop)
    const product = await addProduct(shop.ctx, { onHand: 20 })
    const { variantId } = product
    const buyers = Array.from({ length: 10 }, (_, index) => ({ session: `racing-${index}` }))
    for (const who of buyers) await added(shop, who, { variantId })
    const [started, ...answers] = await Promise.all([
      track({ generate: true }, product),
      ...buyers.map((who) => checkOut(shop, who, { payment_method: 'manual' })),
    ])
    assert.equal(started.status, 200, started.text)
    for (const answer of answers) assert.equal(answer.status, 201, answer.text)
    assert.deepEqual({ ...(await stockOf(shop.ctx, variantId)) }, { on_hand: 10, reserved: 0 })
    await shop.assertAudit()
  })

  test('is told to the audit log, and open to those who keep the stock', async () => {
    await using shop = await openShop()
    const { variantId, receive } = await openWarehouse(shop, ['SN-1'])
    const { token } = await signUp(shop)
    const admin = await signUp(shop, { role: 'admin' })
    const path = `/api/v1/admin/audit-log?subject_id=${variantId}`
    const log = await shop.call('GET', path, { token: admin.token })
    assert.deepEqual(
      (log.body.data as { action: string }[]).map(({ action }) => action),
      ['units.received', 'variant.tracked_by_unit'],
    )
    const read = await shop.call('GET', '/api/v1/admin/units', { token })
    refused(read, 403, 'FORBIDDEN')
    refused(await receive([' SN-2']), 400, 'VALIDATION_ERROR')
  })
})

/** What breaks each promise about units, behind the back of the shop. */
const damages: readonly (readonly [rule: string, damage: RawBuilder<unknown>])[] = [
  [
    'what is on hand of an article tracked by unit is its units on the shelf',
    sql`update units set state = 'scrapped' where serial = 'SN-3'`,
  ],
  [
    'a unit is on the shelf only where its article is tracked',
    sql`update stock set is_tracked = 0`,
  ],
  [
    'the history of a unit ends with what it is',
    sql`update units set version = version + 1 where serial = 'SN-2'`,
  ],
  [
    'an order has no more units of an article than it took from the shelf',
    sql`update units set state = 'returned', order_id = (select id from orders)
      where serial = 'SN-3'`,
  ],
]

describeOnEveryDatabase('the audit of units', (openShop) => {
  for (const [rule, damage] of damages) {
    test(`notices that it is not true that ${rule}`, async () => {
      await using shop = await openShop()
      const { variantId } = await openWarehouse(shop, numbered(3))
      await buy(shop, 'buyer', { variantId })
      await shop.assertAudit()
      await shop.ctx.db.transaction(async (tx) => void (await damage.execute(tx)))
      const violations = await audit(shop.ctx)
      assert.ok(violations.some((violation) => violation.rule === rule))
    })
  }

  test('notices an article that is tracked at one place only', async () => {
    await using shop = await openShop()
    const { variantId, product } = await openWarehouse(shop)
    const location = { id: shop.ctx.newId(), code: 'second', name: 'Second', is_default: 0 }
    await shop.ctx.db.transaction(async (tx) => {
      await tx.dialect.insertOnce(tx, 'locations', location)
      const place = { variant_id: variantId, location_id: location.id, product_id: product.id }
      await tx.dialect.insertOnce(tx, 'stock', { ...place, on_hand: 0, reserved: 0 })
    })
    const [violation] = await audit(shop.ctx)
    assert.equal(violation?.rule, 'an article is tracked by unit everywhere or nowhere')
  })
})
