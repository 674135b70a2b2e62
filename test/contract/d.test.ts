import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addProduct, describeOnEveryDatabase, signUp } from '../support/shop.ts'
import {
  addCategory,
  added,
  bought,
  cartOf,
  member,
  namesOf,
  refused,
  refusedField,
  registered,
  sharedShop,
  unchanged,
  type Product,
} from './support.ts'

describeOnEveryDatabase('contract D: POST /api/users/register', (openShop) => {
  const shop = sharedShop(openShop)
  const register = (body: object) => shop().call('POST', '/api/users/register', { body })
  const valid = (username: string) => ({
    username,
    email: `${username}@example.com`,
    password: 'Difference1',
  })

  test('create a new user account; response: user object (without password)', async () => {
    const answer = await register(valid('ada_l'))
    assert.equal(answer.status, 201)
    const { uuid: _, created_at, updated_at, ...user } = answer.body.data
    const number = answer.body.data.id as number
    assert.deepEqual(user, {
      id: number,
      username: 'ada_l',
      email: 'ada_l@example.com',
      email_verified: false,
      first_name: null,
      last_name: null,
      role: 'customer',
    })
    assert.ok(Number.isInteger(number) && created_at === updated_at)
    assert.ok(!/Difference1|argon2|password/i.test(answer.text))
  })

  test('username: 3-50 characters, alphanumeric and underscore only', async () => {
    for (const username of [
      'ab',
      'a'.repeat(51),
      'with space',
      'hy-phen',
      'ümlaut',
      '',
      'a@b.co',
    ]) {
      const body = { ...valid('refused'), username }
      const answer = await unchanged(shop(), () => register(body))
      refusedField(answer, 'username')
      assert.match(answer.body.error.details.issue, /3 to 50 letters, digits or underscores/)
    }
    for (const username of ['abc', 'A_1', 'b'.repeat(50)]) {
      assert.equal((await register(valid(username))).status, 201, username)
    }
  })

  test('email: valid email format, unique', async () => {
    for (const email of ['nobody', 'a@', '@b.co', 'a b@c.de', 7, null, `${'a'.repeat(250)}@b.co`]) {
      const answer = await unchanged(shop(), () => register({ ...valid('mail'), email }))
      refusedField(answer, 'email')
    }
    assert.equal((await register(valid('unique'))).status, 201)
    const same = { ...valid('unique2'), email: 'UNIQUE@example.com' }
    const answer = await unchanged(shop(), () => register(same))
    assert.equal(refused(answer, 409, 'ALREADY_EXISTS').details.field, 'email')
  })

  test('password: minimum 8 characters, at least one uppercase, lowercase, number', async () => {
    const weak = ['Short1a', 'nouppercase1', 'NOLOWERCASE1', 'NoNumberHere', '', 12_345_678]
    for (const password of weak) {
      const answer = await unchanged(shop(), () => register({ ...valid('weak'), password }))
      refusedField(answer, 'password')
    }
    assert.equal((await register({ ...valid('strong'), password: 'Abcdxyz1' })).status, 201)
  })

  test('duplicate user registration error handling', async () => {
    await register(valid('taken'))
    const again = { ...valid('TAKEN'), email: 'other@example.com' }
    const answer = await unchanged(shop(), () => register(again))
    assert.equal(refused(answer, 409, 'ALREADY_EXISTS').details.field, 'username')
    const racing = Array.from({ length: 6 }, () => register(valid('racer')))
    const statuses = (await Promise.all(racing)).map(({ status }) => status)
    assert.deepEqual(
      [201, 409].map((wanted) => statuses.filter((status) => status === wanted).length),
      [1, 5],
    )
  })

  test('validation errors: required field validation with meaningful error messages', async () => {
    for (const field of ['username', 'email', 'password']) {
      const answer = await register({ ...valid('missing'), [field]: undefined })
      refusedField(answer, field)
      assert.equal(answer.body.error.message, `Invalid input: ${field} is required`)
    }
    refusedField(await register({ ...valid('admin'), role: 'admin' }), 'role')
  })
})

describeOnEveryDatabase('contract D: POST /api/users/login', (openShop) => {
  const shop = sharedShop(openShop)
  const login = (body: object, session?: string) =>
    shop().call('POST', '/api/users/login', { body, ...(session ? { session } : {}) })

  test('authenticate user and create session: user object with session token', async () => {
    const user = await registered(shop(), 'token')
    const answer = await login({ username: 'token', password: user.password })
    assert.equal(answer.status, 200)
    const { id, email, token, token_type, expires_in } = answer.body.data
    assert.deepEqual(
      [id, email, token_type, expires_in],
      [user.id, 'token@example.com', 'Bearer', 900],
    )
    assert.ok(!/Difference1|argon2|password/i.test(answer.text))
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const self = await shop().call('GET', `/api/users/${id}`, { token })
    assert.equal(self.status, 200)
  })

  test('body: username or email, with password', async () => {
    const { id, password } = await registered(shop(), 'either')
    for (const name of [{ username: 'Either' }, { email: 'EITHER@example.com' }]) {
      const answer = await login({ ...name, password })
      assert.deepEqual([answer.status, answer.body.data.id], [200, id])
    }
    const both = { username: 'either', email: 'either@example.com', password }
    refusedField(await login(both), 'username')
    refusedField(await login({ password }), 'email')
    refusedField(await login({ username: 'either' }), 'password')
  })

  test('authentication error', async () => {
    await registered(shop(), 'error')
    const wrong = await login({ username: 'error', password: 'Difference2' })
    const unknown = await login({ username: 'nobody', password: 'Difference1' })
    const messages = [wrong, unknown].map(
      (answer) => refused(answer, 401, 'INVALID_CREDENTIALS').message,
    )
    assert.equal(messages[0], messages[1])
  })

  test('the cart of the session becomes the cart of the user', async () => {
    const user = await registered(shop(), 'merging')
    const product = await addProduct(shop().ctx)
    await added(shop(), { session: 'before-login' }, { product, quantity: 2 })
    const credentials = { username: 'merging', password: user.password }
    const answer = await login(credentials, 'before-login')
    const { token } = answer.body.data
    assert.equal((await cartOf(shop(), { token })).item_count, 2)
    assert.equal((await cartOf(shop(), { session: 'before-login' })).item_count, 0)
  })
})

describeOnEveryDatabase('contract D: /api/users/{id}', (openShop) => {
  const shop = sharedShop(openShop)

  test('GET: authentication required (own profile or admin)', async () => {
    const ada = await member(shop(), 'get_ada')
    const bob = await member(shop(), 'get_bob')
    const admin = await signUp(shop(), { role: 'admin' })
    const path = `/api/users/${ada.id}`
    const own = await shop().call('GET', path, { token: ada.token })
    assert.deepEqual([own.status, own.body.data.username], [200, 'get_ada'])
    assert.ok(!/argon2|password/i.test(own.text))
    assert.equal((await shop().call('GET', path, { token: admin.token })).status, 200)
    refused(await shop().call('GET', path), 401, 'UNAUTHENTICATED')
    refused(await shop().call('GET', path, { token: bob.token }), 403, 'FORBIDDEN')
  })

  test('GET: 404/403 error', async () => {
    const { token } = await member(shop(), 'get_error')
    const admin = await signUp(shop(), { role: 'admin' })
    refused(await shop().call('GET', '/api/users/999999', { token }), 403, 'FORBIDDEN')
    const absent = await shop().call('GET', '/api/users/999999', { token: admin.token })
    refused(absent, 404, 'NOT_FOUND')
    refusedField(await shop().call('GET', '/api/users/me', { token }), 'id')
  })

  test('PUT: update user profile, every field optional', async () => {
    const { id, token, password } = await member(shop(), 'put_ada')
    const put = (body: object) => shop().call('PUT', `/api/users/${id}`, { token, body })
    const renamed = await put({ username: 'put_new' })
    assert.deepEqual(
      [renamed.status, renamed.body.data.username, renamed.body.data.email],
      [200, 'put_new', 'put_ada@example.com'],
    )
    assert.equal((await put({ email: 'new@example.com' })).body.data.email, 'new@example.com')
    assert.ok(!(await put({ password: 'Different2' })).text.includes('Different2'))
    const login = (body: object) => shop().call('POST', '/api/users/login', { body })
    const old = await login({ username: 'put_new', password })
    refused(old, 401, 'INVALID_CREDENTIALS')
    const fresh = await login({ email: 'new@example.com', password: 'Different2' })
    assert.equal(fresh.status, 200)
  })

  test('PUT: validation errors', async () => {
    const { id, token } = await member(shop(), 'put_bad')
    const other = await member(shop(), 'put_other')
    const put = (body: object, as = token) =>
      unchanged(shop(), () => shop().call('PUT', `/api/users/${id}`, { token: as, body }))
    refusedField(await put({ username: 'no' }), 'username')
    refusedField(await put({ email: 'nobody' }), 'email')
    refusedField(await put({ password: 'weak' }), 'password')
    refusedField(await put({ role: 'admin' }), 'role')
    refusedField(await put({}), 'body')
    const taken = await put({ email: 'put_other@example.com' })
    assert.equal(refused(taken, 409, 'ALREADY_EXISTS').details.field, 'email')
    refused(await put({ username: 'mine_now' }, other.token), 403, 'FORBIDDEN')
  })

  test('DELETE: success confirmation or 403/404 error', async () => {
    const ada = await member(shop(), 'del_ada')
    const bob = await member(shop(), 'del_bob')
    const product = await addProduct(shop().ctx)
    const order = await bought(shop(), { token: ada.token }, { product })
    const path = `/api/users/${ada.id}`
    const other = { token: bob.token }
    refused(await unchanged(shop(), () => shop().call('DELETE', path, other)), 403, 'FORBIDDEN')
    refused(await unchanged(shop(), () => shop().call('DELETE', path)), 401, 'UNAUTHENTICATED')
    const { status, body } = await shop().call('DELETE', path, { token: ada.token })
    assert.deepEqual([status, body.data, body.message], [200, { id: ada.id }, 'User deleted'])
    const admin = await signUp(shop(), { role: 'admin' })
    refused(await shop().call('DELETE', path, { token: admin.token }), 404, 'NOT_FOUND')
    const kept = await shop().call('GET', `/api/orders/${order.id}`, { token: admin.token })
    assert.equal(kept.status, 200)
  })

  test('DELETE: a token outlives its account, but opens nothing', async () => {
    const { id, token } = await member(shop(), 'ghost')
    const product = await addProduct(shop().ctx)
    await added(shop(), { session: 'ghost' }, { product })
    await shop().call('DELETE', `/api/users/${id}`, { token })
    refused(await shop().call('GET', `/api/users/${id}`, { token }), 401, 'INVALID_TOKEN')
    const body = { product_id: product.number, quantity: 1 }
    for (const who of [{ token }, { token, session: 'ghost' }]) {
      const add = await unchanged(shop(), () =>
        shop().call('POST', '/api/cart/add', { ...who, body }),
      )
      refused(add, 401, 'INVALID_TOKEN')
    }
    assert.equal((await cartOf(shop(), { session: 'ghost' })).item_count, 1)
  })
})

describeOnEveryDatabase('contract D: product endpoints', (openShop) => {
  const shop = sharedShop(openShop)

  test('GET /api/products: category_id (optional): filter by category ID', async () => {
    const { id, number } = await addCategory(shop().ctx, { name: 'Toys' })
    await addProduct(shop().ctx, { name: 'Ball', categoryId: id })
    await addProduct(shop().ctx, { name: 'Bill' })
    assert.deepEqual(await namesOf(shop(), `?category_id=${number}`), ['Ball'])
  })

  test('GET /api/products: min_price, max_price (optional)', async () => {
    await addProduct(shop().ctx, { name: 'Pot cheap', priceMinor: 1_999 })
    await addProduct(shop().ctx, { name: 'Pot dear', priceMinor: 2_001 })
    assert.deepEqual(await namesOf(shop(), '?search=pot&min_price=20'), ['Pot dear'])
    assert.deepEqual(await namesOf(shop(), '?search=pot&max_price=20.00'), ['Pot cheap'])
  })

  test('GET /api/products: search (optional): in product name/description', async () => {
    await addProduct(shop().ctx, { name: 'Zitherhorn', description: 'plays' })
    await addProduct(shop().ctx, { name: 'Strings', description: 'for a Zithérhorn' })
    const found = ['Zitherhorn', 'Strings']
    assert.deepEqual(await namesOf(shop(), '?search=zitherhorn'), found)
    assert.deepEqual(await namesOf(shop(), '?search=ZITHER'), found)
    assert.deepEqual(await namesOf(shop(), '?search=zitherhorn%20plays'), ['Zitherhorn'])
  })

  test('GET /api/products: page (default: 1), per_page (default: 20, max: 100)', async () => {
    const { id, number } = await addCategory(shop().ctx, { name: 'Many' })
    for (let count = 0; count < 21; count += 1) await addProduct(shop().ctx, { categoryId: id })
    const path = `/api/products?category_id=${number}`
    const { body } = await shop().call('GET', path)
    const { page, per_page, total, total_pages } = body.meta
    assert.deepEqual([body.data.length, page, per_page, total, total_pages], [20, 1, 20, 21, 2])
    assert.equal((await shop().call('GET', `${path}&page=2`)).body.data.length, 1)
    assert.equal((await shop().call('GET', `${path}&page=3`)).body.data.length, 0)
    assert.equal((await shop().call('GET', `${path}&per_page=100`)).body.data.length, 21)
    for (const [field, value] of [
      ['per_page', '101'],
      ['per_page', '0'],
      ['page', '0'],
      ['page', 'two'],
      ['page', 'Infinity'],
      ['page', '-Infinity'],
      ['colour', 'red'],
    ] as const) {
      refusedField(await shop().call('GET', `${path}&${field}=${value}`), field)
    }
  })

  test('GET /api/products/{id}: single product object or 404 error', async () => {
    const { number } = await addProduct(shop().ctx, { name: 'Single' })
    const { body } = await shop().call('GET', `/api/products/${number}`)
    assert.deepEqual([body.data.id, body.data.name], [number, 'Single'])
    refused(await shop().call('GET', '/api/products/999999'), 404, 'NOT_FOUND')
    const nobody = '00000000-0000-7000-8000-000000000000'
    refused(await shop().call('GET', `/api/products/${nobody}`), 404, 'NOT_FOUND')
    for (const id of ['abc', '-1', '1.5', '0']) {
      refusedField(await shop().call('GET', `/api/products/${id}`), 'id')
    }
  })

  test('GET /api/categories: list of all categories', async () => {
    const { number } = await addCategory(shop().ctx, { name: 'Empty shelf' })
    const { body } = await shop().call('GET', '/api/categories')
    assert.ok(body.data.some(({ id }: { id: number }) => id === number))
  })
})

describeOnEveryDatabase('contract D: cart endpoints with the Session-ID header', (openShop) => {
  const shop = sharedShop(openShop)
  const call = (method: string, path: string, session: string, body?: object) =>
    shop().call(method, path, { session, ...(body ? { body } : {}) })
  const filled = async (session: string, product: Product, quantity = 2) => {
    const body = { product_id: product.number, quantity }
    const answer = await call('POST', '/api/cart/items', session, body)
    assert.equal(answer.status, 201, answer.text)
    return answer
  }

  test('GET /api/cart: cart items with product details and total', async () => {
    const product = await addProduct(shop().ctx, { name: 'Mug', priceMinor: 2_000 })
    await filled('get', product)
    const { status, body } = await call('GET', '/api/cart', 'get')
    const { session_id, items, total } = body.data
    assert.deepEqual(
      [status, session_id, items.length, items[0].name, total],
      [200, 'get', 1, 'Mug', 48.3],
    )
  })

  test('Session-ID (required): a name of printable ASCII; without one nothing is found', async () => {
    refusedField(await call('GET', '/api/cart', 'with space'), 'Session-ID')
    refusedField(await call('GET', '/api/cart', 'x'.repeat(256)), 'Session-ID')
    const { status, body } = await shop().call('GET', '/api/cart')
    assert.deepEqual([status, body.data.session_id, body.data.items], [200, null, []])
    const change = { body: { quantity: 1 } }
    refused(await shop().call('PUT', '/api/cart/items/1', change), 404, 'NOT_FOUND')
  })

  test('POST /api/cart/items: add item to cart; updated cart item or error', async () => {
    const product = await addProduct(shop().ctx, { priceMinor: 1_450 })
    const { body, text } = await filled('post', product, 2)
    const { cart_item_id, product_id, quantity, total_price } = body.data
    assert.ok(Number.isInteger(cart_item_id))
    assert.deepEqual([product_id, quantity, total_price], [product.number, 2, 29])
    assert.match(text, /"price":14\.50,"quantity":2,"total_price":29\.00}/)
    const unknown = { product_id: 99_999, quantity: 1 }
    const refusal = await unchanged(shop(), () => call('POST', '/api/cart/items', 'post', unknown))
    refused(refusal, 404, 'NOT_FOUND')
  })

  test('PUT /api/cart/items/{product_id}: updated cart item or error', async () => {
    const product = await addProduct(shop().ctx, { priceMinor: 500, onHand: 6 })
    await filled('put', product)
    const path = `/api/cart/items/${product.number}`
    const put = (quantity: unknown, to = path) => call('PUT', to, 'put', { quantity })
    const { status, body } = await put(6)
    const { product_id, quantity, total_price } = body.data
    assert.deepEqual([status, product_id, quantity, total_price], [200, product.number, 6, 30])
    refused(await unchanged(shop(), () => put(7)), 409, 'INSUFFICIENT_STOCK')
    refusedField(await unchanged(shop(), () => put(-1)), 'quantity')
    refusedField(await unchanged(shop(), () => put('3')), 'quantity')
    const other = `/api/cart/items/${product.number + 500}`
    refused(await unchanged(shop(), () => put(1, other)), 404, 'NOT_FOUND')
  })

  test('DELETE /api/cart/items/{product_id}: success confirmation or error', async () => {
    const product = await addProduct(shop().ctx)
    await filled('delete', product)
    const path = `/api/cart/items/${product.number}`
    const { status, body } = await call('DELETE', path, 'delete')
    assert.deepEqual([status, body.message], [200, 'Item removed from cart'])
    assert.deepEqual([body.data.items, body.data.quantity], [[], 0])
    refused(await unchanged(shop(), () => call('DELETE', path, 'delete')), 404, 'NOT_FOUND')
  })

  test('DELETE /api/cart: success confirmation', async () => {
    await filled('drop', await addProduct(shop().ctx))
    for (const _ of ['full', 'empty']) {
      const { status, body } = await call('DELETE', '/api/cart', 'drop')
      assert.deepEqual([status, body.success, body.message], [200, true, 'Cart cleared'])
      assert.deepEqual(body.data.items, [])
    }
  })
})
