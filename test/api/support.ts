import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import type { Clock, Context } from '../../src/context.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import { checkoutBody, type Answer, type CallOptions, type TestShop } from '../support/shop.ts'

/** Opens one for all tests of a suite that only read, or are refused. */
export function shared<T extends AsyncDisposable>(open: () => Promise<T>): () => T {
  let opened: T | undefined
  before(async () => {
    opened = await open()
  })
  after(() => opened?.[Symbol.asyncDispose]())
  return () => {
    assert.ok(opened)
    return opened
  }
}

/** Who is shopping: a session, a signed-in customer, or whoever holds a cookie. */
export type Who = Pick<CallOptions, 'session' | 'token' | 'headers'>

/** What `addProduct` returns, as far as the cart wants to know it. */
export interface Bought {
  readonly variantId: string
  readonly quantity?: number
}

export function add(
  shop: TestShop,
  who: Who,
  { variantId, quantity = 1, key }: Bought & Pick<CallOptions, 'key'>,
): Promise<Answer> {
  const body = { variant_id: variantId, quantity }
  const once = key === undefined ? {} : { key }
  return shop.call('POST', '/api/v1/cart/items', { ...who, ...once, body })
}

/** Adds, and insists that it worked. */
export async function added(shop: TestShop, who: Who, item: Bought): Promise<Answer> {
  const answer = await add(shop, who, item)
  assert.equal(answer.status, 201, answer.text)
  return answer
}

/** The cart as its shopper sees it. */
export async function cartOf(shop: TestShop, who: Who): Promise<Answer['body']> {
  const answer = await shop.call('GET', '/api/v1/cart', { ...who })
  assert.equal(answer.status, 200, answer.text)
  return answer.body.data
}

/** SKU and quantity of each line. */
export async function linesOf(shop: TestShop, who: Who): Promise<[string, number][]> {
  const { lines } = (await cartOf(shop, who)) as {
    lines: { variant: { sku: string }; quantity: number }[]
  }
  return lines.map((line) => [line.variant.sku, line.quantity])
}

export function checkOut(
  shop: TestShop,
  who: Who,
  { key, headers, ...change }: Record<string, unknown> & Pick<CallOptions, 'key' | 'headers'> = {},
): Promise<Answer> {
  const once = key === undefined ? {} : { key }
  return shop.call('POST', '/api/v1/checkout', {
    ...who,
    ...once,
    headers: { ...who.headers, ...headers },
    body: { ...checkoutBody, ...change },
  })
}

/** `payment_data` that makes the test provider do this. */
export const outcome = (name: string) => ({ payment_data: { outcome: name } })

/** Asserts a refusal in the envelope that all have, and returns its error. */
export function refused(answer: Answer, status: number, code: ErrorCode) {
  assert.equal(answer.status, status, answer.text)
  assert.deepEqual(Object.keys(answer.body), ['success', 'error'])
  assert.equal(answer.body.success, false)
  const { error } = answer.body
  assert.deepEqual(Object.keys(error), ['code', 'message', 'details', 'request_id'])
  assert.equal(error.code, code)
  return error
}

/** Asserts that the input was refused because of this field. */
export function refusedField(answer: Answer, field: string): void {
  const { details } = refused(answer, 400, 'VALIDATION_ERROR')
  assert.equal(details.field, field)
}

const tables = [
  'brands',
  'cart_lines',
  'carts',
  'categories',
  'customer_addresses',
  'customer_default_addresses',
  'customers',
  'deliveries',
  'idempotency_keys',
  'order_events',
  'order_lines',
  'orders',
  'outbox',
  'payment_accounts',
  'payment_events',
  'payment_operations',
  'payments',
  'product_attributes',
  'product_categories',
  'products',
  'locations',
  'stock',
  'stock_lots',
  'stock_lot_holds',
  'backorder_terms',
  'bundle_parts',
  'order_bundle_parts',
  'stock_transfers',
  'stock_transfer_lines',
  'stock_takes',
  'stock_take_lines',
  'stock_alerts',
  'stock_subscriptions',
  'stock_holds',
  'stock_movements',
  'unit_events',
  'units',
  'variants',
] as const

async function contents({ db }: Context): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {}
  for (const table of tables) {
    const rows = await db.read.selectFrom(table).selectAll().execute()
    found[table] = rows.map((row) => JSON.stringify(row)).sort()
  }
  return found
}

/** Runs `act` and asserts that not one row of the shop is different after it. */
export async function unchanged<T>(shop: TestShop, act: () => Promise<T>): Promise<T> {
  const before = await contents(shop.ctx)
  const result = await act()
  assert.deepEqual(await contents(shop.ctx), before)
  return result
}

export interface StockLevel {
  readonly on_hand: number
  readonly reserved: number
}

export async function stockOf({ db }: Context, variantId: string): Promise<StockLevel> {
  const { on_hand, reserved } = await db.read
    .selectFrom('stock')
    .select(['on_hand', 'reserved'])
    .where('variant_id', '=', variantId)
    .executeTakeFirstOrThrow()
  return { on_hand, reserved }
}

export async function orderStatuses({ db }: Context): Promise<string[]> {
  const rows = await db.read.selectFrom('orders').select('status').orderBy('number').execute()
  return rows.map(({ status }) => status)
}

export interface TestClock extends Clock {
  advance(ms: number): void
}

/** A clock that stands still until it is told to move. */
export function testClock(startMs = Date.UTC(2026, 10, 21, 10, 30)): TestClock {
  let nowMs = startMs
  return {
    now: () => nowMs,
    advance(ms) {
      nowMs += ms
    },
  }
}

/** A body without what differs between two answers to the same question. */
export function withoutRequestId({ text }: Answer): string {
  return text.replace(/"request_id":"[^"]+"/, '"request_id":"…"')
}

/** What has happened so far, by topic. */
export async function outboxTopics({ ctx }: TestShop): Promise<string[]> {
  const rows = await ctx.db.read.selectFrom('outbox').select('topic').execute()
  return rows.map(({ topic }) => topic)
}
