import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { minor } from './money.ts'
import { nextShare } from './shares.ts'

test('three pieces of 10.00 go back for 3.33, 3.34 and 3.33', () => {
  const shares = [0, 1, 2].map((before) => nextShare(minor(1_000), 3, { before, count: 1 }))
  assert.deepEqual(shares, [333, 334, 333])
})

test('the shares of all pieces add up to the amount, in whatever portions', () => {
  const portions = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 40 }), portions, (amount, counts) => {
      const of = counts.reduce((sum, count) => sum + count, 0)
      fc.pre(of > 0)
      let [before, sum] = [0, 0]
      for (const count of counts) {
        const share = nextShare(minor(amount), of, { before, count })
        assert.ok(share >= 0)
        sum += share
        before += count
      }
      assert.equal(sum, amount)
    }),
    { numRuns: 2_000 },
  )
})

test('there is no share of pieces that there are not', () => {
  for (const pieces of [
    { before: 0, count: 4 },
    { before: 3, count: 1 },
    { before: -1, count: 1 },
  ]) {
    assert.throws(() => nextShare(minor(100), 3, pieces), RangeError)
  }
})
