import type { LineId } from './allocate.ts'
import { currencyDigits, minor, sumMinor, timesMinor, type Minor } from './money.ts'
import type { Ratio } from './ratio.ts'
import { computeTax, type Tax } from './tax.ts'

export interface CartLine<Id extends LineId = LineId> {
  readonly id: Id
  /** A whole number, not negative. */
  readonly quantity: number
  readonly unitPriceMinor: Minor
}

export interface CartTax {
  readonly rate: Ratio
  /** Prices, and shipping when taxed, contain the tax already. */
  readonly inclusive: boolean
  readonly shippingTaxed: boolean
}

export interface CartToPrice<Id extends LineId = LineId> {
  /** ISO 4217, of every amount here. */
  readonly currency: string
  readonly lines: readonly CartLine<Id>[]
  readonly tax: CartTax
  readonly shippingMinor: Minor
}

export interface PricedLine<Id extends LineId = LineId> extends CartLine<Id> {
  readonly subtotalMinor: Minor
  readonly taxMinor: Minor
  /** What the buyer pays for this line: the subtotal, and the tax when it is not contained. */
  readonly totalMinor: Minor
}

/**
 * total = subtotal + shipping - discount, + tax unless the prices contain it; never below 0.
 * tax = sum of the line taxes + shipping tax; subtotal = sum of the line subtotals.
 */
export interface PricedCart<Id extends LineId = LineId> {
  readonly currency: string
  readonly lines: PricedLine<Id>[]
  /** As priced: contains the tax when the prices do. */
  readonly subtotalMinor: Minor
  /** Always 0 until there are promotions. */
  readonly discountMinor: Minor
  /** All tax of the cart, that on shipping included. */
  readonly taxMinor: Minor
  readonly shippingMinor: Minor
  /** The part of `taxMinor` that falls on shipping. */
  readonly shippingTaxMinor: Minor
  readonly totalMinor: Minor
  /** Sum of the quantities. */
  readonly itemCount: number
}

/**
 * Prices a cart in the order: line subtotals, discounts, tax on what is left, total. The order of
 * the lines changes no line's figures, as long as their ids differ.
 * Throws MoneyRangeError when any sum is beyond ±(2^53 - 1), UnknownCurrencyError, and RangeError
 * for negative or fractional input, which callers refuse before they come here.
 */
export function priceCart<Id extends LineId>(cart: CartToPrice<Id>): PricedCart<Id> {
  currencyDigits(cart.currency)
  requireCount(cart.shippingMinor, 'Shipping')
  const subtotals = cart.lines.map(lineSubtotal)
  const subtotalMinor = sumMinor(subtotals)
  // Promotions enter here: `taxCart` takes the subtotals less each line's share of the discounts.
  const discountMinor = minor(0)
  const tax = taxCart(cart, subtotals)
  const netMinor = minor(subtotalMinor - discountMinor + cart.shippingMinor)
  return {
    currency: cart.currency,
    lines: cart.lines.map((line, index) =>
      pricedLine(line, subtotals[index]!, {
        taxMinor: tax.lineTaxesMinor[index]!,
        inclusive: cart.tax.inclusive,
      }),
    ),
    subtotalMinor,
    discountMinor,
    taxMinor: tax.taxMinor,
    shippingMinor: cart.shippingMinor,
    shippingTaxMinor: tax.lineTaxesMinor[subtotals.length] ?? minor(0),
    totalMinor: cart.tax.inclusive ? netMinor : minor(netMinor + tax.taxMinor),
    itemCount: minor(cart.lines.reduce((count, line) => count + line.quantity, 0)),
  }
}

function lineSubtotal(line: CartLine): Minor {
  requireCount(line.quantity, 'Quantity')
  requireCount(line.unitPriceMinor, 'Unit price')
  return timesMinor(line.unitPriceMinor, line.quantity)
}

function requireCount(value: number, name: string): void {
  if (Number.isInteger(value) && value >= 0) return
  throw new RangeError(`${name} ${value} is not a whole number from 0 up.`)
}

/** Taxed shipping is one line more, after all others. */
function taxCart(cart: CartToPrice, lineAmounts: readonly Minor[]): Tax {
  const { rate, inclusive, shippingTaxed } = cart.tax
  const ids = cart.lines.map((line) => line.id)
  return computeTax({
    amounts: shippingTaxed ? [...lineAmounts, cart.shippingMinor] : lineAmounts,
    identities: shippingTaxed ? [...ids, ''] : ids,
    rate,
    inclusive,
    // The rounding that tax offices ask for unless they say otherwise.
    rounding: 'half-up',
  })
}

function pricedLine<Id extends LineId>(
  line: CartLine<Id>,
  subtotalMinor: Minor,
  tax: { taxMinor: Minor; inclusive: boolean },
): PricedLine<Id> {
  const { taxMinor, inclusive } = tax
  return {
    id: line.id,
    quantity: line.quantity,
    unitPriceMinor: line.unitPriceMinor,
    subtotalMinor,
    taxMinor,
    totalMinor: inclusive ? subtotalMinor : minor(subtotalMinor + taxMinor),
  }
}
