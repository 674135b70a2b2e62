import { randomUUIDv7 } from 'node:crypto'
import {
  addToLine,
  findCartBySession,
  insertCart,
  insertLine,
  listCartLines,
  listSellablesByNumber,
  touchCart,
  type CartLineRow,
  type CartRow,
  type Sellable,
} from '../../src/domains/cart/queries.ts'
import { deliveryEstimate } from '../../src/core/pricing/shipping.ts'
import { listMethodRows, type MethodRow } from '../../src/domains/shipping/queries.ts'
import type { Bare } from './catalog.ts'
import type { BareDatabase } from './database.ts'
import { priceOf, shippingPrice, type Prices } from './pricing.ts'
import { capture, captureNamed, named, type Statement } from './statements.ts'
import { money, pictureOf, time } from './values.ts'

const cartMs = 30 * 24 * 3_600_000
const links = { self: '/api/v1/cart', items: '/api/v1/cart/items', checkout: '/api/v1/checkout' }

interface AddBody {
  readonly product_id: number
  readonly quantity: number
}

/** Adding to a cart, which makes the cart if the session has none. */
export function registerCart({ app, database, origin }: Bare): void {
  const carts = new BareCarts(database)
  app.post<{ Body: AddBody }>('/api/v1/cart/items', async (request, reply) => {
    const sessionKey = `named:${String(request.headers['session-id'])}`
    const added = await database.transaction(() => carts.add(sessionKey, request.body))
    const data = { ...cartView(added, origin), line_id: added.line.id }
    return reply.code(201).send({ success: true, data, message: 'Added', links })
  })
}

interface Added {
  readonly cart: CartRow
  readonly lines: readonly CartLineRow[]
  readonly line: CartLineRow
  readonly methods: readonly MethodRow[]
}

class BareCarts {
  readonly #sellables: Statement<Sellable>
  readonly #cart: Statement<CartRow>
  readonly #insertCart: Statement
  readonly #touch: Statement
  readonly #addToLine: Statement
  readonly #insertLine: Statement
  readonly #lines: Statement<CartLineRow>
  /** Kept in memory, as the shop does. */
  readonly #methods: readonly MethodRow[]

  constructor(database: BareDatabase) {
    this.#sellables = database.write(captureNamed(listSellablesByNumber))
    this.#cart = database.write(capture((tx) => findCartBySession(tx, named('sessionKey'))))
    this.#insertCart = database.write(capture((tx) => insertCart(tx, newCart)))
    this.#touch = database.write(captureNamed(touchCart))
    this.#addToLine = database.write(captureNamed(addToLine))
    this.#insertLine = database.write(captureNamed(insertLine))
    this.#lines = database.write(captureNamed(listCartLines))
    this.#methods = database.write<MethodRow>(capture((tx) => listMethodRows(tx, {}))).all({})
  }

  add(sessionKey: string, { product_id, quantity }: AddBody): Added {
    const [sellable] = this.#sellables.all({ number: product_id })
    if (sellable?.status !== 'active') throw new Error('not for sale')
    const now = Date.now()
    const cartId = this.#open(sessionKey, now)
    if (this.#touch.run({ id: cartId, now, expiresAt: now + cartMs }) !== 1) {
      throw new Error('the cart is closed')
    }
    const { variant_id: variantId, price_minor: priceMinor } = sellable
    const write = { cartId, variantId, quantity, priceMinor, now }
    if (this.#addToLine.run(write) === 0) this.#insertLine.run({ ...write, id: randomUUIDv7() })
    const [cart] = this.#cart.all({ sessionKey })
    const lines = this.#lines.all({ cartId })
    const line = lines.find((row) => row.variant_id === variantId)
    if (!cart || !line || line.quantity > line.available) throw new Error('not enough left')
    return { cart, lines, line, methods: this.#methods }
  }

  #open(sessionKey: string, now: number): string {
    const [known] = this.#cart.all({ sessionKey })
    if (known) return known.id
    const id = randomUUIDv7()
    this.#insertCart.run({ id, sessionKey, now, expiresAt: now + cartMs })
    return id
  }
}

const newCart: Parameters<typeof insertCart>[1] = {
  id: named('id'),
  session_key: named('sessionKey'),
  customer_id: null,
  status: 'open',
  currency: 'USD',
  created_at: named('now'),
  updated_at: named('now'),
  expires_at: named('expiresAt'),
}

function cartView({ cart, lines, methods }: Added, origin: string) {
  const prices = priceOf(lines, methods)
  return {
    id: cart.id,
    version: cart.version,
    status: cart.status,
    currency: cart.currency,
    lines: lines.map((line, index) => lineView(line, { prices, index, origin })),
    item_count: prices.itemCount,
    subtotal: money(prices.subtotal),
    tax: money(prices.tax),
    shipping_estimate: money(prices.shipping),
    discount: money(0),
    total: money(prices.total),
    shipping_options: methods.map((method) => ({
      code: method.code,
      name: method.name,
      description: method.description,
      price: money(shippingPrice(method, prices.subtotal)),
      discount: money(0),
      days_min: method.days_min,
      days_max: method.days_max,
      delivery: deliveryOf(method),
    })),
    tax_inclusive: false,
    taxes: [
      {
        name: 'Tax',
        percent: '8.25',
        amount: money(prices.subtotal),
        tax: money(prices.tax),
      },
    ],
    coupons: [],
    discounts: [],
    gifts: [],
    destination: null,
    vat_id: null,
    problems: [],
    expires_at: time(cart.expires_at),
  }
}

function deliveryOf({ days_min: daysMin, days_max: daysMax }: MethodRow) {
  const { earliest, latest } = deliveryEstimate({ daysMin, daysMax }, Date.now())
  return { earliest: time(earliest).slice(0, 10), latest: time(latest).slice(0, 10) }
}

interface LinePlace {
  readonly prices: Prices
  readonly index: number
  readonly origin: string
}

function lineView(line: CartLineRow, { prices, index, origin }: LinePlace) {
  const { subtotal, tax } = prices.lines[index] ?? { subtotal: 0, tax: 0 }
  return {
    id: line.id,
    number: line.number,
    quantity: line.quantity,
    price: money(line.price_minor),
    compare_at_price: null,
    subtotal: money(subtotal),
    discount: money(0),
    tax: money(tax),
    total: money(subtotal + tax),
    available: line.available,
    variant: {
      id: line.variant_id,
      sku: line.sku,
      options: JSON.parse(line.options) as unknown,
    },
    product: {
      id: line.product_id,
      number: line.product_number,
      slug: line.slug,
      name: line.name,
      image: pictureOf(origin, line.product_number, line.product_version),
    },
  }
}
