import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { engines, reportMissing } from '../support/databases.ts'
import { eventRounds } from './events.ts'
import { providerRounds } from './provider.ts'

for (const engine of engines()) {
  describe(`cards by Stripe that fail in every way (${engine.name})`, () => {
    if (engine.missing !== undefined) return reportMissing(engine.name, engine.missing)

    test('leave no money without its order, and no order without its money', async (t) => {
      const seed = Date.now() % 1_000_000_007
      const tally = await providerRounds({ engine, rounds: 3, seed, provider: 'stripe' })
      assert.equal(tally.rounds, 3)
      t.diagnostic(`seed ${seed}: ${JSON.stringify(tally)}`)
    })

    test('whose events come twenty times in any order change each state once', async (t) => {
      const seed = Date.now() % 1_000_000_007
      const tally = await eventRounds({ engine, rounds: 3, seed })
      assert.equal(tally.rounds, 3)
      t.diagnostic(`seed ${seed}: ${JSON.stringify(tally)}`)
    })
  })
}
