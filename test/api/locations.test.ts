import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addProduct, describeOnEveryDatabase } from '../support/shop.ts'
import {
  add,
  added,
  cartOf,
  checkOut,
  outcome,
  refused,
  refusedField,
  unchanged,
} from './support.ts'
import { openLocation, shelvesOf, staffOf } from './stock-support.ts'

describeOnEveryDatabase('locations', (openShop) => {
  test('are opened, renamed, closed and made the default', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const id = await openLocation(staff, { code: 'north', priority: 5 })
    const listed = await staff.done('GET', '/locations')
    assert.deepEqual(
      listed.map((row: Record<string, unknown>) => [
        row['code'],
        row['is_default'],
        row['priority'],
      ]),
      [
        ['main', true, 0],
        ['north', false, 5],
      ],
    )
    const renamed = await staff.done('PATCH', `/locations/${id}`, { name: 'North', priority: -1 })
    assert.deepEqual(
      { ...renamed, id: '' },
      {
        ...{ id: '', code: 'north', name: 'North', is_default: false, is_active: true },
        ...{ priority: -1, version: 2 },
      },
    )
    const [, main] = await staff.done('GET', '/locations')
    assert.equal((await staff.done('PATCH', `/locations/${id}`, { is_default: true })).version, 3)
    const closed = await staff.done('PATCH', `/locations/${main.id}`, { is_active: false })
    assert.deepEqual([closed.is_default, closed.is_active], [false, false])
    await shop.assertAudit()
  })

  test('refuse what would leave none, and what others have', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const id = await openLocation(staff, { code: 'north' })
    const [main] = await staff.done('GET', '/locations')
    await unchanged(shop, async () => {
      const again = { code: 'north', name: 'Again' }
      refused(await staff.call('POST', '/locations', again), 409, 'ALREADY_EXISTS')
      refusedField(await staff.call('POST', '/locations', { ...again, code: 'A B' }), 'code')
      const at = `/locations/${main.id}`
      refused(await staff.call('PATCH', at, { is_active: false }), 409, 'IN_USE')
      refusedField(await staff.call('PATCH', at, { is_default: false }), 'is_default')
      refusedField(await staff.call('PATCH', at, {}), 'body')
      const stale = { headers: { 'if-match': '"7"' } }
      const change = { name: 'North' }
      const answer = await staff.call('PATCH', `/locations/${id}`, change, stale)
      refused(answer, 412, 'VERSION_CONFLICT')
      const nowhere = '/locations/0199c2a4-6b1e-7c3d-9f00-1d2e3f4a5b6c'
      refused(await staff.call('PATCH', nowhere, change), 404, 'NOT_FOUND')
    })
  })

  test('need the right to manage them', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop, 'catalogue_manager')
    const body = { code: 'north', name: 'North' }
    await unchanged(shop, async () =>
      refused(await staff.call('POST', '/locations', body), 403, 'FORBIDDEN'),
    )
  })
})

describeOnEveryDatabase('goods at several locations', (openShop) => {
  test('are counted together while their locations sell', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId, number } = await addProduct(shop.ctx, { onHand: 2 })
    const id = await openLocation(staff, { code: 'north' }, { [variantId]: 5 })
    const shown = async () => {
      const one = (await shop.call('GET', `/api/v1/products/${number}`)).body.data
      const { data } = (await shop.call('GET', '/api/v1/products')).body
      return [one.available, one.variants[0].available, data[0].available]
    }
    assert.deepEqual(await shown(), [7, 7, 7])
    await added(shop, { session: 's' }, { variantId, quantity: 7 })
    assert.equal((await cartOf(shop, { session: 's' })).lines[0].available, 7)
    await staff.done('PATCH', `/locations/${id}`, { is_active: false })
    assert.deepEqual(await shown(), [2, 2, 2])
    await unchanged(shop, async () => {
      const { details } = refused(await checkOut(shop, { session: 's' }), 409, 'INSUFFICIENT_STOCK')
      assert.equal(details.available, 2)
      const more = await add(shop, { session: 't' }, { variantId, quantity: 3 })
      refused(more, 409, 'INSUFFICIENT_STOCK')
    })
    await shop.assertAudit()
  })

  test('come from one location if it has everything, whatever the priority of others', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const lamp = await addProduct(shop.ctx, { onHand: 5 })
    const shade = await addProduct(shop.ctx, { onHand: 1 })
    await openLocation(
      staff,
      { code: 'north', priority: 1 },
      { [lamp.variantId]: 9, [shade.variantId]: 9 },
    )
    await added(shop, { session: 's' }, { ...lamp, quantity: 2 })
    await added(shop, { session: 's' }, { ...shade, quantity: 2 })
    assert.equal((await checkOut(shop, { session: 's' })).status, 201)
    assert.deepEqual(await shelvesOf(shop.ctx, lamp.variantId), {
      main: [5, 0, 0],
      north: [7, 0, 0],
    })
    assert.deepEqual(await shelvesOf(shop.ctx, shade.variantId), {
      main: [1, 0, 0],
      north: [7, 0, 0],
    })
    await shop.assertAudit()
  })

  test('come from the first by priority where several have everything', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId } = await addProduct(shop.ctx, { onHand: 5 })
    await openLocation(staff, { code: 'north', priority: -1 }, { [variantId]: 5 })
    await added(shop, { session: 's' }, { variantId, quantity: 5 })
    assert.equal((await checkOut(shop, { session: 's' })).status, 201)
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [5, 0, 0], north: [0, 0, 0] })
  })

  test('are split by priority where none has everything, and given back the same way', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId } = await addProduct(shop.ctx, { onHand: 2 })
    await openLocation(staff, { code: 'north', priority: 1 }, { [variantId]: 3 })
    await openLocation(staff, { code: 'south', priority: 2 }, { [variantId]: 4 })
    await added(shop, { session: 's' }, { variantId, quantity: 6 })
    assert.equal((await checkOut(shop, { session: 's' }, outcome('decline'))).status, 422)
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), {
      main: [2, 0, 0],
      north: [3, 0, 0],
      south: [4, 0, 0],
    })
    assert.equal((await checkOut(shop, { session: 's' })).status, 201)
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), {
      main: [0, 0, 0],
      north: [0, 0, 0],
      south: [3, 0, 0],
    })
    await shop.assertAudit()
  })

  test('what was reserved at a location that closes is still sent from there', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId } = await addProduct(shop.ctx, { onHand: 0 })
    const id = await openLocation(staff, { code: 'north' }, { [variantId]: 3 })
    await added(shop, { session: 's' }, { variantId, quantity: 3 })
    const first = await checkOut(shop, { session: 's' }, { ...outcome('timeout'), key: 'k' })
    assert.equal(first.status, 503)
    await staff.done('PATCH', `/locations/${id}`, { is_active: false })
    const again = await checkOut(shop, { session: 's' }, { ...outcome('timeout'), key: 'k' })
    assert.equal(again.status, 201, again.text)
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [0, 0, 0], north: [0, 0, 0] })
    await shop.assertAudit()
  })
})

describeOnEveryDatabase('setting what is on hand', (openShop) => {
  test('needs to know what is there, so that no sale is undone by it', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId, sku } = await addProduct(shop.ctx, { onHand: 10 })
    const level = { variant_id: variantId, on_hand: 12, expected_on_hand: 10, reason: 'found' }
    await added(shop, { session: 's' }, { variantId, quantity: 1 })
    assert.equal((await checkOut(shop, { session: 's' })).status, 201)
    await unchanged(shop, async () => {
      const answer = await staff.call('PUT', '/stock-levels', level)
      const { details } = refused(answer, 409, 'STOCK_CHANGED')
      assert.deepEqual([details.sku, details.current, details.expected], [sku, 9, 10])
      refusedField(await staff.call('PUT', '/stock-levels', { ...level, on_hand: -1 }), 'on_hand')
      const { expected_on_hand: _, ...without } = level
      refusedField(await staff.call('PUT', '/stock-levels', without), 'expected_on_hand')
    })
    const [row] = await staff.done('PUT', '/stock-levels', { ...level, expected_on_hand: 9 })
    assert.equal(row.on_hand, 12)
    await shop.assertAudit()
  })

  test('never goes below what buyers have reserved', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId } = await addProduct(shop.ctx, { onHand: 5 })
    await added(shop, { session: 's' }, { variantId, quantity: 3 })
    assert.equal((await checkOut(shop, { session: 's' }, outcome('timeout'))).status, 503)
    const level = { variant_id: variantId, expected_on_hand: 5 }
    await unchanged(shop, async () => {
      const answer = await staff.call('PUT', '/stock-levels', { ...level, on_hand: 2 })
      refused(answer, 409, 'INSUFFICIENT_STOCK')
    })
    const [row] = await staff.done('PUT', '/stock-levels', { ...level, on_hand: 3 })
    assert.equal(row.available, 0)
  })
})

describeOnEveryDatabase('the books', (openShop) => {
  test('are compared with the shelves, and differences are told and left as they are', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId, sku } = await addProduct(shop.ctx, { onHand: 5 })
    await addProduct(shop.ctx, { onHand: 1 })
    const reconcile = () => staff.done('POST', '/inventory/reconcile')
    assert.deepEqual(await reconcile(), { shelves: 2, differences: [] })
    const clean = await staff.done('GET', '/inventory/audit')
    assert.equal(clean.clean, true)
    assert.ok(clean.promises.length > 10)
    await shop.ctx.db.transaction(
      async (tx) =>
        void (await tx
          .updateTable('stock')
          .set({ on_hand: 7 })
          .where('variant_id', '=', variantId)
          .execute()),
    )
    const { differences } = await reconcile()
    assert.deepEqual(differences, [
      {
        ...{ variant_id: variantId, sku, location_code: 'main' },
        ...{ on_hand: 7, moved: 5, reserved: 0, held: 0 },
      },
    ])
    const broken = await staff.done('GET', '/inventory/audit')
    const names = broken.promises
      .filter(({ kept }: { kept: boolean }) => !kept)
      .map(({ promise }: { promise: string }) => promise)
    assert.deepEqual(names, ['what is on hand is the sum of its movements'])
    assert.deepEqual((await shelvesOf(shop.ctx, variantId))['main'], [7, 0, 0])
  })
})
