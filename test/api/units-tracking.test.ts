import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql, type RawBuilder } from 'kysely'
import { audit } from '../../src/domains/audit/audit.ts'
import { addProduct, describeOnEveryDatabase, signUp } from '../support/shop.ts'
import { added, checkOut, refused, stockOf, unchanged } from './support.ts'
import { buy, kindsOf, numbered, openWarehouse } from './units-support.ts'

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
    'of an article tracked by unit, what is set aside is its reserved units',
    sql`update units set state = 'reserved' where serial = 'SN-3'`,
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
