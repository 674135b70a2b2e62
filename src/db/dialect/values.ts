import { UnsafeNumberError } from '../errors.ts'

const wholeNumber = /^-?\d+(?:\.0+)?$/

/** A 64-bit integer or a decimal, as the server writes it, to a number that is exactly the same. */
export function exactNumber(text: string): number {
  const value = Number(text)
  if (wholeNumber.test(text) && Number.isSafeInteger(value)) return value
  throw new UnsafeNumberError(`the database answered ${text}, which is not a safe integer`)
}

/** The same for a column that holds nothing but 64-bit integers, in less time. */
export function exactInteger(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  throw new UnsafeNumberError(`the database answered ${text}, which is not a safe integer`)
}

/** Refuses what drivers would convert silently: absent values, and numbers that are not exact. */
export function assertBindable(params: readonly unknown[]): void {
  for (const value of params) {
    if (value === undefined) throw new TypeError('a statement parameter is undefined')
    if (typeof value === 'number' && !isExact(value)) {
      throw new UnsafeNumberError(`${value} cannot be stored exactly`)
    }
  }
}

const isExact = (value: number) =>
  Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value))
