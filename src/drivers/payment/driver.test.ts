import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { startProvider, type Provider } from '../../../test/provider/provider.ts'
import { minor } from '../../core/money.ts'
import type { PaymentDriver } from './driver.ts'
import { httpPayment } from './http.ts'
import { manualPayment } from './manual.ts'
import { testPayment } from './test.ts'

interface Candidate {
  readonly name: string
  readonly make: () => Promise<PaymentDriver>
  /** What a charge that goes through comes to. */
  readonly outcome: 'captured' | 'due'
  /** `payment_data` that is declined, where there is such a thing. */
  readonly declined?: Readonly<Record<string, unknown>>
  /** Sees to it that the next answer is lost after the charge; returns the `payment_data`. */
  readonly loseNext?: () => Promise<Readonly<Record<string, unknown>>>
}

let provider: Provider | undefined
after(() => provider?.[Symbol.asyncDispose]())

async function http(): Promise<PaymentDriver> {
  provider ??= await startProvider()
  return httpPayment({ url: provider.url, token: 'secret', timeoutMs: 5_000 })
}

const candidates: readonly Candidate[] = [
  {
    name: 'manual',
    make: () => Promise.resolve(manualPayment),
    outcome: 'due',
  },
  {
    name: 'test',
    make: () => Promise.resolve(testPayment()),
    outcome: 'captured',
    declined: { outcome: 'decline' },
    loseNext: () => Promise.resolve({ outcome: 'timeout' }),
  },
  {
    name: 'http',
    make: http,
    outcome: 'captured',
    declined: { token: 'declined' },
    async loseNext() {
      await provider?.behave({ script: ['reset-after'] })
      return {}
    },
  },
]

let keyCount = 0
const newCharge = (data: Readonly<Record<string, unknown>> = {}) => ({
  key: `key/${process.pid} ${++keyCount}`,
  amountMinor: minor(1_999),
  currency: 'USD',
  data,
})

for (const { name, make, outcome, declined, loseNext } of candidates) {
  describe(`the payment driver ${name}`, () => {
    test('goes by the code under which it is configured', async () => {
      assert.equal((await make()).code, name)
    })

    test('charges, and finds what became of it', async () => {
      const driver = await make()
      const request = newCharge()
      assert.equal(driver.check(request.data), undefined)
      const answer = await driver.charge(request)
      assert.equal(answer.kind, outcome)
      assert.deepEqual(await driver.find(request.key), answer)
    })

    test('gives the same answer to the same key', async () => {
      const driver = await make()
      const request = newCharge()
      const answers = [await driver.charge(request), await driver.charge(request)]
      assert.deepEqual(answers[1], answers[0])
    })

    test('refunds as often as it is told without complaint', async () => {
      const driver = await make()
      const request = newCharge()
      await driver.charge(request)
      await driver.refund(request)
      await driver.refund(request)
    })

    test('does not make up a charge it has never seen', async () => {
      const driver = await make()
      const found = await driver.find('never seen')
      // What needs no provider is never lost on the way to it.
      assert.deepEqual(found, driver.offline ? { kind: outcome } : undefined)
    })

    if (!declined || !loseNext) return

    test('reports a declined payment as failed, for good', async () => {
      const driver = await make()
      const request = newCharge(declined)
      assert.equal(driver.check(request.data), undefined)
      assert.deepEqual(await driver.charge(request), { kind: 'failed', code: 'declined' })
      assert.deepEqual(await driver.find(request.key), { kind: 'failed', code: 'declined' })
    })

    test('throws when the answer is lost, and knows it when asked', async () => {
      const driver = await make()
      const request = newCharge(await loseNext())
      await assert.rejects(driver.charge(request))
      assert.equal((await driver.find(request.key))?.kind, outcome)
    })
  })
}
