import type { Context } from '../src/context.ts'
import { productSorts } from '../src/domains/catalog/listing-queries.ts'
import { register } from '../src/domains/customer/customers.ts'

export interface HotRequest {
  readonly http: {
    readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
    readonly url: string
    readonly headers?: Readonly<Record<string, string>>
    readonly payload?: object
  }
  /** A filter or a search was chosen, so that its matches may have to be sorted. */
  readonly sorts: boolean
  /** So many products have what is searched for that reading all the words is the least work. */
  readonly isBroad?: boolean
}

/** Makes a request and gives back the body. */
export type Call = (
  request: HotRequest,
) => Promise<{ data: never; meta?: { next_cursor?: string } }>

/** Everything that shoppers do all day, once. */
export async function hotRequests(ctx: Context, call: Call): Promise<void> {
  await readProducts(call)
  await readFiltered(call)
  await buyAsGuest(ctx, call)
  await buyAsCustomer(ctx, call)
}

const get = (url: string, sorts = false): HotRequest => ({ http: { method: 'GET', url }, sorts })

async function readProducts(call: Call): Promise<void> {
  const { data: product } = await call(get('/api/v1/products/1'))
  const { id, slug } = product as { id: string; slug: string }
  for (const name of [id, slug]) await call(get(`/api/v1/products/${name}`))
  await call(get('/api/products/1'))
  await call(get('/api/v1/categories'))
  await call(get('/api/v1/categories/1'))
  await call(get('/api/v1/brands'))
  for (const sort of productSorts) {
    const { meta } = await call(get(`/api/v1/products?sort=${sort}`))
    await call(get(`/api/v1/products?sort=${sort}&page=3`))
    await call(get(`/api/v1/products?sort=${sort}&cursor=${meta?.next_cursor ?? ''}`))
  }
  await call(get('/api/products'))
}

/** Two of three products have a word that begins with it, and one of eight. */
const broad = ['search=b', 'search=black']

async function readFiltered(call: Call): Promise<void> {
  const filters = [
    'category=1',
    'category=2',
    'brand=metra',
    'brand=none',
    'min_price=1',
    'min_price=10&max_price=10',
    'in_stock=true',
    'in_stock=false&category=1',
    'category=1&min_price=1&max_price=1000&in_stock=true',
    'category=1&min_price=10&max_price=10&in_stock=true',
    'attributes[pieces]=set',
    'attributes[pieces]=set&attributes[for]=women',
    'attributes[color]=red&category=1',
    ...broad,
    'search=backpack',
    'search=nothing+has+these',
    'search=leather+case&category=1',
    'search=backpack&min_price=1&in_stock=true&brand=none',
  ]
  for (const filter of filters) {
    for (const sort of ['', '&sort=price', '&sort=-name']) {
      const request = get(`/api/v1/products?${filter}${sort}`, true)
      await call({ ...request, isBroad: broad.includes(filter) })
    }
  }
}

const address = { name: 'Ada', address: 'A street', city: 'London', country: 'GB' }

interface Buyer {
  readonly headers: Readonly<Record<string, string>>
  readonly article: number
}

async function buyAsGuest(ctx: Context, call: Call): Promise<void> {
  for (const payment of ['manual', 'test']) {
    const headers = { 'session-id': ctx.newId() }
    await fillCart(call, { headers, article: 3 })
    const order = await checkOut(call, { headers, payment, email: 'ada@example.com' })
    await call(get(`/api/v1/orders/${order.number}?token=${order.token}`))
  }
}

async function fillCart(call: Call, { headers, article }: Buyer): Promise<void> {
  const send = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, payload?: object) => {
    const http = { method, url: `/api/v1/cart${path}`, headers, ...(payload ? { payload } : {}) }
    return call({ http, sorts: false })
  }
  await send('GET', '')
  const { data } = await send('POST', '/items', { product_id: article, quantity: 1 })
  const { lines } = data as { lines: { id: string; variant: { id: string } }[] }
  const [line] = lines
  await send('POST', '/items', { variant_id: line?.variant.id, quantity: 1 })
  await send('PUT', `/items/${line?.id}`, { quantity: 3 })
  await send('DELETE', `/items/${line?.id}`)
  await send('POST', '/items', { product_id: article, quantity: 1 })
  await send('DELETE', '')
  await send('POST', '/items', { product_id: article, quantity: 2 })
  await send('GET', '')
}

interface Purchase {
  readonly headers: Readonly<Record<string, string>>
  readonly payment: string
  readonly email?: string
}

async function checkOut(call: Call, { headers, payment, email }: Purchase) {
  const payload = { email, shipping_info: address, payment_method: payment }
  const http = {
    method: 'POST' as const,
    url: '/api/v1/checkout',
    headers: { ...headers, 'idempotency-key': 'the-first' },
    payload,
  }
  const { data } = await call({ http, sorts: false })
  return data as { number: number; token: string }
}

async function buyAsCustomer(ctx: Context, call: Call): Promise<void> {
  const account = { email: `${ctx.newId()}@example.com`, password: 'Correct-Horse-1' }
  await register(ctx, account)
  const signIn = { method: 'POST' as const, url: '/api/v1/sessions', payload: account }
  const { data } = await call({ http: signIn, sorts: false })
  const { access_token } = data as { access_token: string }
  const bearer = { authorization: `Bearer ${access_token}` }
  const session = { 'session-id': ctx.newId() }
  await fillCart(call, { headers: session, article: 3 })
  // The first request with both names brings the two carts together.
  await fillCart(call, { headers: { ...bearer, ...session }, article: 4 })
  const order = await checkOut(call, { headers: bearer, payment: 'test' })
  const mine = (url: string) => ({ http: { method: 'GET' as const, url, headers: bearer } })
  await call({ ...mine(`/api/v1/orders/${order.number}`), sorts: false })
  await call({ ...mine('/api/v1/orders'), sorts: false })
}
