import type { MethodRow } from '../../src/domains/shipping/queries.ts'

/** The default tax rate of a shop, 8.25 %, as a fraction. */
const rate = { numerator: 33, denominator: 400 }

export interface Priceable {
  readonly number: number
  readonly quantity: number
  readonly price_minor: number
}

export interface Prices {
  readonly subtotal: number
  readonly tax: number
  readonly shipping: number
  readonly total: number
  readonly itemCount: number
  readonly lines: readonly { readonly subtotal: number; readonly tax: number }[]
}

/** What a cart costs, by the rules of the shop for the one case that is measured. */
export function priceOf(lines: readonly Priceable[], methods: readonly MethodRow[]): Prices {
  const subtotals = lines.map((line) => line.price_minor * line.quantity)
  const subtotal = subtotals.reduce((sum, amount) => sum + amount, 0)
  const { numerator, denominator } = rate
  const tax = Math.floor((2 * subtotal * numerator + denominator) / (2 * denominator))
  const taxes = split(tax, subtotals, lines)
  const [standard] = methods
  const shipping = standard ? shippingPrice(standard, subtotal) : 0
  return {
    subtotal,
    tax,
    shipping,
    total: subtotal + shipping + tax,
    itemCount: lines.reduce((sum, line) => sum + line.quantity, 0),
    lines: subtotals.map((amount, index) => ({ subtotal: amount, tax: taxes[index] ?? 0 })),
  }
}

export function shippingPrice(method: MethodRow, subtotal: number): number {
  const { price_minor, free_from_minor } = method
  const isFree = subtotal === 0 || (free_from_minor !== null && subtotal >= free_from_minor)
  return isFree ? 0 : price_minor
}

/** Largest remainder; ties go to the larger amount, then to the line that sorts first as text. */
function split(tax: number, amounts: readonly number[], lines: readonly Priceable[]): number[] {
  const whole = amounts.reduce((sum, amount) => sum + amount, 0)
  const shares = amounts.map((amount, index) => ({
    index,
    amount,
    tax: Math.floor((tax * amount) / whole),
    remainder: (tax * amount) % whole,
    name: String(lines[index]?.number),
  }))
  const left = shares.reduce((rest, share) => rest - share.tax, tax)
  const order = [...shares].sort(
    (a, b) => b.remainder - a.remainder || b.amount - a.amount || (a.name < b.name ? -1 : 1),
  )
  for (const share of order.slice(0, left)) share.tax += 1
  return shares.map((share) => share.tax)
}
