import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { Fault } from '../../../test/provider/faults.ts'
import { startProvider, type Provider, type ProviderKind } from '../../../test/provider/provider.ts'
import { minor } from '../../core/money.ts'
import type {
  AuthoriseRequest,
  OperationRequest,
  PaymentDriver,
  PaymentReference,
} from './driver.ts'
import { httpPayment } from './http.ts'
import { manualPayment } from './manual.ts'
import { stripePayment } from './stripe.ts'
import { testPayment } from './test.ts'

type Data = AuthoriseRequest['data']

interface Candidate {
  readonly name: string
  readonly make: () => Promise<PaymentDriver>
  /** What a payment comes to that goes through. */
  readonly outcome: 'captured' | 'due'
  /** `payment_data` with which it goes through. */
  readonly data?: Data
  /** `payment_data` that is declined, where there is such a thing. */
  readonly declined?: Data
  /** Sees to it that the next answer is lost after the payment; returns the `payment_data`. */
  readonly loseNext?: () => Promise<Data>
}

const providers = new Map<ProviderKind, Provider>()
after(async () => {
  for (const provider of providers.values()) await provider[Symbol.asyncDispose]()
})

async function provider(kind: ProviderKind): Promise<Provider> {
  const known = providers.get(kind) ?? (await startProvider(kind))
  providers.set(kind, known)
  return known
}

async function http(): Promise<PaymentDriver> {
  const { url } = await provider('http')
  return httpPayment({ url, token: 'secret', timeoutMs: 5_000 })
}

async function stripe(): Promise<PaymentDriver> {
  const { url } = await provider('stripe')
  const keys = { secretKey: 'sk_test_1', publishableKey: '', webhookSecret: '' }
  return stripePayment({ url, ...keys, timeoutMs: 5_000 })
}

async function loseNextAt(kind: ProviderKind, fault: Fault): Promise<Data> {
  await (await provider(kind)).behave({ script: [fault] })
  return {}
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
    loseNext: () => loseNextAt('http', 'reset-after'),
  },
  {
    name: 'stripe',
    make: stripe,
    outcome: 'captured',
    data: { payment_method: 'pm_card_visa' },
    declined: { payment_method: 'pm_card_chargeDeclined' },
    loseNext: () => loseNextAt('stripe', '500-after'),
  },
]

let keyCount = 0

/** A payment as the shop sees it: it notes what the provider calls it. */
interface Paying extends AuthoriseRequest {
  readonly payment: () => PaymentReference
}

function newPayment(data: Data = {}, change: Partial<AuthoriseRequest> = {}): Paying {
  const given = { amountMinor: minor(1_999), currency: 'USD' }
  const key = `key/${process.pid} ${++keyCount}`
  let reference: string | null = null
  return {
    key,
    ...given,
    data,
    capture: 'now',
    keep: (kept) => {
      reference = kept
      return Promise.resolve()
    },
    ...change,
    payment: () => ({ key, reference, ...given }),
  }
}

const operation = (paying: Paying, amount = 1_999): OperationRequest => ({
  payment: paying.payment(),
  operationKey: `operation/${process.pid} ${++keyCount}`,
  amountMinor: minor(amount),
})

for (const { name, make, outcome, data = {}, declined, loseNext } of candidates) {
  describe(`the payment driver ${name}`, () => {
    test('goes by the code under which it is configured', async () => {
      assert.equal((await make()).code, name)
    })

    test('charges, and finds what became of it', async () => {
      const driver = await make()
      const paying = newPayment(data)
      assert.equal(driver.check(paying.data), undefined)
      const answer = await driver.authorise(paying)
      assert.equal(answer.kind, outcome)
      assert.deepEqual(await driver.find(paying.payment()), answer)
    })

    test('gives the same answer to the same key', async () => {
      const driver = await make()
      const paying = newPayment(data)
      const answers = [await driver.authorise(paying), await driver.authorise(paying)]
      assert.deepEqual(answers[1], answers[0])
    })

    test('refunds in parts, each once however often it is told', async () => {
      const driver = await make()
      const paying = newPayment(data)
      await driver.authorise(paying)
      for (const amount of [1_000, 999]) {
        const request = operation(paying, amount)
        const outcomes = [await driver.refund(request), await driver.refund(request)]
        assert.equal(outcomes[0]?.kind, 'done')
        assert.deepEqual(outcomes[1], outcomes[0])
      }
    })

    test('does not make up a payment it has never seen', async () => {
      const driver = await make()
      const found = await driver.find(newPayment().payment())
      // What needs no provider is never lost on the way to it.
      assert.deepEqual(found, driver.offline ? { kind: outcome } : undefined)
    })

    if (!declined || !loseNext) return

    test('sets money aside, and collects a part of it later', async () => {
      const driver = await make()
      const paying = newPayment(data, { capture: 'later' })
      assert.equal((await driver.authorise(paying)).kind, 'authorised')
      assert.equal((await driver.find(paying.payment()))?.kind, 'authorised')
      const request = operation(paying, 1_500)
      const outcomes = [await driver.capture(request), await driver.capture(request)]
      assert.equal(outcomes[0]?.kind, 'done')
      assert.deepEqual(outcomes[1], outcomes[0])
      assert.equal((await driver.find(paying.payment()))?.kind, 'captured')
    })

    test('lets go of money that was set aside, as often as it is told', async () => {
      const driver = await make()
      const paying = newPayment(data, { capture: 'later' })
      await driver.authorise(paying)
      for (let time = 0; time < 2; time++) {
        assert.equal((await driver.cancel(paying.payment())).kind, 'failed')
      }
      assert.equal((await driver.find(paying.payment()))?.kind, 'failed')
    })

    test('does not let go of money that was collected, and says so', async () => {
      const driver = await make()
      const paying = newPayment(data)
      const answer = await driver.authorise(paying)
      assert.deepEqual(await driver.cancel(paying.payment()), answer)
    })

    test('reports a declined payment as failed, for good', async () => {
      const driver = await make()
      const paying = newPayment(declined)
      assert.equal(driver.check(paying.data), undefined)
      const answer = await driver.authorise(paying)
      assert.equal(answer.kind, 'failed')
      assert.equal((await driver.find(paying.payment()))?.kind, 'failed')
    })

    test('throws when the answer is lost, and knows it when asked', async () => {
      const driver = await make()
      const paying = newPayment({ ...data, ...(await loseNext()) })
      await assert.rejects(driver.authorise(paying))
      assert.equal((await driver.find(paying.payment()))?.kind, outcome)
    })
  })
}
