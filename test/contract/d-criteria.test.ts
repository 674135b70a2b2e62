import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../src/config/config.ts'
import { migrate } from '../../src/db/migrate.ts'
import { UnavailableError } from '../../src/db/errors.ts'
import { loadDemoData } from '../../src/demo/load.ts'
import { changeProduct } from '../../src/domains/catalog/writes.ts'
import { manualPayment } from '../../src/drivers/payment/manual.ts'
import { testClock } from '../api/support.ts'
import { addProduct, describeOnEveryDatabase, shippingInfo } from '../support/shop.ts'
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
  registered,
  sharedShop,
  stockOf,
  unchanged,
} from './support.ts'

describeOnEveryDatabase('contract D: cart endpoints with the session in the path', (openShop) => {
  const shop = sharedShop(openShop)
  const put = (path: string, quantity: number) => shop().call('PUT', path, { body: { quantity } })

  test('POST /api/cart/{session_id}/items: add item to cart', async () => {
    const product = await addProduct(shop().ctx, { priceMinor: 250 })
    const body = { product_id: product.number, quantity: 4 }
    const answer = await shop().call('POST', '/api/cart/path-add/items', { body })
    assert.equal(answer.status, 201)
    const { product_id, quantity, total_price, session_id } = answer.body.data
    assert.deepEqual(
      [product_id, quantity, total_price, session_id],
      [product.number, 4, 10, 'path-add'],
    )
    assert.equal(answer.headers.get('set-cookie'), null)
    assert.equal(answer.body.links.self, '/api/cart/path-add')
    refused(await shop().call('POST', '/api/cart/items/items', { body }), 405, 'METHOD_NOT_ALLOWED')
  })

  test('GET /api/cart/{session_id}: get cart contents for session', async () => {
    const product = await addProduct(shop().ctx)
    await added(shop(), { session: 'a/b+c~' }, { product, quantity: 3 })
    const path = `/api/cart/${encodeURIComponent('a/b+c~')}`
    const { status, body } = await shop().call('GET', path)
    assert.deepEqual([status, body.data.session_id, body.data.item_count], [200, 'a/b+c~', 3])
    assert.equal(body.links.self, path)
    const unknown = await shop().call('GET', '/api/cart/nobody')
    assert.deepEqual([unknown.status, unknown.body.data.items], [200, []])
    refusedField(await shop().call('GET', '/api/cart/with%20space'), 'Session-ID')
  })

  test('PUT /api/cart/{session_id}/items/{item_id}: update cart item quantity', async () => {
    const product = await addProduct(shop().ctx, { onHand: 5 })
    const { item_id } = await added(shop(), { session: 'path-put' }, { product })
    const path = `/api/cart/path-put/items/${item_id}`
    const { status, body } = await put(path, 5)
    assert.deepEqual([status, body.data.quantity, body.data.item_count], [200, 5, 5])
    refused(await unchanged(shop(), () => put(path, 6)), 409, 'INSUFFICIENT_STOCK')
    const other = `/api/cart/other/items/${item_id}`
    refused(await unchanged(shop(), () => put(other, 1)), 404, 'NOT_FOUND')
  })

  test('DELETE /api/cart/{session_id}/items/{item_id}: remove item from cart', async () => {
    const who = { session: 'path-remove' }
    const { item_id } = await added(shop(), who, { product: await addProduct(shop().ctx) })
    const path = `/api/cart/path-remove/items/${item_id}`
    const { status, body } = await shop().call('DELETE', path)
    assert.deepEqual([status, body.data.items], [200, []])
    refused(await unchanged(shop(), () => shop().call('DELETE', path)), 404, 'NOT_FOUND')
  })

  test('DELETE /api/cart/{session_id}: clear entire cart', async () => {
    const who = { session: 'path-clear' }
    await added(shop(), who, { product: await addProduct(shop().ctx) })
    const { status, body } = await shop().call('DELETE', '/api/cart/path-clear')
    assert.deepEqual([status, body.data.items], [200, []])
    assert.equal((await cartOf(shop(), who)).item_count, 0)
  })

  test('cookie, header and path all work: the path counts most, then the header', async () => {
    const product = await addProduct(shop().ctx)
    const cookie = cookieOf(await add(shop(), {}, { product }))
    await added(shop(), { session: 'by-header' }, { product, quantity: 2 })
    await added(shop(), { session: 'by-path' }, { product, quantity: 3 })
    const all = { ...cookie, session: 'by-header' }
    assert.equal((await cartOf(shop(), cookie)).item_count, 1)
    assert.equal((await cartOf(shop(), all)).item_count, 2)
    const { body } = await shop().call('GET', '/api/cart/by-path', all)
    assert.equal(body.data.item_count, 3)
  })

  test('add, update, remove, clear and items are no sessions', async () => {
    for (const word of ['add', 'update', 'clear', 'items', '%61dd']) {
      refused(await shop().call('GET', `/api/cart/${word}`), 405, 'METHOD_NOT_ALLOWED')
    }
    assert.equal((await shop().call('GET', '/api/cart/adder')).status, 200)
  })
})

describeOnEveryDatabase('contract D: database implementation', (openShop) => {
  const shop = sharedShop(openShop)

  test('migration scripts created for schema setup', async () => {
    assert.deepEqual(await migrate(shop().ctx.db), [])
  })

  test('sample data seeding script implemented', async () => {
    await using demo = await openShop()
    assert.equal(await loadDemoData(demo.ctx), true)
    const products = await demo.call('GET', '/api/products?per_page=100&in_stock=true')
    assert.deepEqual([products.status, products.body.data.length], [200, 100])
    const categories = await demo.call('GET', '/api/categories')
    assert.ok(categories.body.data.length > 50)
    const body = { username: 'demo', password: 'Trolley-Wheel5' }
    assert.equal((await demo.call('POST', '/api/users/login', { body })).status, 200)
  })

  test('database connection pooling configured (max 20 connections)', () => {
    assert.equal(readConfig({}).database.poolSize, 20)
  })

  test('password hashing and verification: slow and salted, never the password', async () => {
    await registered(shop(), 'hash_a')
    await registered(shop(), 'hash_b')
    const rows = await shop()
      .ctx.db.read.selectFrom('customers')
      .select('password_hash')
      .where('username_key', 'in', ['hash_a', 'hash_b'])
      .execute()
    const hashes = rows.map(({ password_hash }) => password_hash)
    assert.equal(new Set(hashes).size, 2)
    for (const text of hashes) assert.match(text, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  })

  test('foreign key: an order keeps what was bought, whatever becomes of the product', async () => {
    const product = await addProduct(shop().ctx, { name: 'Old name' })
    const order = await bought(shop(), { session: 'foreign' }, { product })
    const at = { by: { by: 'id', id: product.id }, version: undefined } as const
    await changeProduct(shop().ctx, at, { name: 'New name', status: 'archived' })
    const read = await shop().call('GET', `/api/orders/${order.id}?token=${order.token}`)
    assert.equal(read.body.data.items[0].name, 'Old name')
    refused(await shop().call('GET', `/api/products/${product.number}`), 404, 'NOT_FOUND')
  })
})

describeOnEveryDatabase('contract D: API endpoints', (openShop) => {
  const shop = sharedShop(openShop)

  test('all product endpoints return proper JSON responses', async () => {
    const { number } = await addProduct(shop().ctx)
    for (const path of ['/api/products', `/api/products/${number}`, '/api/categories']) {
      const { status, headers, body } = await shop().call('GET', path)
      assert.deepEqual([status, body.success], [200, true])
      assert.equal(headers.get('content-type'), 'application/json; charset=utf-8')
    }
  })

  test('product filtering by category and name search', async () => {
    const { id, number } = await addCategory(shop().ctx, { name: 'Optics' })
    await addProduct(shop().ctx, { name: 'Lens cap', categoryId: id })
    await addProduct(shop().ctx, { name: 'Tripod', categoryId: id })
    await addProduct(shop().ctx, { name: 'Lens soup' })
    assert.deepEqual(await namesOf(shop(), `?category_id=${number}&search=lens`), ['Lens cap'])
  })

  test('proper HTTP status codes returned (200, 201, 400, 404, 500)', async () => {
    const broken = () => {
      throw new Error('secret of the machine room')
    }
    const payment = new Map([['manual', { ...manualPayment, check: broken }]])
    await using failing = await openShop({ payment })
    const product = await addProduct(failing.ctx)
    await added(failing, { session: 's' }, { product })
    const pay = { payment_method: 'manual' }
    const answer = await unchanged(failing, () => checkOut(failing, { session: 's' }, pay))
    refused(answer, 500, 'INTERNAL_ERROR')
    assert.ok(!/secret|\.ts|stack|at /i.test(answer.text), answer.text)
    refused(await failing.call('GET', '/api/products/999'), 404, 'NOT_FOUND')
    refused(await failing.call('GET', '/api/products/none'), 400, 'VALIDATION_ERROR')
  })

  test('authentication middleware for protected routes', async () => {
    const clock = testClock()
    await using timed = await openShop({ clock })
    const { id, token } = await member(timed, 'timed')
    const routes = [
      ['GET', '/api/orders', undefined],
      ['GET', `/api/users/${id}`, undefined],
      ['PUT', `/api/users/${id}`, { username: 'stolen' }],
      ['DELETE', `/api/users/${id}`, undefined],
    ] as const
    const refuse = async (given: { token?: string; headers?: Record<string, string> }) => {
      const codes: string[] = []
      for (const [method, path, body] of routes) {
        const options = { ...given, ...(body ? { body } : {}) }
        const answer = await unchanged(timed, () => timed.call(method, path, options))
        assert.equal(answer.status, 401)
        assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
        codes.push(answer.body.error.code)
      }
      return [...new Set(codes)]
    }
    assert.deepEqual(await refuse({}), ['UNAUTHENTICATED'])
    assert.deepEqual(await refuse({ token: `${token}x` }), ['INVALID_TOKEN'])
    assert.deepEqual(await refuse({ headers: { authorization: 'Basic YTpi' } }), ['INVALID_TOKEN'])
    clock.advance(901_000)
    assert.deepEqual(await refuse({ token }), ['INVALID_TOKEN'])
  })
})

describeOnEveryDatabase('contract D: data validation', (openShop) => {
  const shop = sharedShop(openShop)

  test('input validation for all POST/PUT requests', async () => {
    const { id, token } = await member(shop(), 'inputs')
    const user = { username: 'valid_1', email: 'v@example.com', password: 'Difference1' }
    const line = { product_id: 1, quantity: 1 }
    for (const [method, path, body] of [
      ['POST', '/api/cart/add', line],
      ['POST', '/api/cart/items', line],
      ['POST', '/api/cart/some/items', line],
      ['PUT', '/api/cart/update', { item_id: 1, quantity: 1 }],
      ['PUT', '/api/cart/items/1', { quantity: 1 }],
      ['PUT', '/api/cart/some/items/1', { quantity: 1 }],
      ['POST', '/api/checkout', { shipping_info: shippingInfo, payment_method: 'test' }],
      ['POST', '/api/users/register', user],
      ['POST', '/api/users/login', { username: 'valid_1', password: 'Difference1' }],
      ['PUT', `/api/users/${id}`, { username: 'valid_1' }],
    ] as const) {
      const send = (options: object) =>
        unchanged(shop(), () => shop().call(method, path, { session: 'v', token, ...options }))
      refusedField(await send({ body: { ...body, surprise: 1 } }), 'surprise')
      refused(await send({ body: [] }), 400, 'VALIDATION_ERROR')
      refused(await send({ body: {} }), 400, 'VALIDATION_ERROR')
      refused(await send({ raw: '{' }), 400, 'MALFORMED_JSON')
      refused(await send({ raw: '{"a":1,"__proto__":{}}' }), 400, 'MALFORMED_JSON')
      const headers = { 'content-type': 'application/xml' }
      refused(await send({ raw: 'a=1', headers }), 415, 'UNSUPPORTED_MEDIA_TYPE')
    }
  })

  test('price validation (positive numbers, proper decimal format)', async () => {
    for (const price of ['-1', 'abc', '1,50', '1e3', '', '0x10', '1.999', '9'.repeat(16)]) {
      const answer = await shop().call('GET', `/api/products?min_price=${price}`)
      refusedField(answer, 'min_price')
    }
    for (const price of ['0', '7', '7.5', '007.50', '7.50', '9'.repeat(13)]) {
      const { status } = await shop().call('GET', `/api/products?max_price=${price}`)
      assert.equal(status, 200, price)
    }
  })

  test('quantity validation (positive integers)', async () => {
    const product = await addProduct(shop().ctx)
    for (const quantity of [0, -1, 1.5, '1', null, true, [], 1e21, 1_000_001]) {
      const body = { product_id: product.number, quantity }
      const options = { session: 'quantities', body }
      const send = () => shop().call('POST', '/api/cart/items', options)
      refusedField(await unchanged(shop(), send), 'quantity')
    }
  })

  test('required field validation with meaningful error messages', async () => {
    for (const [path, body, field] of [
      ['/api/cart/add', { product_id: 1 }, 'quantity'],
      ['/api/cart/add', { quantity: 1 }, 'product_id'],
      ['/api/checkout', { payment_method: 'test' }, 'shipping_info'],
      ['/api/users/login', { username: 'someone' }, 'password'],
    ] as const) {
      const answer = await shop().call('POST', path, { session: 'required', body })
      refusedField(answer, field)
      assert.equal(answer.body.error.message, `Invalid input: ${field} is required`)
    }
  })
})

describeOnEveryDatabase('contract D: error handling and security', (openShop) => {
  const shop = sharedShop(openShop)

  test('database connection error handling', async () => {
    await using cut = await openShop()
    // What a server's connection and SQLite's file are each known to fail with.
    const lost = Object.assign(new UnavailableError('connection to 10.0.0.7 lost'), { errcode: 10 })
    const { read } = cut.ctx.db
    const setRead = (get: () => typeof read) =>
      Object.defineProperty(cut.ctx.db, 'read', { configurable: true, get })
    setRead(() => {
      throw lost
    })
    for (const path of ['/api/products', '/api/categories', '/api/cart/some']) {
      const answer = await cut.call('GET', path)
      refused(answer, 503, 'SERVICE_UNAVAILABLE')
      assert.equal(answer.headers.get('retry-after'), '1')
      assert.ok(!answer.text.includes('10.0.0.7'))
    }
    setRead(() => read)
    assert.equal((await cut.call('GET', '/api/products')).status, 200)
  })

  test('secure session handling for cart operations', async () => {
    const product = await addProduct(shop().ctx)
    const { headers } = cookieOf(await add(shop(), {}, { product }))
    const value = headers.cookie.replace('cart_session=', '')
    const [id = ''] = value.split('.')
    for (const session of [id, value, `cookie:${id}`]) {
      assert.equal((await cartOf(shop(), { session })).item_count, 0)
      const { body } = await shop().call('GET', `/api/cart/${session}`)
      assert.equal(body.data.item_count, 0)
    }
    await using secure = await openShop({ settings: { PUBLIC_URL: 'https://shop.example' } })
    const answer = await add(secure, {}, { product: await addProduct(secure.ctx) })
    assert.match(answer.headers.get('set-cookie') ?? '', /; HttpOnly; Secure; SameSite=Lax$/)
  })

  test('XSS prevention in API responses', async () => {
    const name = '<img src=x onerror=alert(1)>'
    const { number } = await addProduct(shop().ctx, { name })
    const { headers, body } = await shop().call('GET', `/api/products/${number}`)
    assert.equal(body.data.name, name)
    assert.equal(headers.get('content-type'), 'application/json; charset=utf-8')
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'/)
    const picture = await shop().call('GET', `/images/products/${number}.svg`)
    assert.ok(!picture.text.includes('<img'))
  })
})

describeOnEveryDatabase('contract D: response format and integration', (openShop) => {
  const shop = sharedShop(openShop)

  test('success response format: success, data, message', async () => {
    const { number } = await addProduct(shop().ctx)
    const { body } = await shop().call('GET', `/api/products/${number}`)
    assert.deepEqual(Object.keys(body), ['success', 'data', 'message', 'links'])
    assert.deepEqual([body.success, body.message], [true, 'Product found'])
  })

  test('error response format: code, message, details of field and issue', async () => {
    const answer = await shop().call('GET', '/api/products?min_price=-1')
    const { code, message, details } = refused(answer, 400, 'VALIDATION_ERROR')
    assert.deepEqual([code, details.field], ['VALIDATION_ERROR', 'min_price'])
    assert.equal(details.issue, 'must be a decimal amount in the currency of the shop')
    assert.equal(message, `Invalid input: min_price ${details.issue}`)
    const headers = { accept: 'application/problem+json' }
    const problem = await shop().call('GET', '/api/products?min_price=-1', { headers })
    assert.equal(problem.headers.get('content-type'), 'application/problem+json; charset=utf-8')
    assert.deepEqual([problem.body.status, problem.body.code], [400, 'VALIDATION_ERROR'])
  })

  test('caching strategy for frequently accessed data', async () => {
    const product = await addProduct(shop().ctx, { name: 'Cached', onHand: 5 })
    for (const path of [`/api/products/${product.number}`, '/api/products?search=cached']) {
      const { headers } = await shop().call('GET', path)
      const known = { headers: { 'if-none-match': headers.get('etag') ?? '' } }
      assert.equal((await shop().call('GET', path, known)).status, 304)
      await bought(shop(), { session: 'cache' }, { product })
      assert.equal((await shop().call('GET', path, known)).status, 200)
    }
  })

  test('a repeated add with one Idempotency-Key adds once, byte for byte', async () => {
    const product = await addProduct(shop().ctx, { priceMinor: 1_230 })
    const who = { session: 'idempotent', key: 'add-1' }
    const first = await add(shop(), who, { product, quantity: 2 })
    const again = await unchanged(shop(), () => add(shop(), who, { product, quantity: 2 }))
    assert.deepEqual([first.status, again.status], [201, 201])
    assert.equal(again.text, first.text)
    assert.match(again.text, /"price":12\.30,/)
    assert.equal(again.headers.get('idempotent-replayed'), 'true')
    const other = await unchanged(shop(), () => add(shop(), who, { product, quantity: 3 }))
    refused(other, 422, 'IDEMPOTENCY_KEY_REUSED')
  })

  test('a cart changes only from the version that was seen, with If-Match', async () => {
    const who = { session: 'versions' }
    const product = await addProduct(shop().ctx)
    const { item_id, version } = await added(shop(), who, { product })
    const update = (etag: string, quantity: number) =>
      shop().call('PUT', '/api/cart/update', {
        ...who,
        headers: { 'if-match': etag },
        body: { item_id, quantity },
      })
    const first = await update(`"${version}"`, 2)
    assert.deepEqual([first.status, first.headers.get('etag')], [200, `"${version + 1}"`])
    const late = await unchanged(shop(), () => update(`"${version}"`, 5))
    assert.equal(refused(late, 412, 'VERSION_CONFLICT').details.current, version + 1)
  })

  test('cart state persists correctly across requests; cross-endpoint consistency', async () => {
    const who = { session: 'consistent' }
    const product = await addProduct(shop().ctx, { priceMinor: 1_111, onHand: 8 })
    await added(shop(), who, { product, quantity: 3 })
    const cart = await cartOf(shop(), who)
    const byPath = await shop().call('GET', '/api/cart/consistent')
    const v1 = await shop().call('GET', '/api/v1/cart', who)
    assert.deepEqual(byPath.body.data, cart)
    assert.equal(v1.body.data.total.amount, String(cart.total))
    const order = (await checkOut(shop(), who)).body.data
    const { total_amount, tax_amount, shipping_amount } = order
    assert.deepEqual([total_amount, tax_amount, shipping_amount], [cart.total, cart.tax, 5])
    const seen = await shop().call('GET', `/api/products/${product.number}`)
    assert.equal(seen.body.data.stock_quantity, 5)
    assert.deepEqual(await stockOf(shop().ctx, product.variantId), { on_hand: 5, reserved: 0 })
  })
})
