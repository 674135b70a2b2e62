import type { Destination } from '../pricing/destination.ts'
import { invalid } from '../errors.ts'
import { parseDecimal, type Minor } from '../money.ts'
import { parseRatio, type Ratio } from '../ratio.ts'

/** A line as a rule sees it. */
export interface BasketLine {
  readonly id: string | number
  readonly productId: string
  readonly variantId: string
  /** The category of the product and all categories above it. */
  readonly categories: readonly string[]
  readonly quantity: number
  readonly unitPriceMinor: Minor
  readonly subtotalMinor: Minor
  /** No rule takes anything off a gift card: it is money, not goods. */
  readonly isDiscountable: boolean
}

/** Who is buying. */
export interface Buyer {
  readonly customerId?: string | undefined
  /** Ids of the customer groups. */
  readonly groups: readonly string[]
  /** Orders made before that were not cancelled. */
  readonly orderCount: number
}

/** A code that the shopper has entered, with the promotion it belongs to. */
export interface EnteredCode {
  readonly code: string
  readonly promotionId: string
  /** Why it does not count any more. */
  readonly problem?: string | undefined
}

/** Everything a rule may ask about. It changes nothing. */
export interface Basket {
  readonly currency: string
  /** UTC milliseconds. */
  readonly at: number
  readonly lines: readonly BasketLine[]
  /** What is still to be paid for each line, after the rules before this one. */
  readonly leftMinor: readonly Minor[]
  /** The same for shipping; undefined while the goods are being priced. */
  readonly shippingLeftMinor: Minor | undefined
  readonly buyer: Buyer
  readonly destination: Destination
  readonly codes: readonly EnteredCode[]
  /** Pieces in stock of the variants that may be given away. */
  readonly giftStock: ReadonlyMap<string, number>
  /** The promotion that asks. */
  readonly promotionId: string
}

export interface Gift {
  readonly variantId: string
  readonly quantity: number
}

/** What a benefit gives. */
export interface Effect {
  /** What comes off each line, one per line; never more than is left of it. */
  readonly linesMinor?: readonly number[] | undefined
  /** What comes off shipping. */
  readonly shippingMinor?: number | undefined
  readonly gifts?: readonly Gift[] | undefined
}

/** Undefined if the condition holds; else a sentence that says why not. */
export type Check = (basket: Basket) => string | undefined
/** The effect, or a sentence that says why there is none. */
export type Apply = (basket: Basket) => Effect | string

/** JSON Schema of the parameters, for checking input and for the documentation. */
export interface ParameterSchema {
  readonly type: 'object'
  readonly properties: Readonly<Record<string, object>>
  readonly required: readonly string[]
  readonly additionalProperties: false
}

/** What the parameters of a rule are read with. */
export interface Reading {
  /** The currency of the promotion's amounts. */
  readonly currency: string | undefined
}

/**
 * A kind of condition: one file in `conditions/` that exports it as `kind`. Putting the file there
 * is all that it takes: the table of kinds is made of what the folder holds.
 */
export interface ConditionKind {
  readonly name: string
  readonly about: string
  readonly parameters: ParameterSchema
  /** Parameters that fit the schema → the condition. Throws VALIDATION_ERROR. */
  readonly bind: (parameters: never, reading: Reading) => Check
}

/** When a benefit is worked out: shipping is priced when the goods are. */
export type Phase = 'goods' | 'shipping'

/** A kind of benefit: one file in `benefits/` that exports it as `kind`. */
export interface BenefitKind {
  readonly name: string
  readonly about: string
  readonly parameters: ParameterSchema
  readonly bind: (
    parameters: never,
    reading: Reading,
  ) => {
    readonly phase: Phase
    readonly apply: Apply
    /** Variants that may be given away: their stock is looked up beforehand. */
    readonly giftVariants?: readonly string[]
  }
}

export const amountSchema = {
  type: 'string',
  pattern: '^[0-9]{1,15}(\\.[0-9]{1,4})?$',
  description: 'An exact amount in the currency of the promotion',
  examples: ['10.00'],
}

export const percentSchema = {
  type: 'string',
  pattern: '^[0-9]{1,3}(\\.[0-9]{1,6})?$',
  description: 'A percentage from above 0 up to 100',
  examples: ['10'],
}

export const quantitySchema = { type: 'integer', minimum: 1, maximum: 1_000_000 }

/** Reads an amount of a rule. Throws VALIDATION_ERROR. */
export function amountOf(text: string, field: string, { currency }: Reading): Minor {
  if (currency === undefined) throw invalid('currency', `is required for "${field}"`)
  const amount = parseDecimal(text, currency)
  if (amount === undefined) throw invalid(field, `is not an amount in ${currency}`)
  return amount
}

/** Reads a percentage of a rule: above 0, up to 100. Throws VALIDATION_ERROR. */
export function percentOf(text: string, field: string): Ratio {
  const rate = parseRatio(`${text}%`)
  if (!rate || rate.numerator <= 0n || rate.numerator > rate.denominator) {
    throw invalid(field, 'must be above 0 and at most 100')
  }
  return rate
}
