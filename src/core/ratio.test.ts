import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minor, MoneyRangeError, type Minor } from './money.ts'
import {
  multiply,
  parseRatio,
  partOfWhole,
  ratio,
  roundings,
  type Rounding,
  percentText,
} from './ratio.ts'
import type { Ratio } from './ratio.ts'
import { forRandomCases, tableRows, type RandomCase } from './testing.ts'

/** [numerator, denominator] of a text, or undefined when it is refused. */
function fraction(text: string): [bigint, bigint] | undefined {
  const parsed = parseRatio(text)
  return parsed === undefined ? undefined : [parsed.numerator, parsed.denominator]
}

test('a decimal or a percentage is read as an exact fraction in lowest terms', () => {
  assert.deepEqual(fraction('0.0825'), [33n, 400n])
  assert.deepEqual(fraction('8.25%'), [33n, 400n])
  assert.deepEqual(fraction('20%'), [1n, 5n])
  assert.deepEqual(fraction('0'), [0n, 1n])
  assert.deepEqual(fraction('-12.5%'), [-1n, 8n])
  assert.deepEqual(fraction('1.000'), [1n, 1n])
  assert.deepEqual(fraction('0.000000000000000001'), [1n, 10n ** 18n])
})

test('text that is no plain decimal or percentage is refused', () => {
  const refused = ['', '%', '.5', '5.', '+1', '1e-2', ' 1', '1 %', '8,25%', '01', '1/3', 'NaN']
  const tooLong = ['1'.repeat(19), `0.${'1'.repeat(19)}`]
  for (const text of [...refused, ...tooLong]) assert.equal(fraction(text), undefined, text)
})

test('a ratio is kept in lowest terms with a positive denominator', () => {
  const { numerator, denominator, small } = ratio(6n, -4n)
  assert.deepEqual([numerator, denominator], [-3n, 2n])
  assert.deepEqual(small, { numerator: -3, denominator: 2 })
  assert.equal(ratio(1n, 2n ** 60n).small, undefined)
  assert.throws(() => ratio(1n, 0n), RangeError)
})

test('the part of a whole of a 20 % rate is one sixth', () => {
  assert.deepEqual(partOfWhole(ratio(20n, 100n)), ratio(1n, 6n))
  assert.deepEqual(partOfWhole(ratio(0n, 1n)), ratio(0n, 1n))
  assert.throws(() => partOfWhole(ratio(-1n, 1n)), RangeError)
})

// One row per exact result in halves and quarters, one column per mode.
const roundingTable = tableRows(`
  exact  | half-even  half-up  half-down  up  down  floor  ceiling
  2.25   | 2          2        2          3   2     2      3
  2.50   | 2          3        2          3   2     2      3
  2.75   | 3          3        3          3   2     2      3
  3.50   | 4          4        3          4   3     3      4
  0.50   | 0          1        0          1   0     0      1
  3.00   | 3          3        3          3   3     3      3
  0.00   | 0          0        0          0   0     0      0
  -0.50  | 0          -1       0          -1  0     -1     0
  -2.25  | -2         -2       -2         -3  -2    -3     -2
  -2.50  | -2         -3       -2         -3  -2    -3     -2
  -2.75  | -3         -3       -3         -3  -2    -3     -2
  -3.50  | -4         -4       -3         -4  -3    -4     -3
`)

/** The same ratio without its fast path. */
function bigintOnly(by: Ratio): Ratio {
  return { ...by, small: undefined }
}

for (const [exact = '', ...expected] of roundingTable) {
  test(`${exact} is rounded as each mode says, by Numbers and by bigints`, () => {
    const quarters = minor(Number(exact) * 4)
    const rounded = (by: Ratio) => roundings.map((mode) => multiply(quarters, by, mode))
    assert.deepEqual(rounded(ratio(1n, 4n)), expected.map(Number))
    assert.deepEqual(rounded(bigintOnly(ratio(1n, 4n))), expected.map(Number))
  })
}

test('a rate is applied exactly where floating point would miss the tie', () => {
  // 1.005 × 100 is 100.49999999999999 in floating point.
  assert.equal(multiply(minor(100), parseRatio('1.005')!, 'half-up'), 101)
  assert.equal(multiply(minor(3998), parseRatio('20%')!, 'half-up'), 800)
  assert.equal(multiply(minor(2000), parseRatio('8.25%')!, 'down'), 165)
  assert.equal(multiply(minor(1), ratio(1n, 2n ** 70n), 'half-even'), 0)
  assert.equal(multiply(minor(1), ratio(1n, 2n ** 70n), 'up'), 1)
})

test('a product beyond the safe range on the way does not harm a result within it', () => {
  const max = minor(Number.MAX_SAFE_INTEGER)
  assert.equal(multiply(max, ratio(10n ** 30n, 10n ** 30n + 1n), 'up'), max)
  assert.equal(multiply(max, ratio(2n, 3n), 'down'), 6004799503160660)
  assert.throws(() => multiply(max, ratio(3n, 2n), 'down'), MoneyRangeError)
  assert.throws(() => multiply(max, ratio(10n ** 400n, 1n), 'down'), MoneyRangeError)
  assert.equal(multiply(minor(0), ratio(10n ** 400n, 1n), 'down'), 0)
})

test('an unknown rounding is refused instead of rounding down', () => {
  const unknown = 'nearest' as Rounding
  assert.throws(() => multiply(minor(1), ratio(1n, 3n), unknown), /Unknown rounding 'nearest'/)
})

/** Floor of the exact quotient, moved to the modes by their definitions; shares no code. */
function oracle(amount: Minor, by: Ratio, rounding: Rounding): bigint {
  const dividend = BigInt(amount) * by.numerator
  const cut = dividend / by.denominator
  const floor = cut * by.denominator > dividend ? cut - 1n : cut
  const twice = 2n * (dividend - floor * by.denominator)
  if (twice === 0n) return floor
  const [towardsZero, awayFromZero] = dividend < 0n ? [floor + 1n, floor] : [floor, floor + 1n]
  const even = floor % 2n === 0n ? floor : floor + 1n
  const nearest = twice < by.denominator ? floor : floor + 1n
  const tie = twice === by.denominator
  const results: Record<Rounding, bigint> = {
    'half-even': tie ? even : nearest,
    'half-up': tie ? awayFromZero : nearest,
    'half-down': tie ? towardsZero : nearest,
    up: awayFromZero,
    down: towardsZero,
    floor,
    ceiling: floor + 1n,
  }
  return results[rounding]
}

/** Small denominators make ties likely, and every second amount is a small one for the same end. */
function randomProduct(random: RandomCase): [Minor, Ratio, Rounding] {
  const amount = random.integer(0, 1) === 0 ? random.amount() : minor(random.integer(-99, 99))
  const numerator = random.integer(0, 3) === 0 ? random.amount() : random.integer(-99, 99)
  const denominator = random.integer(0, 3) === 0 ? random.size(53) : random.integer(0, 20)
  return [amount, ratio(BigInt(numerator), BigInt(denominator) + 1n), random.pick(roundings)]
}

test('every mode rounds as its definition in bigints says, or refuses what is not safe', () => {
  forRandomCases(150_000, (random) => {
    const [amount, by, rounding] = randomProduct(random)
    const expected = Number(oracle(amount, by, rounding))
    const shown = `${amount} × ${by.numerator}/${by.denominator} ${rounding}`
    if (Number.isSafeInteger(expected)) {
      assert.equal(multiply(amount, by, rounding), expected, shown)
    } else {
      assert.throws(() => multiply(amount, by, rounding), MoneyRangeError, shown)
    }
  })
})

test('Numbers and bigints agree wherever both can be used', () => {
  forRandomCases(100_000, (random) => {
    const amount = minor(random.integer(-(2 ** 31), 2 ** 31))
    const numerator = BigInt(random.integer(-(2 ** 21), 2 ** 21))
    const by = ratio(numerator, BigInt(random.size(53)) + 1n)
    const rounding = random.pick(roundings)
    const shown = `${amount} × ${by.numerator}/${by.denominator} ${rounding}`
    const expected = multiply(amount, bigintOnly(by), rounding)
    assert.equal(multiply(amount, by, rounding), expected, shown)
  })
})

test('a decimal text of a ratio is worth its digits', () => {
  forRandomCases(50_000, (random) => {
    const [units, decimals] = [random.integer(0, 10 ** 6), String(random.integer(0, 10 ** 9))]
    const text = `${units}.${decimals}`
    const parsed = parseRatio(text)!
    const scale = 10n ** BigInt(decimals.length)
    assert.equal(parsed.numerator * scale, BigInt(units + decimals) * parsed.denominator, text)
    assert.deepEqual(parseRatio(`${text}%`), ratio(parsed.numerator, parsed.denominator * 100n))
  })
})

test('a ratio is written as a percentage without zeros that say nothing', () => {
  const texts = ['9.975', '19', '0', '100', '0.000001', '25.5', '120'].map((text) =>
    percentText(parseRatio(`${text}%`) ?? ratio(1n, 1n)),
  )
  assert.deepEqual(texts, ['9.975', '19', '0', '100', '0.000001', '25.5', '120'])
})
