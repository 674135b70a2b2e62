import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { builtInRoles } from '../../src/domains/access/permissions.ts'
import { testClock } from '../api/support.ts'
import { describeOnEveryDatabase, signUp, type TestShop } from '../support/shop.ts'
import { refused, sharedShop } from './support.ts'

const signIn = async (shop: TestShop, account: { email: string; password: string }) => {
  const { email, password } = account
  const answer = await shop.call('POST', '/api/v1/sessions', { body: { email, password } })
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data as { access_token: string; refresh_token: string; expires_in: number }
}

describeOnEveryDatabase('contract C: security implementation', (openShop) => {
  const shop = sharedShop(openShop)

  test('JWT access tokens (15 min expiry)', async () => {
    const clock = testClock()
    await using timed = await openShop({ clock })
    const { access_token: token, expires_in } = await signIn(timed, await signUp(timed))
    const { exp = 0, iat = 0, sub } = decodeJwt(token)
    assert.deepEqual([expires_in, exp - iat], [900, 900])
    assert.equal(decodeProtectedHeader(token).typ, 'at+jwt')
    assert.match(String(sub), /^[0-9a-f-]{36}$/)
    const me = () => timed.call('GET', '/api/v1/customers/me', { token })
    clock.advance(15 * 60_000 - 1)
    assert.equal((await me()).status, 200)
    clock.advance(1)
    refused(await me(), 401, 'INVALID_TOKEN')
  })

  test('refresh tokens (7 day expiry), with rotation', async () => {
    const clock = testClock()
    await using timed = await openShop({ clock })
    const refresh = (refresh_token: string) =>
      timed.call('POST', '/api/v1/sessions/refresh', { body: { refresh_token } })
    const first = await signIn(timed, await signUp(timed))
    clock.advance(7 * 24 * 3_600_000 - 1)
    const second = await refresh(first.refresh_token)
    assert.equal(second.status, 200, second.text)
    assert.notEqual(second.body.data.refresh_token, first.refresh_token)
    clock.advance(60_000)
    refused(await refresh(first.refresh_token), 401, 'INVALID_REFRESH_TOKEN')
    const late = await signIn(timed, await signUp(timed))
    clock.advance(7 * 24 * 3_600_000)
    refused(await refresh(late.refresh_token), 401, 'INVALID_REFRESH_TOKEN')
  })

  test('role-based access control (RBAC)', async () => {
    const reads = { '/stock/none': 'inventory:read', '/audit-log': 'audit:read' } as const
    for (const [role, { permissions }] of Object.entries(builtInRoles)) {
      const { token } = await signUp(shop(), { role })
      for (const [path, permission] of Object.entries(reads)) {
        const { status } = await shop().call('GET', `/api/v1/admin${path}`, { token })
        const may = permissions.some((one) => one === permission)
        assert.equal(status !== 403, may, `${role} at ${path}`)
      }
    }
  })

  test('input validation on all endpoints: unknown fields and wrong types are refused', async () => {
    const body = { email: 'ada@example.com', password: 'Difference1' }
    for (const wrong of [
      { ...body, admin: true },
      { ...body, email: 7 },
      { ...body, email: 'x' },
    ]) {
      refused(
        await shop().call('POST', '/api/v1/customers', { body: wrong }),
        400,
        'VALIDATION_ERROR',
      )
    }
  })

  test('rate limiting per endpoint type', async () => {
    const settings = { RATE_LIMIT: 'on', RATE_LIMIT_SIGN_IN: '3', RATE_LIMIT_READ: '5' }
    await using limited = await openShop({ settings, clock: testClock() })
    const body = { email: 'nobody@example.com', password: 'Wrong1234' }
    const tries = []
    for (let count = 0; count < 4; count += 1) {
      tries.push(await limited.call('POST', '/api/v1/sessions', { body }))
    }
    assert.deepEqual(
      tries.map(({ status }) => status),
      [401, 401, 401, 429],
    )
    assert.ok(Number(tries[3]?.headers.get('retry-after')) > 0)
    assert.match(tries[0]?.headers.get('ratelimit') ?? '', /^"sign_in";r=2;t=\d+$/)
    const read = await limited.call('GET', '/api/v1/products')
    assert.equal(read.status, 200, 'another type of endpoint has a limit of its own')
    assert.match(read.headers.get('ratelimit') ?? '', /^"read";r=4;/)
  })

  test('CORS configuration', async () => {
    await using open = await openShop({ settings: { CORS_ORIGINS: 'https://a.example.com' } })
    const preflight = async (origin: string) =>
      open.call('OPTIONS', '/api/v1/customers/me', {
        headers: {
          origin,
          'access-control-request-method': 'PATCH',
          'access-control-request-headers': 'authorization,x-csrf-token',
        },
      })
    const allowed = await preflight('https://a.example.com')
    assert.equal(allowed.headers.get('access-control-allow-origin'), 'https://a.example.com')
    assert.equal(allowed.headers.get('access-control-allow-credentials'), 'true')
    assert.match(allowed.headers.get('access-control-allow-headers') ?? '', /x-csrf-token/)
    const other = await preflight('https://evil.example.com')
    assert.notEqual(other.headers.get('access-control-allow-origin'), 'https://evil.example.com')
  })

  test('security headers', async () => {
    for (const path of ['/api/v1/products', '/api/v1/customers/me', '/nothing']) {
      const { headers } = await shop().call('GET', path)
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
      assert.equal(headers.get('x-frame-options'), 'DENY')
      assert.equal(headers.get('referrer-policy'), 'no-referrer')
      assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/)
      assert.equal(headers.get('x-powered-by'), null)
    }
  })
})

describeOnEveryDatabase('contract C: user management', (openShop) => {
  const shop = sharedShop(openShop)

  test('registration, authentication, profiles', async () => {
    const body = {
      ...{ email: 'ada@example.com', password: 'Difference1', username: 'ada_l' },
      ...{ first_name: 'Ada', last_name: 'Lovelace' },
    }
    const made = await shop().call('POST', '/api/v1/customers', { body })
    assert.equal(made.status, 201, made.text)
    const { access_token: token } = await signIn(shop(), body)
    const patch = { last_name: 'King' }
    const path = '/api/v1/customers/me'
    const changed = await shop().call('PATCH', path, { token, body: patch })
    assert.equal(changed.status, 200, changed.text)
    const me = await shop().call('GET', path, { token })
    const { email, username, first_name, last_name } = me.body.data
    assert.deepEqual(
      { email, username, first_name, last_name },
      { email: body.email, username: 'ada_l', first_name: 'Ada', last_name: 'King' },
    )
  })

  test('addresses', async () => {
    const { token } = await signUp(shop())
    const body = {
      ...{ name: 'Ada Lovelace', address: '12 St James Square', city: 'London' },
      ...{ postal_code: 'SW1Y 4JH', country: 'GB' },
    }
    const path = '/api/v1/customers/me/addresses'
    const made = await shop().call('POST', path, { token, body })
    assert.equal(made.status, 201, made.text)
    const list = await shop().call('GET', path, { token })
    assert.equal(list.body.data.length, 1)
  })
})
