import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import type { Context } from '../../src/context.ts'
import { createCategory } from '../../src/domains/catalog/categories.ts'
import {
  checkoutBody,
  type addProduct,
  type Answer,
  type CallOptions,
  type OpenShop,
  type ShopOptions,
  type TestShop,
} from '../support/shop.ts'

export { refused, refusedField, unchanged } from '../api/support.ts'

export type Who = Pick<CallOptions, 'session' | 'token' | 'headers' | 'key'>
/** A parsed body, or a part of it; tests look into it freely. */
type Body = Answer['body']

export type Product = Awaited<ReturnType<typeof addProduct>>

/**
 * One shop for a whole suite, opened when it starts. Its tests keep to articles, sessions and
 * accounts of their own, so that each can run alone and in any order.
 */
export function sharedShop(openShop: OpenShop, options?: ShopOptions): () => TestShop {
  let shop: TestShop | undefined
  before(async () => {
    shop = await openShop(options)
  })
  after(async () => {
    await shop?.assertAudit()
    await shop?.[Symbol.asyncDispose]()
  })
  return () => {
    assert.ok(shop)
    return shop
  }
}

export interface Wanted {
  readonly product: Pick<Product, 'number'>
  readonly quantity?: number
}

export function add(shop: TestShop, who: Who, { product, quantity = 1 }: Wanted): Promise<Answer> {
  const body = { product_id: product.number, quantity }
  return shop.call('POST', '/api/cart/add', { ...who, body })
}

/** Adds, and insists that it worked; returns the data of the answer. */
export async function added(shop: TestShop, who: Who, wanted: Wanted): Promise<Body> {
  const answer = await add(shop, who, wanted)
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data
}

/** The cart as its shopper sees it. */
export async function cartOf(shop: TestShop, who: Who): Promise<Body> {
  const answer = await shop.call('GET', '/api/cart', { ...who })
  assert.equal(answer.status, 200, answer.text)
  return answer.body.data
}

export function checkOut(shop: TestShop, who: Who, change: object = {}): Promise<Answer> {
  return shop.call('POST', '/api/checkout', { ...who, body: { ...checkoutBody, ...change } })
}

/** Adds and checks out; returns the order. */
export async function bought(shop: TestShop, who: Who, wanted: Wanted): Promise<Body> {
  await added(shop, who, wanted)
  const answer = await checkOut(shop, who)
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data
}

/** A category; returns its id and its number. */
export async function addCategory(
  ctx: Context,
  given: { name: string; description?: string; parentId?: string },
): Promise<{ id: string; number: number }> {
  const id = await createCategory(ctx, { description: `All of ${given.name}`, ...given })
  const { number } = await ctx.db.read
    .selectFrom('categories')
    .select('number')
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  return { id, number }
}

/** The names of the products in a list, in its order. */
export async function namesOf(shop: TestShop, query: string): Promise<string[]> {
  const answer = await shop.call('GET', `/api/products${query}`)
  assert.equal(answer.status, 200, answer.text)
  return (answer.body.data as { name: string }[]).map(({ name }) => name)
}

/** Registers at the door itself; returns the user and the password. */
export async function registered(shop: TestShop, username = 'ada_l') {
  const body = { username, email: `${username}@example.com`, password: 'Difference1' }
  const answer = await shop.call('POST', '/api/users/register', { body })
  assert.equal(answer.status, 201, answer.text)
  return { ...body, id: answer.body.data.id as number }
}

/** Registers and signs in; the session's cart comes along. */
export async function member(shop: TestShop, username = 'ada_l', who: Who = {}) {
  const user = await registered(shop, username)
  const body = { username, password: user.password }
  const answer = await shop.call('POST', '/api/users/login', { ...who, body })
  assert.equal(answer.status, 200, answer.text)
  return { ...user, token: answer.body.data.token as string }
}

/** The cookie a browser would send back. */
export function cookieOf({ headers }: Answer): { headers: { cookie: string } } {
  return { headers: { cookie: (headers.get('set-cookie') ?? '').split(';')[0] ?? '' } }
}

/** What is left of a variant, and what of it waits for a payment. */
export async function stockOf({ db }: Context, variantId: string) {
  const { on_hand, reserved } = await db.read
    .selectFrom('stock')
    .select(['on_hand', 'reserved'])
    .where('variant_id', '=', variantId)
    .executeTakeFirstOrThrow()
  return { on_hand, reserved }
}
