import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../src/config/config.ts'
import { minor } from '../../src/core/money.ts'
import { changeVariant } from '../../src/domains/catalog/writes.ts'
import { addProduct, checkoutBody, describeOnEveryDatabase } from '../support/shop.ts'
import {
  add,
  added,
  bought,
  cartOf,
  checkOut,
  cookieOf,
  member,
  namesOf,
  refused,
  sharedShop,
  stockOf,
  unchanged,
} from './support.ts'

describeOnEveryDatabase('contract A: context', (openShop) => {
  const shared = sharedShop(openShop)

  test('an API designed for high concurrency', async () => {
    const shop = shared()
    const product = await addProduct(shop.ctx, { priceMinor: 2_500, onHand: 7 })
    const buyers = Array.from({ length: 24 }, (_, index) => ({ session: `buyer-${index}` }))
    await Promise.all(buyers.map((who) => added(shop, who, { product })))
    const answers = await Promise.all(buyers.map((who) => checkOut(shop, who)))
    const statuses = Map.groupBy(answers, ({ status }) => status)
    assert.deepEqual([statuses.get(201)?.length, statuses.get(409)?.length], [7, 17])
    for (const answer of statuses.get(409) ?? []) refused(answer, 409, 'INSUFFICIENT_STOCK')
    assert.deepEqual(await stockOf(shop.ctx, product.variantId), { on_hand: 0, reserved: 0 })
    await shop.assertAudit()
  })

  test('tables for Products, Orders, and Order_Items', async () => {
    const shop = shared()
    const product = await addProduct(shop.ctx, { priceMinor: 1_250 })
    const order = await bought(shop, { session: 'tables' }, { product, quantity: 2 })
    const { read } = shop.ctx.db
    const rows = await read
      .selectFrom('orders as o')
      .innerJoin('order_lines as l', 'l.order_id', 'o.id')
      .innerJoin('products as p', 'p.id', 'l.product_id')
      .select(['o.number', 'p.number as product', 'l.quantity', 'l.price_minor'])
      .where('o.number', '=', order.id)
      .execute()
    assert.deepEqual(
      rows.map((row) => Object.values(row)),
      [[order.id, product.number, 2, 1_250]],
    )
  })

  test('the cart will be session-based', async () => {
    const shop = shared()
    const product = await addProduct(shop.ctx)
    await added(shop, { session: 'mine' }, { product, quantity: 3 })
    assert.equal((await cartOf(shop, { session: 'mine' })).item_count, 3)
    assert.equal((await cartOf(shop, { session: 'other' })).item_count, 0)
    assert.equal((await cartOf(shop, {})).item_count, 0)
  })

  test('all monetary values must be handled with precision', async () => {
    await using shop = await openShop({ settings: { TAX_RATE: '7.25%' } })
    const dime = await addProduct(shop.ctx, { priceMinor: 10 })
    const fifth = await addProduct(shop.ctx, { priceMinor: 20 })
    await added(shop, { session: 'precise-cents' }, { product: dime })
    await added(shop, { session: 'precise-cents' }, { product: fifth })
    const { text } = await shop.call('GET', '/api/cart', { session: 'precise-cents' })
    // 0.1 + 0.2 is 0.30000000000000004 in floats; 7.25 % of 30 cents is 2.175 cents.
    assert.match(text, /"subtotal":0\.30,"tax":0\.02,"shipping":5\.00,"discount":0\.00/)
    assert.match(text, /"total":5\.32[,}]/)
  })
})

describeOnEveryDatabase('contract A: product catalog management', (openShop) => {
  const shared = sharedShop(openShop)

  test('list all available products with filtering (GET /api/products)', async () => {
    const shop = shared()
    await addProduct(shop.ctx, { name: 'Red lamp', priceMinor: 1_000 })
    await addProduct(shop.ctx, { name: 'Blue lamp', priceMinor: 3_000, onHand: 0 })
    await addProduct(shop.ctx, { name: 'Lamp oil', priceMinor: 9_000 })
    await addProduct(shop.ctx, { name: 'Secret lamp', status: 'draft' })
    const all = await namesOf(shop, '?per_page=100')
    const lamps = all.filter((name) => /lamp/i.test(name))
    assert.deepEqual(lamps, ['Red lamp', 'Blue lamp', 'Lamp oil'])
    const search = '?search=lamp&sort=name'
    assert.deepEqual(await namesOf(shop, search), ['Blue lamp', 'Lamp oil', 'Red lamp'])
    assert.deepEqual(await namesOf(shop, `${search}&in_stock=true`), ['Lamp oil', 'Red lamp'])
    const range = `${search}&min_price=30&max_price=90`
    assert.deepEqual(await namesOf(shop, range), ['Blue lamp', 'Lamp oil'])
  })

  test('retrieve the details for a single product (GET /api/products/<id>)', async () => {
    const shop = shared()
    const product = await addProduct(shop.ctx, { name: 'Candle', priceMinor: 2_990, onHand: 4 })
    const byNumber = await shop.call('GET', `/api/products/${product.number}`)
    assert.equal(byNumber.status, 200)
    const { id, name, stock_quantity } = byNumber.body.data
    assert.deepEqual([id, name, stock_quantity], [product.number, 'Candle', 4])
    assert.match(byNumber.text, /"price":29\.90,/)
    const byUuid = await shop.call('GET', `/api/products/${product.id}`)
    assert.equal(byUuid.text, byNumber.text)
    const headers = { 'if-none-match': byNumber.headers.get('etag') ?? '' }
    const again = await shop.call('GET', `/api/products/${product.number}`, { headers })
    assert.deepEqual([again.status, again.text], [304, ''])
  })
})

describeOnEveryDatabase('contract A: session-based shopping cart', (openShop) => {
  const shared = sharedShop(openShop)

  test("a cart stored in the user's session: adding, updating, and viewing", async () => {
    const shop = shared()
    const product = await addProduct(shop.ctx, { priceMinor: 1_999 })
    const first = await add(shop, {}, { product })
    assert.equal(first.status, 201)
    const setCookie = first.headers.get('set-cookie') ?? ''
    assert.match(setCookie, /^cart_session=[\w-]+\.[\w-]+; .*HttpOnly; SameSite=Lax/)
    const who = cookieOf(first)
    const { item_id } = first.body.data
    const body = { item_id, quantity: 3 }
    const updated = await shop.call('PUT', '/api/cart/update', { ...who, body })
    assert.deepEqual([updated.status, updated.body.data.item_count], [200, 3])
    const cart = await cartOf(shop, who)
    assert.deepEqual([cart.session_id, cart.items.length, cart.subtotal], [null, 1, 59.97])
    const forged = { headers: { cookie: `${who.headers.cookie}x` } }
    assert.equal((await cartOf(shop, forged)).item_count, 0)
  })
})

describeOnEveryDatabase('contract A: transactional checkout process', (openShop) => {
  const shared = sharedShop(openShop)

  test('POST /api/checkout validates cart inventory', async () => {
    const shop = shared()
    const product = await addProduct(shop.ctx, { onHand: 3 })
    await added(shop, { session: 'validates-slow' }, { product, quantity: 2 })
    await bought(shop, { session: 'validates-fast' }, { product, quantity: 2 })
    const answer = await unchanged(shop, () => checkOut(shop, { session: 'validates-slow' }))
    const { details } = refused(answer, 409, 'INSUFFICIENT_STOCK')
    assert.deepEqual(details.items, [
      { sku: product.sku, variant_id: product.variantId, available: 1, requested: 2 },
    ])
    await shop.assertAudit()
  })

  test('POST /api/checkout creates an Orders record', async () => {
    const shop = shared()
    const product = await addProduct(shop.ctx, { priceMinor: 1_999 })
    const order = await bought(shop, { session: 'creates' }, { product, quantity: 2 })
    assert.deepEqual([order.status, order.total_amount, order.tax_amount], ['paid', 48.28, 3.3])
    const rows = await shop.ctx.db.read
      .selectFrom('orders')
      .select(['number', 'status', 'total_minor'])
      .where('number', '=', order.id)
      .execute()
    assert.deepEqual(
      rows.map((row) => Object.values(row)),
      [[order.id, 'paid', 4_828]],
    )
    assert.equal((await cartOf(shop, { session: 'creates' })).item_count, 0)
    await shop.assertAudit()
  })

  test('decrements product stock within a single, atomic database transaction', async () => {
    const shop = shared()
    const product = await addProduct(shop.ctx, { onHand: 9 })
    await added(shop, { session: 'decrements' }, { product, quantity: 4 })
    const declined = { payment_data: { outcome: 'decline' } }
    refused(await checkOut(shop, { session: 'decrements' }, declined), 422, 'PAYMENT_DECLINED')
    assert.deepEqual(await stockOf(shop.ctx, product.variantId), { on_hand: 9, reserved: 0 })
    assert.equal((await cartOf(shop, { session: 'decrements' })).item_count, 4)
    assert.equal((await checkOut(shop, { session: 'decrements' })).status, 201)
    assert.deepEqual(await stockOf(shop.ctx, product.variantId), { on_hand: 5, reserved: 0 })
    await shop.assertAudit()
  })

  test('the /api/checkout endpoint must wrap its database operations in a transaction', async () => {
    const shop = shared()
    const first = await addProduct(shop.ctx, { onHand: 5 })
    const second = await addProduct(shop.ctx, { onHand: 5 })
    await added(shop, { session: 'wraps-slow' }, { product: first, quantity: 2 })
    await added(shop, { session: 'wraps-slow' }, { product: second, quantity: 5 })
    await bought(shop, { session: 'wraps-fast' }, { product: second })
    const answer = await unchanged(shop, () => checkOut(shop, { session: 'wraps-slow' }))
    refused(answer, 409, 'INSUFFICIENT_STOCK')
    assert.deepEqual(await stockOf(shop.ctx, first.variantId), { on_hand: 5, reserved: 0 })
    await shop.assertAudit()
  })

  test('a repeated checkout with one Idempotency-Key is one order, byte for byte', async () => {
    const shop = shared()
    const product = await addProduct(shop.ctx, { priceMinor: 3_000, onHand: 9 })
    await added(shop, { session: 'repeated' }, { product })
    const who = { session: 'repeated', key: 'order-1' }
    const first = await checkOut(shop, who)
    const again = await unchanged(shop, () => checkOut(shop, who))
    assert.deepEqual([first.status, again.status], [201, 201])
    assert.equal(again.text, first.text)
    assert.equal(again.headers.get('idempotent-replayed'), 'true')
    assert.match(again.text, /"price_at_time":30\.00,/)
    const other = await unchanged(shop, () => checkOut(shop, who, { email: 'b@example.com' }))
    refused(other, 422, 'IDEMPOTENCY_KEY_REUSED')
    await shop.assertAudit()
  })

  test('consider the order state machine', async () => {
    const shop = shared()
    const product = await addProduct(shop.ctx)
    await added(shop, { session: 'states' }, { product })
    const onInvoice = await checkOut(shop, { session: 'states' }, { payment_method: 'manual' })
    assert.deepEqual(onInvoice.body.data.payment, {
      method: 'manual',
      status: 'due',
      amount_paid: 0,
    })
    assert.equal(onInvoice.body.data.status, 'placed')
    const paid = await bought(shop, { session: 'states' }, { product })
    assert.equal(paid.status, 'paid')
    const timeline = paid.timeline as { type: string }[]
    assert.deepEqual(
      timeline.map(({ type }) => type),
      ['created', 'paid'],
    )
    await shop.assertAudit()
  })
})

describeOnEveryDatabase('contract A: order history retrieval', (openShop) => {
  const shared = sharedShop(openShop)

  test('a protected endpoint (GET /api/orders)', async () => {
    const shop = shared()
    refused(await shop.call('GET', '/api/orders'), 401, 'UNAUTHENTICATED')
    refused(await shop.call('GET', '/api/orders', { session: 'protected' }), 401, 'UNAUTHENTICATED')
    refused(await shop.call('GET', '/api/orders', { token: 'a.b.c' }), 401, 'INVALID_TOKEN')
  })

  test('an authenticated user views a history of their past orders', async () => {
    const shop = shared()
    const product = await addProduct(shop.ctx, { priceMinor: 1_000 })
    const { token } = await member(shop, 'ada_l')
    const other = await member(shop, 'other')
    const first = await bought(shop, { token }, { product })
    const second = await bought(shop, { token }, { product, quantity: 2 })
    await bought(shop, { token: other.token }, { product })
    const answer = await shop.call('GET', '/api/orders?per_page=1', { token })
    assert.equal(answer.status, 200)
    assert.deepEqual(
      answer.body.data.map(({ id }: { id: number }) => id),
      [second.id],
    )
    const { page, per_page, total, total_pages } = answer.body.meta
    assert.deepEqual([page, per_page, total, total_pages], [1, 1, 2, 2])
    const next = await shop.call('GET', answer.body.links.next, { token })
    assert.equal(next.body.data[0].id, first.id)
  })
})

describeOnEveryDatabase('contract A: technical mandates', (openShop) => {
  const shared = sharedShop(openShop)

  test('initialize app and CORS', async () => {
    const origin = 'http://localhost:3000'
    await using shop = await openShop({ settings: { CORS_ORIGINS: origin } })
    const answer = await shop.call('GET', '/api/products', { headers: { origin } })
    assert.equal(answer.headers.get('access-control-allow-origin'), origin)
    assert.equal(answer.headers.get('access-control-allow-credentials'), 'true')
    const headers = { origin: 'https://evil.example' }
    const foreign = await shop.call('GET', '/api/products', { headers })
    assert.equal(foreign.headers.get('access-control-allow-origin'), null)
  })

  test("run the app on host '0.0.0.0' and port 5005", () => {
    const { server } = readConfig({})
    assert.deepEqual([server.host, server.port], ['0.0.0.0', 5_005])
  })

  test('must use a decimal type for all currency values', async () => {
    for (const [currency, price] of [
      ['JPY', '123456789012345'],
      ['KWD', '123456789012.345'],
    ] as const) {
      await using shop = await openShop({ settings: { STORE_CURRENCY: currency } })
      const priceMinor = Number(price.replace('.', ''))
      const { number } = await addProduct(shop.ctx, { priceMinor })
      const { text } = await shop.call('GET', `/api/products/${number}`)
      assert.ok(text.includes(`"price":${price},"price_max":${price},`), text)
    }
  })

  test('ensure calculations are precise', async () => {
    await using shop = await openShop({ settings: { TAX_RATE: '8.875%' } })
    const product = await addProduct(shop.ctx, { priceMinor: 1_999, onHand: 1_000 })
    const who = { session: 'sums' }
    await added(shop, who, { product, quantity: 333 })
    const answer = await checkOut(shop, who, { shipping_method: 'express' })
    // 333 × 19.99 = 6,656.67; × 0.08875 = 590.7794…; + 15.00 for the courier.
    const { subtotal, tax_amount, shipping_amount, total_amount } = answer.body.data
    assert.deepEqual(
      [subtotal, tax_amount, shipping_amount, total_amount],
      [6_656.67, 590.78, 15, 7_262.45],
    )
    assert.match(answer.text, /"shipping_amount":15\.00,"tax_amount":590\.78,/)
    await shop.assertAudit()
  })

  test('transactional inventory management: a changed price is refused, not charged', async () => {
    const shop = shared()
    const product = await addProduct(shop.ctx, { priceMinor: 1_000 })
    await added(shop, { session: 'price' }, { product })
    const at = { id: product.variantId, version: undefined }
    await changeVariant(shop.ctx, at, { priceMinor: minor(1_200) })
    const answer = await shop.call('POST', '/api/checkout', {
      session: 'price',
      body: checkoutBody,
    })
    const { details } = refused(answer, 409, 'PRICE_CHANGED')
    assert.deepEqual([details.seen, details.current], ['10.00', '12.00'])
    assert.deepEqual(await stockOf(shop.ctx, product.variantId), { on_hand: 10, reserved: 0 })
    const told = await checkOut(shop, { session: 'price' })
    assert.deepEqual([told.status, told.body.data.subtotal], [201, 12])
    await shop.assertAudit()
  })
})
