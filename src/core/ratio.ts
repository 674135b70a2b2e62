import { minor, type Minor } from './money.ts'

/**
 * Where a result between two minor units goes. Modes work on the magnitude, so that a refund
 * mirrors its charge: 'up' is away from zero, 'down' towards zero, and a 'half-' mode goes to the
 * nearest and treats only ties by its name. 'floor' and 'ceiling' go towards ∓infinity.
 */
export const roundings = [
  'half-even',
  'half-up',
  'half-down',
  'up',
  'down',
  'floor',
  'ceiling',
] as const

export type Rounding = (typeof roundings)[number]

/** An exact fraction in lowest terms, denominator > 0. Made by `ratio` and `parseRatio` only. */
export interface Ratio {
  readonly numerator: bigint
  readonly denominator: bigint
  /** The same two as safe integers, when both are: the fast path of `multiply`. */
  readonly small: { readonly numerator: number; readonly denominator: number } | undefined
}

/** `numerator / denominator`. Throws RangeError for a zero denominator. */
export function ratio(numerator: bigint, denominator: bigint): Ratio {
  if (denominator === 0n) throw new RangeError('A ratio cannot have a zero denominator.')
  const divisor = greatestCommonDivisor(numerator, denominator)
  const sign = denominator < 0n ? -1n : 1n
  return reducedRatio((sign * numerator) / divisor, (sign * denominator) / divisor)
}

const ratioPattern = /^(-?)(0|[1-9]\d{0,17})(?:\.(\d{1,18}))?(%?)$/

/**
 * Reads '0.0825' or '8.25%' exactly; undefined for anything else, including exponents, blanks,
 * leading zeros and more than 18 digits on either side of the point.
 */
export function parseRatio(text: string): Ratio | undefined {
  const match = ratioPattern.exec(text)
  if (match === null) return undefined
  const [, sign = '', units = '', fraction = '', percent] = match
  const exponent = fraction.length + (percent === '%' ? 2 : 0)
  return ratio(BigInt(sign + units + fraction), 10n ** BigInt(exponent))
}

/** A ratio as a percentage, exact to six digits after the point: '9.975'. */
export function percentText({ numerator, denominator }: Ratio): string {
  const digits = String((numerator * 100_000_000n) / denominator).padStart(7, '0')
  let end = digits.length
  while (end > digits.length - 6 && digits.charAt(end - 1) === '0') end -= 1
  const fraction = digits.slice(-6, end)
  const whole = digits.slice(0, -6)
  return fraction === '' ? whole : `${whole}.${fraction}`
}

/** The part that `rate` makes up of a whole to which it was added: 20 % becomes 20/120. */
export function partOfWhole(rate: Ratio): Ratio {
  const whole = rate.numerator + rate.denominator
  if (whole <= 0n) throw new RangeError('A rate of -100 % or less leaves no whole.')
  // n/d in lowest terms makes n/(n+d) be so too: no divisor to look for.
  return reducedRatio(rate.numerator, whole)
}

/**
 * `amount × by`, rounded once to a whole minor unit: the only place that rounds money.
 * Throws MoneyRangeError when the result is not safe; the product in between may be of any size.
 */
export function multiply(amount: Minor, by: Ratio, rounding: Rounding): Minor {
  if (by.small !== undefined) {
    const product = amount * by.small.numerator
    if (Number.isSafeInteger(product)) {
      return minor(divide(product, by.small.denominator, rounding))
    }
  }
  return minor(Number(divideBigints(BigInt(amount) * by.numerator, by.denominator, rounding)))
}

function reducedRatio(numerator: bigint, denominator: bigint): Ratio {
  const small = { numerator: Number(numerator), denominator: Number(denominator) }
  const isSmall = Number.isSafeInteger(small.numerator) && Number.isSafeInteger(small.denominator)
  return { numerator, denominator, small: isSmall ? small : undefined }
}

function greatestCommonDivisor(left: bigint, right: bigint): bigint {
  let [divisor, rest] = [left, right]
  while (rest !== 0n) [divisor, rest] = [rest, divisor % rest]
  return divisor < 0n ? -divisor : divisor
}

function divide(dividend: number, divisor: number, rounding: Rounding): number {
  const remainder = dividend % divisor
  // The remainder goes first, so that this division of safe integers is exact.
  const quotient = (dividend - remainder) / divisor
  if (remainder === 0) return quotient
  const size = Math.abs(remainder)
  const negative = dividend < 0
  const odd = quotient % 2 !== 0
  // Doubling a Number is exact, even beyond the safe range.
  const half = compare(2 * size, divisor)
  if (!roundsAway(rounding, { negative, odd, half })) return quotient
  return negative ? quotient - 1 : quotient + 1
}

function divideBigints(dividend: bigint, divisor: bigint, rounding: Rounding): bigint {
  const remainder = dividend % divisor
  const quotient = dividend / divisor
  if (remainder === 0n) return quotient
  const size = remainder < 0n ? -remainder : remainder
  const negative = dividend < 0n
  const odd = quotient % 2n !== 0n
  const half = compare(2n * size, divisor)
  if (!roundsAway(rounding, { negative, odd, half })) return quotient
  return negative ? quotient - 1n : quotient + 1n
}

/** A quotient cut towards zero; `half` compares what was cut off with one half (-1, 0, 1). */
interface Truncated {
  readonly negative: boolean
  readonly odd: boolean
  readonly half: number
}

function roundsAway(rounding: Rounding, truncated: Truncated): boolean {
  switch (rounding) {
    case 'half-even':
      return truncated.half > 0 || (truncated.half === 0 && truncated.odd)
    case 'half-up':
      return truncated.half >= 0
    case 'half-down':
      return truncated.half > 0
    case 'up':
      return true
    case 'down':
      return false
    case 'floor':
      return truncated.negative
    case 'ceiling':
      return !truncated.negative
    default:
      // Settings may bring a mode that the types never saw: it must not silently mean 'down'.
      throw new TypeError(`Unknown rounding '${String(rounding)}'.`)
  }
}

function compare<Value extends number | bigint>(left: Value, right: Value): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
