import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retrying } from '../../src/db/dialect/retry.ts'

const collision = new Error('collision')

function failing(times: number) {
  let attempts = 0
  return {
    attempts: () => attempts,
    async run(): Promise<string> {
      attempts += 1
      if (attempts <= times) throw collision
      return 'done'
    },
  }
}

test('what fails five times and then works has worked', async () => {
  const work = failing(5)
  assert.equal(await retrying(work.run, (error) => error === collision), 'done')
  assert.equal(work.attempts(), 6)
})

test('what fails a sixth time is given up with its last error', async () => {
  const work = failing(6)
  await assert.rejects(
    retrying(work.run, () => true),
    collision,
  )
  assert.equal(work.attempts(), 6)
})

test('an error that another try cannot mend is thrown at once', async () => {
  const work = failing(1)
  await assert.rejects(
    retrying(work.run, () => false),
    collision,
  )
  assert.equal(work.attempts(), 1)
})
