import type { Context } from '../../context.ts'
import { minor, type Minor } from '../../core/money.ts'
import type { PricedLine } from '../../core/price-cart.ts'
import { imageOf, moneyView, timeView } from '../catalog/views.ts'
import type { Cart, CartLineRow, Problem } from './cart.ts'

const zero = minor(0)

export function cartView(ctx: Context, cart: Cart) {
  const { priced, currency } = cart
  const money = (amount: Minor) => moneyView(amount, currency)
  return {
    id: cart.id ?? null,
    version: cart.version,
    status: cart.status,
    currency,
    lines: cart.lines.map((line, index) => lineView(ctx, line, priced.lines[index])),
    item_count: priced.itemCount,
    subtotal: money(priced.subtotalMinor),
    tax: money(priced.taxMinor),
    shipping_estimate: money(priced.shippingMinor),
    discount: money(priced.discountMinor),
    total: money(priced.totalMinor),
    shipping_options: cart.shippingQuotes.map(({ method, priceMinor }) => ({
      code: method.code,
      name: method.name,
      description: method.description,
      price: money(priceMinor),
      days_min: method.days_min,
      days_max: method.days_max,
    })),
    problems: cart.problems.map(problemView),
    expires_at: cart.expiresAt === undefined ? null : timeView(cart.expiresAt),
  }
}

function lineView(ctx: Context, line: CartLineRow, priced: PricedLine<number> | undefined) {
  const money = (amount: Minor | undefined) => moneyView(amount ?? zero, line.currency)
  return {
    id: line.id,
    number: line.number,
    quantity: line.quantity,
    price: money(line.price_minor),
    subtotal: money(priced?.subtotalMinor),
    tax: money(priced?.taxMinor),
    total: money(priced?.totalMinor),
    available: Math.max(line.available, 0),
    variant: {
      id: line.variant_id,
      sku: line.sku,
      options: JSON.parse(line.options) as Record<string, string>,
    },
    product: {
      id: line.product_id,
      number: line.product_number,
      slug: line.slug,
      name: line.name,
      image: imageOf(ctx, line, { number: line.product_number, version: line.product_version }),
    },
  }
}

export function problemMessage(problem: Problem): string {
  const { line } = problem
  if (problem.code === 'PRODUCT_UNAVAILABLE') return `${line.name} is no longer available.`
  if (problem.code === 'INSUFFICIENT_STOCK') {
    return `Only ${Math.max(line.available, 0)} of ${line.name} left.`
  }
  const seen = moneyView(problem.seenMinor, line.currency).amount
  const current = moneyView(line.price_minor, line.currency).amount
  return `The price of ${line.name} changed from ${seen} to ${current}.`
}

function problemView(problem: Problem) {
  const { line, code } = problem
  const shared = { code, message: problemMessage(problem), line_id: line.id, sku: line.sku }
  if (code === 'INSUFFICIENT_STOCK') {
    return { ...shared, available: Math.max(line.available, 0), requested: line.quantity }
  }
  if (code !== 'PRICE_CHANGED') return shared
  return {
    ...shared,
    seen: moneyView(problem.seenMinor, line.currency),
    current: moneyView(line.price_minor, line.currency),
  }
}
