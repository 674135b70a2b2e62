import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { Fault } from './faults.ts'
import { accounts, startProvider, type Provider } from './provider.ts'
import { signature } from './webhooks.ts'

let provider: Provider
before(async () => {
  provider = await startProvider()
})
after(() => provider[Symbol.asyncDispose]())

async function charge(key: string, amount = 100): Promise<{ status: number; text: string }> {
  const response = await fetch(`${provider.url}/charges`, {
    method: 'POST',
    headers: { 'idempotency-key': key },
    body: JSON.stringify({ amount, currency: 'USD' }),
    signal: AbortSignal.timeout(300),
  })
  return { status: response.status, text: await response.text() }
}

const charged = (key: string) => accounts(provider.entries()).get(key)?.charged ?? 0

describe('the fake payment provider', () => {
  test('charges once per key, however many ask at once', async () => {
    await provider.behave({})
    const answers = await Promise.all(Array.from({ length: 20 }, () => charge('many')))
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]))
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1)
    assert.equal(charged('many'), 1)
    assert.equal((await charge('many', 101)).status, 422)
  })

  test('remembers its charges when it is killed and started again', async () => {
    await charge('kept')
    await provider.restart()
    const answer = await fetch(`${provider.url}/charges/kept`)
    assert.equal(((await answer.json()) as { status: string }).status, 'captured')
    await charge('kept')
    assert.equal(charged('kept'), 1)
  })

  const scripted: readonly [Fault, number | 'no answer', number][] = [
    ['decline', 402, 0],
    ['500-before', 500, 0],
    ['500-after', 500, 1],
    ['409-before', 409, 0],
    ['409-after', 409, 1],
    ['429-before', 429, 0],
    ['429-after', 429, 1],
    ['timeout-before', 'no answer', 0],
    ['timeout-after', 'no answer', 1],
    ['reset-before', 'no answer', 0],
    ['reset-after', 'no answer', 1],
  ]
  for (const [fault, expected, count] of scripted) {
    test(`can be told to ${fault}`, async () => {
      await provider.behave({ script: [fault] })
      const answer = await charge(fault).then(
        ({ status }) => status,
        () => 'no answer' as const,
      )
      assert.equal(answer, expected)
      assert.equal(charged(fault), count)
    })
  }

  test('makes the same mistakes for the same seed', async () => {
    const behaviour = {
      seeded: { seed: 7, share: 0.5, faults: ['500-before', '429-before'] as const },
    }
    const statuses: number[][] = []
    for (let run = 0; run < 2; run++) {
      await provider.restart()
      await provider.behave(behaviour)
      const found: number[] = []
      for (let index = 0; index < 40; index++) found.push((await charge(`seed-${index}`)).status)
      statuses.push(found)
    }
    // What was charged in the first run answers 500 or 429 all the same.
    assert.deepEqual(statuses[1], statuses[0])
    assert.deepEqual(new Set(statuses[0]), new Set([201, 429, 500]))
  })

  test('tells of one charge many times, late and out of order, all signed', async () => {
    const heard: { body: string; headers: IncomingHttpHeaders }[] = []
    const { promise: heardAll, resolve } = Promise.withResolvers<void>()
    const listener = createServer((request, response) => {
      request.setEncoding('utf8')
      let body = ''
      request.on('data', (chunk: string) => (body += chunk))
      request.on('end', () => {
        heard.push({ body, headers: request.headers })
        response.end()
        if (heard.length === 40) resolve()
      })
    }).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/events`
    await provider.behave({ webhooks: { url, copies: 2, delayMaxMs: 200, seed: 1 } })
    const keys = Array.from({ length: 20 }, (_, index) => `event-${index}`)
    for (const key of keys) await charge(key)
    await heardAll
    listener.close()
    const order = heard.map(({ body }) => (JSON.parse(body) as { charge: { key: string } }).charge)
    assert.deepEqual(new Set(order.map(({ key }) => key)), new Set(keys))
    assert.notDeepEqual(
      order.map(({ key }) => key),
      keys.flatMap((key) => [key, key]),
    )
    assert.equal(new Set(heard.map(({ headers }) => headers['webhook-id'])).size, 20)
    for (const { body, headers } of heard) {
      const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': given } = headers
      assert.equal(given, signature(String(id), String(time), body))
    }
  })
})
