import { minorUnitDigits } from './currencies.ts'

declare const minorBrand: unique symbol

/** A safe integer of minor units (cents, yen, fils); never a fraction, never -0. See `minor`. */
export type Minor = number & { readonly [minorBrand]: true }

/** An amount with its ISO 4217 currency. Made only by `money`. */
export interface Money {
  readonly amount: Minor
  readonly currency: string
}

/** A value or a result is beyond ±(2^53 - 1) minor units. A caller's input may cause it: a 4xx. */
export class MoneyRangeError extends Error {
  override readonly name = 'MoneyRangeError'

  constructor(amount: number) {
    super(`${amount} is outside the range of ±${Number.MAX_SAFE_INTEGER} minor units.`)
  }
}

/** The code is not an active ISO 4217 currency with a minor unit. */
export class UnknownCurrencyError extends Error {
  override readonly name = 'UnknownCurrencyError'
}

/** Two currencies met in one sum. */
export class CurrencyMismatchError extends Error {
  override readonly name = 'CurrencyMismatchError'
}

/**
 * The only door into `Minor`, and the check after each calculation.
 * Throws MoneyRangeError beyond ±(2^53 - 1), TypeError for fractions and NaN.
 */
export function minor(amount: number): Minor {
  // Adding zero turns -0 into 0, which strict comparisons would tell apart.
  if (Number.isSafeInteger(amount)) return (amount + 0) as Minor
  if (Math.abs(amount) > Number.MAX_SAFE_INTEGER) throw new MoneyRangeError(amount)
  throw new TypeError(`${amount} is not a whole number of minor units.`)
}

/** `amount` minor units of `currency`. Throws like `minor` and `currencyDigits`. */
export function money(amount: number, currency: string): Money {
  currencyDigits(currency)
  return { amount: minor(amount), currency }
}

export function isCurrency(code: string): boolean {
  return minorUnitDigits.has(code)
}

/** Digits after the decimal point of `currency` (ISO 4217). Throws UnknownCurrencyError. */
export function currencyDigits(currency: string): number {
  const digits = minorUnitDigits.get(currency)
  if (digits === undefined) throw new UnknownCurrencyError(`Unknown currency '${currency}'.`)
  return digits
}

/**
 * The exact decimal with all digits of its currency: '29.90', '-0.05', '1000' (JPY), '1.234' (KWD).
 * Throws UnknownCurrencyError.
 */
export function formatMinor(amount: Minor, currency: string): string {
  const digits = currencyDigits(currency)
  if (digits === 0) return String(amount)
  const sign = amount < 0 ? '-' : ''
  const text = String(Math.abs(amount)).padStart(digits + 1, '0')
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`
}

// Sixteen digits are enough for 2^53; longer text is refused before it costs anything.
const decimalPattern = /^(-?)(0|[1-9]\d{0,15})(?:\.(\d{1,4}))?$/

/**
 * Reads what `formatMinor` writes, and decimals with fewer digits ('29.9', '30'), exactly.
 * Undefined for anything else: exponents, signs other than '-', blanks, separators, leading zeros,
 * a bare point, more digits than the currency has, values beyond ±(2^53 - 1) minor units.
 * A JSON number is read through `String(number)`, which is its shortest exact notation.
 * Throws UnknownCurrencyError.
 */
export function parseDecimal(text: string, currency: string): Minor | undefined {
  const digits = currencyDigits(currency)
  const match = decimalPattern.exec(text)
  if (match === null) return undefined
  const [, sign, units = '', fraction = ''] = match
  if (fraction.length > digits) return undefined
  // Beyond 2^53 this Number is inexact, but never small enough again to be taken for safe.
  const size = Number(units + fraction.padEnd(digits, '0'))
  if (!Number.isSafeInteger(size)) return undefined
  return minor(sign === '-' ? -size : size)
}

/** Throws CurrencyMismatchError, MoneyRangeError. */
export function add(left: Money, right: Money): Money {
  const currency = commonCurrency(left, right)
  return { amount: minor(left.amount + right.amount), currency }
}

/** Throws CurrencyMismatchError, MoneyRangeError. */
export function subtract(left: Money, right: Money): Money {
  const currency = commonCurrency(left, right)
  return { amount: minor(left.amount - right.amount), currency }
}

/** `unit` times a whole `quantity`. Throws MoneyRangeError, TypeError for a fractional quantity. */
export function times(unit: Money, quantity: number): Money {
  return { amount: timesMinor(unit.amount, quantity), currency: unit.currency }
}

/** Like `times`, for an amount whose currency is known from its context. */
export function timesMinor(unitMinor: Minor, quantity: number): Minor {
  if (!Number.isInteger(quantity)) throw new TypeError(`Quantity ${quantity} is not whole.`)
  return minor(unitMinor * quantity)
}

/** Sum of amounts of one currency; 0 for none. Throws MoneyRangeError. */
export function sumMinor(amounts: readonly Minor[]): Minor {
  let total = minor(0)
  for (const amount of amounts) total = minor(total + amount)
  return total
}

function commonCurrency(left: Money, right: Money): string {
  if (left.currency === right.currency) return left.currency
  throw new CurrencyMismatchError(`Cannot mix ${left.currency} and ${right.currency}.`)
}
