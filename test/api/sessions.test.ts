import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setBlocked } from '../../src/domains/customer/staff.ts'
import {
  addProduct,
  describeOnEveryDatabase,
  signUp,
  type TestShop,
  unrestricted,
} from '../support/shop.ts'
import { added, linesOf, refused, testClock } from './support.ts'

interface Login {
  readonly email: string
  readonly password: string
}

async function signIn(shop: TestShop, { email, password }: Login, more: object = {}) {
  const body = { email, password, ...more }
  const answer = await shop.call('POST', '/api/v1/sessions', { body })
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data as { access_token: string; refresh_token: string; session_id: string }
}

const refresh = (shop: TestShop, refresh_token: string) =>
  shop.call('POST', '/api/v1/sessions/refresh', { body: { refresh_token } })

const me = (shop: TestShop, token: string) => shop.call('GET', '/api/v1/customers/me', { token })

describeOnEveryDatabase('a refresh token', (openShop) => {
  test('gives the next pair of tokens for the same session', async () => {
    await using shop = await openShop()
    const first = await signIn(shop, await signUp(shop))
    const answer = await refresh(shop, first.refresh_token)
    assert.equal(answer.status, 200, answer.text)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const { access_token, refresh_token, ...rest } = answer.body.data
    assert.deepEqual(rest, {
      token_type: 'Bearer',
      expires_in: 900,
      refresh_expires_in: 7 * 24 * 3_600,
    })
    assert.notEqual(refresh_token, first.refresh_token)
    assert.equal((await me(shop, access_token)).status, 200)
    assert.equal((await me(shop, first.access_token)).status, 200)
  })

  test('is kept as a hash alone', async () => {
    await using shop = await openShop()
    const { refresh_token } = await signIn(shop, await signUp(shop))
    const rows = await shop.ctx.db.read.selectFrom('sessions').selectAll().execute()
    assert.equal(JSON.stringify(rows).includes(refresh_token), false)
    const [, , mac = ''] = refresh_token.split('.')
    assert.equal(JSON.stringify(rows).includes(mac), false)
  })

  test('used by fifty at once has one successor, and nobody loses the session', async () => {
    await using shop = await openShop()
    const { refresh_token, session_id } = await signIn(shop, await signUp(shop))
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => refresh(shop, refresh_token)),
    )
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
    const successors = new Set(answers.map(({ body }) => body.data.refresh_token as string))
    assert.equal(successors.size, 1)
    const row = await shop.ctx.db.read
      .selectFrom('sessions')
      .select(['generation', 'ended_at'])
      .where('id', '=', session_id)
      .executeTakeFirst()
    assert.deepEqual({ ...row }, { generation: 1, ended_at: null })
    assert.equal((await refresh(shop, [...successors][0] ?? '')).status, 200)
  })

  test('used again after the grace ends the session for everybody, and the log says so', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    const { refresh_token, session_id } = await signIn(shop, await signUp(shop))
    const next = (await refresh(shop, refresh_token)).body.data
    clock.advance(10_000)
    assert.equal((await refresh(shop, refresh_token)).status, 200, 'still within the grace')
    clock.advance(1)
    refused(await refresh(shop, refresh_token), 401, 'INVALID_REFRESH_TOKEN')
    refused(await refresh(shop, next.refresh_token), 401, 'INVALID_REFRESH_TOKEN')
    refused(await me(shop, next.access_token), 401, 'INVALID_TOKEN')
    const entries = await shop.ctx.db.read.selectFrom('audit_entries').selectAll().execute()
    assert.deepEqual(
      entries.map(({ action, subject_id }) => [action, subject_id]),
      [['session.revoked', session_id]],
    )
  })

  test('older than the last one ends the session at once, grace or not', async () => {
    await using shop = await openShop()
    const { refresh_token } = await signIn(shop, await signUp(shop))
    const second = (await refresh(shop, refresh_token)).body.data
    const third = (await refresh(shop, second.refresh_token)).body.data
    refused(await refresh(shop, refresh_token), 401, 'INVALID_REFRESH_TOKEN')
    refused(await me(shop, third.access_token), 401, 'INVALID_TOKEN')
  })

  test('that is stolen ends one session, not the others of the account', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    const account = await signUp(shop)
    const stolen = await signIn(shop, account)
    const other = await signIn(shop, account)
    await refresh(shop, stolen.refresh_token)
    clock.advance(60_000)
    await refresh(shop, stolen.refresh_token)
    assert.equal((await me(shop, other.access_token)).status, 200)
  })

  test('that was made up, changed or cut is refused, and nothing happens', async () => {
    await using shop = await openShop()
    const { refresh_token, access_token } = await signIn(shop, await signUp(shop))
    const [id = '', , mac = ''] = refresh_token.split('.')
    for (const forged of [
      `${id}.1.${mac}`,
      `${id}.0.${mac.slice(1)}`,
      `${id}.0.${'A'.repeat(43)}`,
      `rt_${'0'.repeat(36)}.0.${mac}`,
      access_token,
      'rt_',
      "' or 1=1 --",
    ]) {
      refused(await refresh(shop, forged), 401, 'INVALID_REFRESH_TOKEN')
    }
    assert.equal((await refresh(shop, refresh_token)).status, 200)
  })

  test('is good for seven days after its last use, and for ninety in all', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    const day = 24 * 3_600_000
    let { refresh_token } = await signIn(shop, await signUp(shop))
    for (let days = 0; days < 84; days += 6) {
      clock.advance(6 * day)
      const answer = await refresh(shop, refresh_token)
      assert.equal(answer.status, 200, `after ${days + 6} days`)
      refresh_token = answer.body.data.refresh_token
    }
    clock.advance(6 * day)
    refused(await refresh(shop, refresh_token), 401, 'INVALID_REFRESH_TOKEN')
    const late = await signIn(shop, await signUp(shop))
    clock.advance(7 * day)
    refused(await refresh(shop, late.refresh_token), 401, 'INVALID_REFRESH_TOKEN')
  })
})

describeOnEveryDatabase('a session', (openShop) => {
  test('is listed for its owner alone, and can be ended by them alone', async () => {
    await using shop = await openShop()
    const account = await signUp(shop)
    const first = await signIn(shop, account)
    const stranger = await signUp(shop)
    const list = await shop.call('GET', '/api/v1/sessions', { token: first.access_token })
    assert.equal(list.body.data.length, 2)
    const [newest] = list.body.data
    assert.equal(newest.id, first.session_id)
    assert.deepEqual([newest.current, newest.method], [true, 'password'])
    const at = `/api/v1/sessions/${first.session_id}`
    refused(await shop.call('DELETE', at, { token: stranger.token }), 404, 'NOT_FOUND')
    assert.equal((await me(shop, first.access_token)).status, 200)
    assert.equal((await shop.call('DELETE', at, { token: account.token })).status, 200)
    refused(await me(shop, first.access_token), 401, 'INVALID_TOKEN')
    refused(await refresh(shop, first.refresh_token), 401, 'INVALID_REFRESH_TOKEN')
    refused(await shop.call('DELETE', at, { token: account.token }), 404, 'NOT_FOUND')
    assert.equal((await me(shop, account.token)).status, 200)
  })

  test('ends when its owner signs out, here or everywhere', async () => {
    await using shop = await openShop()
    const account = await signUp(shop)
    const [one, two] = [await signIn(shop, account), await signIn(shop, account)]
    const out = await shop.call('DELETE', '/api/v1/sessions/current', { token: one.access_token })
    assert.deepEqual([out.status, out.body.data], [200, { ended: 1 }])
    refused(await me(shop, one.access_token), 401, 'INVALID_TOKEN')
    const all = await shop.call('DELETE', '/api/v1/sessions', { token: two.access_token })
    assert.deepEqual(all.body.data, { ended: 2 })
    for (const token of [two.access_token, account.token]) {
      refused(await me(shop, token), 401, 'INVALID_TOKEN')
    }
  })

  test('of all other devices ends with the password, which needs the old one', async () => {
    await using shop = await openShop()
    const account = await signUp(shop)
    const other = await signIn(shop, account)
    const change = (current_password: string, new_password: string) =>
      shop.call('PUT', '/api/v1/customers/me/password', {
        token: account.token,
        body: { current_password, new_password },
      })
    refused(await change('wrong', 'Analytical1'), 401, 'INVALID_CREDENTIALS')
    refused(await change(account.password, 'Password1'), 400, 'VALIDATION_ERROR')
    assert.equal((await me(shop, other.access_token)).status, 200)
    assert.equal((await change(account.password, 'Analytical1')).status, 200)
    refused(await me(shop, other.access_token), 401, 'INVALID_TOKEN')
    refused(await refresh(shop, other.refresh_token), 401, 'INVALID_REFRESH_TOKEN')
    assert.equal((await me(shop, account.token)).status, 200)
    await signIn(shop, { email: account.email, password: 'Analytical1' })
  })

  test('does not let whoever stole it guess the password', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock, settings: { ACCESS_TOKEN_SECONDS: '3600' } })
    const account = await signUp(shop)
    const guess = (current_password: string) =>
      shop.call('PUT', '/api/v1/customers/me/password', {
        token: account.token,
        body: { current_password, new_password: 'Analytical1' },
      })
    for (let count = 0; count < 10; count++) {
      refused(await guess(`Wrong-Horse-${count}`), 401, 'INVALID_CREDENTIALS')
    }
    refused(await guess(account.password), 429, 'TOO_MANY_REQUESTS')
    // The owner signs in as ever, and a quarter of an hour later changes the password too.
    const { access_token } = await signIn(shop, account)
    assert.equal((await me(shop, access_token)).status, 200)
    clock.advance(14 * 60_000)
    refused(await guess(account.password), 429, 'TOO_MANY_REQUESTS')
    clock.advance(60_000)
    assert.equal((await guess(account.password)).status, 200)
  })

  test('of a blocked account is over at once, and there is no new one', async () => {
    await using shop = await openShop()
    const { id, token, email, password } = await signUp(shop)
    const { refresh_token } = await signIn(shop, { email, password })
    await setBlocked(shop.ctx, unrestricted, { id, isBlocked: true })
    refused(await me(shop, token), 401, 'INVALID_TOKEN')
    refused(await refresh(shop, refresh_token), 401, 'INVALID_REFRESH_TOKEN')
    const again = await shop.call('POST', '/api/v1/sessions', { body: { email, password } })
    refused(again, 401, 'INVALID_CREDENTIALS')
    await setBlocked(shop.ctx, unrestricted, { id, isBlocked: false })
    await signIn(shop, { email, password })
    refused(await me(shop, token), 401, 'INVALID_TOKEN')
  })
})

/** What a browser does: keeps cookies, and sends them back. */
async function browser(shop: TestShop, login: Login) {
  const { email, password } = login
  const body = { email, password, mode: 'cookie' }
  const answer = await shop.call('POST', '/api/v1/sessions', { body })
  assert.equal(answer.status, 201, answer.text)
  const set = answer.headers.getSetCookie()
  const cookie = set.map((line) => line.split(';')[0]).join('; ')
  return { answer, set, cookie, csrf: answer.body.data.csrf_token as string }
}

describeOnEveryDatabase('a session by cookie', (openShop) => {
  test('is out of reach of scripts, and the answer holds no token', async () => {
    await using shop = await openShop()
    const { answer, set } = await browser(shop, await signUp(shop))
    assert.deepEqual(Object.keys(answer.body.data), ['csrf_token', 'session_id', 'customer'])
    const [session = '', csrf = ''] = set
    assert.match(session, /^session=[^;]+; Max-Age=7776000; Path=\/; HttpOnly; SameSite=Lax$/)
    assert.match(csrf, /^csrf_token=[^;]+; Max-Age=7776000; Path=\/; SameSite=Lax$/)
  })

  test('is bound to the host and to HTTPS where the shop has it', async () => {
    await using shop = await openShop({ settings: { COOKIE_SECURE: 'true' } })
    const { set } = await browser(shop, await signUp(shop))
    assert.match(set[0] ?? '', /^__Host-session=[^;]+; Max-Age=\d+; Path=\/; HttpOnly; Secure;/)
    assert.match(set[1] ?? '', /^__Host-csrf_token=[^;]+; Max-Age=\d+; Path=\/; Secure;/)
  })

  test('reads without more, and changes with the token of its pages alone', async () => {
    await using shop = await openShop()
    const account = await signUp(shop)
    const { cookie, csrf } = await browser(shop, account)
    const other = await browser(shop, await signUp(shop))
    const headers = { cookie }
    assert.equal((await shop.call('GET', '/api/v1/customers/me', { headers })).status, 200)
    const change = (more: Record<string, string>) =>
      shop.call('PATCH', '/api/v1/customers/me', {
        headers: { cookie, ...more },
        body: { first_name: 'Eve' },
      })
    for (const more of [{}, { 'x-csrf-token': '' }, { 'x-csrf-token': other.csrf }]) {
      refused(await change(more), 403, 'CSRF_TOKEN_REQUIRED')
    }
    const seen = await shop.call('GET', '/api/v1/customers/me', { headers })
    assert.equal(seen.body.data.first_name, null)
    assert.equal((await change({ 'x-csrf-token': csrf })).body.data.first_name, 'Eve')
  })

  test('fills the cart of its customer, with the token', async () => {
    await using shop = await openShop()
    const account = await signUp(shop)
    const { variantId, sku } = await addProduct(shop.ctx)
    const { cookie, csrf } = await browser(shop, account)
    const body = { variant_id: variantId, quantity: 2 }
    const add = (headers: Record<string, string>) =>
      shop.call('POST', '/api/v1/cart/items', { headers, body })
    refused(await add({ cookie }), 403, 'CSRF_TOKEN_REQUIRED')
    assert.equal((await add({ cookie, 'x-csrf-token': csrf })).status, 201)
    assert.deepEqual(await linesOf(shop, { token: account.token }), [[sku, 2]])
    await added(shop, { token: account.token }, { variantId })
  })

  test('that was forged, or is over, is that of nobody', async () => {
    await using shop = await openShop()
    const { cookie, csrf } = await browser(shop, await signUp(shop))
    const get = (value: string) =>
      shop.call('GET', '/api/v1/customers/me', { headers: { cookie: value } })
    const [, id = ''] = /session=([0-9a-f-]{36})/.exec(cookie) ?? []
    for (const forged of [
      `session=${id}`,
      `session=${id}.${'A'.repeat(43)}`,
      'session=',
      'session=x',
    ]) {
      refused(await get(forged), 401, 'UNAUTHENTICATED')
    }
    const headers = { cookie, 'x-csrf-token': csrf }
    const out = await shop.call('DELETE', '/api/v1/sessions/current', { headers })
    assert.equal(out.status, 200, out.text)
    assert.match(out.headers.getSetCookie()[0] ?? '', /^session=; .*Expires=Thu, 01 Jan 1970/)
    refused(await get(cookie), 401, 'UNAUTHENTICATED')
  })

  test('goes on while it is used, up to its greatest age', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    const { cookie } = await browser(shop, await signUp(shop))
    const get = () => shop.call('GET', '/api/v1/customers/me', { headers: { cookie } })
    for (let days = 0; days < 84; days += 6) {
      clock.advance(6 * 24 * 3_600_000)
      assert.equal((await get()).status, 200, `after ${days + 6} days`)
    }
    clock.advance(6 * 24 * 3_600_000)
    refused(await get(), 401, 'UNAUTHENTICATED')
  })
})
