import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recorded } from '../../bench/recording.ts'
import { buildApp } from '../../src/app.ts'
import { minor } from '../../src/core/money.ts'
import { insertOneCategory } from '../../src/domains/catalog/categories.ts'
import { insertProducts } from '../../src/domains/catalog/writes.ts'
import {
  describeOnEveryDatabase,
  shippingInfo,
  signUp,
  type OpenShop,
  type TestShop,
} from '../support/shop.ts'

/** What a request asks of the database. A read that stands alone is in no transaction. */
type Cost = readonly [statements: number, transactions: number]

const costs: Readonly<Record<string, Cost>> = {
  'a product': [2, 0],
  'a product by its slug': [2, 0],
  'a list': [2, 0],
  'a list that was counted seconds ago': [1, 0],
  'a list of a category': [3, 0],
  'a list of a category by name': [3, 0],
  'a list in a price range': [2, 0],
  'a list in stock': [2, 0],
  'a search': [2, 0],
  'all categories': [1, 0],
  'all brands': [1, 0],
  'no cart yet': [1, 0],
  'the first article': [7, 1],
  'a cart': [2, 0],
  'more of an article': [6, 1],
  'another article': [7, 1],
  'a quantity': [6, 1],
  'a line less': [6, 1],
  'a cart emptied': [5, 1],
  'a checkout, manual payment': [25, 1],
  'a checkout, test payment': [25, 2],
  'a checkout, signed in': [27, 1],
  'the same checkout again': [3, 1],
  'an order': [3, 0],
  // One reads the signing keys, which are then known for a minute, one asks for second factors.
  'a sign-in': [4, 1],
  'two carts made one': [10, 1],
  'all my orders': [4, 0],
}

/** Where rows are locked, the cart is read before, so that buyers of one article take turns. */
const costsWithRowLocks: Readonly<Record<string, Cost>> = {
  'a checkout, manual payment': [26, 1],
  'a checkout, test payment': [26, 2],
  'a checkout, signed in': [28, 1],
  'the same checkout again': [4, 1],
}

interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
}

interface Shopping {
  /** How many lines a cart has, and how many products a page. */
  readonly size: number
  /** Makes a request and gives back the `data` of its answer. */
  readonly call: (request: Request) => Promise<Data>
  /** The same, noting under a name what it cost. */
  readonly count: (name: string, request: Request) => Promise<Data>
}

interface Data {
  readonly number: number
  readonly token: string
  readonly line_id: string
  readonly access_token: string
}

const productCount = 130

async function openStockedShop(openShop: OpenShop): Promise<TestShop> {
  const shop = await openShop()
  const { ctx } = shop
  await ctx.db.transaction(async (tx) => {
    const category = { slug: 'things', name: 'Things', description: '', parentId: null }
    const categoryId = await insertOneCategory(ctx, tx, category)
    const products = Array.from({ length: productCount }, (_, index) => ({
      name: `Thing ${index}`,
      description: '',
      categoryId,
      variants: [{ sku: `SKU-${index}`, priceMinor: minor(1_000), onHand: 1_000 }],
    }))
    await insertProducts(ctx, tx, products)
  })
  return shop
}

/** What everything costs that shoppers do, by what it is. */
async function costsOf(shop: TestShop, size: number): Promise<Record<string, Cost>> {
  const { ctx, take } = recorded(shop.ctx)
  const { app } = await buildApp(ctx)
  const found: Record<string, Cost> = {}
  const call = async ({ method, path, body, headers = {} }: Request) => {
    const payload = body === undefined ? {} : { payload: body }
    const answer = await app.inject({ method, url: `/api/v1${path}`, headers, ...payload })
    assert.ok(answer.statusCode < 300, `${method} ${path}: ${answer.body}`)
    return answer.json<{ data: Data }>().data
  }
  const count = async (name: string, request: Request) => {
    take()
    const data = await call(request)
    const { statements, transactions } = take()
    found[name] = [statements.length, transactions]
    return data
  }
  const shopping = { size, call, count }
  await readCatalogue(shopping)
  await fillCart(shopping)
  await buyAsGuest(shopping)
  const account = await signUp(shop)
  await buyAsCustomer(shopping, account)
  await app.close()
  return found
}

async function readCatalogue({ count, size }: Shopping): Promise<void> {
  const read = (name: string, path: string) => count(name, { method: 'GET', path })
  const page = `per_page=${size}`
  await read('a product', '/products/1')
  await read('a product by its slug', '/products/thing-1')
  await read('a list', `/products?${page}`)
  await read('a list that was counted seconds ago', `/products?${page}`)
  await read('a list of a category', `/products?category=1&${page}`)
  await read('a list of a category by name', `/products?category=1&sort=name&${page}`)
  await read('a list in a price range', `/products?min_price=1&${page}`)
  await read('a list in stock', `/products?in_stock=true&${page}`)
  await read('a search', `/products?search=thing&${page}`)
  await read('all categories', '/categories')
  await read('all brands', '/brands')
}

const add = (headers: Request['headers'], product_id: number): Request => ({
  method: 'POST',
  path: '/cart/items',
  body: { product_id, quantity: 1 },
  ...(headers ? { headers } : {}),
})

async function fill({ call, size }: Shopping, headers: Request['headers']): Promise<void> {
  for (let product = 1; product <= size; product++) await call(add(headers, product))
}

async function fillCart(shopping: Shopping): Promise<void> {
  const { size, count } = shopping
  const headers = { 'session-id': `filling-${size}` }
  await count('no cart yet', { method: 'GET', path: '/cart', headers })
  await count('the first article', add(headers, 1))
  await fill(shopping, headers)
  await count('a cart', { method: 'GET', path: '/cart', headers })
  await count('more of an article', add(headers, 1))
  const { line_id } = await count('another article', add(headers, size + 1))
  const line = { path: `/cart/items/${line_id}`, headers }
  await count('a quantity', { method: 'PUT', ...line, body: { quantity: 3 } })
  await count('a line less', { method: 'DELETE', ...line })
  await count('a cart emptied', { method: 'DELETE', path: '/cart', headers })
}

const checkOut = (payment_method: string, headers: Request['headers'], key = 'one'): Request => ({
  method: 'POST',
  path: '/checkout',
  headers: { ...headers, 'idempotency-key': key },
  body: { email: 'ada@example.com', shipping_info: shippingInfo, payment_method },
})

async function buyAsGuest(shopping: Shopping): Promise<void> {
  const { size, count } = shopping
  for (const payment of ['manual', 'test']) {
    const headers = { 'session-id': `buying-${payment}-${size}` }
    await fill(shopping, headers)
    const order = await count(`a checkout, ${payment} payment`, checkOut(payment, headers))
    const path = `/orders/${order.number}?token=${order.token}`
    await count('an order', { method: 'GET', path })
    await count('the same checkout again', checkOut(payment, headers))
  }
}

async function buyAsCustomer(
  shopping: Shopping,
  { email, password }: { email: string; password: string },
): Promise<void> {
  const { size, call, count } = shopping
  const body = { email, password }
  const { access_token } = await count('a sign-in', { method: 'POST', path: '/sessions', body })
  const bearer = { authorization: `Bearer ${access_token}` }
  const session = { 'session-id': `merging-${size}` }
  await fill(shopping, session)
  // Half of what the session has collected is in the customer's cart too.
  await fill({ ...shopping, size: Math.ceil(size / 2) }, bearer)
  const both = { ...bearer, ...session }
  await count('two carts made one', { method: 'GET', path: '/cart', headers: both })
  for (let order = 1; order <= Math.ceil(size / 20); order++) {
    await call(add(bearer, order))
    await count('a checkout, signed in', checkOut('manual', bearer, `order-${order}`))
  }
  await count('all my orders', { method: 'GET', path: '/orders', headers: bearer })
}

describeOnEveryDatabase('statements', (openShop) => {
  test('every request costs a fixed number of them, however many lines and products', async () => {
    await using shop = await openStockedShop(openShop)
    const { rowLocks } = shop.ctx.db.dialect.can
    const expected = rowLocks ? { ...costs, ...costsWithRowLocks } : costs
    assert.deepEqual(await costsOf(shop, 1), expected)
    assert.deepEqual(await costsOf(shop, 100), expected)
    await shop.assertAudit()
  })
})
