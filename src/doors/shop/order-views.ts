import type { Context } from '../../context.ts'
import type { Minor } from '../../core/money.ts'
import { timeView } from '../../domains/catalog/views.ts'
import { aftermathView, eventView, lineProgressView } from '../../domains/order/life-views.ts'
import type { Order, OrderSummary } from '../../domains/order/orders.ts'
import { orderReference } from '../../domains/order/reference.ts'
import { exact } from '../exact.ts'

export function shopOrderSummary(ctx: Context, { order, lines }: OrderSummary) {
  const money = (amount: Minor) => exact(amount, order.currency)
  return {
    id: order.number,
    uuid: order.id,
    order_number: order.number,
    reference: orderReference(ctx, order),
    status: order.status,
    currency: order.currency,
    item_count: order.item_count,
    subtotal: money(order.subtotal_minor),
    discount_amount: money(order.discount_minor),
    shipping_amount: money(order.shipping_minor),
    tax_amount: money(order.tax_minor),
    tax_inclusive: order.tax_inclusive === 1,
    total_amount: money(order.total_minor),
    credit_amount: money(order.credit_minor),
    given_back_amount: money(order.given_back_minor),
    payment: {
      method: order.payment_method,
      status: order.payment_status,
      amount_paid: money(order.captured_minor),
    },
    items: lines.map((line) => ({
      product_id: line.product_number,
      variant_id: line.variant_id,
      sku: line.sku,
      name: line.name,
      options: JSON.parse(line.options) as Record<string, string>,
      quantity: line.quantity,
      price_at_time: money(line.price_minor),
      subtotal: money(line.subtotal_minor),
      tax_amount: money(line.tax_minor),
      ...lineProgressView(line),
    })),
    created_at: timeView(order.created_at),
    version: order.version,
  }
}

export function shopOrder(ctx: Context, found: Order) {
  const { order, events } = found
  return {
    ...shopOrderSummary(ctx, found),
    email: order.email,
    shipping_method: { code: order.shipping_method, name: order.shipping_name },
    shipping_address: JSON.parse(order.shipping_address) as Record<string, string>,
    billing_address: JSON.parse(order.billing_address) as Record<string, string>,
    fulfilments: aftermathView(found, order.currency).fulfilments,
    timeline: events.map(eventView),
  }
}

export const orderLinks = (number: number) => ({ self: `/api/orders/${number}` })
