import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addProduct, describeOnEveryDatabase, shippingInfo } from '../support/shop.ts'
import { act, acted, bought, delivered, keptOf, staffOf } from './order-life-support.ts'
import { refused, refusedField, stockOf, unchanged } from './support.ts'

describeOnEveryDatabase('an order that has not been sent', (openShop) => {
  test('gets further articles, whose price of today is charged', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop, [1]), await staffOf(shop)]
    const lamp = await addProduct(shop.ctx, { priceMinor: 2_500, onHand: 3 })
    const items = [{ variant_id: lamp.variantId, quantity: 2 }]
    const path = `${order.number}/lines`
    await unchanged(shop, async () => {
      refusedField(await act(shop, staff, path, { items }), 'payment_method')
      const many = { items: [{ ...items[0], quantity: 4 }], payment_method: 'test' }
      refused(await act(shop, staff, path, many), 409, 'INSUFFICIENT_STOCK')
      const nothing = { items: [{ variant_id: order.id, quantity: 1 }], payment_method: 'test' }
      refused(await act(shop, staff, path, nothing), 404, 'NOT_FOUND')
      const twice = { items: [items[0], items[0]], payment_method: 'test' }
      refusedField(await act(shop, staff, path, twice), 'items')
    })
    const grown = await acted(shop, staff, path, { items, payment_method: 'test' })
    assert.equal(grown.lines[1]?.quantity, 2)
    const before = Number(order.total.amount.replace('.', ''))
    const after = Number(grown.total.amount.replace('.', ''))
    // 50.00 and the tax of 8.25 %, rounded half up.
    assert.equal(after - before, 5_413)
    assert.equal(await keptOf(shop, order.id), after)
    assert.equal((await stockOf(shop.ctx, lamp.variantId)).on_hand, 1)
    assert.equal(
      grown.timeline.some(({ type }) => type === 'changed'),
      true,
    )
    await shop.assertAudit()
    const cancelled = await acted(shop, staff, `${order.number}/cancellation`)
    assert.deepEqual(cancelled.given_back, cancelled.total)
    assert.equal(await keptOf(shop, order.id), 0)
    assert.equal((await stockOf(shop.ctx, lamp.variantId)).on_hand, 3)
    await shop.assertAudit()
  })

  test('grows once for one Idempotency-Key', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop, [1]), await staffOf(shop)]
    const lamp = await addProduct(shop.ctx, { onHand: 5 })
    const body = { items: [{ variant_id: lamp.variantId, quantity: 1 }], payment_method: 'test' }
    const path = `/api/v1/admin/orders/${order.number}/lines`
    const send = () => shop.call('POST', path, { ...staff, body, key: 'grow' })
    const [first, second] = [await send(), await send()]
    assert.equal(first.status, 201, first.text)
    assert.equal(second.headers.get('idempotent-replayed'), 'true')
    assert.equal(second.text, first.text)
    assert.equal((await stockOf(shop.ctx, lamp.variantId)).on_hand, 4)
    await shop.assertAudit()
  })

  test('goes elsewhere, if nothing costs something else there', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop, [1]), await staffOf(shop)]
    const path = `${order.number}/addresses`
    const shipping_info = { ...shippingInfo, address: '1 Savile Row', postal_code: 'W1S 3PP' }
    await acted(shop, staff, path, { shipping_info })
    const found = await shop.call('GET', `/api/v1/orders/${order.number}?token=${order.token}`)
    assert.deepEqual(found.body.data.shipping_address, shipping_info)
    assert.deepEqual(found.body.data.billing_address, shippingInfo)
    await unchanged(shop, async () => {
      refusedField(
        await act(shop, staff, path, { shipping_info: { name: 'Ada' } }),
        'shipping_info.address',
      )
      const wrong = { ...shippingInfo, postal_code: 'nowhere' }
      refusedField(
        await act(shop, staff, path, { shipping_info: wrong }),
        'shipping_info.postal_code',
      )
      assert.equal((await act(shop, staff, path)).status, 400)
    })
    await shop.assertAudit()
  })

  test('is sent another way, and the difference charged or given back', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop, [1]), await staffOf(shop)]
    const path = `${order.number}/shipping-method`
    await unchanged(shop, async () => {
      const unknown = { shipping_method: 'rocket' }
      refused(await act(shop, staff, path, unknown), 422, 'UNKNOWN_SHIPPING_METHOD')
      refusedField(await act(shop, staff, path, { shipping_method: 'express' }), 'payment_method')
    })
    const body = { shipping_method: 'express', payment_method: 'test' }
    const faster = await acted(shop, staff, path, body)
    const worth = (one: typeof order | typeof faster) =>
      Number(one.total.amount.replace('.', '')) - Number(one.given_back.amount.replace('.', ''))
    assert.ok(worth(faster) > worth(order))
    assert.equal(await keptOf(shop, order.id), worth(faster))
    const back = await acted(shop, staff, path, { shipping_method: 'standard' })
    assert.equal(worth(back), worth(order))
    assert.equal(await keptOf(shop, order.id), worth(order))
    await shop.assertAudit()
  })

  test('can be changed no more once something has left', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop, [1]), await staffOf(shop)]
    const lamp = await addProduct(shop.ctx)
    await delivered(shop, staff, order)
    await unchanged(shop, async () => {
      for (const [path, body] of [
        ['lines', { items: [{ variant_id: lamp.variantId, quantity: 1 }] }],
        ['addresses', { shipping_info: shippingInfo }],
        ['shipping-method', { shipping_method: 'express' }],
        ['processing', {}],
        ['cancellation', {}],
      ] as const) {
        const answer = await act(shop, staff, `${order.number}/${path}`, body)
        refused(answer, 409, 'ORDER_SHIPPED')
      }
    })
  })
})
