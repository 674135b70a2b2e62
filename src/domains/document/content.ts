import type { Seller } from '../../config/documents.ts'
import type { Address } from '../../core/address.ts'
import { currencyDigits, formatMinor, minor, sumMinor, type Minor } from '../../core/money.ts'
import { multiply, ratio } from '../../core/ratio.ts'
import { nextShare } from '../../core/shares.ts'
import type { OrderLineRow, OrderRow } from '../order/orders.ts'
import type { PricingRecord } from '../pricing/explain.ts'
import type { DocumentKind } from './tables.ts'

/** Somebody as they are printed. */
export interface Party {
  readonly name: string
  readonly address: readonly string[]
  readonly vat_id: string | null
  readonly email: string | null
}

/** Amounts are decimals in the currency of the document. */
export interface ContentLine {
  readonly sku: string | null
  readonly name: string
  readonly options: string
  readonly quantity: number
  /** Without tax, after discounts; two digits more than the currency has. */
  readonly unit_net: string
  readonly discount: string
  readonly tax_name: string
  readonly net: string
  readonly tax: string
  readonly total: string
}

/**
 * All that stands on a document, as it was when it was issued: what Article 226 of Directive
 * 2006/112/EC asks of an invoice. Nothing of it is looked up again.
 */
export interface DocumentContent {
  readonly kind: DocumentKind
  /** Art. 226 (2). */
  readonly number: string
  /** Art. 226 (1), (7): RFC 3339; paid or placed on the second. */
  readonly issued_at: string
  readonly supplied_at: string
  readonly order: { readonly reference: string; readonly number: number }
  /** Art. 219: the invoice that a credit note amends. */
  readonly corrects: { readonly number: string; readonly issued_at: string } | null
  readonly reason: string | null
  /** Art. 226 (3), (5). */
  readonly seller: Party & { readonly details: readonly string[] }
  /** Art. 226 (4), (5). */
  readonly buyer: Party
  readonly delivery: Party
  readonly currency: string
  /** Art. 226 (6), (8), (9). */
  readonly lines: readonly ContentLine[]
  /** Art. 226 (8), (9), (10): by rate. */
  readonly taxes: readonly { readonly name: string; readonly net: string; readonly tax: string }[]
  readonly net: string
  readonly tax: string
  readonly total: string
  /** Of the total, what gift cards and store credit paid. */
  readonly credit: string | null
  readonly payment_method: string
  /** Art. 226 (11), (11a): why no tax is due. */
  readonly notes: readonly string[]
}

/** A line of an order, or its shipping, as far as documents are about it. */
export interface Part {
  /** The id of the line, or `shipping`. */
  readonly part: string
  readonly sku: string | null
  readonly name: string
  readonly options: string
  readonly quantity: number
  readonly discountMinor: Minor
  readonly taxMinor: Minor
  readonly totalMinor: Minor
  readonly taxName: string
}

export const shippingPart = 'shipping'

/** An order with what only its documents ask for. */
export interface InvoicedOrder extends OrderRow {
  readonly shipping_tax_minor: Minor
  readonly vat_id: string | null
}

type Taxes = readonly { readonly name: string; readonly percent: string }[] | undefined

/** "VAT 20 %", or several of them; a rate that nobody wrote down is only called a tax. */
function taxNameOf(taxes: Taxes, taxMinor: Minor): string {
  if (taxes && taxes.length > 0) {
    return taxes.map(({ name, percent }) => `${name} ${percent} %`).join(' + ')
  }
  return taxMinor === 0 ? 'No tax' : 'Tax'
}

/** Everything that an order charges for, in its order, the shipping last. */
export function partsOf(
  order: InvoicedOrder,
  lines: readonly OrderLineRow[],
  pricing: Partial<PricingRecord>,
): Part[] {
  const parts = lines.map((line, index): Part => {
    const at = pricing.lines?.[index]
    const known = at?.variant_id === line.variant_id ? at : undefined
    const options = Object.values(JSON.parse(line.options) as Record<string, string>)
    return {
      part: line.id,
      sku: line.sku,
      name: line.name,
      options: options.join(', '),
      quantity: line.quantity,
      discountMinor: line.discount_minor,
      taxMinor: line.tax_minor,
      totalMinor: line.total_minor,
      taxName: taxNameOf(known?.taxes, line.tax_minor),
    }
  })
  return order.shipping_minor === 0 ? parts : [...parts, shippingOf(order, pricing)]
}

function shippingOf(order: InvoicedOrder, pricing: Partial<PricingRecord>): Part {
  const { shipping_minor, shipping_discount_minor, shipping_tax_minor, tax_inclusive } = order
  const added = tax_inclusive === 1 ? 0 : shipping_tax_minor
  return {
    part: shippingPart,
    sku: null,
    name: `Shipping: ${order.shipping_name}`,
    options: '',
    quantity: 1,
    discountMinor: shipping_discount_minor,
    taxMinor: shipping_tax_minor,
    totalMinor: minor(shipping_minor - shipping_discount_minor + added),
    taxName: taxNameOf(pricing.shipping_taxes, shipping_tax_minor),
  }
}

/** The last pieces of a part: what is left of it when those before them were cancelled. */
export function lastPieces(part: Part, quantity: number): Part {
  const before = part.quantity - quantity
  const cut = (amount: Minor) => nextShare(amount, part.quantity, { before, count: quantity })
  return {
    ...part,
    quantity,
    totalMinor: cut(part.totalMinor),
    taxMinor: cut(part.taxMinor),
    discountMinor: cut(part.discountMinor),
  }
}

/** The last money of a part: of the shipping, what was not given back before. */
export function lastMoney(part: Part, totalMinor: Minor): Part {
  const { quantity } = part
  return shareOf(part, { quantity, totalMinor }, minor(part.totalMinor - totalMinor))
}

/** Some pieces, or some money, of a part. */
export interface Share {
  readonly quantity: number
  readonly totalMinor: Minor
}

/**
 * A part cut down to a share of it that begins after `before` of its money. The tax goes with the
 * money: the shares of a part, however it is divided, have its tax between them.
 */
export function shareOf(part: Part, share: Share, before: Minor): Part {
  const { totalMinor: all } = part
  const upTo = (amount: Minor, money: number): Minor =>
    all === 0 ? minor(0) : multiply(amount, ratio(BigInt(money), BigInt(all)), 'half-even')
  const cut = (amount: Minor): Minor =>
    minor(upTo(amount, before + share.totalMinor) - upTo(amount, before))
  return {
    ...part,
    quantity: share.quantity,
    totalMinor: share.totalMinor,
    taxMinor: cut(part.taxMinor),
    discountMinor: cut(part.discountMinor),
  }
}

export interface Issue {
  readonly kind: DocumentKind
  readonly number: string
  readonly issuedAt: number
  readonly order: InvoicedOrder
  readonly reference: string
  readonly seller: Seller
  readonly parts: readonly Part[]
  readonly pricing: Partial<PricingRecord>
  readonly corrects?: { readonly number: string; readonly issued_at: string } | undefined
  readonly reason?: string | undefined
  readonly hasCredit: boolean
}

/** What stands on a document; see DocumentContent. */
export function contentOf(issue: Issue): DocumentContent {
  const { order, seller, parts, corrects = null, reason = null } = issue
  const { currency } = order
  const money = (amount: Minor) => formatMinor(amount, currency)
  const totalMinor = sumMinor(parts.map((part) => part.totalMinor))
  const taxMinor = sumMinor(parts.map((part) => part.taxMinor))
  const delivery = partyOf(order.shipping_address)
  return {
    kind: issue.kind,
    number: issue.number,
    issued_at: new Date(issue.issuedAt).toISOString(),
    supplied_at: new Date(order.created_at).toISOString(),
    order: { reference: issue.reference, number: order.number },
    corrects,
    reason,
    seller: {
      name: seller.name,
      address: seller.address,
      vat_id: seller.vatId,
      email: null,
      details: seller.details,
    },
    buyer: { ...partyOf(order.billing_address), vat_id: order.vat_id, email: order.email },
    delivery,
    currency,
    lines: parts.map((part) => lineOf(part, currency)),
    taxes: taxesOf(parts, currency),
    net: money(minor(totalMinor - taxMinor)),
    tax: money(taxMinor),
    total: money(totalMinor),
    credit: issue.hasCredit && order.credit_minor > 0 ? money(order.credit_minor) : null,
    payment_method: order.payment_method,
    notes: notesOf(issue.pricing.tax?.exemption),
  }
}

function lineOf(part: Part, currency: string): ContentLine {
  const money = (amount: Minor) => formatMinor(amount, currency)
  const netMinor = minor(part.totalMinor - part.taxMinor)
  return {
    sku: part.sku,
    name: part.name,
    options: part.options,
    quantity: part.quantity,
    unit_net: unitText(netMinor, part.quantity, currency),
    discount: money(part.discountMinor),
    tax_name: part.taxName,
    net: money(netMinor),
    tax: money(part.taxMinor),
    total: money(part.totalMinor),
  }
}

/** What a piece costs, with two digits more than the currency has; money alone has no pieces. */
function unitText(netMinor: Minor, quantity: number, currency: string): string {
  if (quantity === 0) return ''
  const hundredths = multiply(netMinor, ratio(100n, BigInt(quantity)), 'half-even')
  const digits = currencyDigits(currency) + 2
  const text = String(hundredths).padStart(digits + 1, '0')
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`
}

function taxesOf(parts: readonly Part[], currency: string): DocumentContent['taxes'] {
  return [...Map.groupBy(parts, ({ taxName }) => taxName)].map(([name, own]) => {
    const tax = sumMinor(own.map(({ taxMinor }) => taxMinor))
    const total = sumMinor(own.map(({ totalMinor }) => totalMinor))
    return {
      name,
      net: formatMinor(minor(total - tax), currency),
      tax: formatMinor(tax, currency),
    }
  })
}

function partyOf(json: string): Party {
  const address = JSON.parse(json) as Partial<Address>
  const { name = '', company, address: street, address2, city, state, postal_code } = address
  const place = [postal_code, city, state].filter((part) => part !== undefined).join(' ')
  const lines = [company === undefined ? undefined : name, street, address2, place, address.country]
  return {
    name: company ?? name,
    address: lines.flatMap((line) => (line === undefined || line === '' ? [] : [line])),
    vat_id: null,
    email: null,
  }
}

/** The words that Art. 226 (11a) demands, where the buyer owes the tax by Articles 138 and 196. */
function notesOf(exemption: string | null | undefined): string[] {
  if (exemption === null || exemption === undefined) return []
  return exemption.startsWith('VAT id ')
    ? [`Reverse charge (Directive 2006/112/EC, Articles 138 and 196): ${exemption}.`]
    : [`No tax is charged: ${exemption}.`]
}
