import { createHmac } from 'node:crypto'
import type { OrderEventRow, OrderLineRow, OrderRow } from '../../src/domains/order/orders.ts'
import type { Bare } from './catalog.ts'
import { BareOrders, type CheckoutBody, type Placed } from './orders.ts'
import { money, time } from './values.ts'

/** A checkout in one transaction (manual payment) or in two (test payment), as in the shop. */
export function registerCheckout({ app, database }: Bare, secret: string): void {
  const orders = new BareOrders(database)
  const charges = new Map<string, string>()
  app.post<{ Body: CheckoutBody }>('/api/v1/checkout', async (request, reply) => {
    const sessionKey = `named:${String(request.headers['session-id'])}`
    const { body } = request
    const placed =
      body.payment_method === 'manual'
        ? await database.transaction(() => {
            const orderId = orders.place(sessionKey, body)
            return orders.settle(orderId, { status: 'due', reference: null })
          })
        : await payOnline({ sessionKey, body })
    const token = createHmac('sha256', secret).update(`order:${placed.order.id}`)
    const data = { ...orderView(placed), token: token.digest('base64url') }
    reply.code(201)
    return { success: true, data, message: 'Order placed' }
  })

  async function payOnline(request: { sessionKey: string; body: CheckoutBody }): Promise<Placed> {
    const orderId = await database.transaction(() => orders.place(request.sessionKey, request.body))
    const reference = `test_${orderId}`
    charges.set(orderId, reference)
    return database.transaction(() => orders.settle(orderId, { status: 'captured', reference }))
  }
}

function orderView({ order, lines, events }: Placed) {
  return {
    id: order.id,
    number: order.number,
    status: order.status,
    currency: order.currency,
    item_count: order.item_count,
    subtotal: money(order.subtotal_minor),
    discount: money(order.discount_minor),
    shipping_discount: money(order.shipping_discount_minor),
    shipping: money(order.shipping_minor),
    tax: money(order.tax_minor),
    tax_inclusive: order.tax_inclusive === 1,
    total: money(order.total_minor),
    credit: money(order.credit_minor),
    payment: {
      method: order.payment_method,
      status: order.payment_status,
      captured: money(order.captured_minor),
    },
    lines: lines.map(lineView),
    created_at: time(order.created_at),
    version: order.version,
    links: { self: `/api/v1/orders/${order.number}` },
    ...contactOf(order),
    timeline: events.map(eventView),
  }
}

function lineView(line: OrderLineRow) {
  return {
    id: line.id,
    product_id: line.product_id,
    product_number: line.product_number,
    variant_id: line.variant_id,
    sku: line.sku,
    name: line.name,
    options: JSON.parse(line.options) as unknown,
    quantity: line.quantity,
    price: money(line.price_minor),
    subtotal: money(line.subtotal_minor),
    discount: money(line.discount_minor),
    tax: money(line.tax_minor),
    total: money(line.total_minor),
    is_gift: line.is_gift === 1,
  }
}

const contactOf = (order: OrderRow) => ({
  email: order.email,
  shipping_method: { code: order.shipping_method, name: order.shipping_name },
  shipping_address: JSON.parse(order.shipping_address) as unknown,
  billing_address: JSON.parse(order.billing_address) as unknown,
})

const eventView = ({ type, created_at, data }: OrderEventRow) => ({
  type,
  at: time(created_at),
  data: JSON.parse(data) as unknown,
})
