import { ShopError } from '../../core/errors.ts'
import { formatMinor, minor, parseDecimal, type Minor } from '../../core/money.ts'
import { optionsOf, type BasketTerms } from '../cart/pricing.ts'
import type { TakenCart } from '../cart/checkout.ts'
import type { Wanted } from '../inventory/inventory.ts'
import type { OrderDraft } from '../order/orders.ts'
import { pricingRecord } from '../pricing/explain.ts'
import type { Redemption } from '../promotion/uses.ts'
import type { AddressedCommand } from './command.ts'

/** What an order says that decides on its price, besides the cart. */
export function termsOf(command: AddressedCommand): BasketTerms {
  const { country, state: region, postal_code: postcode } = command.addresses.shipping
  return {
    email: givenEmail(command),
    destination: { country, region, postcode },
    vatId: command.vatId,
    shippingMethod: command.shippingMethod,
  }
}

const givenEmail = (command: AddressedCommand): string | undefined =>
  command.email ?? command.addresses.shipping.email ?? command.addresses.billing.email

/** Where the order is confirmed to. Refuses a guest who gave nothing (EMAIL_REQUIRED). */
export function emailOf(command: AddressedCommand): string {
  const email = givenEmail(command)
  if (email === undefined) throw new ShopError('EMAIL_REQUIRED')
  return email
}

/** How an order is sent. */
interface Sending {
  readonly code: string
  readonly name: string
}

/** Digital goods are not sent at all, whatever method was named. */
const notSent: Sending = { code: 'none', name: 'Nothing to send' }

/** The method of an order. Refuses one that cannot be had for it (UNKNOWN_SHIPPING_METHOD). */
export function sendingOf({ basket }: TakenCart, wanted: string | undefined): Sending {
  const { rows, priced } = basket
  if (rows.every(({ kind }) => kind !== 'physical')) return notSent
  if (priced.method) return priced.method
  const available = optionsOf(basket).map(({ method }) => method.code)
  const code = wanted ?? ''
  throw new ShopError('UNKNOWN_SHIPPING_METHOD', { code, available: available.join(', ') })
}

/** Refuses another total than the one that was shown, where one is named (TOTAL_CHANGED). */
export function assertTotal(
  expected: string | undefined,
  { totalMinor, currency }: { totalMinor: Minor; currency: string },
): void {
  if (expected === undefined || parseDecimal(expected, currency) === totalMinor) return
  const current = formatMinor(totalMinor, currency)
  throw new ShopError('TOTAL_CHANGED', { seen: expected, current, currency })
}

/** Refuses an order with something left to pay and nothing to pay it with. */
export function assertPayable(
  { paymentMethod }: { paymentMethod: string },
  { amountMinor, currency }: { amountMinor: Minor; currency: string },
): void {
  if (paymentMethod !== 'credit' || amountMinor === 0) return
  const due = `${formatMinor(amountMinor, currency)} ${currency}`
  throw new ShopError('NOTHING_TO_PAY_WITH', { due })
}

export function redemptionOf(orderId: string, { basket }: TakenCart): Redemption {
  const { priced, settings, codes, keys, limits } = basket
  const { discounts } = priced
  return { orderId, discounts, promotions: settings.promotions, codes, keys, limits }
}

/** Everything that has to be in stock: what is bought, and what is given with it. */
export function wantedOf({ lines, basket }: TakenCart): Wanted[] {
  return [
    ...lines.map((line) => wantedPieces(line, line.quantity)),
    ...basket.gifts.map(({ article, quantity }) => wantedPieces(article, quantity)),
  ]
}

const wantedPieces = (article: { variant_id: string; is_plain: 0 | 1 }, quantity: number) => ({
  variantId: article.variant_id,
  quantity,
  isPlain: article.is_plain === 1,
})

interface NewOrder {
  readonly orderId: string
  readonly command: AddressedCommand
  readonly cart: TakenCart
  readonly creditMinor: Minor
}

/** The order as it is written down: what the cart was priced at, and how. */
export function draftOf({ orderId, command, cart, creditMinor }: NewOrder): OrderDraft {
  const { priced, gifts } = cart.basket
  const sending = sendingOf(cart, command.shippingMethod)
  const cards = cart.lines.filter(
    ({ kind, price_minor }) => kind === 'gift_card' && price_minor > 0,
  )
  return {
    order: {
      id: orderId,
      cart_id: cart.row.id,
      live_cart_id: cart.row.id,
      customer_id: command.shopper.customerId ?? null,
      email: emailOf(command),
      currency: priced.currency,
      subtotal_minor: priced.subtotalMinor,
      discount_minor: priced.discountMinor,
      shipping_minor: priced.shippingMinor,
      tax_minor: priced.taxMinor,
      tax_inclusive: priced.isTaxInclusive ? 1 : 0,
      total_minor: priced.totalMinor,
      item_count: gifts.reduce((count, { quantity }) => count + quantity, priced.itemCount),
      shipping_method: sending.code,
      shipping_name: sending.name,
      shipping_address: JSON.stringify(command.addresses.shipping),
      billing_address: JSON.stringify(command.addresses.billing),
      shipping_discount_minor: priced.shippingDiscountMinor,
      shipping_tax_minor: priced.shippingTaxMinor,
      credit_minor: creditMinor,
      gift_card_count: cards.reduce((count, { quantity }) => count + quantity, 0),
      vat_id: command.vatId ?? cart.row.vat_id,
      pricing: JSON.stringify(pricingRecord(cart.basket)),
    },
    lines: [...boughtLines(cart), ...giftLines(cart)],
  }
}

function boughtLines({ lines, basket }: TakenCart): OrderDraft['lines'] {
  return lines.map((line, index) => {
    const priced = basket.priced.lines[index]
    return {
      variant_id: line.variant_id,
      product_id: line.product_id,
      product_number: line.product_number,
      sku: line.sku,
      name: line.name,
      options: line.options,
      quantity: line.quantity,
      price_minor: priced?.unitPriceMinor ?? line.price_minor,
      subtotal_minor: priced?.subtotalMinor ?? minor(0),
      tax_minor: priced?.taxMinor ?? minor(0),
      total_minor: priced?.totalMinor ?? minor(0),
      discount_minor: priced?.discountMinor ?? minor(0),
      is_gift: 0 as const,
      kind: line.kind,
    }
  })
}

function giftLines({ basket }: TakenCart): OrderDraft['lines'] {
  return basket.gifts.map(({ article, quantity }) => ({
    variant_id: article.variant_id,
    product_id: article.product_id,
    product_number: article.product_number,
    sku: article.sku,
    name: article.name,
    options: article.options,
    quantity,
    price_minor: minor(0),
    subtotal_minor: minor(0),
    tax_minor: minor(0),
    total_minor: minor(0),
    discount_minor: minor(0),
    is_gift: 1 as const,
    kind: article.kind,
  }))
}
