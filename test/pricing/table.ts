import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatMinor, minor, parseDecimal, type Minor } from '../../src/core/money.ts'
import type { CartLine, CartToPrice, PricedCart } from '../../src/core/pricing/cart.ts'
import { priceCart } from '../../src/core/pricing/price-cart.ts'
import { taxRulesOf, type TaxRate, type TaxRules } from '../../src/core/pricing/tax.ts'
import { parseRatio, roundings } from '../../src/core/ratio.ts'
import { tableRows } from '../../src/core/testing.ts'
import type { Promotion } from '../../src/core/promotion/apply.ts'
import { benefitKinds, conditionKinds } from '../../src/domains/promotion/kinds.ts'

/**
 * Prices every row of a table and compares. Columns: lines, promotions, tax and shipping, then what
 * comes out: subtotal, discount, tax, shipping, total.
 *
 * - lines: `2×19.99 1×5.00:r@c` are two pieces at 19.99 and one of tax class r in category c.
 * - promotions: see `promotionOf`; `-` is none.
 * - tax: `20% excl`, `20% incl line down ship`; `20%/r5%` are two classes, `5%+7%` two taxes of one
 *   class, `5%*9.5%` the second on top of the first; `exempt` frees the buyer from all of it.
 */
export function priceTable(currency: string, text: string): void {
  for (const row of tableRows(text)) {
    const [lines = '', promotions = '', tax = '', shipping = '', ...expected] = row
    test(`${currency} ${lines} | ${promotions} | ${tax} | ${shipping}`, () => {
      const cart = cartOf(currency, { lines, promotions, tax, shipping })
      const priced = priceCart(cart)
      assert.deepEqual(summary(priced), expected)
      assertParts(priced)
    })
  }
}

export interface Row {
  readonly lines: string
  readonly promotions: string
  readonly tax: string
  readonly shipping: string
}

export function cartOf(currency: string, row: Row): CartToPrice<string> {
  return {
    currency,
    lines: linesOf(row.lines, currency),
    tax: taxOf(row.tax),
    shipping: row.shipping === '-' ? undefined : { priceMinor: amount(row.shipping, currency) },
    promotions: promotionsOf(row.promotions, currency),
    buyer: { groups: [], orderCount: 0 },
  }
}

export function amount(text: string, currency: string): Minor {
  const found = parseDecimal(text, currency)
  assert.ok(found !== undefined, `${text} is no amount in ${currency}`)
  return found
}

function linesOf(cell: string, currency: string): CartLine<string>[] {
  if (cell === '-') return []
  return cell.split(' ').map((text, index) => {
    const match = /^(\d+)×([\d.]+)(?::(\w+))?(?:@(\w+))?$/.exec(text)
    assert.ok(match, `${text} is no line`)
    const [, quantity, price = '', taxClass = 'standard', category] = match
    return {
      id: String.fromCharCode(97 + index),
      quantity: Number(quantity),
      unitPriceMinor: amount(price, currency),
      productId: `product ${index}`,
      categories: category === undefined ? [] : [categoryOf(category)],
      taxClass,
    }
  })
}

/** Names of the tables as ids. */
export function categoryOf(name: string): string {
  return `00000000-0000-4000-8000-${Buffer.from(name).toString('hex').padStart(12, '0')}`
}

export function taxOf(cell: string): TaxRules {
  const [rates = '', ...words] = cell.split(' ')
  const zone = {
    code: 'zone',
    name: 'Zone',
    isInclusive: words.includes('incl'),
    rounding: roundings.find((mode) => words.includes(mode)) ?? 'half-up',
    roundPer: words.includes('line') ? ('line' as const) : ('total' as const),
    shippingClass: words.includes('ship') ? 'standard' : undefined,
    rates: rates.split('/').flatMap(ratesOf),
    hasReverseCharge: false,
  }
  return taxRulesOf(zone, 0, words.includes('exempt') ? 'exempt' : undefined)
}

function ratesOf(text: string): TaxRate[] {
  const [, name = '', chain = ''] = /^([a-z]*)(.*)$/.exec(text) ?? []
  const taxClass = name === '' ? 'standard' : name
  return chain.split(/(?=[+*])/).map((part, index) => {
    const rate = parseRatio(part.replace(/^[+*]/, ''))
    assert.ok(rate, `${part} is no rate`)
    return { name: `Tax ${index + 1}`, taxClass, rate, isCompound: part.startsWith('*') }
  })
}

function promotionsOf(cell: string, currency: string): Promotion[] {
  if (cell === '-') return []
  return cell.split(' & ').map((text, index) => promotionOf(text, currency, index))
}

type Written = { readonly kind: string } & Readonly<Record<string, unknown>>

const forms: readonly (readonly [RegExp, (found: string[]) => Written])[] = [
  [
    /^([\d.]+)% ?(order|lines|shipping)?$/,
    ([percent, target]) => ({ kind: 'percentage', percent, target }),
  ],
  [
    /^-([\d.]+) ?(order|lines|shipping)?$/,
    ([off, target]) => ({ kind: 'fixed', amount: off, target }),
  ],
  [/^=([\d.]+)$/, ([price]) => ({ kind: 'fixed_price', price })],
  [
    /^(\d+)for(\d+)$/,
    ([of, pay]) => ({ kind: 'cheapest_free', of: Number(of), free: Number(of) - Number(pay) }),
  ],
  [
    /^b(\d+)g(\d+)(?:@(\d+)%)?$/,
    ([buy, get, percent]) => ({ kind: 'buy_x_get_y', buy: Number(buy), get: Number(get), percent }),
  ],
  [/^freeship$/, () => ({ kind: 'free_shipping' })],
]

/**
 * `10%`, `10% lines`, `10% shipping`, `-5`, `-5 lines` (off each piece), `-5 shipping`, `=9.99` (each),
 * `3for2`, `b2g1`, `b1g1@50%`, `freeship`; `if50:` before it asks for a subtotal, `in c:` takes only
 * lines of a category, `x:` makes it exclusive, `g:` puts it into a group. In the order written.
 */
function promotionOf(text: string, currency: string, index: number): Promotion {
  const parts = text.split(':')
  const benefit = parts.pop() ?? ''
  const category = parts.find((part) => part.startsWith('in '))?.slice(3)
  const atLeast = parts.find((part) => /^if[\d.]+$/.test(part))?.slice(2)
  const filter = category === undefined ? {} : { categories: [categoryOf(category)] }
  const { kind, ...parameters } = writtenOf(benefit)
  const reading = { currency }
  const bound = benefitKinds.get(kind)?.bind({ ...parameters, ...filter } as never, reading)
  assert.ok(bound, benefit)
  const subtotal = conditionKinds.get('subtotal')
  const check = atLeast && subtotal?.bind({ at_least: atLeast } as never, reading)
  return {
    id: `promotion ${index}`,
    name: text,
    priority: parts.includes('g') ? 0 : index,
    group: parts.includes('g') ? 'group' : undefined,
    isExclusive: parts.includes('x'),
    currency,
    conditions: check ? [{ kind: 'subtotal', check }] : [],
    benefit: { kind, ...bound },
  }
}

function writtenOf(text: string): Written {
  for (const [form, read] of forms) {
    const found = form.exec(text)
    if (!found) continue
    const { kind, ...given } = read(found.slice(1))
    const entries = Object.entries(given).filter(([, value]) => value !== undefined)
    return { kind, ...Object.fromEntries(entries) }
  }
  throw new Error(`${text} is no benefit`)
}

export function summary(priced: PricedCart): string[] {
  const { subtotalMinor, discountMinor, taxMinor, shippingMinor, totalMinor } = priced
  return [subtotalMinor, discountMinor, taxMinor, shippingMinor, totalMinor].map((value) =>
    formatMinor(value, priced.currency),
  )
}

const sum = <T>(items: readonly T[], value: (item: T) => number): number =>
  items.reduce((total, item) => total + value(item), 0)

/** The parts equal the whole, in every direction, and nothing is below zero. */
export function assertParts(priced: PricedCart): void {
  const { lines, discounts, isTaxInclusive: isInclusive } = priced
  const added = isInclusive ? 0 : priced.taxMinor
  assert.equal(
    sum(lines, (line) => line.subtotalMinor),
    priced.subtotalMinor,
  )
  assert.equal(
    sum(lines, (line) => line.discountMinor) + priced.shippingDiscountMinor,
    priced.discountMinor,
  )
  assert.equal(
    sum(discounts, (one) => one.amountMinor),
    priced.discountMinor,
  )
  assert.equal(
    sum(discounts, (one) => one.shippingMinor),
    priced.shippingDiscountMinor,
  )
  for (const one of discounts) {
    assert.equal(sum(one.linesMinor, (part) => part) + one.shippingMinor, one.amountMinor)
  }
  assert.equal(sum(lines, (line) => line.taxMinor) + priced.shippingTaxMinor, priced.taxMinor)
  assert.equal(
    sum(priced.taxes, (tax) => tax.taxMinor),
    priced.taxMinor,
  )
  const { subtotalMinor, discountMinor, shippingMinor, totalMinor } = priced
  assert.equal(totalMinor, subtotalMinor - discountMinor + shippingMinor + added)
  const shippingTotal =
    shippingMinor - priced.shippingDiscountMinor + (isInclusive ? 0 : priced.shippingTaxMinor)
  assert.equal(totalMinor, sum(lines, (line) => line.totalMinor) + shippingTotal)
  for (const line of lines) {
    const { subtotalMinor: own, discountMinor: off, taxMinor, totalMinor: paid } = line
    assert.equal(own, line.quantity * line.unitPriceMinor)
    assert.equal(paid, own - off + (isInclusive ? 0 : taxMinor))
    assert.ok(
      Math.min(own, off, taxMinor, paid) >= 0 && off <= own && (!isInclusive || taxMinor <= paid),
    )
  }
  assert.ok(Math.min(shippingTotal, totalMinor, priced.shippingTaxMinor, minor(0)) >= 0)
}
