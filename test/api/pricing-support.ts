import assert from 'node:assert/strict'
import {
  addProduct,
  signUp,
  type Answer,
  type OpenShop,
  type ShopOptions,
  type TestShop,
} from '../support/shop.ts'
import { added, cartOf, checkOut, type Who } from './support.ts'

export interface Staffed {
  readonly shop: TestShop
  /** Calls the administration; insists that it worked unless told otherwise. */
  readonly admin: (method: string, path: string, body?: object) => Promise<Answer['body']>
  readonly ask: (method: string, path: string, body?: object) => Promise<Answer>
}

/** A shop with somebody who may do everything in it. */
export async function openStaffed(openShop: OpenShop, options: ShopOptions = {}): Promise<Staffed> {
  const shop = await openShop(options)
  const { token } = await signUp(shop, { role: 'admin' })
  const ask = (method: string, path: string, body?: object) =>
    shop.call(method, `/api/v1/admin${path}`, { token, ...(body ? { body } : {}) })
  const admin = async (method: string, path: string, body?: object) => {
    const answer = await ask(method, path, body)
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`)
    return answer.body.data
  }
  return { shop, admin, ask }
}

export const guest: Who = { session: 'guest' }

/** Puts articles into a cart: `[priceMinor, quantity]` each; returns them. */
export async function fill(
  shop: TestShop,
  who: Who,
  articles: readonly (readonly [priceMinor: number, quantity: number])[],
) {
  const products = []
  for (const [priceMinor, quantity] of articles) {
    const product = await addProduct(shop.ctx, { priceMinor, onHand: 1_000 })
    await added(shop, who, { variantId: product.variantId, quantity })
    products.push(product)
  }
  return products
}

/** Subtotal, discount, tax, shipping and total, as in the tables of carts. */
export function figures(view: Answer['body']): string[] {
  const { subtotal, discount, tax, shipping, shipping_estimate, total } = view
  return [subtotal, discount, tax, shipping ?? shipping_estimate, total].map(({ amount }) => amount)
}

export async function cartFigures(shop: TestShop, who: Who = guest): Promise<string[]> {
  return figures(await cartOf(shop, who))
}

/** Buys what is in the cart, by pick-up, and insists that it worked. */
export async function bought(
  shop: TestShop,
  who: Who,
  change: object = {},
): Promise<Answer['body']> {
  const answer = await checkOut(shop, who, { shipping_method: 'pickup', ...change })
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data
}

export const put = (shop: TestShop, path: string, who: Who = guest, body?: object) =>
  shop.call('PUT', `/api/v1/cart${path}`, { ...who, ...(body ? { body } : {}) })

/** A shop whose tax and shipping do not get in the way. */
export const plain = { settings: { TAX_RATE: '0%' } } as const
