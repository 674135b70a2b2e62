import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expireDue } from '../../src/domains/checkout/reconcile.ts'
import { fillBackorders } from '../../src/domains/inventory/arrivals.ts'
import { backorderedOf, restock } from '../../src/domains/inventory/returns.ts'
import { addProduct, describeOnEveryDatabase, type TestShop } from '../support/shop.ts'
import {
  add,
  added,
  cartOf,
  checkOut,
  outcome,
  refused,
  refusedField,
  testClock,
  unchanged,
} from './support.ts'
import {
  movesOf,
  openLocation,
  orderIdOf,
  shelvesOf,
  staffOf,
  type Staff,
} from './stock-support.ts'

const promise = '2027-01-15T00:00:00.000Z'

async function offer(staff: Staff, variantId: string, limit: number): Promise<void> {
  const back_orders = { limit, promised_at: promise }
  await staff.done('PATCH', `/variants/${variantId}/supply`, { back_orders })
}

async function buy(shop: TestShop, session: string, quantity: number, variantId: string) {
  await added(shop, { session }, { variantId, quantity })
  const placed = await checkOut(shop, { session })
  assert.equal(placed.status, 201, placed.text)
  return orderIdOf(shop.ctx, placed.body.data.number as number)
}

const owedTo = async ({ ctx }: TestShop, orderId: string) =>
  (await backorderedOf(ctx.db.read, orderId)).map(({ quantity }) => quantity)

const onBackOrder = async ({ ctx }: TestShop, variantId: string): Promise<number> => {
  const { backordered } = await ctx.db.read
    .selectFrom('backorder_terms')
    .select('backordered')
    .where('variant_id', '=', variantId)
    .executeTakeFirstOrThrow()
  return backordered
}

const receive = (staff: Staff, variant_id: string, quantity: number) =>
  staff.done('POST', '/stock-adjustments', { variant_id, quantity, kind: 'receipt' })

describeOnEveryDatabase('an article on back-order', (openShop) => {
  test('is sold before it is there, up to its limit, and says so everywhere', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId, number, sku } = await addProduct(shop.ctx, { onHand: 2 })
    await offer(staff, variantId, 3)
    const { variants } = (await shop.call('GET', `/api/v1/products/${number}`)).body.data
    assert.equal(variants[0].available, 2)
    assert.deepEqual(variants[0].back_order, { available: 3, promised_at: promise })
    await unchanged(shop, async () => {
      const { details } = refused(
        await add(shop, { session: 's' }, { variantId, quantity: 6 }),
        409,
        'INSUFFICIENT_STOCK',
      )
      assert.equal(details.available, 5)
    })
    await added(shop, { session: 's' }, { variantId, quantity: 4 })
    const [line] = (await cartOf(shop, { session: 's' })).lines
    assert.deepEqual(line.back_order, { quantity: 2, promised_at: promise })
    const placed = await checkOut(shop, { session: 's' })
    assert.equal(placed.status, 201, placed.text)
    assert.deepEqual(placed.body.data.lines[0].back_order, { quantity: 2, promised_at: promise })
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [0, 0, 0] })
    const orderId = await orderIdOf(shop.ctx, placed.body.data.number)
    assert.deepEqual(await owedTo(shop, orderId), [2])
    await added(shop, { session: 't' }, { variantId, quantity: 1 })
    await added(shop, { session: 'u' }, { variantId, quantity: 1 })
    assert.equal((await checkOut(shop, { session: 't' })).status, 201)
    await unchanged(shop, async () => {
      const { details } = refused(await checkOut(shop, { session: 'u' }), 409, 'INSUFFICIENT_STOCK')
      assert.deepEqual([details.sku, details.available], [sku, 0])
    })
    await shop.assertAudit()
  })

  test('goes to the oldest orders as soon as it comes', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId } = await addProduct(shop.ctx, { onHand: 0 })
    await offer(staff, variantId, 10)
    const first = await buy(shop, 'first', 3, variantId)
    const second = await buy(shop, 'second', 3, variantId)
    await receive(staff, variantId, 4)
    assert.deepEqual([await owedTo(shop, first), await owedTo(shop, second)], [[], [2]])
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [0, 0, 0] })
    assert.equal(await onBackOrder(shop, variantId), 2)
    await shop.assertAudit()
    await openLocation(staff, { code: 'north' }, { [variantId]: 5 })
    assert.deepEqual(await owedTo(shop, second), [])
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [0, 0, 0], north: [3, 0, 0] })
    assert.deepEqual(await movesOf(shop.ctx, variantId), [
      ['receipt', 4],
      ['sale', -3],
      ['sale', -1],
      ['receipt', 5],
      ['sale', -2],
    ])
    const events = await shop.ctx.db.read
      .selectFrom('outbox')
      .select('payload')
      .where('topic', '=', 'stock.back_order_filled')
      .orderBy('id')
      .execute()
    assert.deepEqual(
      events.map(({ payload }) => JSON.parse(payload) as unknown),
      [
        { order_id: first, variant_id: variantId, quantity: 3 },
        { order_id: second, variant_id: variantId, quantity: 1 },
        { order_id: second, variant_id: variantId, quantity: 2 },
      ],
    )
    await shop.assertAudit()
  })

  test('is owed to nobody whose payment failed or never came', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    const staff = await staffOf(shop)
    const { variantId } = await addProduct(shop.ctx, { onHand: 1 })
    await offer(staff, variantId, 5)
    await added(shop, { session: 's' }, { variantId, quantity: 3 })
    assert.equal((await checkOut(shop, { session: 's' }, outcome('decline'))).status, 422)
    assert.equal(await onBackOrder(shop, variantId), 0)
    const first = { ...outcome('timeout'), key: 'k' }
    assert.equal((await checkOut(shop, { session: 's' }, first)).status, 503)
    assert.equal(await onBackOrder(shop, variantId), 2)
    clock.advance(shop.ctx.config.lifetimes.holdMs + 1)
    assert.equal(await expireDue(shop.ctx), 1)
    assert.equal(await onBackOrder(shop, variantId), 0)
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [1, 0, 0] })
    await shop.assertAudit()
    assert.equal((await checkOut(shop, { session: 's' }, first)).status, 201)
    assert.equal(await onBackOrder(shop, variantId), 2)
    await shop.assertAudit()
  })

  test('goes to who waits when what others had reserved comes free', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    const staff = await staffOf(shop)
    const { variantId } = await addProduct(shop.ctx, { onHand: 2 })
    await offer(staff, variantId, 5)
    await added(shop, { session: 's' }, { variantId, quantity: 2 })
    assert.equal((await checkOut(shop, { session: 's' }, outcome('timeout'))).status, 503)
    const waiting = await buy(shop, 'waiting', 3, variantId)
    assert.equal(await fillBackorders(shop.ctx), 0)
    clock.advance(shop.ctx.config.lifetimes.holdMs + 1)
    await expireDue(shop.ctx)
    assert.equal(await fillBackorders(shop.ctx), 1)
    assert.deepEqual(await owedTo(shop, waiting), [1])
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [0, 0, 0] })
    await shop.assertAudit()
  })

  test('is given up first when its order is cancelled', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId } = await addProduct(shop.ctx, { onHand: 2 })
    await offer(staff, variantId, 5)
    const orderId = await buy(shop, 's', 5, variantId)
    const cancel = (quantity: number) =>
      shop.ctx.db.transaction((tx) =>
        restock(shop.ctx, tx, {
          ...{ orderId, kind: 'cancellation' },
          items: [{ variantId, quantity }],
        }),
      )
    await cancel(2)
    assert.deepEqual(await owedTo(shop, orderId), [1])
    await cancel(2)
    assert.deepEqual(await owedTo(shop, orderId), [])
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [1, 0, 0] })
    assert.equal(await onBackOrder(shop, variantId), 0)
    await shop.assertAudit()
  })

  test('keeps its promises when no more may be owed', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId } = await addProduct(shop.ctx, { onHand: 0 })
    await offer(staff, variantId, 5)
    const orderId = await buy(shop, 's', 3, variantId)
    const at = `/variants/${variantId}/supply`
    await unchanged(shop, async () => {
      const answer = await staff.call('PATCH', at, { back_orders: { limit: 2 } })
      refusedField(answer, 'back_orders.limit')
      refusedField(
        await staff.call('PATCH', at, { back_orders: { limit: -1 } }),
        'back_orders.limit',
      )
    })
    assert.equal((await staff.done('PATCH', at, { back_orders: null })).back_orders, null)
    const more = await add(shop, { session: 't' }, { variantId, quantity: 1 })
    refused(more, 409, 'INSUFFICIENT_STOCK')
    await receive(staff, variantId, 3)
    assert.deepEqual(await owedTo(shop, orderId), [])
    await shop.assertAudit()
  })

  test('is not sent before it has come, and what is there goes ahead', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop, 'admin')
    const { variantId, sku } = await addProduct(shop.ctx, { onHand: 1 })
    await offer(staff, variantId, 5)
    await added(shop, { session: 's' }, { variantId, quantity: 3 })
    const placed = await checkOut(shop, { session: 's' })
    assert.equal(placed.status, 201, placed.text)
    const { number, lines } = placed.body.data as { number: number; lines: { id: string }[] }
    const send = (quantity: number) =>
      staff.call('POST', `/orders/${number}/fulfilments`, {
        items: [{ line_id: lines[0]?.id, quantity }],
      })
    await unchanged(shop, async () => {
      const { details } = refused(await send(2), 409, 'INSUFFICIENT_STOCK')
      assert.deepEqual([details.sku, details.available], [sku, 1])
    })
    assert.equal((await send(1)).status, 201)
    await receive(staff, variantId, 2)
    assert.equal((await send(2)).status, 201)
    const waiting = await staff.done('GET', '/back-orders')
    assert.deepEqual(waiting, [])
    await shop.assertAudit()
  })

  test('is listed by the orders that wait for it, the oldest first', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId, sku } = await addProduct(shop.ctx, { onHand: 0 })
    await offer(staff, variantId, 5)
    const first = await buy(shop, 'first', 2, variantId)
    const second = await buy(shop, 'second', 1, variantId)
    const path = '/back-orders?per_page=1'
    const page = await staff.call('GET', path)
    const [row] = page.body.data
    assert.equal(row.order_id, first)
    const article = { variant_id: variantId, sku, quantity: 2, promised_at: promise }
    assert.deepEqual(row.articles, [article])
    const next = await staff.call('GET', `${path}&cursor=${page.body.meta.next_cursor}`)
    assert.equal(next.body.data[0].order_id, second)
    assert.equal(next.body.meta.next_cursor, null)
  })
})
