import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { engines, reportMissing } from '../support/databases.ts'
import { refreshRounds } from './refresh.ts'

for (const engine of engines()) {
  describe(`refresh tokens used at once, late, and after a new password (${engine.name})`, () => {
    if (engine.missing !== undefined) return reportMissing(engine.name, engine.missing)

    test('one successor, and no session for whoever uses a token again', async () => {
      const tally = await refreshRounds({ engine, rounds: 101, seed: 1 })
      assert.deepEqual([tally.rounds, tally.revoked], [101, 100])
    })
  })
}
