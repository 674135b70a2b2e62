import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addProduct, describeOnEveryDatabase, signUp, type TestShop } from '../support/shop.ts'
import { endpointsOf, faultOf, requestsTo, type Endpoint } from './operations.ts'

/** Requests to each operation; FUZZ_RUNS=1000 for a long search by hand. */
const runsPerOperation = Number(process.env['FUZZ_RUNS'] ?? '12')

async function callersOf(shop: TestShop): Promise<(string | undefined)[]> {
  const [customer, admin] = [await signUp(shop), await signUp(shop, { role: 'admin' })]
  return [undefined, customer.token, admin.token]
}

function property(shop: TestShop, endpoint: Endpoint, callers: readonly (string | undefined)[]) {
  const caller = fc.constantFrom(...callers)
  return fc.asyncProperty(requestsTo(endpoint), caller, async ({ url, body }, token) => {
    const answer = await shop.call(endpoint.method, url, {
      session: 'fuzz',
      ...(token === undefined ? {} : { token }),
      ...(body === undefined ? {} : { body }),
    })
    const fault = faultOf(endpoint, answer.status, answer.body)
    const told = `${endpoint.method} ${url} ${JSON.stringify(body)}: ${fault}: ${answer.text}`
    assert.equal(fault, undefined, told.slice(0, 2_000))
  })
}

describeOnEveryDatabase('every operation of the OpenAPI document', (openShop) => {
  test('answers within its schema, and never with a fault of ours, whatever it is sent', async () => {
    await using shop = await openShop()
    for (let count = 0; count < 3; count += 1) await addProduct(shop.ctx, { onHand: 1_000 })
    const callers = await callersOf(shop)
    for (const endpoint of await endpointsOf(shop)) {
      await fc.assert(property(shop, endpoint, callers), { numRuns: runsPerOperation })
    }
    await shop.assertAudit()
  })
})
