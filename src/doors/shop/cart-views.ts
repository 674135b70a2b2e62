import type { Context } from '../../context.ts'
import { minor, timesMinor, type Minor } from '../../core/money.ts'
import type { PricedLine } from '../../core/pricing/cart.ts'
import type { Cart, CartLineRow, Problem } from '../../domains/cart/cart.ts'
import { sellableOf } from '../../domains/cart/pricing.ts'
import { problemMessage } from '../../domains/cart/views.ts'
import { imageOf, timeView } from '../../domains/catalog/views.ts'
import { exact } from '../exact.ts'

const zero = minor(0)

/** A cart, as seen by the session that was named, if one was. */
export function shopCart(ctx: Context, cart: Cart, sessionId: string | undefined) {
  const { priced, currency } = cart
  return {
    session_id: sessionId ?? null,
    version: cart.version,
    currency,
    items: cart.lines.map((line, index) => itemOf(ctx, line, priced.lines[index])),
    item_count: priced.itemCount,
    subtotal: exact(priced.subtotalMinor, currency),
    tax: exact(priced.taxMinor, currency),
    shipping: exact(priced.shippingMinor, currency),
    discount: exact(priced.discountMinor, currency),
    total: exact(priced.totalMinor, currency),
    shipping_options: cart.shippingOptions.map(({ method, priceMinor, discountMinor }) => ({
      code: method.code,
      name: method.name,
      description: method.description,
      price: exact(priceMinor, currency),
      discount: exact(discountMinor, currency),
      days_min: method.daysMin,
      days_max: method.daysMax,
    })),
    tax_inclusive: priced.isTaxInclusive,
    coupons: cart.codes.map(({ code, reason }) => ({
      code,
      applied: reason === undefined,
      reason: reason ?? null,
    })),
    discounts: priced.discounts.map(({ name, amountMinor }) => ({
      name,
      amount: exact(amountMinor, currency),
    })),
    problems: cart.problems.map(problemOf),
    expires_at: cart.expiresAt === undefined ? null : timeView(cart.expiresAt),
  }
}

function itemOf(ctx: Context, line: CartLineRow, priced: PricedLine<number> | undefined) {
  const money = (amount: Minor | undefined) => exact(amount ?? zero, line.currency)
  const picture = { number: line.product_number, version: line.product_version }
  return {
    item_id: line.number,
    cart_item_id: line.number,
    product_id: line.product_number,
    variant_id: line.variant_id,
    sku: line.sku,
    slug: line.slug,
    name: line.name,
    options: JSON.parse(line.options) as Record<string, string>,
    price: money(priced?.unitPriceMinor),
    quantity: line.quantity,
    subtotal: money(priced?.subtotalMinor),
    total_price: money(priced?.subtotalMinor),
    tax: money(priced?.taxMinor),
    image_url: imageOf(ctx, line, picture),
    stock_quantity: Math.max(line.available, 0),
    in_stock: line.status === 'active' && line.available >= line.quantity,
  }
}

function problemOf(problem: Problem) {
  const { line, code } = problem
  const shared = {
    code,
    message: problemMessage(problem),
    item_id: line.number,
    product_id: line.product_number,
    sku: line.sku,
  }
  if (code === 'INSUFFICIENT_STOCK') {
    return { ...shared, requested: line.quantity, available: sellableOf(line) }
  }
  if (code !== 'PRICE_CHANGED') return shared
  return {
    ...shared,
    seen: exact(problem.seenMinor, line.currency),
    current: exact(line.price_minor, line.currency),
  }
}

/** The line a request was about, with the quantity that is in the cart now. */
export function changedItem(line: CartLineRow, quantity: number) {
  return {
    item_id: line.number,
    cart_item_id: line.number,
    product_id: line.product_number,
    variant_id: line.variant_id,
    name: line.name,
    price: exact(line.price_minor, line.currency),
    quantity,
    total_price: exact(timesMinor(line.price_minor, quantity), line.currency),
  }
}
