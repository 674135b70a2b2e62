import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allocate } from './allocate.ts'
import { minor, type Minor } from './money.ts'
import { forRandomCases, tableRows, type RandomCase } from './testing.ts'

const max = Number.MAX_SAFE_INTEGER

function numbers(cell: string): number[] {
  return cell.split(' ').map(Number)
}

const exactSplits = tableRows(`
  total  weights      | parts        because
  100    1 1 1        | 34 33 33     equal weights: the earlier line carries the cent
  101    1 1 1        | 34 34 33     and the second cent goes to the next
  -100   1 1 1        | -34 -33 -33  a refund mirrors its charge
  10     5 3 2        | 5 3 2        nothing is left over
  7      5 3 2        | 4 2 1        remainders .5 .1 .4
  5      1 3          | 1 4          equal remainders: the larger weight goes first
  5      3 1          | 4 1          whatever its place
  10     0 1 0        | 0 10 0       a zero weight gets nothing
  10     1 0 1 1      | 4 0 3 3      also when a unit is left over
  10     0 0 0        | 4 3 3        all zero: an equal split
  10     -1 -1 -1     | 4 3 3        negative weights count by their size
  -7     -5 -3 -2     | -4 -2 -1     and do not turn the sign of the total
  0      3 0 -0       | 0 0 0        nothing to split
  1      1 1 1 1      | 1 0 0 0      fewer units than lines
  42     7            | 42           one line carries all
  42     0            | 42           even without a weight
`)

for (const [total = '', weights = '', parts = '', because = ''] of exactSplits) {
  test(`${total} over ${weights} is split into ${parts}: ${because}`, () => {
    assert.deepEqual(allocate(minor(Number(total)), numbers(weights)), numbers(parts))
  })
}

test('amounts at the end of the safe range are split exactly', () => {
  assert.deepEqual(allocate(minor(max), [max, max, max]), [max / 3, max / 3, max / 3].map(roundUp))
  assert.deepEqual(allocate(minor(-max), [max, 0]), [-max, 0])
  assert.deepEqual(allocate(minor(max), [1, max - 1]), [1, max - 1])
  assert.deepEqual(allocate(minor(0), [max, max]), [0, 0])
})

/** 2^53 - 1 leaves 1 when divided by 3. */
function roundUp(third: number, index: number): number {
  return index === 0 ? Math.ceil(third) : Math.floor(third)
}

test('identities decide between equal weights, wherever the lines stand', () => {
  assert.deepEqual(allocate(minor(100), [1, 1, 1], ['c', 'a', 'b']), [33, 34, 33])
  assert.deepEqual(allocate(minor(100), [1, 1, 1], ['a', 'b', 'c']), [34, 33, 33])
  assert.deepEqual(allocate(minor(100), [1, 1, 1], [9, 10, 8]), [33, 34, 33])
  assert.deepEqual(allocate(minor(101), [1, 1, 1], ['z', 'z', 'a']), [34, 33, 34])
})

test('a total without lines to carry it is refused, and zero is split into nothing', () => {
  assert.throws(() => allocate(minor(1), []), RangeError)
  assert.deepEqual(allocate(minor(0), []), [])
})

test('weights of mixed signs are refused, even when they add up to zero', () => {
  assert.throws(() => allocate(minor(1), [2, -1]), RangeError)
  assert.throws(() => allocate(minor(1), [1, 0, -1]), RangeError)
})

test('weights that are no safe integers, and identities that do not fit, are refused', () => {
  for (const weight of [0.5, NaN, Infinity, max + 1]) {
    assert.throws(() => allocate(minor(1), [1, weight]), TypeError)
    assert.throws(() => allocate(minor(1), [weight]), TypeError)
  }
  assert.throws(() => allocate(minor(1), [1, 1], ['a']), TypeError)
})

test('the weights that a caller passes are left as they were', () => {
  const weights = Object.freeze([0, 0, 0])
  assert.deepEqual(allocate(minor(1), weights), [1, 0, 0])
})

/** Few distinct small weights make ties and zeros likely; large ones need bigints. */
function randomWeights(random: RandomCase): number[] {
  const bitsMax = random.pick([1, 2, 6, 20, 53])
  const sign = random.pick([1, 1, 1, -1])
  return random.list(random.integer(1, 8), () => sign * random.size(bitsMax))
}

function randomTotal(random: RandomCase): Minor {
  return random.integer(0, 1) === 0 ? random.amount() : minor(random.integer(-99, 99))
}

test('the parts equal the whole, and each is less than one unit from its exact share', () => {
  forRandomCases(150_000, (random) => {
    const [total, weights] = [randomTotal(random), randomWeights(random)]
    const parts = allocate(total, weights)
    const shown = `${total} over ${weights.join()}: ${parts.join()}`
    const sum = parts.reduce((left, part) => left + BigInt(part), 0n)
    assert.equal(sum, BigInt(total), shown)
    assert.ok(near(total, weights, parts), shown)
  })
})

/** Whether |part - total × weight / whole| < 1 for every part, in bigints. */
function near(total: Minor, weights: readonly number[], parts: readonly Minor[]): boolean {
  const allZero = weights.every((weight) => weight === 0)
  const sizes = weights.map((weight) => (allZero ? 1n : BigInt(Math.abs(weight))))
  const whole = sizes.reduce((left, size) => left + size, 0n)
  return parts.every((part, index) => {
    const distance = BigInt(part) * whole - BigInt(total) * sizes[index]!
    return distance < whole && -distance < whole
  })
}

test('a part of a total not above the sum of the weights never exceeds its weight', () => {
  forRandomCases(50_000, (random) => {
    const weights = random.list(random.integer(1, 8), () => random.size(random.pick([2, 8, 49])))
    const whole = weights.reduce((sum, weight) => sum + weight, 0)
    const total = minor(random.integer(0, whole))
    const parts = allocate(total, weights)
    const fits = parts.every((part, index) => part >= 0 && part <= weights[index]!)
    assert.ok(fits, `${total} over ${weights.join()}: ${parts.join()}`)
  })
})

test('negative totals and negative weights are mirror images of positive ones', () => {
  forRandomCases(50_000, (random) => {
    const [total, weights] = [randomTotal(random), randomWeights(random)]
    const parts = allocate(total, weights)
    const mirrored = allocate(minor(-total), weights).map((part) => minor(-part))
    const turnedWeights = weights.map((weight) => -weight)
    assert.deepEqual(mirrored, parts, `${total} over ${weights.join()}`)
    assert.deepEqual(allocate(total, turnedWeights), parts, `${total} over ${weights.join()}`)
  })
})

function sorted(texts: readonly string[]): string {
  return [...texts].sort().join()
}

test('with distinct identities every line keeps its part in any order of the lines', () => {
  forRandomCases(50_000, (random) => {
    const [total, weights] = [randomTotal(random), randomWeights(random)]
    const ids = [...weights.keys()]
    const pairs = (some: readonly number[]) => {
      const shuffledWeights = some.map((id) => weights[id]!)
      const parts = allocate(total, shuffledWeights, some)
      return sorted(some.map((id, index) => `${id} ${parts[index]}`))
    }
    assert.equal(pairs(random.shuffle(ids)), pairs(ids), `${total} over ${weights.join()}`)
  })
})

test('without identities the pairs of weight and part are the same in any order', () => {
  forRandomCases(50_000, (random) => {
    const [total, weights] = [randomTotal(random), randomWeights(random)]
    const pairs = (some: readonly number[]) => {
      const parts = allocate(total, some)
      return sorted(some.map((weight, index) => `${weight} ${parts[index]}`))
    }
    assert.equal(pairs(random.shuffle(weights)), pairs(weights), `${total} over ${weights.join()}`)
  })
})
