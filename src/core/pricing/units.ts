import { minor, type Minor } from '../money.ts'

/**
 * What the pieces `from` (counted from 0) up to but without `to` carry of a line's amount: its
 * price, a discount or a tax. However a line is cut into ranges, their shares add up to the whole,
 * none is negative, and two single pieces differ by one minor unit at most: pieces given back one
 * by one get back what was paid for all of them, and not a cent else.
 * Throws RangeError for a range that is not in the line.
 */
export function shareOfUnits(
  amountMinor: Minor,
  quantity: number,
  { from, to }: { readonly from: number; readonly to: number },
): Minor {
  const isRange = Number.isSafeInteger(from) && Number.isSafeInteger(to) && 0 <= from && from <= to
  if (!isRange || to > quantity) throw new RangeError(`${from} to ${to} is not in ${quantity}.`)
  return minor(upTo(amountMinor, quantity, to) - upTo(amountMinor, quantity, from))
}

function upTo(amountMinor: Minor, quantity: number, units: number): number {
  if (units === quantity) return amountMinor
  if (units === 0) return 0
  // The whole parts first: the product of amount and units may be beyond the safe range.
  const each = Math.trunc(amountMinor / quantity)
  const rest = amountMinor - each * quantity
  return each * units + Number((BigInt(rest) * BigInt(units)) / BigInt(quantity))
}
