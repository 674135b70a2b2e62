import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minor } from '../money.ts'
import { shareOfUnits } from './units.ts'

const shares = (amount: number, quantity: number) =>
  Array.from({ length: quantity }, (_, from) =>
    shareOfUnits(minor(amount), quantity, { from, to: from + 1 }),
  )

test('pieces share what their line cost, to one unit, and their shares add up', () => {
  assert.deepEqual(shares(100, 3), [33, 33, 34])
  assert.deepEqual(shares(2, 5), [0, 0, 1, 0, 1])
  assert.deepEqual(shares(0, 2), [0, 0])
  assert.deepEqual(
    shares(4_975, 25).filter((share) => share !== 199),
    [],
  )
  assert.equal(shareOfUnits(minor(100), 3, { from: 0, to: 3 }), 100)
  assert.equal(shareOfUnits(minor(100), 3, { from: 1, to: 1 }), 0)
})

test('amounts near the end of what can be counted are shared exactly', () => {
  const max = Number.MAX_SAFE_INTEGER
  const quantity = 1_000_000
  const first = shareOfUnits(minor(max), quantity, { from: 0, to: 999_999 })
  const last = shareOfUnits(minor(max), quantity, { from: 999_999, to: quantity })
  assert.equal(first, Number((BigInt(max) * 999_999n) / 1_000_000n))
  assert.equal(first + last, max)
})

test('a range that is not in the line is refused', () => {
  for (const [from, to] of [
    [-1, 1],
    [0, 4],
    [2, 1],
    [0.5, 1],
    [0, NaN],
  ] as const) {
    assert.throws(() => shareOfUnits(minor(100), 3, { from, to }), RangeError)
  }
})
