import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog } from '../../src/log.ts'
import {
  describeOnEveryDatabase,
  signUp,
  type OpenShop,
  type ShopOptions,
} from '../support/shop.ts'
import { testClock } from './support.ts'

interface Line {
  readonly msg: string
  readonly code?: string
  readonly skipped?: number
}

async function withLog(openShop: OpenShop, options: ShopOptions = {}) {
  const lines: string[] = []
  const shop = await openShop({
    ...options,
    log: createLog('info', { write: (line) => lines.push(line) }),
  })
  const refusals = () =>
    lines.map((line) => JSON.parse(line) as Line).filter(({ msg }) => msg === 'refused')
  return { shop, lines, refusals }
}

describeOnEveryDatabase('the log', (openShop) => {
  test('says who came in, how and from where', async () => {
    const { shop, lines } = await withLog(openShop)
    await using _shop = shop
    const { id, password } = await signUp(shop)
    const line = lines
      .map((text) => JSON.parse(text) as Line)
      .find(({ msg }) => msg === 'signed in')
    const { time, reqId, sessionId, ...rest } = line as unknown as Record<string, string>
    assert.deepEqual(rest, {
      ...{ level: 'info', account: id, method: 'password', ip: '127.0.0.1', msg: 'signed in' },
    })
    assert.ok(time && reqId && sessionId)
    assert.ok(!lines.join('').includes(password))
  })

  test('says who was refused where, and holds nothing that they sent', async () => {
    const { shop, lines, refusals } = await withLog(openShop)
    await using _shop = shop
    const { id, email, token } = await signUp(shop)
    const secret = 'Wrong-Horse-1'
    await shop.call('POST', '/api/v1/sessions', { body: { email, password: secret } })
    await shop.call('GET', `/api/v1/orders?page=1&x=${secret}`)
    await shop.call('GET', '/api/v1/cart', { token: `${secret}.a.b` })
    await shop.call('GET', '/api/v1/admin/accounts', { token })
    await shop.call('GET', '/api/v1/products/none')
    const found = refusals().map((line) => {
      const { level, time, reqId, ip, msg, ...rest } = line as unknown as Record<string, string>
      assert.deepEqual([level, ip, msg], ['info', '127.0.0.1', 'refused'])
      assert.ok(time && reqId)
      return rest
    })
    assert.deepEqual(found, [
      { code: 'INVALID_CREDENTIALS', method: 'POST', route: '/api/v1/sessions' },
      { code: 'UNAUTHENTICATED', method: 'GET', route: '/api/v1/orders' },
      { code: 'INVALID_TOKEN', method: 'GET', route: '/api/v1/cart' },
      { code: 'FORBIDDEN', method: 'GET', route: '/api/v1/admin/accounts', account: id },
    ])
    assert.ok(!lines.join('').includes(secret))
    assert.ok(!lines.join('').includes(email))
  })

  test('has fifty of these lines a second, and says how many there are not', async () => {
    const clock = testClock()
    const { shop, refusals } = await withLog(openShop, { clock })
    await using _shop = shop
    const flood = async (count: number) => {
      for (let n = 0; n < count; n += 1) await shop.call('GET', '/api/v1/orders')
    }
    await flood(53)
    assert.equal(refusals().length, 50)
    clock.advance(1_000)
    await flood(2)
    assert.deepEqual(
      refusals()
        .slice(50)
        .map(({ skipped }) => skipped),
      [3, undefined],
    )
  })
})
