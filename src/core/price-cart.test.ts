import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatMinor, minor, MoneyRangeError, parseDecimal, type Minor } from './money.ts'
import { priceCart, type CartToPrice, type PricedCart } from './price-cart.ts'
import { parseRatio, ratio } from './ratio.ts'
import { forRandomCases, tableRows, type RandomCase } from './testing.ts'

/** '2×19.99 1×5.00' as lines with the ids a, b … */
function lines(cell: string, currency: string) {
  if (cell === '-') return []
  return cell.split(' ').map((line, index) => {
    const [quantity, price = ''] = line.split('×')
    const unitPriceMinor = parseDecimal(price, currency)!
    return { id: 'abcdef'.charAt(index), quantity: Number(quantity), unitPriceMinor }
  })
}

/** '20% excl' or '8.25% incl+ship': the latter taxes shipping too. */
function tax(cell: string) {
  const [rate = '', kind = ''] = cell.split(' ')
  return {
    rate: parseRatio(rate)!,
    inclusive: kind.startsWith('incl'),
    shippingTaxed: kind.endsWith('+ship'),
  }
}

const exactCarts = tableRows(`
  currency  lines            tax              ship  | subtotal  tax    shiptax  total  line taxes
  EUR       2×19.99          20% excl         0.00  | 39.98     8.00   0.00     47.98  8.00
  EUR       2×19.99          20% incl         0.00  | 39.98     6.66   0.00     39.98  6.66
  USD       1×29.90          8.25% excl       5.00  | 29.90     2.47   0.00     37.37  2.47
  USD       1×29.90          8.25% excl+ship  5.00  | 29.90     2.88   0.41     37.78  2.47
  EUR       1×10.00 1×20.00  19% incl+ship    4.90  | 30.00     5.57   0.78     34.90  1.60 3.19
  EUR       3×0.01           20% incl         0.00  | 0.03      0.01   0.00     0.03   0.01
  EUR       1×0.01 1×0.01    30% excl         0.00  | 0.02      0.01   0.00     0.03   0.01 0.00
  JPY       3×1000 1×55      10% excl         500   | 3055      306    0        3861   300 6
  KWD       2×1.234          5% excl          0.500 | 2.468     0.123  0.000    3.091  0.123
  EUR       1×0.10           25% excl         0.00  | 0.10      0.03   0.00     0.13   0.03
  EUR       0×9.99 1×1.00    20% excl         0.00  | 1.00      0.20   0.00     1.20   0.00 0.20
  EUR       1×0.00           20% excl         4.00  | 0.00      0.00   0.00     4.00   0.00
  EUR       1×0.00           20% excl+ship    4.00  | 0.00      0.80   0.80     4.80   0.00
  EUR       -                20% excl         0.00  | 0.00      0.00   0.00     0.00   -
`)

for (const row of exactCarts) {
  const [currency = '', cart = '', rate = '', shipping = '', ...expected] = row
  test(`${cart} ${currency} at ${rate} with ${shipping} shipping totals ${expected[3]}`, () => {
    const priced = priceCart({
      currency,
      lines: lines(cart, currency),
      tax: tax(rate),
      shippingMinor: parseDecimal(shipping, currency)!,
    })
    assert.deepEqual(summary(priced), expected)
  })
}

function summary(priced: PricedCart): string[] {
  const text = (amount: Minor) => formatMinor(amount, priced.currency)
  const { subtotalMinor, taxMinor, shippingTaxMinor, totalMinor } = priced
  const lineTaxes = priced.lines.map((line) => text(line.taxMinor)).join(' ') || '-'
  return [...[subtotalMinor, taxMinor, shippingTaxMinor, totalMinor].map(text), lineTaxes]
}

/** A cart in EUR at 20 % without shipping, but for what `changes` say. */
function euroCart(changes: Partial<CartToPrice<string>>): CartToPrice<string> {
  const euro = { currency: 'EUR', lines: [], shippingMinor: minor(0) }
  return {
    ...euro,
    tax: { rate: ratio(1n, 5n), inclusive: false, shippingTaxed: true },
    ...changes,
  }
}

function line(quantity: number, unitPriceMinor: number) {
  return { id: 'a', quantity, unitPriceMinor: unitPriceMinor as Minor }
}

test('a priced cart has every figure of its lines and its sums', () => {
  const cart = euroCart({ lines: [{ ...line(3, 250) }], shippingMinor: minor(490) })
  assert.deepEqual(priceCart(cart), {
    currency: 'EUR',
    lines: [{ ...line(3, 250), subtotalMinor: 750, taxMinor: 150, totalMinor: 900 }],
    subtotalMinor: 750,
    discountMinor: 0,
    taxMinor: 248,
    shippingMinor: 490,
    shippingTaxMinor: 98,
    totalMinor: 1488,
    itemCount: 3,
  })
})

test('a cart is left as it was and what else its lines carry is left out', () => {
  const stored = Object.freeze({ ...line(1, 100), note: 'gift' })
  const cart = Object.freeze(euroCart({ lines: Object.freeze([stored]) }))
  const [priced] = priceCart(cart).lines
  const names = ['id', 'quantity', 'unitPriceMinor', 'subtotalMinor', 'taxMinor', 'totalMinor']
  assert.deepEqual(Object.keys(priced!), names)
})

test('figures beyond the safe range are refused by a named error', () => {
  const max = Number.MAX_SAFE_INTEGER
  const carts = [
    euroCart({ lines: [line(2, max)] }),
    euroCart({ lines: [line(max, max)] }),
    euroCart({ lines: [line(1, max), line(1, 1)] }),
    euroCart({ lines: [line(1, max)] }),
    euroCart({ lines: [line(1, max - 1)], shippingMinor: minor(max) }),
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
    euroCart({ shippingMinor: minor(-1) }),
  ]
  for (const cart of carts) assert.throws(() => priceCart(cart), RangeError)
})

test('a cart in an unknown currency is refused', () => {
  const cart = euroCart({ currency: 'XXX' })
  assert.throws(() => priceCart(cart), { name: 'UnknownCurrencyError' })
})

function randomCart(random: RandomCase): CartToPrice<number> {
  const bitsMax = random.pick([3, 10, 20, 40])
  return {
    currency: random.pick(['EUR', 'JPY', 'KWD']),
    lines: random.list(random.integer(0, 6), () => ({
      id: random.integer(0, 2 ** 52),
      quantity: random.integer(0, random.pick([1, 3, 99])),
      unitPriceMinor: random.size(bitsMax),
    })),
    tax: {
      rate: ratio(BigInt(random.integer(0, 3000)), 10_000n),
      inclusive: random.integer(0, 1) === 0,
      shippingTaxed: random.integer(0, 1) === 0,
    },
    shippingMinor: random.size(bitsMax),
  }
}

function sumOf<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0)
}

test('subtotal, tax, shipping and total of any cart add up exactly and are never negative', () => {
  forRandomCases(200_000, (random) => {
    const cart = randomCart(random)
    const priced = priceCart(cart)
    const { subtotalMinor, taxMinor, shippingMinor, shippingTaxMinor, totalMinor } = priced
    const addedTaxMinor = cart.tax.inclusive ? 0 : taxMinor
    const addedShippingTaxMinor = cart.tax.inclusive ? 0 : shippingTaxMinor
    const linesMinor = sumOf(priced.lines, (item) => item.totalMinor)
    const goodsMinor = sumOf(cart.lines, (item) => item.quantity * item.unitPriceMinor)
    const shown = () => JSON.stringify(priced)
    assert.equal(subtotalMinor, goodsMinor)
    assert.equal(
      sumOf(priced.lines, (item) => item.subtotalMinor),
      subtotalMinor,
      shown(),
    )
    assert.equal(sumOf(priced.lines, (item) => item.taxMinor) + shippingTaxMinor, taxMinor)
    assert.equal(totalMinor, subtotalMinor + addedTaxMinor + shippingMinor - priced.discountMinor)
    assert.equal(totalMinor, linesMinor + shippingMinor + addedShippingTaxMinor)
    assert.equal(
      priced.itemCount,
      sumOf(cart.lines, (item) => item.quantity),
    )
    assert.ok(Math.min(totalMinor, taxMinor, shippingTaxMinor) >= 0)
  })
})

test('the order of the lines changes no figure of any line', () => {
  forRandomCases(50_000, (random) => {
    const cart = randomCart(random)
    const ids = new Map(priceCart(cart).lines.map((item) => [item.id, JSON.stringify(item)]))
    const shuffled = priceCart({ ...cart, lines: random.shuffle(cart.lines) })
    for (const item of shuffled.lines) assert.equal(JSON.stringify(item), ids.get(item.id))
  })
})
