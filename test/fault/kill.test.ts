import { describe, test } from 'node:test'
import { engines, reportMissing } from '../support/databases.ts'
import { killRounds } from './kill-rounds.ts'

/** Small here; `npm run fault -- --rounds 1000` is for large. */
const roundsOf = { sqlite: 10, postgres: 2, mysql: 2 } as const

for (const engine of engines()) {
  describe(`kill -9 in mid-checkout (${engine.name})`, () => {
    if (engine.missing !== undefined) return reportMissing(engine.name, engine.missing)
    return test('loses no acknowledged order, doubles none, and leaves nothing pending', async (t) => {
      const seed = Date.now() % 1_000_000_007
      const rounds = roundsOf[engine.name]
      const tally = await killRounds({ engine, rounds, seed, width: 16 })
      t.diagnostic(`seed ${seed}: ${JSON.stringify(tally)}`)
    })
  })
}
