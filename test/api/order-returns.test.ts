import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eraseAccount } from '../../src/domains/privacy/erasure.ts'
import { addProduct, describeOnEveryDatabase, signUp, unrestricted } from '../support/shop.ts'
import {
  act,
  acted,
  bought,
  delivered,
  keptOf,
  staffOf,
  type Bought,
  type OrderBody,
} from './order-life-support.ts'
import { refused, refusedField, stockOf, testClock, unchanged } from './support.ts'
import type { TestShop } from '../support/shop.ts'

const day = 86_400_000

/** Asks to send pieces of the first line back, as the guest who bought it. */
function ask(shop: TestShop, order: Bought, quantity: number, more: object = {}) {
  const items = [{ line_id: order.lines[0]?.id, quantity, reason: 'damaged' }]
  const path = `/api/v1/orders/${order.number}/returns?token=${order.token}`
  return shop.call('POST', path, { body: { items, ...more } })
}

async function asked(shop: TestShop, order: Bought, quantity: number): Promise<OrderBody> {
  const answer = await ask(shop, order, quantity)
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data as OrderBody
}

describeOnEveryDatabase('a return', (openShop) => {
  test('is asked for, approved and received, and its money goes back to the cent', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop, [3]), await staffOf(shop)]
    await delivered(shop, staff, order)
    const requested = await asked(shop, order, 1)
    assert.equal(requested.lines[0]?.returning_quantity, 1)
    const [wanted] = requested.returns
    assert.equal(wanted?.status, 'requested')
    const path = `${order.number}/returns/${wanted?.id}`
    const approved = await acted(shop, staff, `${path}/approval`, { answer: 'Send it to us' })
    assert.equal(approved.returns[0]?.status, 'approved')
    const received = await acted(shop, staff, `${path}/receipt`)
    assert.equal(received.status, 'delivered')
    const [done] = received.returns
    assert.deepEqual([done?.status, done?.amount.amount], ['received', '10.83'])
    assert.deepEqual(
      received.lines.map((line) => [line.returning_quantity, line.returned_quantity]),
      [[0, 1]],
    )
    assert.equal(received.given_back.amount, '10.83')
    const total = Number(order.total.amount.replace('.', ''))
    assert.equal(await keptOf(shop, order.id), total - 1_083)
    const [product] = order.products
    assert.deepEqual(await stockOf(shop.ctx, product?.variantId ?? ''), {
      ...{ on_hand: 8, reserved: 0 },
    })
    await shop.assertAudit()
  })

  test('of everything ends the order, and shipping stays with the shop unless it says so', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop, [2]), await staffOf(shop)]
    await delivered(shop, staff, order)
    const { returns } = await asked(shop, order, 2)
    const path = `${order.number}/returns/${returns[0]?.id}`
    await acted(shop, staff, `${path}/approval`)
    await unchanged(shop, async () => {
      const tooMuch = await act(shop, staff, `${path}/receipt`, { shipping_refund: '99.00' })
      refusedField(tooMuch, 'shipping_refund')
    })
    const received = await acted(shop, staff, `${path}/receipt`, { shipping_refund: '1.00' })
    assert.equal(received.status, 'returned')
    assert.equal(received.given_back.amount, '22.65')
    await unchanged(shop, async () => {
      refused(await ask(shop, order, 1), 409, 'ORDER_CLOSED')
    })
    await shop.assertAudit()
  })

  test('with scrap and a deduction puts on the shelf only what is fit', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop, [3]), await staffOf(shop)]
    await delivered(shop, staff, order)
    const { returns } = await asked(shop, order, 3)
    const path = `${order.number}/returns/${returns[0]?.id}`
    await acted(shop, staff, `${path}/approval`)
    const line_id = order.lines[0]?.id
    await unchanged(shop, async () => {
      const more = { items: [{ line_id, quantity: 4 }] }
      refused(await act(shop, staff, `${path}/receipt`, more), 409, 'QUANTITY_EXCEEDED')
      const fitter = { items: [{ line_id, quantity: 2, restocked: 3 }] }
      refusedField(await act(shop, staff, `${path}/receipt`, fitter), 'restocked')
      const deduction = { deduction: '1000.00' }
      refusedField(await act(shop, staff, `${path}/receipt`, deduction), 'deduction')
    })
    const received = await acted(shop, staff, `${path}/receipt`, {
      items: [{ line_id, quantity: 2, restocked: 1 }],
      deduction: '5.00',
    })
    assert.equal(received.given_back.amount, '16.65')
    assert.deepEqual(
      received.lines.map((line) => [line.returning_quantity, line.returned_quantity]),
      [[0, 2]],
    )
    const [product] = order.products
    assert.equal((await stockOf(shop.ctx, product?.variantId ?? '')).on_hand, 8)
    await shop.assertAudit()
  })

  test('that is refused or withdrawn leaves the goods where they are', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop, [2]), await staffOf(shop)]
    await delivered(shop, staff, order)
    const first = (await asked(shop, order, 2)).returns[0]
    const path = `${order.number}/returns`
    const answer = { answer: 'It was worn' }
    const refusedOne = await acted(shop, staff, `${path}/${first?.id}/refusal`, answer)
    assert.equal(refusedOne.returns[0]?.status, 'refused')
    assert.equal(refusedOne.lines[0]?.returning_quantity, 0)
    const second = (await asked(shop, order, 1)).returns[1]
    const withdrawing = `/api/v1/orders/${path}/${second?.id}/withdrawal?token=${order.token}`
    const withdrawn = await shop.call('POST', withdrawing, { body: {} })
    assert.equal(withdrawn.body.data.returns[1].status, 'withdrawn', withdrawn.text)
    await unchanged(shop, async () => {
      for (const end of ['approval', 'refusal', 'receipt']) {
        refused(await act(shop, staff, `${path}/${second?.id}/${end}`), 409, 'WRONG_STATE')
      }
      refused(await act(shop, staff, `${path}/${order.id}/approval`), 404, 'NOT_FOUND')
    })
    assert.equal(refusedOne.status, 'delivered')
    await shop.assertAudit()
  })

  test('is about goods that have left, each piece once', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop, [2]), await staffOf(shop)]
    await unchanged(shop, async () => {
      refused(await ask(shop, order, 1), 409, 'ORDER_NOT_SHIPPED')
    })
    await delivered(shop, staff, order)
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(shop, order, 1)))
    assert.equal(answers.filter(({ status }) => status === 201).length, 2)
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      refused(answer, 409, 'QUANTITY_EXCEEDED')
    }
    await shop.assertAudit()
  })

  test('is received once, however often it is said at the same time', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop, [2]), await staffOf(shop)]
    await delivered(shop, staff, order)
    const { returns } = await asked(shop, order, 1)
    const path = `${order.number}/returns/${returns[0]?.id}`
    await acted(shop, staff, `${path}/approval`)
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => act(shop, staff, `${path}/receipt`)),
    )
    assert.equal(answers.filter(({ status }) => status === 201).length, 1)
    const total = Number(order.total.amount.replace('.', ''))
    assert.equal(await keptOf(shop, order.id), total - 1_082)
    await shop.assertAudit()
  })

  test('can be asked for by its customer for thirty days, by the shop later too', async () => {
    const clock = testClock(Date.now())
    await using shop = await openShop({ clock })
    const order = await bought(shop, [2])
    await delivered(shop, await staffOf(shop), order)
    clock.advance(30 * day)
    await asked(shop, order, 1)
    clock.advance(1)
    const staff = await staffOf(shop)
    await unchanged(shop, async () => {
      const error = refused(await ask(shop, order, 1), 409, 'RETURN_WINDOW_CLOSED')
      assert.match(error.details.until as string, /^\d{4}-\d{2}-\d{2}$/)
    })
    const items = [{ line_id: order.lines[0]?.id, quantity: 1, reason: 'goodwill' }]
    const noted = await acted(shop, staff, `${order.number}/returns`, { items, approved: true })
    assert.equal(noted.returns[1]?.status, 'approved')
  })

  test('keeps nothing of what its customer wrote when the account is erased', async () => {
    await using shop = await openShop()
    const [account, staff] = [await signUp(shop), await staffOf(shop)]
    const order = await bought(shop, [1], { who: { token: account.token } })
    await delivered(shop, staff, order)
    const asked = await ask(shop, order, 1, { note: 'My knee hurts' })
    assert.equal(asked.body.data.returns[0].note, 'My knee hurts', asked.text)
    await eraseAccount(shop.ctx, account.id, unrestricted)
    const path = `/api/v1/admin/orders/${order.number}`
    const { body, text } = await shop.call('GET', path, { ...staff })
    assert.deepEqual([body.data.returns[0].note, text.includes('knee')], [null, false])
    await shop.assertAudit()
  })

  test('of an order on invoice that was not paid makes less to be paid', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const order = await bought(shop, [2], { payment_method: 'manual' })
    await delivered(shop, staff, order)
    const { returns } = await asked(shop, order, 1)
    const path = `${order.number}/returns/${returns[0]?.id}`
    await acted(shop, staff, `${path}/approval`)
    const received = await acted(shop, staff, `${path}/receipt`)
    assert.equal(received.given_back.amount, '10.82')
    assert.equal(await keptOf(shop, order.id), 0)
    await shop.assertAudit()
  })
})

describeOnEveryDatabase('an exchange', (openShop) => {
  test('sends other articles for those that came back, and settles the difference', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop, [2]), await staffOf(shop)]
    await delivered(shop, staff, order)
    const cheaper = await addProduct(shop.ctx, { priceMinor: 400, onHand: 1 })
    const { returns } = await asked(shop, order, 1)
    const path = `${order.number}/returns/${returns[0]?.id}`
    await acted(shop, staff, `${path}/approval`)
    const exchange = [{ variant_id: cheaper.variantId, quantity: 1 }]
    const exchanged = await acted(shop, staff, `${path}/receipt`, { exchange })
    assert.equal(exchanged.status, 'partially_shipped')
    assert.equal(exchanged.lines[1]?.quantity, 1)
    // 10.83 less 4.33 with their taxes.
    const refund = exchanged.timeline.findLast(({ type }) => type === 'return_received')
    const total = Number(order.total.amount.replace('.', ''))
    assert.equal(total - (await keptOf(shop, order.id)), 1_082 - 433)
    assert.equal(refund?.data['refund'], '6.49 USD')
    assert.equal((await stockOf(shop.ctx, cheaper.variantId)).on_hand, 0)
    const sent = await delivered(shop, staff, exchanged)
    assert.equal(sent.status, 'delivered')
    await shop.assertAudit()
  })

  test('for something dearer needs a way to pay the difference', async () => {
    await using shop = await openShop()
    const [order, staff] = [await bought(shop, [1]), await staffOf(shop)]
    await delivered(shop, staff, order)
    const dearer = await addProduct(shop.ctx, { priceMinor: 3_000, onHand: 1 })
    const { returns } = await asked(shop, order, 1)
    const path = `${order.number}/returns/${returns[0]?.id}`
    await acted(shop, staff, `${path}/approval`)
    const exchange = [{ variant_id: dearer.variantId, quantity: 1 }]
    await unchanged(shop, async () => {
      refusedField(await act(shop, staff, `${path}/receipt`, { exchange }), 'payment_method')
      const more = [{ variant_id: dearer.variantId, quantity: 2 }]
      const body = { exchange: more, payment_method: 'test' }
      refused(await act(shop, staff, `${path}/receipt`, body), 409, 'INSUFFICIENT_STOCK')
    })
    const body = { exchange, payment_method: 'test' }
    const exchanged = await acted(shop, staff, `${path}/receipt`, body)
    const worth =
      Number(exchanged.total.amount.replace('.', '')) -
      Number(exchanged.given_back.amount.replace('.', ''))
    assert.equal(await keptOf(shop, order.id), worth)
    await shop.assertAudit()
  })
})
