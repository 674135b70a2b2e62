import type { Context } from '../../context.ts'
import type { Minor } from '../../core/money.ts'
import { moneyView, timeOrNullView, timeView } from '../catalog/views.ts'
import {
  aftermathView,
  eventView,
  lineProgressView,
  orderLinks,
  staffEventView,
} from './life-views.ts'
import { paymentView } from '../payment/views.ts'
import type { Order, OrderLineRow, OrderSummary } from './orders.ts'
import { orderReference } from './reference.ts'

export function orderSummaryView(ctx: Context, { order, lines, payments }: OrderSummary) {
  const money = (amount: Minor) => moneyView(amount, order.currency)
  return {
    id: order.id,
    number: order.number,
    reference: orderReference(ctx, order),
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
    given_back: money(order.given_back_minor),
    payment: {
      method: order.payment_method,
      status: order.payment_status,
      captured: money(order.captured_minor),
    },
    payments: payments.map((payment) => paymentView(payment, order.currency)),
    lines: lines.map((line) => ({
      id: line.id,
      product_id: line.product_id,
      product_number: line.product_number,
      variant_id: line.variant_id,
      sku: line.sku,
      name: line.name,
      options: JSON.parse(line.options) as Record<string, string>,
      quantity: line.quantity,
      price: money(line.price_minor),
      subtotal: money(line.subtotal_minor),
      discount: money(line.discount_minor),
      tax: money(line.tax_minor),
      total: money(line.total_minor),
      is_gift: line.is_gift === 1,
      ...backOrderOf(line),
      units: line.units.map(({ serial, isOut }) => ({
        serial_number: serial,
        is_returned: !isOut,
      })),
      ...lineProgressView(line),
    })),
    created_at: timeView(order.created_at),
    version: order.version,
    links: orderLinks(order, '/api/v1/orders'),
  }
}

/** What of a line comes later, if anything does. */
function backOrderOf({ waiting: quantity, promised_at }: OrderLineRow) {
  if (quantity === 0) return {}
  return { back_order: { quantity, promised_at: timeOrNullView(promised_at) } }
}

export function orderView(ctx: Context, found: Order) {
  const { order, events } = found
  return {
    ...orderSummaryView(ctx, found),
    email: order.email,
    shipping_method: { code: order.shipping_method, name: order.shipping_name },
    shipping_address: JSON.parse(order.shipping_address) as Record<string, string>,
    billing_address: JSON.parse(order.billing_address) as Record<string, string>,
    ...aftermathView(found, order.currency),
    timeline: events.map(eventView),
  }
}

/** The same for staff, who see by whom everything was done. */
export function staffOrderView(ctx: Context, found: Order) {
  return { ...orderView(ctx, found), timeline: found.events.map(staffEventView) }
}
