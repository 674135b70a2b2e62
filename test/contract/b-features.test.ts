import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../src/config/config.ts'
import { minor } from '../../src/core/money.ts'
import { changeVariant } from '../../src/domains/catalog/writes.ts'
import { addProduct, describeOnEveryDatabase, shippingInfo, signUp } from '../support/shop.ts'
import {
  add,
  addCategory,
  added,
  bought,
  cartOf,
  checkOut,
  cookieOf,
  member,
  namesOf,
  refused,
  refusedField,
  sharedShop,
  stockOf,
  unchanged,
} from './support.ts'

describeOnEveryDatabase('contract B: order routes', (openShop) => {
  const shop = sharedShop(openShop)

  test("GET /api/orders: return user's order history", async () => {
    const { token } = await member(shop(), 'history')
    const product = await addProduct(shop().ctx)
    const order = await bought(shop(), { token }, { product })
    await bought(shop(), { session: 'guest' }, { product })
    const { status, body } = await shop().call('GET', '/api/orders', { token })
    assert.equal(status, 200)
    assert.deepEqual(
      body.data.map(({ id }: { id: number }) => id),
      [order.id],
    )
  })

  test('GET /api/orders: include order summaries and status', async () => {
    const { token } = await member(shop(), 'summaries')
    const product = await addProduct(shop().ctx, { name: 'Vase', priceMinor: 6_000 })
    await bought(shop(), { token }, { product })
    const { body } = await shop().call('GET', '/api/orders', { token })
    const [{ status, item_count, total_amount, items, payment }] = body.data
    assert.deepEqual([status, item_count, total_amount], ['paid', 1, 64.95])
    assert.deepEqual(payment, { method: 'test', status: 'captured', amount_paid: 64.95 })
    assert.deepEqual([items.length, items[0].name], [1, 'Vase'])
  })

  test('GET /api/orders/<id>: return specific order details, only to whom they concern', async () => {
    const product = await addProduct(shop().ctx)
    const { token } = await member(shop(), 'owner')
    const other = await member(shop(), 'stranger')
    const order = await bought(shop(), { token }, { product })
    const path = `/api/orders/${order.id}`
    assert.equal((await shop().call('GET', path, { token })).body.data.id, order.id)
    const byUuid = await shop().call('GET', `/api/orders/${order.uuid}`, { token })
    assert.equal(byUuid.body.data.id, order.id)
    const secret = { headers: { 'order-token': order.token } }
    assert.equal((await shop().call('GET', path, secret)).status, 200)
    const denied = [
      await shop().call('GET', path),
      await shop().call('GET', path, { token: other.token }),
      await shop().call('GET', `${path}?token=${'A'.repeat(43)}`),
      await shop().call('GET', '/api/orders/999999', { token }),
    ].map((answer) => refused(answer, 404, 'NOT_FOUND').message)
    assert.deepEqual(new Set(denied), new Set(['Order not found.']))
  })

  test('GET /api/orders/<id>: include item details, pricing, and status', async () => {
    const { token } = await member(shop(), 'pricing')
    const product = await addProduct(shop().ctx, { name: 'Rug', priceMinor: 12_345 })
    const { id } = await bought(shop(), { token }, { product, quantity: 2 })
    const { body, text } = await shop().call('GET', `/api/orders/${id}`, { token })
    assert.equal(body.data.status, 'paid')
    assert.deepEqual(body.data.items, [
      {
        product_id: product.number,
        variant_id: product.variantId,
        sku: product.sku,
        name: 'Rug',
        options: {},
        quantity: 2,
        price_at_time: 123.45,
        subtotal: 246.9,
        tax_amount: 20.37,
        ...{ cancelled_quantity: 0, packed_quantity: 0, shipped_quantity: 0 },
        ...{ returning_quantity: 0, returned_quantity: 0 },
      },
    ])
    assert.match(text, /"subtotal":246\.90,"discount_amount":0\.00,"shipping_amount":0\.00,/)
  })
})

describeOnEveryDatabase('contract B: order management', (openShop) => {
  const shop = sharedShop(openShop)
  const staffAct = (token: string, path: string, body: object = {}) =>
    shop().call('POST', `/api/v1/admin/orders/${path}`, { token, body })

  test('an order shows at its address what becomes of it, and its stock is true', async () => {
    const product = await addProduct(shop().ctx, { onHand: 5 })
    const { token } = await member(shop(), 'managed')
    const staff = await signUp(shop(), { role: 'admin' })
    const { id } = await bought(shop(), { token }, { product, quantity: 3 })
    const read = async () => (await shop().call('GET', `/api/orders/${id}`, { token })).body.data
    const sent = await staffAct(staff.token, `${id}/fulfilments`, { shipped: true, carrier: 'DHL' })
    assert.equal(sent.status, 201, sent.text)
    const shipped = await read()
    assert.deepEqual([shipped.status, shipped.items[0].shipped_quantity], ['shipped', 3])
    assert.deepEqual([shipped.fulfilments[0].carrier, shipped.given_back_amount], ['DHL', 0])
    const items = [{ line_id: sent.body.data.lines[0].id, quantity: 1, reason: 'damaged' }]
    const asked = await staffAct(staff.token, `${id}/returns`, { items, approved: true })
    const back = asked.body.data.returns[0].id
    assert.equal((await staffAct(staff.token, `${id}/returns/${back}/receipt`)).status, 201)
    const after = await read()
    assert.deepEqual([after.status, after.items[0].returned_quantity], ['shipped', 1])
    assert.equal((await stockOf(shop().ctx, product.variantId)).on_hand, 3)
  })

  test('a cancelled order says so in the history, and gives its stock back', async () => {
    const product = await addProduct(shop().ctx, { onHand: 5 })
    const { token } = await member(shop(), 'cancelling')
    const { id } = await bought(shop(), { token }, { product, quantity: 2 })
    const path = `/api/v1/orders/${id}/cancellation`
    assert.equal((await shop().call('POST', path, { token, body: {} })).status, 201)
    const { body } = await shop().call('GET', '/api/orders', { token })
    const [{ status, total_amount, given_back_amount }] = body.data
    assert.deepEqual([status, given_back_amount], ['cancelled', total_amount])
    assert.equal((await stockOf(shop().ctx, product.variantId)).on_hand, 5)
  })
})

describeOnEveryDatabase('contract B: database schema', (openShop) => {
  const shop = sharedShop(openShop)
  const has = (value: object, ...names: string[]) =>
    assert.deepEqual(
      names.filter((name) => !Object.hasOwn(value, name)),
      [],
    )

  test('Products table: id, name, description, price, category_id, stock_quantity, …', async () => {
    const { number } = await addProduct(shop().ctx)
    const { body } = await shop().call('GET', `/api/products/${number}`)
    has(body.data, 'id', 'name', 'description', 'price', 'category_id', 'stock_quantity')
    has(body.data, 'image_url', 'is_active', 'created_at')
    assert.equal(body.data.is_active, true)
    assert.ok(Math.abs(Date.parse(body.data.created_at) - Date.now()) < 60_000)
  })

  test('Categories table: id, name, description', async () => {
    const { number } = await addCategory(shop().ctx, { name: 'Books' })
    const { body } = await shop().call('GET', '/api/categories')
    const [category] = body.data
    assert.deepEqual(
      [category.id, category.name, category.description],
      [number, 'Books', 'All of Books'],
    )
  })

  test('Cart_Items table: id, session_id, product_id, quantity', async () => {
    const product = await addProduct(shop().ctx)
    await added(shop(), { session: 'items' }, { product, quantity: 2 })
    const { session_id, items } = await cartOf(shop(), { session: 'items' })
    has(items[0], 'item_id', 'product_id', 'quantity')
    assert.deepEqual([session_id, items[0].quantity], ['items', 2])
  })

  test('Orders and Order_Items tables: total_amount, …, price_at_time, subtotal', async () => {
    const product = await addProduct(shop().ctx)
    const order = await bought(shop(), { session: 'orders' }, { product })
    has(order, 'id', 'total_amount', 'tax_amount', 'shipping_amount', 'status')
    has(order, 'shipping_address', 'billing_address', 'created_at')
    has(order.items[0], 'product_id', 'quantity', 'price_at_time', 'subtotal')
  })
})

describeOnEveryDatabase('contract B: business logic features', (openShop) => {
  const shop = sharedShop(openShop)

  test('inventory management: real-time stock checking and updates', async () => {
    const product = await addProduct(shop().ctx, { onHand: 2 })
    await added(shop(), { session: 'watching' }, { product, quantity: 2 })
    await bought(shop(), { session: 'buying' }, { product })
    const { items, problems } = await cartOf(shop(), { session: 'watching' })
    assert.deepEqual([items[0].stock_quantity, items[0].in_stock], [1, false])
    assert.equal(problems[0].code, 'INSUFFICIENT_STOCK')
  })

  test('cart persistence: across page refreshes', async () => {
    const first = await add(shop(), {}, { product: await addProduct(shop().ctx) })
    const who = cookieOf(first)
    assert.equal((await cartOf(shop(), who)).item_count, 1)
    const second = await add(shop(), who, { product: await addProduct(shop().ctx) })
    assert.deepEqual([second.status, second.headers.get('set-cookie')], [201, null])
    assert.equal((await cartOf(shop(), who)).item_count, 2)
  })

  test('stock validation: prevent overselling and handle out-of-stock scenarios', async () => {
    const product = await addProduct(shop().ctx, { onHand: 0 })
    const answer = await unchanged(shop(), () => add(shop(), { session: 'none' }, { product }))
    assert.equal(refused(answer, 409, 'INSUFFICIENT_STOCK').details.available, 0)
  })

  test('order processing: complete checkout workflow with validation', async () => {
    const product = await addProduct(shop().ctx, { priceMinor: 4_000, onHand: 5 })
    const { token } = await member(shop(), 'workflow')
    await added(shop(), { token }, { product, quantity: 2 })
    const { version } = await cartOf(shop(), { token })
    const stale = { token, headers: { 'if-match': `"${version - 1}"` } }
    refused(await unchanged(shop(), () => checkOut(shop(), stale)), 412, 'VERSION_CONFLICT')
    const fresh = { token, headers: { 'if-match': `"${version}"` } }
    const { status, body } = await checkOut(shop(), fresh, { email: undefined })
    assert.deepEqual([status, body.data.email], [201, 'workflow@example.com'])
    assert.deepEqual((await cartOf(shop(), { token })).items, [])
    const history = await shop().call('GET', '/api/orders', { token })
    assert.equal(history.body.data[0].id, body.data.id)
  })

  test('shipping logic: multiple shipping options and calculations', async () => {
    const who = { session: 'shipping' }
    const product = await addProduct(shop().ctx, { priceMinor: 2_500, onHand: 9 })
    const options = async (quantity: number) => {
      const { shipping_options } = await added(shop(), who, { product, quantity })
      return shipping_options.map(({ code, price }: { code: string; price: number }) => [
        code,
        price,
      ])
    }
    assert.deepEqual(await options(1), [
      ['standard', 5],
      ['express', 15],
      ['pickup', 0],
    ])
    assert.deepEqual((await options(1))[0], ['standard', 0])
    const unknown = { shipping_method: 'drone' }
    const answer = await unchanged(shop(), () => checkOut(shop(), who, unknown))
    refused(answer, 422, 'UNKNOWN_SHIPPING_METHOD')
    const { body } = await checkOut(shop(), who, { shipping_method: 'pickup' })
    assert.deepEqual(body.data.shipping_method, { code: 'pickup', name: 'Pick-up' })
    assert.equal(body.data.shipping_amount, 0)
  })

  test('tax calculations: configurable tax rates and calculations', async () => {
    const tax = { TAX_RATE: '20%', TAX_INCLUSIVE: 'true', TAX_ON_SHIPPING: 'true' }
    await using taxed = await openShop({ settings: { ...tax, STORE_CURRENCY: 'EUR' } })
    const product = await addProduct(taxed.ctx, { priceMinor: 1_200 })
    await added(taxed, { session: 's' }, { product })
    // The euro is the currency of many countries, so none can be guessed.
    const nowhere = { shipping_info: { ...shippingInfo, country: undefined } }
    const placeless = await unchanged(taxed, () => checkOut(taxed, { session: 's' }, nowhere))
    refusedField(placeless, 'shipping_info.country')
    const { body } = await checkOut(taxed, { session: 's' })
    const { subtotal, shipping_amount, tax_amount, tax_inclusive, total_amount } = body.data
    assert.deepEqual([subtotal, shipping_amount, total_amount], [12, 5, 17])
    assert.deepEqual([tax_amount, tax_inclusive], [2.83, true])
    await taxed.assertAudit()
  })
})

describeOnEveryDatabase('contract B: validation and security features', (openShop) => {
  const shop = sharedShop(openShop)

  test('input validation for all cart operations', async () => {
    const who = { session: 'validation' }
    const { item_id } = await added(shop(), who, { product: await addProduct(shop().ctx) })
    for (const [method, path, body, field] of [
      ['POST', '/api/cart/add', { product_id: true, quantity: 1 }, 'product_id'],
      ['POST', '/api/cart/items', { product_id: 1, quantity: null }, 'quantity'],
      ['PUT', '/api/cart/update', { item_id, quantity: '3' }, 'quantity'],
      ['PUT', '/api/cart/items/x', { quantity: 1 }, 'product_id'],
      ['DELETE', '/api/cart/remove/1.5', undefined, 'item_id'],
    ] as const) {
      const options = { ...who, ...(body ? { body } : {}) }
      refusedField(await unchanged(shop(), () => shop().call(method, path, options)), field)
    }
    const broken = { ...who, raw: '{"product_id": 1,' }
    refused(await shop().call('POST', '/api/cart/add', broken), 400, 'MALFORMED_JSON')
    const list = { ...who, body: [1, 2] }
    refused(await shop().call('POST', '/api/cart/add', list), 400, 'VALIDATION_ERROR')
  })

  test('price integrity checks during checkout', async () => {
    const who = { session: 'integrity' }
    const product = await addProduct(shop().ctx, { priceMinor: 1_000 })
    const smuggled = { product_id: product.number, quantity: 1, price: 0.01 }
    refusedField(await shop().call('POST', '/api/cart/add', { ...who, body: smuggled }), 'price')
    await added(shop(), who, { product })
    const at = { id: product.variantId, version: undefined }
    await changeVariant(shop().ctx, at, { priceMinor: minor(1_500) })
    const [problem] = (await cartOf(shop(), who)).problems
    assert.deepEqual([problem.code, problem.seen, problem.current], ['PRICE_CHANGED', 10, 15])
    const answer = await checkOut(shop(), who)
    assert.equal(refused(answer, 409, 'PRICE_CHANGED').details.current, '15.00')
    assert.deepEqual(await stockOf(shop().ctx, product.variantId), { on_hand: 10, reserved: 0 })
  })

  test('session management for cart persistence', async () => {
    const guest = await add(shop(), {}, { product: await addProduct(shop().ctx) })
    const cookie = cookieOf(guest)
    const { token } = await member(shop(), 'merged', cookie)
    assert.equal((await cartOf(shop(), { token })).item_count, 1)
    assert.equal((await cartOf(shop(), cookie)).item_count, 0)
  })

  test('SQL injection prevention', async () => {
    const product = await addProduct(shop().ctx, { name: 'Bobby' })
    const attack = "x' OR '1'='1'; DROP TABLE products; --"
    const query = encodeURIComponent(attack)
    assert.deepEqual(await namesOf(shop(), `?search=${query}`), [])
    assert.deepEqual(await namesOf(shop(), `?brand=${query}`), [])
    refusedField(await shop().call('GET', `/api/products?category=${query}`), 'category')
    refusedField(await shop().call('GET', `/api/products?sort=${query}`), 'sort')
    refusedField(await shop().call('GET', `/api/products/${query}`), 'id')
    const body = { username: attack, password: attack }
    const login = await shop().call('POST', '/api/users/login', { body })
    refused(login, 401, 'INVALID_CREDENTIALS')
    const session = encodeURIComponent("'or'1'='1")
    const answer = await shop().call('GET', `/api/cart/${session}`)
    assert.deepEqual([answer.status, answer.body.data.items], [200, []])
    assert.deepEqual(await namesOf(shop(), '?search=bobby'), ['Bobby'])
    assert.equal((await shop().call('GET', `/api/products/${product.number}`)).status, 200)
  })

  test('data sanitization for all inputs', async () => {
    const who = { session: 'sanitization' }
    await added(shop(), who, { product: await addProduct(shop().ctx) })
    const name = '<script>alert("x")</script> & Søn 🛒'
    const shipping_info = { ...shippingInfo, name }
    const answer = await checkOut(shop(), who, { shipping_info })
    assert.equal(answer.body.data.shipping_address.name, name)
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/)
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    for (const bad of ['line\nbreak', 'nul\u0000', '']) {
      const change = { shipping_info: { ...shippingInfo, name: bad } }
      refused(await checkOut(shop(), who, change), 400, 'VALIDATION_ERROR')
    }
  })

  test('order validation and confirmation', async () => {
    const who = { session: 'confirmation' }
    const product = await addProduct(shop().ctx)
    await added(shop(), who, { product })
    const method = { payment_method: 'gold' }
    const unknown = await unchanged(shop(), () => checkOut(shop(), who, method))
    refused(unknown, 422, 'UNKNOWN_PAYMENT_METHOD')
    const outcome = { payment_data: { outcome: 'maybe' } }
    const wrong = await unchanged(shop(), () => checkOut(shop(), who, outcome))
    refusedField(wrong, 'payment_data.outcome')
    const { body } = await checkOut(shop(), who)
    assert.deepEqual([body.success, body.message], [true, 'Order placed'])
    assert.deepEqual(body.links, { self: `/api/orders/${body.data.id}` })
  })
})

describeOnEveryDatabase('contract B: response requirements', (openShop) => {
  const shop = sharedShop(openShop)

  test('multipage routing: every endpoint answers at its own address', async () => {
    const { number } = await addProduct(shop().ctx)
    for (const [method, path] of [
      ['GET', '/api/products'],
      ['GET', `/api/products/${number}`],
      ['GET', '/api/categories'],
      ['GET', '/api/cart'],
      ['POST', '/api/cart/add'],
      ['PUT', '/api/cart/update'],
      ['DELETE', '/api/cart/remove/1'],
      ['DELETE', '/api/cart/clear'],
      ['POST', '/api/checkout'],
      ['GET', '/api/orders'],
      ['GET', '/api/orders/1'],
    ] as const) {
      const { status, body } = await shop().call(method, path)
      assert.notEqual(status, 405, path)
      assert.notEqual(body.error?.message, 'Page not found.', path)
    }
    refused(await shop().call('GET', '/api/cart/add'), 405, 'METHOD_NOT_ALLOWED')
    refused(await shop().call('POST', '/api/cart/clear'), 405, 'METHOD_NOT_ALLOWED')
  })

  test('use the port of the environment', () => {
    assert.equal(readConfig({ PORT: '8080' }).server.port, 8_080)
  })

  test('CORS support for frontend communication, with credentials', async () => {
    const origin = 'http://localhost:3000'
    await using open = await openShop({ settings: { CORS_ORIGINS: origin } })
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      const headers = {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'session-id,content-type,idempotency-key',
      }
      const answer = await open.call('OPTIONS', '/api/cart/items/1', { headers })
      assert.equal(answer.status, 204)
      const methods = answer.headers.get('access-control-allow-methods')?.split(', ')
      assert.ok(methods?.includes(method), method)
      assert.equal(answer.headers.get('access-control-allow-credentials'), 'true')
      const allowed = answer.headers.get('access-control-allow-headers')
      assert.equal(allowed, 'session-id,content-type,idempotency-key')
    }
  })

  test('inventory management with concurrency handling', async () => {
    const product = await addProduct(shop().ctx, { onHand: 12 })
    const who = { session: 'parallel' }
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => add(shop(), who, { product })),
    )
    const created = answers.filter(({ status }) => status === 201)
    assert.equal(created.length, 12)
    assert.equal((await cartOf(shop(), who)).item_count, 12)
    const orders = await Promise.all(Array.from({ length: 8 }, () => checkOut(shop(), who)))
    assert.equal(orders.filter(({ status }) => status === 201).length, 1)
    assert.deepEqual(await stockOf(shop().ctx, product.variantId), { on_hand: 0, reserved: 0 })
  })

  test('proper HTTP status codes; JSON responses with consistent format', async () => {
    const good = await shop().call('GET', '/api/products')
    assert.deepEqual(Object.keys(good.body), ['success', 'data', 'message', 'meta', 'links'])
    for (const [path, status] of [
      ['/api/products/0', 400],
      ['/api/products?colour=red', 400],
      ['/api/orders', 401],
      ['/api/products/999999', 404],
      ['/api/nothing', 404],
      ['/api/cart/update', 405],
    ] as const) {
      const answer = await shop().call('GET', path)
      assert.equal(answer.status, status, path)
      assert.deepEqual(Object.keys(answer.body), ['success', 'error'])
      assert.deepEqual(Object.keys(answer.body.error), ['code', 'message', 'details', 'request_id'])
    }
  })
})
