import assert from 'node:assert/strict'
import { addProduct, signUp, type Answer, type TestShop } from '../support/shop.ts'
import { added, checkOut, type Who } from './support.ts'

export interface Line {
  readonly id: string
  readonly sku: string
  readonly quantity: number
  readonly cancelled_quantity: number
  readonly packed_quantity: number
  readonly shipped_quantity: number
  readonly returning_quantity: number
  readonly returned_quantity: number
}

export interface OrderBody {
  readonly id: string
  readonly number: number
  readonly token: string
  readonly status: string
  readonly version: number
  readonly total: { readonly amount: string }
  readonly given_back: { readonly amount: string }
  readonly lines: readonly Line[]
  readonly links: Readonly<Record<string, string>>
  readonly fulfilments: readonly { readonly id: string; readonly status: string }[]
  readonly returns: readonly {
    readonly id: string
    readonly number: number
    readonly status: string
    readonly amount: { readonly amount: string }
  }[]
  readonly timeline: readonly {
    readonly type: string
    readonly actor: string
    readonly data: Readonly<Record<string, unknown>>
  }[]
}

export type Product = Awaited<ReturnType<typeof addProduct>>

export interface Bought extends OrderBody {
  readonly products: readonly Product[]
}

/** An order of some pieces of each of several new articles, 10.00 each. */
export async function bought(
  shop: TestShop,
  quantities: readonly number[] = [2],
  {
    who = { session: `buyer-${shop.ctx.newId()}` },
    ...checkout
  }: Record<string, unknown> & {
    who?: Who
  } = {},
): Promise<Bought> {
  const products: Product[] = []
  for (const quantity of quantities) {
    const product = await addProduct(shop.ctx, { priceMinor: 1_000, onHand: 10 })
    products.push(product)
    await added(shop, who, { ...product, quantity })
  }
  const answer = await checkOut(shop, who, checkout)
  assert.equal(answer.status, 201, answer.text)
  return { ...(answer.body.data as OrderBody), products }
}

/** Staff who may do everything to orders. */
export async function staffOf(shop: TestShop): Promise<Who> {
  const { token } = await signUp(shop, { role: 'admin' })
  return { token }
}

/** Does something to an order as its staff. */
export function act(shop: TestShop, who: Who, path: string, body: object = {}): Promise<Answer> {
  return shop.call('POST', `/api/v1/admin/orders/${path}`, { ...who, body })
}

/** The same, and insists that it worked; returns the order as it is then. */
export async function acted(
  shop: TestShop,
  who: Who,
  path: string,
  body: object = {},
): Promise<OrderBody> {
  const answer = await act(shop, who, path, body)
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data as OrderBody
}

/** Has everything of an order that is open leave and arrive. */
export async function delivered(shop: TestShop, who: Who, order: OrderBody): Promise<OrderBody> {
  const { fulfilments } = await acted(shop, who, `${order.number}/fulfilments`, { shipped: true })
  const parcel = fulfilments.at(-1)?.id
  return acted(shop, who, `${order.number}/fulfilments/${parcel}/delivery`)
}

/** What was paid for an order and has not gone back, as the books have it. */
export async function keptOf({ ctx }: TestShop, orderId: string): Promise<number> {
  const payments = await ctx.db.read
    .selectFrom('payments')
    .selectAll()
    .where('order_id', '=', orderId)
    .execute()
  return payments.reduce(
    (sum, { captured_minor, refunded_minor }) => sum + captured_minor - refunded_minor,
    0,
  )
}
