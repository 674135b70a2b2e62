import { allocate } from '../allocate.ts'
import { minor, sumMinor, type Minor } from '../money.ts'
import type { Basket, BasketLine, Effect } from './rule.ts'

const uuid = {
  type: 'string',
  pattern: '^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$',
}
const ids = { type: 'array', items: uuid, minItems: 1, maxItems: 1000, uniqueItems: true }

export const uuidSchema = uuid
export const uuidsSchema = ids

/** Which lines a rule is about; without anything: all of them. */
export interface LineFilter {
  readonly products?: readonly string[]
  readonly variants?: readonly string[]
  /** With all categories below them. */
  readonly categories?: readonly string[]
  readonly except_products?: readonly string[]
  readonly except_categories?: readonly string[]
}

export const lineFilterSchema = {
  products: { ...ids, description: 'Only these products' },
  variants: { ...ids, description: 'Only these variants' },
  categories: { ...ids, description: 'Only products in these categories or below them' },
  except_products: { ...ids, description: 'But for these products' },
  except_categories: { ...ids, description: 'But for products in these categories or below' },
}

export type LineTest = (line: BasketLine) => boolean

/** The test of a filter. A line fits if any of the lists names it and no exception does. */
export function lineTest(filter: LineFilter): LineTest {
  const products = setOf(filter.products)
  const variants = setOf(filter.variants)
  const categories = setOf(filter.categories)
  const exceptProducts = setOf(filter.except_products)
  const exceptCategories = setOf(filter.except_categories)
  const isAny = !products && !variants && !categories
  return (line) => {
    if (!line.isDiscountable) return false
    if (exceptProducts?.has(line.productId)) return false
    if (exceptCategories && line.categories.some((id) => exceptCategories.has(id))) return false
    if (isAny) return true
    if (products?.has(line.productId) || variants?.has(line.variantId)) return true
    return categories !== undefined && line.categories.some((id) => categories.has(id))
  }
}

function setOf(list: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return list && new Set(list.map((id) => id.toLowerCase()))
}

/** The places of the lines that fit and of which something is left to pay. */
export function fittingLines(basket: Basket, fits: LineTest): number[] {
  const found: number[] = []
  for (let index = 0; index < basket.lines.length; index++) {
    if (basket.leftMinor[index]! > 0 && fits(basket.lines[index]!)) found.push(index)
  }
  return found
}

export const noFittingLine = 'nothing in the cart is meant by it'

/** Spreads a discount over lines by what is left of each; no line gets more than that. */
export function spread(basket: Basket, indexes: readonly number[], totalMinor: Minor): Effect {
  const left = indexes.map((index) => basket.leftMinor[index]!)
  const capped = minor(Math.min(totalMinor, sumMinor(left)))
  const split = allocate(
    capped,
    left,
    indexes.map((index) => basket.lines[index]!.id),
  )
  return { linesMinor: scatter(basket, indexes, split) }
}

/** One amount per line of the basket, from those of some of them. */
export function scatter(
  basket: Basket,
  indexes: readonly number[],
  amounts: readonly number[],
): number[] {
  const all = basket.lines.map(() => 0)
  for (const [at, index] of indexes.entries()) all[index] = amounts[at]!
  return all
}

/** Some pieces of one line. */
export interface Pieces {
  readonly index: number
  readonly quantity: number
}

/** The cheapest pieces of some lines, so many of them: by price, and by identity among equals. */
export function cheapestPieces(
  basket: Basket,
  indexes: readonly number[],
  count: number,
): Pieces[] {
  const order = [...indexes].sort((left, right) => cheaperFirst(basket, left, right))
  const pieces: Pieces[] = []
  let wanted = count
  for (const index of order) {
    const quantity = Math.min(wanted, basket.lines[index]!.quantity)
    if (quantity > 0) pieces.push({ index, quantity })
    wanted -= quantity
  }
  return pieces
}

function cheaperFirst(basket: Basket, left: number, right: number): number {
  const [one, other] = [basket.lines[left]!, basket.lines[right]!]
  if (one.unitPriceMinor !== other.unitPriceMinor) return one.unitPriceMinor - other.unitPriceMinor
  return String(one.id) < String(other.id) ? -1 : 1
}

/** What is left to pay for some pieces of a line, of which each is worth the same. */
export function leftOfPieces(basket: Basket, { index, quantity }: Pieces): Minor {
  const line = basket.lines[index]!
  const left = basket.leftMinor[index]!
  if (quantity === line.quantity) return left
  const each = Math.floor(left / line.quantity)
  const rest = BigInt(left - each * line.quantity)
  return minor(each * quantity + Number((rest * BigInt(quantity)) / BigInt(line.quantity)))
}
