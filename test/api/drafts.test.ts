import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forgetExpiredCarts } from '../../src/domains/cart/cart.ts'
import { eraseAccount } from '../../src/domains/privacy/erasure.ts'
import {
  addProduct,
  describeOnEveryDatabase,
  freshToken,
  shippingInfo,
  signUp,
  unrestricted,
  type TestShop,
} from '../support/shop.ts'
import {
  added,
  cartOf,
  orderStatuses,
  outcome,
  refused,
  refusedField,
  stockOf,
  testClock,
  unchanged,
} from './support.ts'

const base = '/api/v1/admin/draft-orders'

interface Drafted {
  readonly id: string
  readonly number: number
  readonly payment_link: string
  readonly version: number
}

async function draft(shop: TestShop, token: string, body: object): Promise<Drafted> {
  const given = { email: 'ada@example.com', shipping_info: shippingInfo, ...body }
  const answer = await shop.call('POST', base, { token, body: given })
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data as Drafted
}

const place = (
  shop: TestShop,
  token: string,
  { number }: Drafted,
  body: object = {},
  key?: string,
) =>
  shop.call('POST', `${base}/${number}/order`, {
    token,
    body: { payment_method: 'manual', ...body },
    ...(key === undefined ? {} : { key }),
  })

const linkOf = ({ payment_link }: Drafted) => new URL(payment_link)

describeOnEveryDatabase('a draft', (openShop) => {
  test('is priced as a cart is, with what was agreed on, and becomes an order once', async () => {
    await using shop = await openShop()
    const { token, email } = await signUp(shop, { role: 'admin' })
    const lamp = await addProduct(shop.ctx, { priceMinor: 1_000, onHand: 10 })
    const cup = await addProduct(shop.ctx, { priceMinor: 333 })
    const pen = await addProduct(shop.ctx, { priceMinor: 200 })
    const items = [
      { variant_id: lamp.variantId, quantity: 2, price: '7.50' },
      { variant_id: cup.variantId, quantity: 3, discount_percent: '50' },
      { variant_id: pen.variantId, quantity: 1 },
    ]
    const made = await draft(shop, token, { items, note: 'Agreed by telephone' })
    const { body } = await shop.call('GET', `${base}/${made.number}`, { token })
    const { cart, state, author, note, order } = body.data
    assert.deepEqual([state, author, note, order], ['open', email, 'Agreed by telephone', null])
    assert.deepEqual(
      cart.lines.map((line: Record<string, { amount: string }>) => [
        line['price']?.amount,
        line['subtotal']?.amount,
      ]),
      [
        ['7.50', '15.00'],
        // Half of 3.33, to the even cent.
        ['1.66', '4.98'],
        ['2.00', '2.00'],
      ],
    )
    assert.deepEqual(cart.problems, [])
    assert.deepEqual(await stockOf(shop.ctx, lamp.variantId), { on_hand: 10, reserved: 0 })
    const answers = await Promise.all(
      Array.from({ length: 4 }, () =>
        place(shop, token, made, { expected_total: cart.total.amount }),
      ),
    )
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b)
    assert.deepEqual(statuses, [201, 409, 409, 409])
    assert.deepEqual(await orderStatuses(shop.ctx), ['placed'])
    const placed = answers.find(({ status }) => status === 201)?.body.data
    assert.equal(placed.total.amount, cart.total.amount)
    assert.equal(placed.email, 'ada@example.com')
    assert.deepEqual(await stockOf(shop.ctx, lamp.variantId), { on_hand: 8, reserved: 0 })
    const after = await shop.call('GET', `${base}/${made.id}`, { token })
    assert.deepEqual(
      [after.body.data.state, after.body.data.order.number],
      ['completed', placed.number],
    )
    const change = { email: 'a@example.com', items }
    refused(
      await shop.call('PUT', `${base}/${made.id}`, { token, body: change }),
      409,
      'DRAFT_CLOSED',
    )
    refused(await shop.call('DELETE', `${base}/${made.id}`, { token }), 409, 'DRAFT_CLOSED')
    await shop.assertAudit()
  })

  test('answers a repetition with the order that it made', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'support' })
    const { variantId } = await addProduct(shop.ctx)
    const made = await draft(shop, token, { items: [{ variant_id: variantId, quantity: 1 }] })
    const first = await place(shop, token, made, {}, 'once')
    const again = await place(shop, token, made, {}, 'once')
    assert.deepEqual([first.status, again.status], [201, 201])
    assert.equal(again.text, first.text)
    assert.equal(again.headers.get('idempotent-replayed'), 'true')
    refused(await place(shop, token, made), 409, 'CART_LOCKED')
  })

  test('for a customer leaves their own cart alone, and the order is theirs', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'support' })
    const customer = await signUp(shop)
    const own = await addProduct(shop.ctx)
    await added(shop, { token: customer.token }, own)
    const { variantId } = await addProduct(shop.ctx)
    const made = await draft(shop, token, {
      email: undefined,
      customer_id: customer.id,
      items: [{ variant_id: variantId, quantity: 1 }],
    })
    const placed = await place(shop, token, made)
    assert.equal(placed.status, 201, placed.text)
    assert.equal(placed.body.data.email, customer.email)
    assert.equal((await cartOf(shop, { token: customer.token })).lines.length, 1)
    const mine = await shop.call('GET', '/api/v1/orders', { token: customer.token })
    assert.deepEqual(
      mine.body.data.map(({ number }: Drafted) => number),
      [placed.body.data.number],
    )
    await shop.assertAudit()
  })

  test('is seen and paid by whoever has its link, after a card was declined too', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'support' })
    const { variantId } = await addProduct(shop.ctx)
    const made = await draft(shop, token, {
      shipping_info: undefined,
      items: [{ variant_id: variantId, quantity: 1 }],
    })
    const link = linkOf(made)
    const seen = await shop.call('GET', `${link.pathname}${link.search}`)
    assert.equal(seen.status, 200, seen.text)
    assert.equal(seen.body.data.cart.lines.length, 1)
    for (const hidden of ['note', 'author', 'payment_link']) assert.ok(!(hidden in seen.body.data))
    refused(await shop.call('GET', `${link.pathname}?token=guess`), 404, 'NOT_FOUND')
    refusedField(await shop.call('GET', link.pathname), 'token')
    const path = `${link.pathname}/checkout${link.search}`
    const pay = (body: object) =>
      shop.call('POST', path, { body: { payment_method: 'test', ...body } })
    refusedField(await pay({}), 'shipping_info')
    const address = { shipping_info: shippingInfo }
    refused(await pay({ ...address, ...outcome('decline') }), 422, 'PAYMENT_DECLINED')
    const wrong = `${link.pathname}/checkout?token=guess`
    const body = { payment_method: 'test', ...address }
    refused(await shop.call('POST', wrong, { body }), 404, 'NOT_FOUND')
    const paid = await pay(address)
    assert.equal(paid.status, 201, paid.text)
    assert.deepEqual(await orderStatuses(shop.ctx), ['cancelled', 'paid'])
    refused(await pay(address), 409, 'CART_LOCKED')
    await shop.assertAudit()
  })

  test('is written anew as a whole, unless somebody else was faster', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'support' })
    const [one, two] = [await addProduct(shop.ctx), await addProduct(shop.ctx)]
    const made = await draft(shop, token, { items: [{ variant_id: one.variantId, quantity: 1 }] })
    const write = (body: object, version?: number) =>
      shop.call('PUT', `${base}/${made.number}`, {
        token,
        body: { email: 'grace@example.com', ...body },
        ...(version === undefined ? {} : { headers: { 'if-match': `"${version}"` } }),
      })
    const items = [{ variant_id: two.variantId, quantity: 4 }]
    const changed = await write({ items }, made.version)
    assert.equal(changed.status, 200, changed.text)
    const { cart, email, shipping_address, version } = changed.body.data
    assert.deepEqual([email, shipping_address, version], ['grace@example.com', null, 2])
    assert.deepEqual(
      cart.lines.map((line: { variant: { sku: string }; quantity: number }) => [
        line.variant.sku,
        line.quantity,
      ]),
      [[two.sku, 4]],
    )
    await unchanged(shop, async () => {
      refused(await write({ items }, made.version), 412, 'VERSION_CONFLICT')
    })
  })

  test('runs out, and can be given more time or given up', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    const staff = await signUp(shop, { role: 'support' })
    const { variantId } = await addProduct(shop.ctx)
    const items = [{ variant_id: variantId, quantity: 1 }]
    const expires_at = new Date(clock.now() + 3_600_000).toISOString()
    const made = await draft(shop, staff.token, { items, expires_at })
    clock.advance(3_600_001)
    await shop.ctx.db.transaction((tx) => forgetExpiredCarts(shop.ctx, tx))
    const token = await freshToken(shop, staff)
    const refusedOrder = refused(await place(shop, token, made), 409, 'DRAFT_CLOSED')
    assert.equal(refusedOrder.details.state, 'expired')
    const expired = await shop.call('GET', `${base}?state=expired`, { token })
    assert.deepEqual(
      expired.body.data.map(({ id }: Drafted) => id),
      [made.id],
    )
    const body = { email: 'ada@example.com', shipping_info: shippingInfo, items }
    assert.equal((await shop.call('PUT', `${base}/${made.id}`, { token, body })).status, 200)
    assert.equal((await place(shop, token, made)).status, 201)
    const other = await draft(shop, token, { items })
    assert.equal((await shop.call('DELETE', `${base}/${other.id}`, { token })).status, 200)
    assert.equal(
      refused(await place(shop, token, other), 409, 'DRAFT_CLOSED').details.state,
      'cancelled',
    )
    for (const [state, expected] of [
      ['open', []],
      ['cancelled', [other.id]],
      ['completed', [made.id]],
    ] as const) {
      const { body: found } = await shop.call('GET', `${base}?state=${state}`, { token })
      assert.deepEqual(
        found.data.map(({ id }: Drafted) => id),
        expected,
        state,
      )
    }
    await shop.assertAudit()
  })

  test('has prices of its own only where that is permitted', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'support' })
    const { variantId } = await addProduct(shop.ctx)
    for (const own of [{ price: '1' }, { discount_percent: '10' }]) {
      const items = [{ variant_id: variantId, quantity: 1, ...own }]
      const body = { email: 'ada@example.com', items }
      const { details } = refused(await shop.call('POST', base, { token, body }), 403, 'FORBIDDEN')
      assert.equal(details.permission, 'draft:price')
    }
    const customer = await signUp(shop)
    refused(await shop.call('GET', base, { token: customer.token }), 403, 'FORBIDDEN')
  })

  test('is refused where it cannot become an order', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'admin' })
    const { variantId } = await addProduct(shop.ctx)
    const item = { variant_id: variantId, quantity: 1 }
    const good = { email: 'ada@example.com', items: [item] }
    const write = (body: object) => shop.call('POST', base, { token, body: { ...good, ...body } })
    await unchanged(shop, async () => {
      for (const [body, field] of [
        [{ items: [] }, 'items'],
        [{ items: [item, item] }, 'items'],
        [{ items: [{ ...item, price: '1', discount_percent: '1' }] }, 'items.0.discount_percent'],
        [{ items: [{ ...item, price: '1.999' }] }, 'items.0.price'],
        [{ items: [{ ...item, discount_percent: '101' }] }, 'items.0.discount_percent'],
        [{ items: [{ ...item, quantity: 0 }] }, 'items.0.quantity'],
        [{ currency: 'XXQ' }, 'currency'],
        [{ vat_id: '12' }, 'vat_id'],
        [{ expires_at: '2001-01-01T00:00:00Z' }, 'expires_at'],
        [{ email: 'nobody' }, 'email'],
        [{ total: '1' }, 'total'],
      ] as const) {
        refusedField(await write(body), field)
      }
      refused(await write({ email: undefined }), 422, 'EMAIL_REQUIRED')
      refused(await write({ items: [{ ...item, variant_id: shop.ctx.newId() }] }), 404, 'NOT_FOUND')
      refused(await write({ customer_id: shop.ctx.newId(), email: undefined }), 404, 'NOT_FOUND')
      refused(await write({ currency: 'EUR' }), 422, 'CURRENCY_UNAVAILABLE')
    })
    const made = await draft(shop, token, { items: [{ ...item, quantity: 1_000 }] })
    refused(await place(shop, token, made), 409, 'INSUFFICIENT_STOCK')
    refused(await place(shop, token, { ...made, number: 9_999 }), 404, 'NOT_FOUND')
    assert.deepEqual(await orderStatuses(shop.ctx), [])
  })

  test('forgets whom it was for when they are erased', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'support' })
    const customer = await signUp(shop)
    const { variantId } = await addProduct(shop.ctx)
    const items = [{ variant_id: variantId, quantity: 1 }]
    const made = await draft(shop, token, { customer_id: customer.id, items, note: 'Ada' })
    await eraseAccount(shop.ctx, customer.id, unrestricted)
    const { body } = await shop.call('GET', `${base}/${made.id}`, { token })
    const { state, email, note, shipping_address, customer_id } = body.data
    assert.deepEqual(
      [state, email, note, shipping_address, customer_id],
      ['cancelled', 'erased@invalid', null, null, null],
    )
    await shop.assertAudit()
  })
})
