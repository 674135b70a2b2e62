import type { Totals } from './naive-prices.ts'

export interface Shopper {
  readonly customer: string | undefined
  readonly session: string | undefined
}

export interface KeyUse {
  readonly claim: string
  readonly body: string
}

export type Article =
  { readonly sku: string } | { readonly product: string; readonly anyVariant: boolean }

export type LineName = { readonly line: number } | { readonly product: string }

export interface CheckoutWish {
  readonly shopper: Shopper
  readonly key: KeyUse | undefined
  readonly version: number | undefined
  readonly shipping: string | undefined
  readonly payment: string
  readonly hasEmail: boolean
}

export type ProductStatus = 'draft' | 'active' | 'archived'
export type PaymentState =
  'pending' | 'due' | 'authorised' | 'captured' | 'failed' | 'refund_due' | 'refunded'

export interface Product {
  readonly status: ProductStatus
  readonly version: number
  readonly skus: readonly string[]
}

export interface Variant {
  readonly product: string
  readonly price: bigint
  readonly onHand: number
  readonly reserved: number
}

export interface Line {
  readonly number: number
  readonly sku: string
  readonly quantity: number
  /** The price the shopper was told last. */
  readonly told: bigint
}

export interface Cart {
  readonly id: number
  readonly owner: string
  readonly status: 'open' | 'checkout'
  readonly version: number
  readonly expiresAt: number
  readonly wasOrdered: boolean
  readonly lines: readonly Line[]
}

export interface Order {
  readonly customer: string | undefined
  readonly cart: number
  readonly status: 'pending_payment' | 'placed' | 'paid' | 'cancelled'
  readonly payment: PaymentState
  readonly failure: string
  readonly checkAt: number
  readonly hold: 'active' | 'released' | 'sold'
  readonly holdUntil: number
  readonly lines: readonly (Line & { readonly price: bigint })[]
  readonly totals: Totals
}

export interface Key {
  readonly body: string
  readonly order: number | undefined
  readonly reply: string | undefined
  readonly until: number
}

/** What a checkout came to before its payment. */
export type Begun =
  | { readonly kind: 'refused'; readonly outcome: string }
  | { readonly kind: 'told'; readonly outcome: string; readonly accept: Acceptance }
  | { readonly kind: 'answered'; readonly outcome: string }
  | { readonly kind: 'pending'; readonly order: number; readonly isResumed: boolean }

export interface Acceptance {
  readonly cart: number
  /** By the numbers of the lines. */
  readonly prices: ReadonlyMap<number, bigint>
}

export interface AddWish {
  readonly article: Article
  readonly quantity: number
  readonly version: number | undefined
}

/** When something is never looked at again. */
export const never = 8_640_000_000_000_000

export function ownerOf({ customer, session }: Shopper): string {
  return customer === undefined ? `session ${session}` : `customer ${customer}`
}

export function refusalOf(
  { status, version }: Cart,
  demanded: number | undefined,
): string | undefined {
  if (status !== 'open') return 'CART_LOCKED'
  if (demanded === undefined || demanded === version) return undefined
  return `VERSION_CONFLICT ${version}`
}

/** The lines with one written, or removed by a quantity of 0; always in the order of numbers. */
export function withLine(lines: readonly Line[], line: Line): Line[] {
  const others = lines.filter(({ number }) => number !== line.number)
  return [...others, line]
    .filter(({ quantity }) => quantity > 0)
    .toSorted((a, b) => a.number - b.number)
}

export function mergedLines(own: readonly Line[], guest: readonly Line[]): readonly Line[] {
  return guest.reduce((lines, line) => {
    const same = lines.find(({ sku }) => sku === line.sku)
    return withLine(lines, same ? { ...same, quantity: same.quantity + line.quantity } : line)
  }, own)
}
