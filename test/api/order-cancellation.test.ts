import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeOnEveryDatabase, signUp, type Answer } from '../support/shop.ts'
import { act, acted, bought, staffOf, type OrderBody } from './order-life-support.ts'
import { orderStatuses, refused, refusedField, stockOf, unchanged } from './support.ts'

const full = { on_hand: 10, reserved: 0 }

describeOnEveryDatabase('a cancellation by the customer', (openShop) => {
  test('gives back stock and money, and says so on the timeline', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop)
    const order = await bought(shop, [2, 3], { who: { token } })
    assert.equal(order.links['cancel'], `/api/v1/orders/${order.number}/cancellation`)
    const path = `/api/v1/orders/${order.number}/cancellation`
    const answer = await shop.call('POST', path, { token, body: {} })
    assert.equal(answer.status, 201, answer.text)
    const cancelled = answer.body.data as OrderBody
    assert.equal(cancelled.status, 'cancelled')
    assert.deepEqual(cancelled.given_back, cancelled.total)
    assert.deepEqual(
      cancelled.lines.map((line) => line.cancelled_quantity),
      [2, 3],
    )
    assert.equal(cancelled.links['cancel'], undefined)
    const last = cancelled.timeline.findLast(({ type }) => type === 'cancelled')
    assert.equal(last?.actor, 'customer')
    assert.equal(last?.data['reason'], 'customer_request')
    for (const { variantId } of order.products) {
      assert.deepEqual(await stockOf(shop.ctx, variantId), full)
    }
    await shop.assertAudit()
  })

  test('of a guest needs the token of the order', async () => {
    await using shop = await openShop()
    const order = await bought(shop)
    const path = `/api/v1/orders/${order.number}/cancellation`
    await unchanged(shop, async () => {
      refused(await shop.call('POST', path, { body: {} }), 404, 'NOT_FOUND')
    })
    const answer = await shop.call('POST', `${path}?token=${order.token}`, { body: {} })
    assert.equal(answer.body.data.status, 'cancelled', answer.text)
    await shop.assertAudit()
  })

  test('is not for others, and not for staff by this way', async () => {
    await using shop = await openShop()
    const order = await bought(shop)
    const [other, staff] = [await signUp(shop), await signUp(shop, { role: 'admin' })]
    const path = `/api/v1/orders/${order.number}/cancellation`
    await unchanged(shop, async () => {
      for (const { token } of [other, staff]) {
        refused(await shop.call('POST', path, { token, body: {} }), 404, 'NOT_FOUND')
      }
      const held = await shop.call('POST', `${path}?token=${order.token}`, {
        body: { reason: 'Not a word' },
      })
      refusedField(held, 'reason')
    })
  })

  test('is refused once somebody packs it, and then only the shop can', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop), await staffOf(shop)]
    await acted(shop, staff, `${order.number}/processing`)
    const path = `/api/v1/orders/${order.number}/cancellation?token=${order.token}`
    await unchanged(shop, async () => {
      refused(await shop.call('POST', path, { body: {} }), 409, 'ORDER_IN_PROCESS')
    })
    const cancelled = await acted(shop, staff, `${order.number}/cancellation`)
    assert.equal(cancelled.status, 'cancelled')
    await shop.assertAudit()
  })

  test('of an order on invoice leaves nothing to be paid', async () => {
    await using shop = await openShop()
    const order = await bought(shop, [1], { payment_method: 'manual' })
    const path = `/api/v1/orders/${order.number}/cancellation?token=${order.token}`
    const answer = await shop.call('POST', path, { body: {} })
    assert.equal(answer.body.data.status, 'cancelled', answer.text)
    assert.equal(answer.body.data.timeline.at(-1).data.refund, undefined)
    await shop.assertAudit()
  })

  test('happens once, however many ask at the same time', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop, [2, 1]), await staffOf(shop)]
    const path = `/api/v1/orders/${order.number}/cancellation?token=${order.token}`
    const asked: Promise<Answer>[] = Array.from({ length: 50 }, (_, index) =>
      index % 2 === 0
        ? shop.call('POST', path, { body: {} })
        : act(shop, staff, `${order.number}/cancellation`),
    )
    const answers = await Promise.all(asked)
    const statuses = answers.map(({ status }) => status)
    assert.equal(statuses.filter((status) => status === 201).length, 1, String(statuses))
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      refused(answer, 409, 'ORDER_CLOSED')
    }
    assert.deepEqual(await orderStatuses(shop.ctx), ['cancelled'])
    for (const { variantId } of order.products) {
      assert.deepEqual(await stockOf(shop.ctx, variantId), full)
    }
    await shop.assertAudit()
  })

  test('and the making up of a parcel at one moment: one of the two', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    for (let round = 0; round < 5; round++) {
      const order = await bought(shop, [1])
      const path = `/api/v1/orders/${order.number}/cancellation?token=${order.token}`
      const [cancelled, packed] = await Promise.all([
        shop.call('POST', path, { body: {} }),
        act(shop, staff, `${order.number}/fulfilments`),
      ])
      const codes = [cancelled.status, packed.status].toSorted()
      assert.deepEqual(codes, [201, 409], `${cancelled.text} ${packed.text}`)
    }
    await shop.assertAudit()
  })
})

describeOnEveryDatabase('a cancellation by the shop', (openShop) => {
  test('of some pieces gives back exactly their share, and the rest with the last', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop, [3]), await staffOf(shop)]
    const line_id = order.lines[0]?.id
    const path = `${order.number}/cancellation`
    const first = await acted(shop, staff, path, { items: [{ line_id, quantity: 1 }] })
    assert.deepEqual([first.status, first.given_back.amount], ['paid', '10.83'])
    const second = await acted(shop, staff, path, { items: [{ line_id, quantity: 1 }] })
    assert.equal(second.given_back.amount, '21.65')
    const last = await acted(shop, staff, path, { items: [{ line_id, quantity: 1 }] })
    assert.deepEqual([last.status, last.given_back], ['cancelled', last.total])
    const [product] = order.products
    assert.deepEqual(await stockOf(shop.ctx, product?.variantId ?? ''), full)
    await shop.assertAudit()
  })

  test('refuses more pieces than are open, lines of others and a line twice', async () => {
    await using shop = await openShop()
    const [order, other, staff] = [
      await bought(shop, [2]),
      await bought(shop, [1]),
      await staffOf(shop),
    ]
    const line_id = order.lines[0]?.id
    const path = `${order.number}/cancellation`
    await unchanged(shop, async () => {
      const tooMany = await act(shop, staff, path, { items: [{ line_id, quantity: 3 }] })
      assert.equal(refused(tooMany, 409, 'QUANTITY_EXCEEDED').details.available, 2)
      const items = [{ line_id: other.lines[0]?.id, quantity: 1 }]
      refused(await act(shop, staff, path, { items }), 404, 'NOT_FOUND')
      const twice = [line_id, line_id].map((id) => ({ line_id: id, quantity: 1 }))
      refusedField(await act(shop, staff, path, { items: twice }), 'items')
      const shipping = { items: [{ line_id, quantity: 1 }], shipping_refund: '100.00' }
      refusedField(await act(shop, staff, path, shipping), 'shipping_refund')
    })
  })

  test('is held to the version that was seen', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop), await staffOf(shop)]
    await acted(shop, staff, `${order.number}/processing`)
    await unchanged(shop, async () => {
      const answer = await shop.call('POST', `/api/v1/admin/orders/${order.number}/cancellation`, {
        ...staff,
        body: {},
        headers: { 'if-match': `"${order.version}"` },
      })
      assert.equal(refused(answer, 412, 'VERSION_CONFLICT').details.current, order.version + 1)
    })
  })
})
