import type { Context } from '../../context.ts'
import { minor, type Minor } from '../../core/money.ts'
import type { PricedLine } from '../../core/pricing/cart.ts'
import type { Destination } from '../../core/pricing/destination.ts'
import { deliveryEstimate, type ShippingMethod } from '../../core/pricing/shipping.ts'
import { imageOf, moneyView, timeOrNullView, timeView } from '../catalog/views.ts'
import { percentText } from '../../core/ratio.ts'
import type { Cart, CartLineRow, Problem } from './cart.ts'
import { sellableOf } from './pricing.ts'

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
    shipping_options: cart.shippingOptions.map(({ method, priceMinor, discountMinor }) => ({
      code: method.code,
      name: method.name,
      description: method.description,
      price: money(priceMinor),
      discount: money(discountMinor),
      days_min: method.daysMin,
      days_max: method.daysMax,
      delivery: deliveryView(method, ctx.clock.now()),
    })),
    tax_inclusive: priced.isTaxInclusive,
    taxes: priced.taxes.map(({ name, rate, amountMinor, taxMinor }) => ({
      name,
      percent: percentText(rate),
      amount: money(amountMinor),
      tax: money(taxMinor),
    })),
    coupons: cart.codes.map(({ code, reason }) => ({
      code,
      applied: reason === undefined,
      reason: reason ?? null,
    })),
    discounts: priced.discounts.map(({ promotionId, name, amountMinor }) => ({
      promotion_id: promotionId,
      name,
      amount: money(amountMinor),
    })),
    gifts: cart.gifts.map(({ article, quantity }) => ({
      variant_id: article.variant_id,
      sku: article.sku,
      name: article.name,
      quantity,
    })),
    destination: cart.destination ? destinationView(cart.destination) : null,
    vat_id: cart.vatId ?? null,
    problems: cart.problems.map(problemView),
    expires_at: cart.expiresAt === undefined ? null : timeView(cart.expiresAt),
  }
}

function deliveryView(method: Pick<ShippingMethod, 'daysMin' | 'daysMax'>, now: number) {
  const { earliest, latest } = deliveryEstimate(method, now)
  const day = (time: number) => timeView(time).slice(0, 10)
  return { earliest: day(earliest), latest: day(latest) }
}

const destinationView = ({ country, region, postcode }: Destination) => ({
  country: country ?? null,
  region: region ?? null,
  postal_code: postcode ?? null,
})

function lineView(ctx: Context, line: CartLineRow, priced: PricedLine<number> | undefined) {
  const money = (amount: Minor | undefined) => moneyView(amount ?? zero, line.currency)
  return {
    id: line.id,
    number: line.number,
    quantity: line.quantity,
    price: money(priced?.unitPriceMinor),
    compare_at_price: line.compareAtMinor === undefined ? null : money(line.compareAtMinor),
    subtotal: money(priced?.subtotalMinor),
    discount: money(priced?.discountMinor),
    tax: money(priced?.taxMinor),
    total: money(priced?.totalMinor),
    available: Math.max(line.available, 0),
    ...backOrderOf(line),
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

/** How much of a line is to be sent later, where that is possible. */
function backOrderOf({ quantity, available, backorder_room, promised_at }: CartLineRow) {
  const missing = quantity - Math.max(available, 0)
  if (missing <= 0 || missing > backorder_room) return {}
  return { back_order: { quantity: missing, promised_at: timeOrNullView(promised_at) } }
}

export function problemMessage(problem: Problem): string {
  const { line } = problem
  if (problem.code === 'PRODUCT_UNAVAILABLE') return `${line.name} is no longer available.`
  if (problem.code === 'INSUFFICIENT_STOCK') {
    return `Only ${sellableOf(line)} of ${line.name} left.`
  }
  const seen = moneyView(problem.seenMinor, line.currency).amount
  const current = moneyView(line.price_minor, line.currency).amount
  return `The price of ${line.name} changed from ${seen} to ${current}.`
}

function problemView(problem: Problem) {
  const { line, code } = problem
  const shared = { code, message: problemMessage(problem), line_id: line.id, sku: line.sku }
  if (code === 'INSUFFICIENT_STOCK') {
    return { ...shared, available: sellableOf(line), requested: line.quantity }
  }
  if (code !== 'PRICE_CHANGED') return shared
  return {
    ...shared,
    seen: moneyView(problem.seenMinor, line.currency),
    current: moneyView(line.price_minor, line.currency),
  }
}
