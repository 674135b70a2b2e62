import { describe, test } from 'node:test'
import { engines, reportMissing } from '../support/databases.ts'
import { couponRounds } from './coupons.ts'

for (const engine of engines()) {
  describe(`what may be had once (${engine.name})`, () => {
    if (engine.missing !== undefined) reportMissing(engine.name, engine.missing)
    else {
      test('is had once: a coupon, a customer’s use, the money of a card and of store credit', async () => {
        await couponRounds({ engine, rounds: 2, shoppers: 40 })
      })
    }
  })
}
