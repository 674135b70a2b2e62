import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { Fault } from '../../../test/provider/faults.ts'
import { accounts, startProvider, type Provider } from '../../../test/provider/provider.ts'
import { signature, webhookSecret } from '../../../test/provider/webhooks.ts'
import { ConfigError } from '../../config/read.ts'
import { minor } from '../../core/money.ts'
import { httpPayment } from './http.ts'

let provider: Provider
before(async () => {
  provider = await startProvider()
})
after(() => provider[Symbol.asyncDispose]())

const driver = () => httpPayment({ url: `${provider.url}/`, token: 'secret', timeoutMs: 400 })
const payment = (key: string) => ({
  ...{ key, amountMinor: minor(500), currency: 'USD' },
  reference: null,
})
const request = (key: string) => ({
  ...payment(key),
  ...{ data: {}, capture: 'now' as const },
  keep: () => Promise.resolve(),
})
const refundOf = (key: string) => ({
  payment: payment(key),
  operationKey: `${key}-refund`,
  amountMinor: minor(500),
})

/** Whether money has moved although the caller heard of nothing but trouble. */
const troubles: readonly [Fault, boolean][] = [
  ['timeout-before', false],
  ['timeout-after', true],
  ['500-before', false],
  ['500-after', true],
  ['409-before', false],
  ['409-after', true],
  ['429-before', false],
  ['429-after', true],
  ['reset-before', false],
  ['reset-after', true],
  ['broken-json', true],
]

describe('the payment driver http', () => {
  for (const [fault, charges] of troubles) {
    test(`leaves the outcome open after ${fault}, and finds it`, async () => {
      await provider.behave({ script: [fault] })
      const key = `trouble-${fault}`
      await assert.rejects(driver().authorise(request(key)))
      const found = await driver().find(payment(key))
      assert.deepEqual(found, charges ? { kind: 'captured', reference: `ch_${key}` } : undefined)
      assert.deepEqual(await driver().authorise(request(key)), {
        kind: 'captured',
        reference: `ch_${key}`,
      })
      assert.equal(accounts(provider.entries()).get(key)?.charged, 1)
    })
  }

  for (const fault of ['timeout-before', '500-before', 'reset-before', 'broken-json'] as const) {
    test(`does not take ${fault} for "never seen" or "given back"`, async () => {
      const key = `asked-${fault}`
      await provider.behave({ always: { find: fault, refund: fault } })
      await driver().authorise(request(key))
      await assert.rejects(driver().find(payment(key)))
      await assert.rejects(driver().refund(refundOf(key)))
      await provider.behave({})
      await driver().refund(refundOf(key))
      assert.deepEqual(await driver().find(payment(key)), { kind: 'failed', code: 'refunded' })
      assert.deepEqual(accounts(provider.entries()).get(key), {
        charged: 1,
        refunded: 1,
        balanceMinor: 0,
      })
    })
  }

  test('reads events that its provider has signed not long ago, and no others', async () => {
    const now = Date.now()
    const at = String(Math.floor(now / 1_000))
    const listening = httpPayment({
      ...{ url: provider.url, token: '', timeoutMs: 400 },
      webhookSecret,
    })
    const charge = { key: 'one', id: 'ch_one', status: 'captured' }
    const text = JSON.stringify({ type: 'charge.captured', charge })
    const headers = {
      'webhook-id': 'evt_1',
      'webhook-timestamp': at,
      'webhook-signature': `v1,AAAA ${signature('evt_1', at, text)}`,
    }
    const event = { headers, body: Buffer.from(text), now }
    assert.deepEqual(await listening.readEvent?.(event), {
      ...{ id: 'evt_1', type: 'charge.captured' },
      change: {
        ...{ about: 'payment', key: 'one' },
        outcome: { kind: 'captured', reference: 'ch_one' },
      },
    })
    const wrong = [
      { ...event, body: Buffer.from(`${text} `) },
      { ...event, now: now + 301_000 },
      { ...event, headers: { ...headers, 'webhook-id': 'evt_2' } },
      { ...event, headers: { ...headers, 'webhook-signature': 'v1,AAAA' } },
      { ...event, headers: {} },
    ]
    for (const other of wrong) assert.equal(await listening.readEvent?.(other), undefined)
    assert.equal(driver().readEvent, undefined)
  })

  test('refuses data it does not know', () => {
    assert.equal(driver().check({ token: 'tok_1' }), undefined)
    assert.equal(driver().check({ token: 1 })?.field, 'payment_data.token')
    assert.equal(driver().check({ token: '' })?.field, 'payment_data.token')
    assert.equal(driver().check({ card: '4111' })?.field, 'payment_data.card')
  })

  test('needs an address to be offered', () => {
    for (const url of ['', 'pay.example.com', 'ftp://pay.example.com']) {
      assert.throws(() => httpPayment({ url, token: '', timeoutMs: 1 }), ConfigError)
    }
  })

  test('shows its token to nobody but the provider, and believes no page in between', async () => {
    const seen: IncomingMessage[] = []
    const server = createServer((incoming, response) => {
      seen.push(incoming)
      const isMoved = incoming.url?.startsWith('/moved/') ?? false
      response.writeHead(isMoved ? 302 : 404, { location: '/elsewhere' }).end('<h1>Not here</h1>')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const options = { token: 'secret', timeoutMs: 1_000 }
    await assert.rejects(httpPayment({ ...options, url: `${base}/moved` }).find(payment('one')))
    await assert.rejects(httpPayment({ ...options, url: base }).find(payment('two')))
    assert.deepEqual(
      seen.map(({ url, headers }) => [url, headers.authorization]),
      [
        ['/moved/charges/one', 'Bearer secret'],
        ['/charges/two', 'Bearer secret'],
      ],
    )
    server.close()
    server.closeAllConnections()
  })
})
