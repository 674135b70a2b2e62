import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attemptsMax, retryDelayMs } from './backoff.ts'

test('waits twice as long after each failure, an hour at the most, and gives up after a day', () => {
  const delays = Array.from({ length: attemptsMax }, (_, index) => retryDelayMs(index + 1))
  const seconds = [10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600]
  assert.deepEqual(
    delays.slice(0, 10),
    seconds.map((second) => second * 1_000),
  )
  assert.ok(delays.slice(10, -1).every((delay) => delay === 3_600_000))
  assert.equal(delays.at(-1), undefined)
  const totalMs = delays.reduce<number>((sum, delay) => sum + (delay ?? 0), 0)
  assert.equal(Math.round(totalMs / 3_600_000), 23)
})
