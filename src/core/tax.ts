import { allocate, type LineId } from './allocate.ts'
import { sumMinor, type Minor } from './money.ts'
import { multiply, partOfWhole, type Ratio, type Rounding } from './ratio.ts'

export interface Taxable {
  /** What each line is taxed on: net amounts, or gross ones when `inclusive`. All of one sign. */
  readonly amounts: readonly Minor[]
  /** One per amount, to make the split independent of the order of lines; see `allocate`. */
  readonly identities?: readonly LineId[] | undefined
  readonly rate: Ratio
  readonly inclusive: boolean
  readonly rounding: Rounding
}

export interface Tax {
  readonly taxMinor: Minor
  /** One per amount; they add up to `taxMinor`. */
  readonly lineTaxesMinor: Minor[]
}

/**
 * One rate on the sum of the amounts, rounded once, and split over the lines. Rounding line by line
 * would let the same cart cost different cents depending on how it is cut into lines.
 * Throws MoneyRangeError; RangeError for a negative rate and for amounts of mixed signs.
 */
export function computeTax(taxable: Taxable): Tax {
  const { amounts, identities, rate, inclusive, rounding } = taxable
  if (rate.numerator < 0n) throw new RangeError('A tax rate cannot be negative.')
  const share = inclusive ? partOfWhole(rate) : rate
  const taxMinor = multiply(sumMinor(amounts), share, rounding)
  return { taxMinor, lineTaxesMinor: allocate(taxMinor, amounts, identities) }
}
