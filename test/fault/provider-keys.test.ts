import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { engines, reportMissing } from '../support/databases.ts'
import { keyRounds } from './provider-keys.ts'

for (const engine of engines()) {
  describe(`an Idempotency-Key misused in every way (${engine.name})`, () => {
    if (engine.missing !== undefined) return reportMissing(engine.name, engine.missing)
    return test('leads to one order and one charge, and to nobody else’s answer', async (t) => {
      const seed = Date.now() % 1_000_000_007
      const tally = await keyRounds({ engine, rounds: 40, seed })
      assert.equal(tally.rounds, 40)
      t.diagnostic(`seed ${seed}: ${JSON.stringify(tally)}`)
    })
  })
}
