import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addProduct, describeOnEveryDatabase, signUp } from '../support/shop.ts'
import { act, acted, bought, delivered, staffOf, type OrderBody } from './order-life-support.ts'
import { added, checkOut, refused, refusedField, unchanged } from './support.ts'

const counters = ({ lines }: OrderBody) =>
  lines.map((line) => [line.packed_quantity, line.shipped_quantity])

describeOnEveryDatabase('the parcels of an order', (openShop) => {
  test('leave one after the other, with tracking, until everything has arrived', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop, [2, 1]), await staffOf(shop)]
    const [first, second] = order.lines
    const path = `${order.number}/fulfilments`
    const packed = await acted(shop, staff, path, {
      items: [{ line_id: first?.id, quantity: 1 }],
      carrier: 'Royal Mail',
    })
    assert.equal(packed.status, 'processing')
    assert.deepEqual(counters(packed), [
      [1, 0],
      [0, 0],
    ])
    const parcel = packed.fulfilments[0]?.id
    const tracking = { tracking_number: 'RM1', tracking_url: 'https://example.com/RM1' }
    const shipped = await acted(shop, staff, `${path}/${parcel}/shipment`, tracking)
    assert.equal(shipped.status, 'partially_shipped')
    assert.deepEqual(shipped.fulfilments[0], {
      ...packed.fulfilments[0],
      ...tracking,
      ...{ status: 'shipped', carrier: 'Royal Mail' },
      shipped_at: (shipped.fulfilments[0] as unknown as Record<string, string>)['shipped_at'],
    })
    const rest = await acted(shop, staff, path, { shipped: true })
    assert.equal(rest.status, 'shipped')
    assert.deepEqual(counters(rest), [
      [2, 2],
      [1, 1],
    ])
    const event = rest.timeline.findLast(({ type }) => type === 'shipped')
    assert.deepEqual(event?.data['items'], [
      { line_id: first?.id, sku: first?.sku, quantity: 1 },
      { line_id: second?.id, sku: second?.sku, quantity: 1 },
    ])
    const other = rest.fulfilments[1]?.id
    const partly = await acted(shop, staff, `${path}/${other}/delivery`)
    assert.equal(partly.status, 'shipped')
    const all = await acted(shop, staff, `${path}/${parcel}/delivery`)
    assert.equal(all.status, 'delivered')
    await shop.assertAudit()
  })

  test('are shown to the customer, who can cancel no more but ask for a return', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop), await staffOf(shop)]
    await delivered(shop, staff, order)
    const path = `/api/v1/orders/${order.number}?token=${order.token}`
    const { data } = (await shop.call('GET', path)).body as { data: OrderBody }
    assert.equal(data.status, 'delivered')
    assert.deepEqual(
      data.fulfilments.map(({ status }) => status),
      ['delivered'],
    )
    assert.deepEqual(data.links, {
      self: `/api/v1/orders/${order.number}`,
      return: `/api/v1/orders/${order.number}/returns`,
    })
    const actors = data.timeline.map(({ type, actor }) => `${type} by ${actor}`)
    assert.deepEqual(actors, [
      ...['created by customer', 'paid by system', 'packed by staff', 'shipped by staff'],
      'delivered by staff',
    ])
    const cancelling = path.replace('?', '/cancellation?')
    refused(await shop.call('POST', cancelling, { body: {} }), 409, 'ORDER_SHIPPED')
  })

  test('are seen by staff with the names of those who made them', async () => {
    await using shop = await openShop()
    const order = await bought(shop)
    const clerk = await signUp(shop, { role: 'warehouse' })
    await acted(shop, { token: clerk.token }, `${order.number}/fulfilments`)
    const answer = await shop.call('GET', `/api/v1/admin/orders/${order.id}`, {
      token: clerk.token,
    })
    const { actor } = answer.body.data.timeline.at(-1)
    assert.deepEqual(actor, { kind: 'staff', id: clerk.id, name: clerk.email })
    const buyer = answer.body.data.timeline[0].actor
    assert.deepEqual(buyer, { kind: 'customer', id: null, name: null })
  })

  test('never hold more than is open, however many are made up at the same time', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop, [5]), await staffOf(shop)]
    const body = { items: [{ line_id: order.lines[0]?.id, quantity: 2 }] }
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => act(shop, staff, `${order.number}/fulfilments`, body)),
    )
    const made = answers.filter(({ status }) => status === 201)
    assert.equal(made.length, 2)
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      assert.equal(refused(answer, 409, 'QUANTITY_EXCEEDED').details.available, 1)
    }
    await shop.assertAudit()
  })

  test('can be undone until they leave, and what was in them is open again', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop, [2]), await staffOf(shop)]
    const path = `${order.number}/fulfilments`
    const parcel = (await acted(shop, staff, path)).fulfilments[0]?.id
    const undone = await acted(shop, staff, `${path}/${parcel}/cancellation`)
    assert.deepEqual([undone.status, counters(undone)], ['processing', [[0, 0]]])
    await unchanged(shop, async () => {
      for (const end of ['shipment', 'delivery', 'cancellation']) {
        const answer = await act(shop, staff, `${path}/${parcel}/${end}`)
        assert.equal(refused(answer, 409, 'WRONG_STATE').details.status, 'cancelled', end)
      }
    })
    const again = await acted(shop, staff, path, { shipped: true })
    assert.equal(again.status, 'shipped')
    const left = again.fulfilments[1]?.id
    await unchanged(shop, async () => {
      refused(await act(shop, staff, `${path}/${left}/cancellation`), 409, 'WRONG_STATE')
      refused(await act(shop, staff, `${path}/${order.id}/delivery`), 404, 'NOT_FOUND')
      refused(await act(shop, staff, path), 409, 'ORDER_SHIPPED')
    })
    await shop.assertAudit()
  })

  test('leave once, also when it is said twice at the same time', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop), await staffOf(shop)]
    const path = `${order.number}/fulfilments`
    const parcel = (await acted(shop, staff, path)).fulfilments[0]?.id
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => act(shop, staff, `${path}/${parcel}/shipment`)),
    )
    assert.equal(answers.filter(({ status }) => status === 201).length, 1)
    await shop.assertAudit()
  })

  test('that were not packed when the rest is cancelled leave the order shipped', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop, [2]), await staffOf(shop)]
    const items = [{ line_id: order.lines[0]?.id, quantity: 1 }]
    const path = `${order.number}/fulfilments`
    const sent = await acted(shop, staff, path, { items, shipped: true })
    assert.equal(sent.status, 'partially_shipped')
    await unchanged(shop, async () => {
      const whole = await act(shop, staff, `${order.number}/cancellation`)
      refused(whole, 409, 'ORDER_SHIPPED')
    })
    await acted(shop, staff, `${path}/${sent.fulfilments[0]?.id}/delivery`)
    const rest = await acted(shop, staff, `${order.number}/cancellation`, { items })
    assert.equal(rest.status, 'delivered')
    await shop.assertAudit()
  })

  test('of an order on invoice are sent before it is paid', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const order = await bought(shop, [1], { payment_method: 'manual' })
    assert.equal((await delivered(shop, staff, order)).status, 'delivered')
    await shop.assertAudit()
  })

  test('refuse addresses for tracking that are none, and unknown fields', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop), await staffOf(shop)]
    const path = `${order.number}/fulfilments`
    await unchanged(shop, async () => {
      const script = { tracking_url: 'javascript:alert(1)' }
      refusedField(await act(shop, staff, path, script), 'tracking_url')
      refusedField(await act(shop, staff, path, { tracking_url: 'https://[' }), 'tracking_url')
      refusedField(await act(shop, staff, path, { weight: 1 }), 'weight')
      const none = [{ line_id: order.lines[0]?.id, quantity: 0 }]
      refusedField(await act(shop, staff, path, { items: none }), 'items.0.quantity')
    })
  })

  test('are not for those who may only look', async () => {
    await using shop = await openShop()
    const order = await bought(shop)
    const { token } = await signUp(shop, { role: 'finance' })
    await unchanged(shop, async () => {
      const answer = await act(shop, { token }, `${order.number}/fulfilments`)
      refused(answer, 403, 'FORBIDDEN')
    })
  })

  test('need not hold what is not sent', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const lamp = await addProduct(shop.ctx, { onHand: 5 })
    const song = await addProduct(shop.ctx, { onHand: 5, kind: 'digital' })
    for (const product of [lamp, song]) await added(shop, { session: 'both' }, product)
    const { number } = (await checkOut(shop, { session: 'both' })).body.data as OrderBody
    const sent = await acted(shop, staff, `${number}/fulfilments`, { shipped: true })
    assert.equal(sent.status, 'shipped')
    assert.deepEqual(
      sent.lines.map((line) => line.shipped_quantity),
      [1, 0],
    )
    await shop.assertAudit()
  })
})
