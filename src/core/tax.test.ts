import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minor, MoneyRangeError, sumMinor, type Minor } from './money.ts'
import { parseRatio, ratio, roundings } from './ratio.ts'
import { computeTax } from './tax.ts'
import { forRandomCases, tableRows, type RandomCase } from './testing.ts'

function amounts(cell: string): Minor[] {
  return cell.split(' ').map((amount) => minor(Number(amount)))
}

const exactTaxes = tableRows(`
  amounts       rate    kind       rounding   | tax   line taxes
  1999 1999     20%     exclusive  half-up    | 800   400 400
  3998          20%     inclusive  half-up    | 666   666
  1000 1000     8.25%   exclusive  half-up    | 165   83 82
  10            25%     exclusive  half-up    | 3     3
  10            25%     exclusive  half-even  | 2     2
  -10           25%     exclusive  half-up    | -3    -3
  1 1 1         20%     exclusive  half-up    | 1     1 0 0
  1 1 1         20%     inclusive  half-up    | 1     1 0 0
  120 0 240     20%     inclusive  half-up    | 60    20 0 40
  500 700       0%      exclusive  half-up    | 0     0 0
  0 0           19%     exclusive  up         | 0     0 0
  333 333 334   7%      exclusive  half-up    | 70    23 23 24
`)

for (const [lines = '', rate = '', kind, mode, tax, lineTaxes = ''] of exactTaxes) {
  test(`${kind} tax of ${rate} on ${lines}, rounded ${mode}, is ${tax}`, () => {
    const rounding = roundings.find((known) => known === mode)!
    const inclusive = kind === 'inclusive'
    const taxable = { amounts: amounts(lines), rate: parseRatio(rate)!, inclusive, rounding }
    const expected = { taxMinor: Number(tax), lineTaxesMinor: amounts(lineTaxes) }
    assert.deepEqual(computeTax(taxable), expected)
  })
}

test('identities decide which of two equal lines carries the odd unit', () => {
  const taxable = { amounts: amounts('10 10'), inclusive: false, rounding: 'half-up' } as const
  const rate = parseRatio('15%')!
  const swapped = computeTax({ ...taxable, rate, identities: ['b', 'a'] })
  assert.deepEqual(swapped.lineTaxesMinor, [1, 2])
  assert.deepEqual(computeTax({ ...taxable, rate }).lineTaxesMinor, [2, 1])
})

test('no lines have no tax', () => {
  const taxable = { amounts: [], rate: ratio(1n, 5n), inclusive: false, rounding: 'up' } as const
  assert.deepEqual(computeTax(taxable), { taxMinor: 0, lineTaxesMinor: [] })
})

test('a negative rate, amounts of mixed signs and sums beyond the safe range are refused', () => {
  const tax = (lines: string, rate: string) =>
    computeTax({
      amounts: amounts(lines),
      rate: parseRatio(rate)!,
      inclusive: false,
      rounding: 'half-up',
    })
  assert.throws(() => tax('100', '-1%'), RangeError)
  assert.throws(() => tax('100 -50', '1%'), RangeError)
  assert.throws(() => tax('9007199254740991 1', '1%'), MoneyRangeError)
  assert.throws(() => tax('9007199254740991', '101%'), MoneyRangeError)
})

function randomTaxable(random: RandomCase) {
  const sign = random.pick([1, 1, 1, -1])
  const bitsMax = random.pick([4, 16, 48])
  return {
    amounts: random.list(random.integer(0, 6), () => minor(sign * random.size(bitsMax))),
    rate: ratio(BigInt(random.integer(0, 3000)), 10_000n),
    inclusive: random.integer(0, 1) === 0,
    rounding: random.pick(roundings),
  }
}

test('the line taxes add up to the tax, which is the rounded exact tax on the sum', () => {
  forRandomCases(75_000, (random) => {
    const taxable = randomTaxable(random)
    const { taxMinor, lineTaxesMinor } = computeTax(taxable)
    const { numerator, denominator } = taxable.rate
    const whole = taxable.inclusive ? numerator + denominator : denominator
    const exact = BigInt(sumMinor(taxable.amounts)) * numerator
    const error = BigInt(taxMinor) * whole - exact
    const shown = `${taxable.amounts.join()} at ${numerator}/${denominator}: ${taxMinor}`
    assert.equal(sumMinor(lineTaxesMinor), taxMinor, shown)
    assert.ok(error < whole && error > -whole, shown)
    if (taxable.rounding.startsWith('half')) assert.ok(2n * error <= whole, shown)
    if (taxable.rounding.startsWith('half')) assert.ok(2n * error >= -whole, shown)
  })
})
