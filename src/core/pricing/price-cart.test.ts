import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minor, MoneyRangeError, type Minor } from '../money.ts'
import { ratio } from '../ratio.ts'
import type { CartToPrice } from './cart.ts'
import { priceCart } from './price-cart.ts'
import { flatTax, taxRulesOf } from './tax.ts'

const fifth = flatTax({ rate: ratio(1n, 5n), isInclusive: false, isShippingTaxed: true })

function euroCart(changes: Partial<CartToPrice<string>>): CartToPrice<string> {
  return { currency: 'EUR', lines: [], tax: taxRulesOf(fifth, 0), ...changes }
}

function line(quantity: number, unitPriceMinor: number) {
  return { id: 'a', quantity, unitPriceMinor: unitPriceMinor as Minor }
}

const shipping = (priceMinor: number) => ({ shipping: { priceMinor: minor(priceMinor) } })

test('a priced cart has every figure of its lines and its sums', () => {
  const priced = priceCart(euroCart({ lines: [line(3, 250)], ...shipping(490) }))
  assert.deepEqual(priced, {
    currency: 'EUR',
    lines: [
      { ...line(3, 250), subtotalMinor: 750, discountMinor: 0, taxMinor: 150, totalMinor: 900 },
    ],
    subtotalMinor: 750,
    discountMinor: 0,
    shippingDiscountMinor: 0,
    taxMinor: 248,
    shippingMinor: 490,
    shippingTaxMinor: 98,
    totalMinor: 1488,
    itemCount: 3,
    isTaxInclusive: false,
    taxes: [{ name: 'Tax', rate: ratio(1n, 5n), amountMinor: 1240, taxMinor: 248 }],
    discounts: [],
    gifts: [],
    quotes: [],
    method: undefined,
    shippingProblem: undefined,
    trials: [],
  })
})

test('a cart is left as it was and what else its lines carry is left out', () => {
  const stored = Object.freeze({ ...line(1, 100), note: 'gift' })
  const cart = Object.freeze(euroCart({ lines: Object.freeze([stored]) }))
  const names = ['id', 'quantity', 'unitPriceMinor', 'subtotalMinor', 'discountMinor']
  assert.deepEqual(Object.keys(priceCart(cart).lines[0]!), [...names, 'taxMinor', 'totalMinor'])
})

test('figures beyond the safe range are refused by a named error', () => {
  const max = Number.MAX_SAFE_INTEGER
  const carts = [
    euroCart({ lines: [line(2, max)] }),
    euroCart({ lines: [line(max, max)] }),
    euroCart({ lines: [line(1, max), line(1, 1)] }),
    euroCart({ lines: [line(1, max)] }),
    euroCart({ lines: [line(1, max - 1)], ...shipping(max) }),
    euroCart({ lines: [line(max, 0), line(1, 0)] }),
    euroCart({ lines: [line(1e300, 0)] }),
    euroCart({ lines: [line(1, 1e300)] }),
  ]
  for (const cart of carts) assert.throws(() => priceCart(cart), MoneyRangeError)
})

test('negative and fractional quantities, prices and shipping are refused', () => {
  const carts = [
    euroCart({ lines: [line(-1, 100)] }),
    euroCart({ lines: [line(1.5, 100)] }),
    euroCart({ lines: [line(1, -100)] }),
    euroCart({ lines: [line(2, 0.5)] }),
    euroCart({ lines: [line(NaN, 0)] }),
    euroCart(shipping(-1)),
  ]
  for (const cart of carts) assert.throws(() => priceCart(cart), RangeError)
})

test('a cart in an unknown currency is refused', () => {
  assert.throws(() => priceCart(euroCart({ currency: 'XXX' })), { name: 'UnknownCurrencyError' })
})

test('a negative rate is refused', () => {
  const rate = { name: 'Tax', taxClass: 'standard', rate: ratio(-1n, 5n), isCompound: false }
  assert.throws(() => taxRulesOf({ ...fifth, rates: [rate] }, 0), RangeError)
})

test('a rate counts from its first moment until before its last', () => {
  const rate = (percent: bigint) => ({
    name: 'VAT',
    taxClass: 'standard',
    rate: ratio(percent, 100n),
    isCompound: false,
  })
  // The German standard rate of 2020: 16 % from July to December.
  const rates = [
    { ...rate(19n), until: 100 },
    { ...rate(16n), from: 100, until: 200 },
    { ...rate(19n), from: 200 },
  ]
  const taxAt = (at: number) =>
    priceCart(euroCart({ lines: [line(1, 10_000)], tax: taxRulesOf({ ...fifth, rates }, at) }))
      .taxMinor
  assert.deepEqual([99, 100, 199, 200].map(taxAt), [1_900, 1_600, 1_600, 1_900])
})
