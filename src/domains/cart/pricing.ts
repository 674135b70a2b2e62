import type { Context } from '../../context.ts'
import type { Minor } from '../../core/money.ts'
import type { Destination } from '../../core/pricing/destination.ts'
import type { ChosenPrice } from '../../core/pricing/price-lists.ts'
import type { Db } from '../../db/database.ts'
import { priceBasket, type PricedBasket } from '../pricing/basket.ts'
import type { StoredMethod } from '../shipping/shipping.ts'
import type { CartLineRow as StoredLine, CartRow } from './queries.ts'

/** A line with the price it has in the currency of its cart. */
export interface CartLineRow extends StoredLine {
  /** Of the cart, as are the prices here. */
  readonly currency: string
  /** What a piece costs; see `seen_minor` for what the shopper was shown. */
  readonly price_minor: Minor
  /** Whether the article has a price in this currency at all. */
  readonly hasPrice: boolean
  readonly compareAtMinor: Minor | undefined
}

/** Why a line cannot be bought as it stands; told before checkout refuses it. */
export type Problem =
  | { readonly code: 'PRICE_CHANGED'; readonly line: CartLineRow; readonly seenMinor: Minor }
  | { readonly code: 'PRODUCT_UNAVAILABLE'; readonly line: CartLineRow }
  | { readonly code: 'INSUFFICIENT_STOCK'; readonly line: CartLineRow }

/** A way to have this cart sent. */
export interface ShippingOption {
  readonly method: StoredMethod
  readonly priceMinor: Minor
  readonly discountMinor: Minor
}

/** A code in the cart, and why it has no effect, if so. */
export interface CodeState {
  readonly code: string
  readonly promotionId: string
  readonly reason: string | undefined
}

/** What may be known better than it stands in the cart: at checkout there is an address. */
export interface BasketTerms {
  readonly email?: string | undefined
  readonly destination?: Destination
  readonly vatId?: string | undefined
  readonly shippingMethod?: string | undefined
}

/** Prices the lines of a cart by everything that it says and `terms` add. */
export function priceStored(
  ctx: Context,
  db: Db,
  cart: { row: CartRow; stored: readonly StoredLine[]; terms?: BasketTerms },
): Promise<PricedBasket<StoredLine>> {
  const { row, stored, terms = {} } = cart
  return priceBasket(ctx, db, {
    currency: row.currency,
    rows: stored,
    customerId: row.customer_id ?? undefined,
    codes: row.codes === null ? [] : (JSON.parse(row.codes) as string[]),
    destination: destinationOf(row),
    version: row.pricing_version,
    ...terms,
    vatId: terms.vatId ?? row.vat_id ?? undefined,
  })
}

export const destinationOf = ({ destination }: CartRow): Destination | undefined =>
  destination === null ? undefined : (JSON.parse(destination) as Destination)

/** The lines of a cart with the prices that were chosen for them. */
export function linesOf(
  { currency }: CartRow,
  { rows, prices }: PricedBasket<StoredLine>,
): CartLineRow[] {
  return rows.map((line, index) => pricedLine(line, currency, prices[index]))
}

function pricedLine(
  line: StoredLine,
  currency: string,
  price: ChosenPrice | undefined,
): CartLineRow {
  return {
    ...line,
    currency,
    price_minor: price?.priceMinor ?? line.seen_minor,
    hasPrice: price !== undefined,
    compareAtMinor: price?.compareAtMinor,
  }
}

/** The ways to have a cart sent, in the order in which they are offered; none for digital goods. */
export function optionsOf({ rows, priced, settings }: PricedBasket<StoredLine>): ShippingOption[] {
  if (rows.length > 0 && rows.every(({ kind }) => kind !== 'physical')) return []
  return priced.quotes.flatMap(({ priceMinor, discountMinor }, index) => {
    const method = settings.methods[index]
    return priceMinor === undefined || !method ? [] : [{ method, priceMinor, discountMinor }]
  })
}

export function codeStates({ codes, priced }: PricedBasket<StoredLine>): CodeState[] {
  const used = new Set(priced.discounts.map(({ promotionId }) => promotionId))
  return codes.map(({ code, promotionId, problem }) => {
    if (problem !== undefined) return { code, promotionId, reason: problem }
    const trial = priced.trials.find((tried) => tried.promotionId === promotionId)
    const reason = used.has(promotionId) ? undefined : (trial?.reason ?? 'it is not in force')
    return { code, promotionId, reason }
  })
}

/** Pieces that can be bought of the article of a line, those on back-order included. */
export const sellableOf = ({ available, backorder_room }: StoredLine): number =>
  Math.max(available, 0) + Math.max(backorder_room, 0)

/** Everything that would keep this line from being bought, for the shopper to decide. */
export function problemsOf(line: CartLineRow): Problem[] {
  if (line.status !== 'active' || !line.hasPrice) return [{ code: 'PRODUCT_UNAVAILABLE', line }]
  const problems: Problem[] = []
  if (line.quantity > sellableOf(line)) problems.push({ code: 'INSUFFICIENT_STOCK', line })
  if (line.seen_minor !== line.price_minor) {
    problems.push({ code: 'PRICE_CHANGED', line, seenMinor: line.seen_minor })
  }
  return problems
}

export type { StoredLine }
