import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fastify from 'fastify'
import type { Context } from '../../src/context.ts'
import { ShopError } from '../../src/core/errors.ts'
import type { App } from '../../src/http/app.ts'
import { rateLimits } from '../../src/http/rate-limit.ts'
import { MemoryRateStore, type RateStore } from '../../src/http/rate-store.ts'
import {
  addProduct,
  describeOnEveryDatabase,
  signUp,
  type Answer,
  type CallOptions,
  type TestShop,
} from '../support/shop.ts'
import { refused, testClock, unchanged } from './support.ts'

const proxied = { RATE_LIMIT: 'on', TRUST_PROXY: '127.0.0.1' } as const
const from = (ip: string): CallOptions => ({ headers: { 'x-forwarded-for': ip } })

const left = ({ headers }: Answer) => [headers.get('ratelimit-policy'), headers.get('ratelimit')]
const read = (shop: TestShop, options?: CallOptions) =>
  shop.call('GET', '/api/v1/products', options)

describeOnEveryDatabase('requests are limited', (openShop) => {
  test('and every answer says what is left until when', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock, settings: { ...proxied, RATE_LIMIT_READ: '2' } })
    const policy = '"read";q=2;w=60'
    assert.deepEqual(left(await read(shop)), [policy, '"read";r=1;t=60'])
    clock.advance(20_500)
    assert.deepEqual(left(await read(shop)), [policy, '"read";r=0;t=40'])
    const answer = await read(shop)
    assert.deepEqual(left(answer), [policy, '"read";r=0;t=40'])
    assert.equal(answer.headers.get('retry-after'), '40')
    const { details } = refused(answer, 429, 'TOO_MANY_REQUESTS')
    assert.equal(details.retry_after_seconds, 40)
    clock.advance(39_500)
    assert.deepEqual(left(await read(shop)), [policy, '"read";r=1;t=60'])
  })

  test('by network: each IPv4 address, each /64 of IPv6', async () => {
    await using shop = await openShop({
      clock: testClock(),
      settings: { ...proxied, RATE_LIMIT_READ: '1' },
    })
    const statuses: number[] = []
    for (const ip of [
      ...['203.0.113.7', '203.0.113.7', '203.0.113.8'],
      ...['2001:db8:1:2::1', '2001:db8:1:2:f::9', '2001:db8:1:3::1'],
    ]) {
      statuses.push((await read(shop, from(ip))).status)
    }
    assert.deepEqual(statuses, [200, 429, 200, 200, 429, 200])
  })

  test('by account, wherever it calls from, apart from its neighbours', async () => {
    const settings = { ...proxied, RATE_LIMIT_READ: '2', RATE_LIMIT_SIGN_IN: '10' }
    await using shop = await openShop({ clock: testClock(), settings })
    const [ada, bob] = [await signUp(shop), await signUp(shop)]
    const me = (token: string, ip: string) =>
      shop.call('GET', '/api/v1/customers/me', { token, ...from(ip) })
    const statuses = [
      await me(ada.token, '203.0.113.7'),
      await me(ada.token, '198.51.100.1'),
      await me(ada.token, '203.0.113.7'),
      await me(bob.token, '203.0.113.7'),
    ].map(({ status }) => status)
    assert.deepEqual(statuses, [200, 200, 429, 200])
  })

  test('by class: reading is one thing, changing, signing in and administration are others', async () => {
    await using shop = await openShop({ clock: testClock(), settings: proxied })
    const post = (path: string) => shop.call('POST', path, { body: {} })
    const staff = await signUp(shop, { role: 'admin' })
    const classOf = async (answer: Answer | Promise<Answer>) => left(await answer)[0]?.split(';')[0]
    assert.equal(await classOf(read(shop)), '"read"')
    assert.equal(await classOf(shop.call('GET', '/nowhere')), '"read"')
    assert.equal(await classOf(post('/api/v1/cart/items')), '"write"')
    assert.equal(await classOf(post('/api/v1/checkout')), '"checkout"')
    assert.equal(await classOf(post('/api/checkout')), '"checkout"')
    assert.equal(await classOf(post('/api/v1/sessions')), '"sign_in"')
    assert.equal(await classOf(post('/api/users/login')), '"sign_in"')
    assert.equal(await classOf(post('/api/v1/customers')), '"register"')
    assert.equal(await classOf(post('/api/users/register')), '"register"')
    const adminPath = '/api/v1/admin/products'
    const { token } = staff
    assert.equal(await classOf(shop.call('POST', adminPath, { token, body: {} })), '"admin"')
  })

  test('before the body is read, and nothing is changed', async () => {
    const settings = { ...proxied, RATE_LIMIT_WRITE: '1' }
    await using shop = await openShop({ clock: testClock(), settings })
    const { variantId } = await addProduct(shop.ctx)
    const body = { variant_id: variantId, quantity: 1 }
    const post = (options: CallOptions) =>
      shop.call('POST', '/api/v1/cart/items', { session: 'me', ...options })
    assert.equal((await post({ body })).status, 201)
    await unchanged(shop, async () => {
      refused(await post({ body }), 429, 'TOO_MANY_REQUESTS')
      refused(await post({ raw: '{' }), 429, 'TOO_MANY_REQUESTS')
    })
  })

  test('exactly, however many come at once', async () => {
    const settings = { ...proxied, RATE_LIMIT_READ: '10' }
    await using shop = await openShop({ clock: testClock(), settings })
    const answers = await Promise.all(Array.from({ length: 40 }, () => read(shop)))
    const through = answers.filter(({ status }) => status === 200)
    assert.equal(through.length, 10)
  })

  test('where they are refused, too: without an account, and without the right', async () => {
    const settings = { ...proxied, RATE_LIMIT_READ: '2', RATE_LIMIT_ADMIN: '2' }
    await using shop = await openShop({ clock: testClock(), settings })
    const who = await signUp(shop)
    const statuses: number[] = []
    for (const call of [{}, {}, {}, who, who, who]) {
      const path = call === who ? '/api/v1/admin/audit-log' : '/api/v1/orders'
      statuses.push((await shop.call('GET', path, call)).status)
    }
    assert.deepEqual(statuses, [401, 401, 429, 403, 403, 429])
  })

  test('for wrong tokens too: they count for the network that sends them', async () => {
    const settings = { ...proxied, RATE_LIMIT_WRITE: '3' }
    await using shop = await openShop({ clock: testClock(), settings })
    const { token } = await signUp(shop)
    const me = (bearer: string, ip = '203.0.113.7') =>
      shop.call('GET', '/api/v1/customers/me', { token: bearer, ...from(ip) })
    for (let count = 0; count < 3; count++) {
      assert.equal((await me(token)).status, 200)
      refused(await me(`a.b.c${count}`), 401, 'INVALID_TOKEN')
    }
    refused(await me('a.b.d'), 429, 'TOO_MANY_REQUESTS')
    assert.equal((await me(token, '198.51.100.1')).status, 200)
    assert.equal((await read(shop, from('203.0.113.7'))).status, 200)
  })

  test('but not the questions whether the shop is up, and nothing with RATE_LIMIT=off', async () => {
    const settings = { ...proxied, RATE_LIMIT_READ: '1' }
    await using shop = await openShop({ clock: testClock(), settings })
    await using open = await openShop({ settings: { ...settings, RATE_LIMIT: 'off' } })
    for (let count = 0; count < 3; count++) {
      const health = await shop.call('GET', '/health/ready')
      assert.deepEqual([health.status, ...left(health)], [200, null, null])
      const answer = await read(open)
      assert.deepEqual([answer.status, ...left(answer)], [200, null, null])
    }
  })
})

describeOnEveryDatabase('signing in after failures', (openShop) => {
  for (const [door, status] of [
    ['/api/v1/sessions', 201],
    ['/api/users/login', 200],
  ] as const) {
    test(`is slowed down at ${door}, alike for accounts that are there and that are not`, async () => {
      const clock = testClock()
      await using shop = await openShop({ clock, settings: { TRUST_PROXY: '127.0.0.1' } })
      const { email, password } = await signUp(shop)
      const send = (body: object, ip: string) => shop.call('POST', door, { body, ...from(ip) })
      const texts: string[] = []
      for (const name of [email, 'nobody@example.com']) {
        const wrong = { email: name, password: 'Wrong-Horse-1' }
        for (let count = 0; count < 5; count++) {
          refused(await send(wrong, '203.0.113.7'), 401, 'INVALID_CREDENTIALS')
        }
        const answer = await send(wrong, '203.0.113.7')
        refused(answer, 429, 'TOO_MANY_REQUESTS')
        assert.equal(answer.headers.get('retry-after'), '2')
        texts.push(answer.text.replace(/"request_id":"[^"]+"/, ''))
      }
      assert.equal(texts[0], texts[1])
      refused(await send({ email, password }, '203.0.113.7'), 429, 'TOO_MANY_REQUESTS')
      assert.equal((await send({ email, password }, '198.51.100.1')).status, status)
      clock.advance(2_000)
      assert.equal((await send({ email, password }, '203.0.113.7')).status, status)
    })
  }
})

describe('a store of counts', () => {
  test('in memory forgets the window before, and the oldest of too many', () => {
    const store = new MemoryRateStore(2)
    assert.deepEqual([store.add('a', 1), store.add('a', 1), store.add('b', 1)], [1, 2, 1])
    assert.equal(store.add('c', 1), 1)
    assert.deepEqual(
      ['a', 'b', 'c'].map((name) => store.count(name, 1)),
      [0, 1, 1],
    )
    assert.equal(store.add('b', 2), 1)
    assert.equal(store.count('c', 2), 0)
  })

  test('may answer later, and may fail', async () => {
    let isBroken = false
    const memory = new MemoryRateStore()
    const later = (count: number) =>
      isBroken ? Promise.reject(new ShopError('SERVICE_UNAVAILABLE')) : Promise.resolve(count)
    const store: RateStore = {
      add: (bucket, window) => later(memory.add(bucket, window)),
      count: (bucket, window) => later(memory.count(bucket, window)),
    }
    const perMinute = {
      read: 1,
      write: 1,
      checkout: 1,
      sign_in: 1,
      register: 1,
      reset: 1,
      admin: 1,
    }
    const ctx = { clock: testClock(), config: { rateLimits: perMinute } } as unknown as Context
    const app = fastify() as unknown as App
    const limits = rateLimits(ctx, store)
    limits.guardCredentials(app)
    limits.guardRoutes(app)
    app.get('/', () => 'read')
    const statusOf = async () => {
      const headers = { authorization: 'Bearer x' }
      return (await app.inject({ url: '/', headers })).statusCode
    }
    const statuses = [await statusOf(), await statusOf()]
    isBroken = true
    statuses.push(await statusOf())
    await app.close()
    assert.deepEqual(statuses, [200, 429, 503])
  })
})
