import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Minor } from '../../src/core/money.ts'
import type { CartToPrice, PricedCart } from '../../src/core/pricing/cart.ts'
import { priceCart } from '../../src/core/pricing/price-cart.ts'
import { shareOfUnits } from '../../src/core/pricing/units.ts'
import type { Rounding } from '../../src/core/ratio.ts'
import { forRandomCases } from '../../src/core/testing.ts'
import { percentages, promotionWith, randomCart, randomRanges } from './random.ts'
import { assertParts } from './table.ts'

/** PRICING_CASES=1000000 tries a million carts of each. */
const cases = Number(process.env['PRICING_CASES'] ?? 20_000)

const sum = (amounts: readonly number[]): number => amounts.reduce((total, one) => total + one, 0)

test(`the parts of ${cases} carts equal their wholes, and nothing is below zero`, () => {
  forRandomCases(cases, (random) => {
    assertParts(priceCart(randomCart(random)))
  })
})

test('pieces given back in any portions get back what was paid for them, to the cent', () => {
  forRandomCases(cases, (random) => {
    const { lines } = priceCart(randomCart(random))
    for (const { quantity, ...line } of lines) {
      const amounts: Minor[] = [line.totalMinor, line.discountMinor, line.taxMinor]
      const ranges = randomRanges(random, quantity)
      for (const amount of amounts) {
        const shares = ranges.map((range) => shareOfUnits(amount, quantity, range))
        if (quantity > 0) assert.equal(sum(shares), amount)
        assert.ok(shares.every((share) => share >= 0))
      }
    }
  })
})

/** Every figure that belongs to a line or to the whole, without the order they stand in. */
function figures(priced: PricedCart<string>): string {
  const { lines, discounts, trials, ...rest } = priced
  const byId = lines.toSorted((one, other) => (one.id < other.id ? -1 : 1))
  const given = discounts.map(({ linesMinor, ...discount }) => {
    const ids = lines.map(({ id }, index) => [id, linesMinor[index]] as const)
    return { ...discount, lines: ids.toSorted(([one], [other]) => (one < other ? -1 : 1)) }
  })
  return JSON.stringify([rest, byId, given, trials], (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
}

test('the order of the lines and of the promotions changes no figure', () => {
  forRandomCases(cases, (random) => {
    const cart = randomCart(random)
    const shuffled = {
      ...cart,
      lines: random.shuffle(cart.lines),
      promotions: random.shuffle(cart.promotions ?? []),
    }
    assert.equal(figures(priceCart(shuffled)), figures(priceCart(cart)))
  })
})

test('one piece more never makes a cart cheaper under percentages and taxes', () => {
  forRandomCases(cases, (random) => {
    const drawn = randomCart(random)
    const promotions = random.list(random.integer(0, 3), () => ({
      ...promotionWith(random, {
        currency: drawn.currency,
        kind: 'percentage',
        parameters: { percent: random.pick(percentages), target: 'order' },
      }),
      conditions: [],
      group: undefined,
      isExclusive: false,
    }))
    const cart = { ...drawn, promotions }
    if (cart.lines.length === 0) return
    const at = random.integer(0, cart.lines.length - 1)
    const lines = cart.lines.map((line, index) =>
      index === at ? { ...line, quantity: line.quantity + 1 } : line,
    )
    const [less, more] = [priceCart(cart), priceCart({ ...cart, lines })]
    // With one tax class for all, the split of a discount over lines moves nothing between rates.
    const isPlain = new Set(cart.lines.map(({ taxClass }) => taxClass)).size === 1
    if (isPlain && cart.tax.zone.roundPer === 'total') {
      assert.ok(more.totalMinor >= less.totalMinor, `${less.totalMinor} to ${more.totalMinor}`)
    }
    assert.ok(net(more) >= net(less), `${net(less)} to ${net(more)}`)
  })
})

/** What is paid without taxes that are added. */
const net = ({ subtotalMinor, discountMinor, shippingMinor }: PricedCart): number =>
  subtotalMinor - discountMinor + shippingMinor

/** A fraction, written down once more without a look at the shop's own. */
class Exact {
  readonly top: bigint
  readonly bottom: bigint

  constructor(top: bigint, bottom: bigint) {
    this.top = top
    this.bottom = bottom
  }

  times(other: Exact): Exact {
    return new Exact(this.top * other.top, this.bottom * other.bottom)
  }

  /** Whether `found` is what this becomes by `rounding`: within what that rounding may move it. */
  roundsTo(found: number, rounding: Rounding): boolean {
    const off = this.top - BigInt(found) * this.bottom
    const size = off < 0n ? -off : off
    if (rounding === 'down' || rounding === 'floor') return off >= 0n && size < this.bottom
    if (rounding === 'up' || rounding === 'ceiling') return off <= 0n && size < this.bottom
    return 2n * size <= this.bottom
  }
}

test('every tax is the exact one, moved by less than the rounding it names', () => {
  forRandomCases(cases, (random) => {
    const drawn = randomCart(random)
    const [tax, ...others] = drawn.tax.classes.get('standard')?.taxes ?? []
    const lines = drawn.lines.map((line) => ({ ...line, taxClass: 'standard' }))
    if (!tax || others.length > 0 || drawn.tax.exemption !== undefined) return
    const cart: CartToPrice<string> = { ...drawn, lines }
    const priced = priceCart(cart)
    const { isInclusive, rounding, roundPer, shippingClass } = cart.tax.zone
    const { numerator, denominator } = tax.rate
    const share = new Exact(numerator, isInclusive ? numerator + denominator : denominator)
    const exact = (amount: number) => new Exact(BigInt(amount), 1n).times(share)
    const left = priced.lines.map((line) => line.subtotalMinor - line.discountMinor)
    const shippingLeft = priced.shippingMinor - priced.shippingDiscountMinor
    if (roundPer === 'line') {
      for (const [index, line] of priced.lines.entries()) {
        assert.ok(exact(left[index] ?? 0).roundsTo(line.taxMinor, rounding))
      }
    } else if (shippingClass !== 'reduced') {
      const base = sum(left) + (shippingClass === 'standard' ? shippingLeft : 0)
      assert.ok(exact(base).roundsTo(priced.taxMinor, rounding))
    }
  })
})

test('every percentage is the exact one to half a unit, and each line bears its share to one', () => {
  forRandomCases(cases, (random) => {
    const drawn = randomCart(random)
    const percent = random.pick(percentages)
    const parameters = { percent, target: 'order' }
    const promotion = promotionWith(random, {
      currency: drawn.currency,
      kind: 'percentage',
      parameters,
    })
    const lines = drawn.lines.map((line) => ({ ...line, isDiscountable: true }))
    const cart = { ...drawn, lines, promotions: [{ ...promotion, conditions: [] }] }
    const priced = priceCart(cart)
    const [whole = '0', fraction = ''] = percent.split('.')
    const rate = new Exact(BigInt(whole + fraction), 100n * 10n ** BigInt(fraction.length))
    const of = (amount: number) => new Exact(BigInt(amount), 1n).times(rate)
    assert.ok(of(priced.subtotalMinor).roundsTo(priced.discountMinor, 'half-up'))
    for (const { subtotalMinor, discountMinor } of priced.lines) {
      // Its share of the whole discount, which is itself off by half a unit at most.
      const off = Math.abs(
        discountMinor - Number(of(subtotalMinor).top) / Number(of(subtotalMinor).bottom),
      )
      assert.ok(off <= 1.500_001, `${discountMinor} of ${subtotalMinor} at ${percent} %`)
    }
  })
})
