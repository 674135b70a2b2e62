import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { engines, reportMissing } from '../support/databases.ts'
import { restartRounds } from './restart.ts'

for (const engine of engines()) {
  const { name, missing } = engine
  if (name === 'sqlite') continue
  describe(`the database server ends under load and comes back (${name})`, () => {
    if (missing !== undefined) return reportMissing(name, missing)
    return test('no acknowledged order is lost and every unknown outcome is cleared up', async (t) => {
      const seed = Date.now() % 1_000_000_007
      const tally = await restartRounds({ engine: { name }, rounds: 2, seed })
      t.diagnostic(`seed ${seed}: ${JSON.stringify(tally)}`)
      assert.equal(tally.kills + tally.stops, 2)
      assert.ok(tally.acknowledged > 0)
    })
  })
}
