import { randomUUIDv7 } from 'node:crypto'
import {
  closeCart,
  findCartBySession,
  listCartLines,
  moveCart,
} from '../../src/domains/cart/queries.ts'
import type { CartLineRow, CartRow } from '../../src/domains/cart/queries.ts'
import { findDefaultLocation } from '../../src/domains/inventory/location-queries.ts'
import {
  insertHolds,
  insertMovements,
  listHolds,
  reserveRows,
  sellHolds,
  sellReservedRows,
  type Hold,
} from '../../src/domains/inventory/queries.ts'
import {
  findOrder,
  insertEvent,
  insertOrderLines,
  insertOrders,
  listEvents,
  listLinesOf,
  settleOrder,
  type OrderEventRow,
  type OrderLineRow,
  type OrderRow,
} from '../../src/domains/order/queries.ts'
import { decidePayment, insertPayment } from '../../src/domains/payment/queries.ts'
import { listMethodRows, type MethodRow } from '../../src/domains/shipping/queries.ts'
import type { BareDatabase } from './database.ts'
import { priceOf, type Prices } from './pricing.ts'
import { capture, captureBulk, captureEvent, captureNamed, named } from './statements.ts'

export interface CheckoutBody {
  readonly email: string
  readonly payment_method: 'manual' | 'test'
  readonly shipping_info: object
}

export interface Placed {
  readonly order: OrderRow
  readonly lines: readonly OrderLineRow[]
  readonly events: readonly OrderEventRow[]
}

export interface Outcome {
  readonly status: 'due' | 'captured'
  readonly reference: string | null
}

interface Reservation {
  readonly orderId: string
  readonly locationId: string | undefined
  readonly now: number
}

const holdMs = 15 * 60_000
const reconcileAfterMs = 30_000

/** Every statement of a checkout, as the shop runs it. */
function statementsOf(database: BareDatabase) {
  const orderById = capture((tx) => findOrder(tx, { by: 'id', id: named('id') }))
  return {
    cart: database.write<CartRow>(capture((tx) => findCartBySession(tx, named('sessionKey')))),
    moveCart: database.write(captureNamed(moveCart)),
    closeCart: database.write(captureNamed(closeCart)),
    cartLines: database.write<CartLineRow>(captureNamed(listCartLines)),
    methods: database.write<MethodRow>(capture((tx) => listMethodRows(tx, {}))).all({}),
    insertOrders: database.write(captureBulk(insertOrders)),
    insertOrderLines: database.write(captureBulk(insertOrderLines)),
    insertEvent: database.write(captureNamed(insertEvent)),
    insertPayment: database.write(captureNamed(insertPayment)),
    location: database.write<{ id: string }>(capture((tx) => findDefaultLocation(tx))),
    insertHolds: database.write(captureBulk(insertHolds)),
    reserve: database.write(captureBulk(reserveRows)),
    decide: database.write(captureNamed(decidePayment)),
    order: database.write<OrderRow>(orderById),
    settleOrder: database.write(captureNamed(settleOrder)),
    enqueue: database.write(captureEvent('order.placed')),
    holds: database.write<Hold>(captureNamed(listHolds)),
    sellHolds: database.write(captureNamed(sellHolds)),
    sell: database.write(captureBulk(sellReservedRows)),
    insertMovements: database.write(captureBulk(insertMovements)),
    orderLines: database.write<OrderLineRow>(captureNamed(listLinesOf)),
    events: database.write<OrderEventRow>(captureNamed(listEvents)),
  }
}

function expectChanges(changes: number, expected: number, what: string): void {
  if (changes !== expected) throw new Error(`${what}: ${changes} rows changed, not ${expected}`)
}

/** The two halves of a checkout, each to be run in a transaction. */
export class BareOrders {
  readonly #run

  constructor(database: BareDatabase) {
    this.#run = statementsOf(database)
  }

  /** An order that waits for its payment, with its stock reserved; returns its id. */
  place(sessionKey: string, body: CheckoutBody): string {
    const now = Date.now()
    const [cart] = this.#run.cart.all({ sessionKey })
    if (!cart) throw new Error('no cart')
    const moved = this.#run.moveCart.run({ id: cart.id, from: 'open', to: 'checkout', now })
    expectChanges(moved, 1, 'cart')
    const lines = this.#run.cartLines.all({ cartId: cart.id })
    const [method] = this.#run.methods
    const [location] = this.#run.location.all({})
    if (!method) throw new Error('no shipping method')
    const prices = priceOf(lines, [method])
    const orderId = randomUUIDv7()
    const order = { orderId, cart, prices, method, body, now }
    this.#run.insertOrders.run({ rows: JSON.stringify([orderRow(order)]) })
    this.#run.insertOrderLines.run({
      rows: JSON.stringify(lines.map((line, index) => lineRow(line, { orderId, prices, index }))),
    })
    this.#event(orderId, 'created', now)
    this.#run.insertPayment.run({
      id: randomUUIDv7(),
      orderId,
      method: body.payment_method,
      amountMinor: prices.total,
      currency: cart.currency,
      providerKey: orderId,
      now,
      checkAt: now + reconcileAfterMs,
    })
    this.#reserve({ orderId, locationId: location?.id, now }, lines)
    return orderId
  }

  #event(orderId: string, type: string, now: number): void {
    this.#run.insertEvent.run({ id: randomUUIDv7(), orderId, type, data: '{}', now })
  }

  #reserve({ orderId, locationId, now }: Reservation, lines: readonly CartLineRow[]): void {
    const demand = lines
      .map(({ variant_id, quantity }) => ({ variant_id, location_id: locationId, quantity }))
      .sort((a, b) => (a.variant_id < b.variant_id ? -1 : 1))
    const held = { order_id: orderId, status: 'active', expires_at: now + holdMs }
    this.#run.insertHolds.run({ rows: JSON.stringify(demand.map((row) => ({ ...row, ...held }))) })
    const reserved = this.#run.reserve.run({ rows: JSON.stringify(demand) })
    expectChanges(reserved, demand.length, 'stock')
  }

  /** Writes the outcome of the payment down and reads the whole order back. */
  settle(orderId: string, { status, reference }: Outcome): Placed {
    const now = Date.now()
    const isCaptured = status === 'captured' ? 1 : 0
    const fixed = { from: 'pending', failureCode: null, checkAt: 8_640_000_000_000_000 }
    const decision = { orderId, status, isCaptured, reference, now, ...fixed }
    expectChanges(this.#run.decide.run(decision), 1, 'payment')
    const order = only(this.#run.order.all({ id: orderId }))
    this.#confirm(order, { status: status === 'captured' ? 'paid' : 'placed', now })
    this.#sell(orderId, now)
    return {
      order: only(this.#run.order.all({ id: orderId })),
      lines: this.#run.orderLines.all({ ids: JSON.stringify([{ id: orderId }]) }),
      events: this.#run.events.all({ orderId }),
    }
  }

  #confirm(order: OrderRow, { status, now }: { status: string; now: number }): void {
    const { id, number, cart_id } = order
    const settled = this.#run.settleOrder.run({ id, status, liveCartId: cart_id, now })
    expectChanges(settled, 1, 'order')
    const closing = { id: cart_id, from: 'checkout', to: 'completed', now }
    expectChanges(this.#run.closeCart.run(closing), 1, 'cart')
    this.#event(id, status, now)
    const payload = JSON.stringify({ order_id: id, number, status })
    this.#run.enqueue.run({ id: randomUUIDv7(), payload, now })
  }

  #sell(orderId: string, now: number): void {
    const holds = this.#run.holds.all({ orderId })
    const rows = JSON.stringify(holds)
    const ended = this.#run.sellHolds.run({ orderId })
    expectChanges(ended, holds.length, 'holds')
    expectChanges(this.#run.sell.run({ rows }), holds.length, 'stock')
    const movements = holds.map(({ variant_id, location_id, quantity }) => ({
      id: randomUUIDv7(),
      variant_id,
      location_id,
      quantity: -quantity,
      kind: 'sale',
      order_id: orderId,
      note: null,
      created_at: now,
    }))
    this.#run.insertMovements.run({ rows: JSON.stringify(movements) })
  }
}

function only<Row>(rows: readonly Row[]): Row {
  const [row] = rows
  if (row === undefined) throw new Error('a row is missing')
  return row
}

interface NewOrder {
  readonly orderId: string
  readonly cart: CartRow
  readonly prices: Prices
  readonly method: MethodRow
  readonly body: CheckoutBody
  readonly now: number
}

function orderRow({ orderId, cart, prices, method, body, now }: NewOrder) {
  const address = JSON.stringify(body.shipping_info)
  return {
    id: orderId,
    cart_id: cart.id,
    live_cart_id: cart.id,
    customer_id: null,
    email: body.email,
    currency: cart.currency,
    subtotal_minor: prices.subtotal,
    discount_minor: 0,
    shipping_minor: prices.shipping,
    tax_minor: prices.tax,
    tax_inclusive: 0,
    total_minor: prices.total,
    item_count: prices.itemCount,
    shipping_method: method.code,
    shipping_name: method.name,
    shipping_address: address,
    billing_address: address,
    shipping_discount_minor: 0,
    shipping_tax_minor: 0,
    credit_minor: 0,
    gift_card_count: 0,
    vat_id: null,
    pricing: pricingOf({ prices, body }),
    status: 'pending_payment',
    created_at: now,
    updated_at: now,
  }
}

/** How the order was priced, of the size that the shop writes down. */
function pricingOf({ prices, body }: Pick<NewOrder, 'prices' | 'body'>): string {
  const amount = String(prices.subtotal)
  return JSON.stringify({
    at: new Date().toISOString(),
    currency: 'USD',
    destination: body.shipping_info,
    tax: { zone: 'default', taxes: [{ name: 'Tax', percent: '8.25', amount, tax: amount }] },
    lines: prices.lines.map((_, line) => ({ line, tax_class: 'standard', price_list: null })),
    codes: [],
    discounts: [],
    rules: [],
  })
}

interface NewLine {
  readonly orderId: string
  readonly prices: Prices
  readonly index: number
}

function lineRow(line: CartLineRow, { orderId, prices, index }: NewLine) {
  const { subtotal, tax } = prices.lines[index] ?? { subtotal: 0, tax: 0 }
  return {
    id: randomUUIDv7(),
    order_id: orderId,
    position: index,
    variant_id: line.variant_id,
    product_id: line.product_id,
    product_number: line.product_number,
    sku: line.sku,
    name: line.name,
    options: line.options,
    quantity: line.quantity,
    price_minor: line.price_minor,
    subtotal_minor: subtotal,
    tax_minor: tax,
    total_minor: subtotal + tax,
    discount_minor: 0,
    is_gift: 0,
    kind: line.kind,
  }
}

export type { OrderEventRow, OrderLineRow, OrderRow }
