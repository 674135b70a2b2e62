import type { LineId } from '../allocate.ts'
import type { Minor } from '../money.ts'
import type { Discount, Promotion, Trial } from '../promotion/apply.ts'
import type { Buyer, EnteredCode, Gift } from '../promotion/rule.ts'
import type { Destination } from './destination.ts'
import type { ShippingMethod } from './shipping.ts'
import type { CartTax, TaxRules } from './tax.ts'

export interface CartLine<Id extends LineId = LineId> {
  readonly id: Id
  /** A whole number, not negative. */
  readonly quantity: number
  /** As chosen from the price lists. */
  readonly unitPriceMinor: Minor
  readonly productId?: string
  readonly variantId?: string
  /** The category of the product and all categories above it. */
  readonly categories?: readonly string[]
  /** Default: standard. */
  readonly taxClass?: string
  readonly weightGrams?: number
  /** Default: yes. Digital goods do not. */
  readonly needsShipping?: boolean
  /** Default: yes. Gift cards are not. */
  readonly isDiscountable?: boolean
}

export interface CartToPrice<Id extends LineId = LineId> {
  /** ISO 4217, of every amount here. */
  readonly currency: string
  readonly lines: readonly CartLine<Id>[]
  readonly tax: TaxRules
  /**
   * What shipping costs, or the method that tells, or the first of `methods` that can be had;
   * undefined: none has been chosen.
   */
  readonly shipping?: { readonly priceMinor: Minor } | ShippingMethod | 'first' | undefined
  /** Methods to quote for this cart. */
  readonly methods?: readonly ShippingMethod[]
  readonly promotions?: readonly Promotion[]
  /** UTC milliseconds; asked by promotions alone. */
  readonly at?: number
  readonly buyer?: Buyer
  readonly destination?: Destination
  readonly codes?: readonly EnteredCode[]
  readonly giftStock?: ReadonlyMap<string, number>
  /** Why a promotion must not be used, by its id: its limit is reached. */
  readonly exhausted?: ReadonlyMap<string, string>
  /** What a promotion may still give, by its id; without an entry any amount. */
  readonly budgetLeft?: ReadonlyMap<string, Minor>
}

export interface PricedLine<Id extends LineId = LineId> {
  readonly id: Id
  readonly quantity: number
  readonly unitPriceMinor: Minor
  readonly subtotalMinor: Minor
  readonly discountMinor: Minor
  readonly taxMinor: Minor
  /** What the buyer pays for this line, with its tax. */
  readonly totalMinor: Minor
}

export interface PricedGift extends Gift {
  readonly promotionId: string
}

/** One method for this cart: what it costs, less what promotions take off, or why it is not had. */
export interface ShippingQuote {
  readonly method: ShippingMethod
  readonly priceMinor: Minor | undefined
  readonly discountMinor: Minor
  readonly reason: string | undefined
}

/**
 * total = subtotal + shipping - discount, + tax unless the prices contain it; never below 0.
 * tax = sum of the line taxes + shipping tax = sum of `taxes`;
 * subtotal = sum of the line subtotals;
 * discount = sum of the line discounts + shipping discount = sum of `discounts`.
 */
export interface PricedCart<Id extends LineId = LineId> {
  readonly currency: string
  readonly lines: PricedLine<Id>[]
  /** As priced: contains the tax when the prices do. */
  readonly subtotalMinor: Minor
  readonly discountMinor: Minor
  /** The part of `discountMinor` that comes off shipping. */
  readonly shippingDiscountMinor: Minor
  /** All tax of the cart, that on shipping included. */
  readonly taxMinor: Minor
  readonly shippingMinor: Minor
  /** The part of `taxMinor` that falls on shipping. */
  readonly shippingTaxMinor: Minor
  readonly totalMinor: Minor
  /** Sum of the quantities, without gifts. */
  readonly itemCount: number
  readonly isTaxInclusive: boolean
  readonly taxes: readonly CartTax[]
  readonly discounts: readonly Discount[]
  readonly gifts: readonly PricedGift[]
  readonly quotes: readonly ShippingQuote[]
  /** The method that the shipping is of, if one has been chosen and can be had. */
  readonly method: ShippingMethod | undefined
  /** Why the chosen method cannot be had; the cart is then priced without shipping. */
  readonly shippingProblem: string | undefined
  /** Every promotion tried, in order. */
  readonly trials: readonly Trial[]
}
