import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minor } from '../../src/core/money.ts'
import { acceptCartPrices, PriceChangedError, takeCart } from '../../src/domains/cart/checkout.ts'
import { changeProduct, changeVariant } from '../../src/domains/catalog/writes.ts'
import { addProduct, describeOnEveryDatabase, shippingInfo, signUp } from '../support/shop.ts'
import { provider } from './provider.ts'
import {
  added,
  cartOf,
  checkOut,
  linesOf,
  orderStatuses,
  outboxTopics,
  outcome,
  refused,
  refusedField,
  shared,
  stockOf,
  testClock,
  unchanged,
  type Who,
} from './support.ts'

const guest: Who = { session: 'guest' }
const usd = (amount: string) => ({ amount, currency: 'USD' })

describeOnEveryDatabase('a checkout', (openShop) => {
  test('of a guest charges the total and answers with the paid order', async () => {
    const clock = testClock()
    const { charges, drivers } = provider()
    await using shop = await openShop({ clock, payment: drivers })
    const product = await addProduct(shop.ctx, { name: 'Lamp', priceMinor: 1_999, onHand: 5 })
    await added(shop, guest, { ...product, quantity: 2 })
    const answer = await checkOut(shop, guest, outcome('approve'))
    assert.equal(answer.status, 201, answer.text)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const { id, token, lines, payments, ...order } = answer.body.data
    assert.match(token, /^[\w-]{43}$/)
    const at = '2026-11-21T10:30:00.000Z'
    assert.deepEqual(order, {
      ...{ number: 1_001, reference: '1001', status: 'paid', currency: 'USD' },
      ...{ item_count: 2, version: 2 },
      subtotal: usd('39.98'),
      discount: usd('0.00'),
      shipping: usd('5.00'),
      tax: usd('3.30'),
      tax_inclusive: false,
      shipping_discount: usd('0.00'),
      credit: usd('0.00'),
      total: usd('48.28'),
      payment: { method: 'test', status: 'captured', captured: usd('48.28') },
      created_at: at,
      links: { self: '/api/v1/orders/1001', cancel: '/api/v1/orders/1001/cancellation' },
      email: 'ada@example.com',
      shipping_method: { code: 'standard', name: 'Standard' },
      shipping_address: shippingInfo,
      billing_address: shippingInfo,
      timeline: [
        { type: 'created', at, actor: 'customer', data: {} },
        { type: 'paid', at, actor: 'system', data: {} },
      ],
      ...{ given_back: usd('0.00'), fulfilments: [], returns: [] },
    })
    const [{ id: _, ...payment }] = payments
    const [total, nothing] = [usd('48.28'), usd('0.00')]
    assert.deepEqual(payment, {
      ...{ position: 1, method: 'test', status: 'captured', failure: null, amount: total },
      ...{ authorised: total, captured: total },
      ...{ refunding: nothing, refunded: nothing, released: nothing },
    })
    assert.equal(lines.length, 1)
    assert.deepEqual(
      { ...lines[0], id: '' },
      {
        ...{ id: '', product_id: product.id, product_number: product.number, name: 'Lamp' },
        ...{ variant_id: product.variantId, sku: product.sku, options: {}, quantity: 2 },
        ...{ discount: usd('0.00'), is_gift: false, units: [] },
        ...{ cancelled_quantity: 0, packed_quantity: 0, shipped_quantity: 0 },
        ...{ returning_quantity: 0, returned_quantity: 0 },
        ...{ price: usd('19.99'), subtotal: usd('39.98'), tax: usd('3.30'), total: usd('43.28') },
      },
    )
    const [{ keep: _keep, ...charge } = assert.fail(), ...more] = charges
    const expected = { key: id, amountMinor: 4_828, currency: 'USD', capture: 'now' }
    assert.deepEqual(charge, { ...expected, payer: undefined, data: { outcome: 'approve' } })
    assert.deepEqual(more, [])
    assert.deepEqual(await stockOf(shop.ctx, product.variantId), { on_hand: 3, reserved: 0 })
    assert.deepEqual(await outboxTopics(shop), ['order.placed'])
    await shop.assertAudit()
  })

  test('leaves an empty cart behind, and the next one is another order', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx)
    for (const number of [1_001, 1_002]) {
      await added(shop, guest, product)
      const answer = await checkOut(shop, guest)
      assert.equal(answer.body.data.number, number)
      const { id, lines } = await cartOf(shop, guest)
      assert.deepEqual({ id, lines }, { id: null, lines: [] })
    }
    refused(await checkOut(shop, guest), 422, 'CART_EMPTY')
    await shop.assertAudit()
  })

  test('by cookie works like one by header', async () => {
    await using shop = await openShop()
    const first = await added(shop, {}, await addProduct(shop.ctx))
    const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const answer = await checkOut(shop, { headers: { cookie } })
    assert.equal(answer.status, 201, answer.text)
    await shop.assertAudit()
  })

  test('to be paid later places the order at once', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx, { onHand: 5 })
    await added(shop, guest, { ...product, quantity: 5 })
    const answer = await checkOut(shop, guest, { payment_method: 'manual' })
    assert.equal(answer.status, 201, answer.text)
    const { status, payment, timeline } = answer.body.data
    assert.equal(status, 'placed')
    assert.deepEqual(payment, { method: 'manual', status: 'due', captured: usd('0.00') })
    assert.deepEqual(
      timeline.map(({ type }: { type: string }) => type),
      ['created', 'placed'],
    )
    assert.deepEqual(await stockOf(shop.ctx, product.variantId), { on_hand: 0, reserved: 0 })
    assert.deepEqual(await outboxTopics(shop), ['order.placed'])
    await shop.assertAudit()
  })

  test('shows what happened in the order in which it happened, every time', async () => {
    await using shop = await openShop({ clock: testClock() })
    const product = await addProduct(shop.ctx, { onHand: 40 })
    for (let count = 0; count < 20; count++) {
      await added(shop, guest, product)
      const { data } = (await checkOut(shop, guest, { payment_method: 'manual' })).body
      const types = data.timeline.map(({ type }: { type: string }) => type)
      assert.deepEqual(types, ['created', 'placed'])
    }
  })

  test('of an account uses its e-mail address unless another is given', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx)
    const { token, email } = await signUp(shop)
    const elsewhere = { ...shippingInfo, email: 'there@example.com' }
    for (const [body, expected] of [
      [{ email: undefined }, email],
      [{ email: undefined, shipping_info: elsewhere }, 'there@example.com'],
      [{ email: 'given@example.com', shipping_info: elsewhere }, 'given@example.com'],
    ] as const) {
      await added(shop, { token }, product)
      const { data } = (await checkOut(shop, { token }, body)).body
      assert.equal(data.email, expected)
    }
    await shop.assertAudit()
  })

  test('of a guest finds the e-mail address in either address', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx)
    const [to, from] = ['to@example.com', 'from@example.com'].map((email) => ({
      ...shippingInfo,
      email,
    }))
    for (const [body, expected] of [
      [{ shipping_info: to, billing_info: from }, 'to@example.com'],
      [{ billing_info: from }, 'from@example.com'],
    ] as const) {
      await added(shop, guest, product)
      const { data } = (await checkOut(shop, guest, { email: undefined, ...body })).body
      assert.equal(data.email, expected)
    }
    await added(shop, guest, product)
    await unchanged(shop, async () => {
      refused(await checkOut(shop, guest, { email: undefined }), 422, 'EMAIL_REQUIRED')
    })
  })

  test('bills to the shipping address unless another is given', async () => {
    await using shop = await openShop()
    await added(shop, guest, await addProduct(shop.ctx))
    const billing_info = {
      name: 'Charles Babbage',
      company: 'Engines Ltd',
      address: '1 Dorset Street',
      address2: 'Back door',
      city: 'London',
      state: 'Greater London',
      country: 'GB',
      phone: '+44 20 7946 0000',
    }
    const { data } = (await checkOut(shop, guest, { billing_info })).body
    assert.deepEqual(data.shipping_address, shippingInfo)
    assert.deepEqual(data.billing_address, billing_info)
  })

  const ways: readonly (readonly [method: string, priceMinor: number, shipping: string])[] = [
    ['standard', 4_999, '5.00'],
    ['standard', 5_000, '0.00'],
    ['express', 4_999, '15.00'],
    ['express', 5_000, '15.00'],
    ['pickup', 4_999, '0.00'],
  ]
  for (const [shipping_method, priceMinor, shipping] of ways) {
    test(`of ${priceMinor} by ${shipping_method} costs ${shipping} to ship`, async () => {
      await using shop = await openShop()
      await added(shop, guest, await addProduct(shop.ctx, { priceMinor }))
      const { data } = (await checkOut(shop, guest, { shipping_method })).body
      assert.equal(data.shipping.amount, shipping)
      assert.equal(data.shipping_method.code, shipping_method)
      await shop.assertAudit()
    })
  }

  test('keeps the price and the name that the order was made with', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx, { name: 'Lamp', priceMinor: 1_000 })
    await added(shop, guest, product)
    const { number, token } = (await checkOut(shop, guest)).body.data
    await changeVariant(
      shop.ctx,
      { id: product.variantId, version: undefined },
      { priceMinor: minor(5), sku: 'NEW' },
    )
    const at = { by: { by: 'id', id: product.id }, version: undefined } as const
    await changeProduct(shop.ctx, at, { name: 'Torch', status: 'archived' })
    const { data } = (await shop.call('GET', `/api/v1/orders/${number}?token=${token}`)).body
    const [line] = data.lines
    assert.deepEqual(
      [line.name, line.sku, line.price.amount, data.total.amount],
      ['Lamp', product.sku, '10.00', '15.83'],
    )
    await shop.assertAudit()
  })

  test('says which prices contain the tax', async () => {
    await using shop = await openShop({ settings: { TAX_INCLUSIVE: 'true', TAX_RATE: '20%' } })
    await added(shop, guest, await addProduct(shop.ctx, { priceMinor: 1_200 }))
    const { data } = (await checkOut(shop, guest)).body
    assert.equal(data.tax_inclusive, true)
    assert.deepEqual([data.tax.amount, data.total.amount], ['2.00', '17.00'])
    await shop.assertAudit()
  })

  test('of what costs nothing is an order all the same', async () => {
    await using shop = await openShop()
    await added(shop, guest, await addProduct(shop.ctx, { priceMinor: 0 }))
    const { data } = (await checkOut(shop, guest, { shipping_method: 'pickup' })).body
    assert.deepEqual([data.status, data.total.amount], ['paid', '0.00'])
    await shop.assertAudit()
  })

  test('tells before which ways to ship and to pay there are', async () => {
    await using shop = await openShop({ settings: { STORE_CURRENCY: 'JPY' } })
    const jpy = (amount: string) => ({ amount, currency: 'JPY' })
    const shipping = await shop.call('GET', '/api/v1/shipping-methods')
    assert.deepEqual(shipping.body.data, [
      {
        ...{ code: 'standard', name: 'Standard', description: 'By post', price: jpy('5') },
        ...{ free_from: jpy('50'), days_min: 3, days_max: 5 },
      },
      {
        ...{ code: 'express', name: 'Express', description: 'By courier', price: jpy('15') },
        ...{ free_from: null, days_min: 1, days_max: 2 },
      },
      {
        ...{ code: 'pickup', name: 'Pick-up', description: 'At our counter', price: jpy('0') },
        ...{ free_from: null, days_min: 0, days_max: 1 },
      },
    ])
    const payment = await shop.call('GET', '/api/v1/payment-methods')
    assert.deepEqual(payment.body.data, [
      { code: 'manual', name: 'Invoice or cash on delivery' },
      { code: 'test', name: 'Test payment (no money moves)' },
    ])
  })
})

describeOnEveryDatabase('a checkout refuses, and changes nothing,', (openShop) => {
  test('an empty cart, one that was cleared and one that never was', async () => {
    await using shop = await openShop()
    await added(shop, guest, await addProduct(shop.ctx))
    await shop.call('DELETE', '/api/v1/cart', { ...guest })
    await unchanged(shop, async () => {
      for (const who of [guest, { session: 'nobody' }, {}]) {
        refused(await checkOut(shop, who), 422, 'CART_EMPTY')
      }
    })
  })

  test('ways to ship and to pay that there are not, naming those that there are', async () => {
    await using shop = await openShop()
    await added(shop, guest, await addProduct(shop.ctx))
    await unchanged(shop, async () => {
      const shipping = await checkOut(shop, guest, { shipping_method: 'drone' })
      const { details } = refused(shipping, 422, 'UNKNOWN_SHIPPING_METHOD')
      assert.equal(details.available, 'standard, express, pickup')
      const payment = await checkOut(shop, guest, { payment_method: 'bitcoin' })
      assert.equal(
        refused(payment, 422, 'UNKNOWN_PAYMENT_METHOD').details.available,
        'manual, test',
      )
    })
  })

  test('what the payment method cannot use', async () => {
    await using shop = await openShop()
    await added(shop, guest, await addProduct(shop.ctx))
    await unchanged(shop, async () => {
      for (const [payment_data, field] of [
        [{ outcome: 'steal' }, 'payment_data.outcome'],
        [{ outcome: 1 }, 'payment_data.outcome'],
        [{ card: '4111' }, 'payment_data.card'],
        ['approve', 'payment_data'],
      ] as const) {
        refusedField(await checkOut(shop, guest, { payment_data }), field)
      }
    })
  })

  test('what is no longer for sale', async () => {
    await using shop = await openShop()
    const [one, two] = [await addProduct(shop.ctx), await addProduct(shop.ctx)]
    await added(shop, guest, one)
    const { line_id } = (await added(shop, guest, two)).body.data
    const { lines } = await cartOf(shop, guest)
    const at = { by: { by: 'id', id: two.id }, version: undefined } as const
    await changeProduct(shop.ctx, at, { status: 'archived' })
    await unchanged(shop, async () => {
      const { details } = refused(await checkOut(shop, guest), 422, 'PRODUCT_UNAVAILABLE')
      assert.equal(details.sku, two.sku)
      assert.equal(details.cart_item_id, lines[1].number)
    })
    await shop.call('DELETE', `/api/v1/cart/items/${line_id}`, { ...guest })
    assert.equal((await checkOut(shop, guest)).status, 201)
    await shop.assertAudit()
  })

  test('more than there is of the second article, and leaves the first alone', async () => {
    await using shop = await openShop()
    const one = await addProduct(shop.ctx, { onHand: 5 })
    const two = await addProduct(shop.ctx, { onHand: 5 })
    await added(shop, guest, { ...one, quantity: 5 })
    await added(shop, guest, { ...two, quantity: 4 })
    await added(shop, { session: 'faster' }, { ...two, quantity: 2 })
    assert.equal((await checkOut(shop, { session: 'faster' })).status, 201)
    await unchanged(shop, async () => {
      const { details } = refused(await checkOut(shop, guest), 409, 'INSUFFICIENT_STOCK')
      assert.deepEqual(details.items, [
        { sku: two.sku, variant_id: two.variantId, available: 3, requested: 4 },
      ])
      assert.equal(details.available, 3)
    })
    assert.deepEqual(await linesOf(shop, guest), [
      [one.sku, 5],
      [two.sku, 4],
    ])
    await shop.assertAudit()
  })

  test('names every article of which there is too little', async () => {
    await using shop = await openShop()
    const products = [1, 2, 3].map(() => addProduct(shop.ctx, { onHand: 2 }))
    for (const product of await Promise.all(products)) {
      for (const session of ['guest', 'faster']) {
        await added(shop, { session }, { ...product, quantity: 2 })
      }
    }
    assert.equal((await checkOut(shop, { session: 'faster' })).status, 201)
    const { details } = refused(await checkOut(shop, guest), 409, 'INSUFFICIENT_STOCK')
    assert.equal(details.items.length, 3)
  })
})

describeOnEveryDatabase('a checkout refuses, and changes nothing,', (openShop) => {
  const opened = shared(async () => {
    const shop = await openShop()
    await added(shop, guest, await addProduct(shop.ctx))
    return shop
  })

  const bodies: readonly (readonly [
    what: string,
    change: Record<string, unknown>,
    field: string,
  ])[] = [
    ['no address', { shipping_info: undefined }, 'shipping_info'],
    [
      'an address without a name',
      { shipping_info: { ...shippingInfo, name: undefined } },
      'shipping_info.name',
    ],
    ['a blank name', { shipping_info: { ...shippingInfo, name: ' ' } }, 'shipping_info.name'],
    [
      'a name of two lines',
      { shipping_info: { ...shippingInfo, name: 'a\nb' } },
      'shipping_info.name',
    ],
    [
      'a country that is no code',
      { shipping_info: { ...shippingInfo, country: 'England' } },
      'shipping_info.country',
    ],
    [
      'a field that is not known',
      { shipping_info: { ...shippingInfo, zip: '1' } },
      'shipping_info.zip',
    ],
    ['a broken billing address', { billing_info: {} }, 'billing_info.name'],
    ['an e-mail address that is none', { email: 'ada' }, 'email'],
    ['no payment method', { payment_method: undefined }, 'payment_method'],
    ['a total of the client’s own', { total: '0.01' }, 'total'],
    ['U+0000', { shipping_info: { ...shippingInfo, city: 'a\u0000' } }, 'input'],
  ]
  for (const [what, change, field] of bodies) {
    test(what, async () => {
      const shop = opened()
      await unchanged(shop, async () => {
        refusedField(await checkOut(shop, guest, change), field)
      })
    })
  }
})

describeOnEveryDatabase('a checkout after a price has changed', (openShop) => {
  test('is refused with the new price, and accepted the next time', async () => {
    const { charges, drivers } = provider()
    await using shop = await openShop({ payment: drivers })
    const changed = await addProduct(shop.ctx, { priceMinor: 1_000 })
    const same = await addProduct(shop.ctx, { priceMinor: 500 })
    await added(shop, guest, changed)
    await added(shop, guest, same)
    const at = { id: changed.variantId, version: undefined }
    await changeVariant(shop.ctx, at, { priceMinor: minor(1_250) })
    const { lines } = await cartOf(shop, guest)
    const { details } = refused(await checkOut(shop, guest, { key: 'k' }), 409, 'PRICE_CHANGED')
    const item = {
      sku: changed.sku,
      cart_item_id: lines[0].number,
      seen: '10.00',
      current: '12.50',
    }
    const { hint, ...rest } = details
    assert.match(hint, /next checkout/)
    assert.deepEqual(rest, { ...item, items: [item] })
    assert.deepEqual(charges, [])
    assert.deepEqual(await orderStatuses(shop.ctx), [])
    assert.deepEqual(await stockOf(shop.ctx, changed.variantId), { on_hand: 10, reserved: 0 })
    const { status, problems } = await cartOf(shop, guest)
    assert.deepEqual({ status, problems }, { status: 'open', problems: [] })
    const accepted = await checkOut(shop, guest, { key: 'k' })
    assert.equal(accepted.status, 201, accepted.text)
    assert.equal(accepted.body.data.subtotal.amount, '17.50')
    assert.equal(charges.length, 1)
    await shop.assertAudit()
  })

  test('is refused again if it has changed again', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx, { priceMinor: 1_000 })
    await added(shop, guest, product)
    const at = { id: product.variantId, version: undefined }
    for (const [priceMinor, seen] of [
      [900, '10.00'],
      [1_100, '9.00'],
    ] as const) {
      await changeVariant(shop.ctx, at, { priceMinor: minor(priceMinor) })
      assert.equal(refused(await checkOut(shop, guest), 409, 'PRICE_CHANGED').details.seen, seen)
    }
    assert.equal((await checkOut(shop, guest)).status, 201)
    await shop.assertAudit()
  })

  test('accepts the prices it was told, and none that has changed since', async () => {
    await using shop = await openShop()
    const { ctx } = shop
    const [told, later] = [await addProduct(ctx), await addProduct(ctx)]
    for (const product of [told, later]) await added(shop, guest, product)
    const reprice = ({ variantId: id }: { variantId: string }, priceMinor: number) =>
      changeVariant(ctx, { id, version: undefined }, { priceMinor: minor(priceMinor) })
    await reprice(told, 7)
    const shopper = { customerId: undefined, sessionKey: 'named:guest' }
    const refusal: unknown = await ctx.db
      .transaction((tx) => takeCart(ctx, tx, { shopper, version: undefined, terms: {} }))
      .catch((error: unknown) => error)
    assert.ok(refusal instanceof PriceChangedError)
    await reprice(later, 9)
    await acceptCartPrices(ctx, refusal)
    const { details } = refused(await checkOut(shop, guest), 409, 'PRICE_CHANGED')
    assert.deepEqual([details.sku, details.items.length], [later.sku, 1])
    assert.equal((await checkOut(shop, guest)).status, 201)
    await shop.assertAudit()
  })
})
