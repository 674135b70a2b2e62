import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { codeAt } from '../support/authenticator-app.ts'
import { Browser, client, startProvider, type Person } from '../support/identity-provider.ts'
import {
  addProduct,
  describeOnEveryDatabase,
  signUp,
  type Answer,
  type TestShop,
} from '../support/shop.ts'
import { refused, refusedField, testClock } from './support.ts'
import {
  origin,
  callback,
  sessionCookie,
  flowCookie,
  provider,
  grace,
  openWith,
  here,
  begin,
  comeBack,
  answerOf,
  signIn,
  whoIs,
  rows,
} from './oidc-fixture.ts'

describeOnEveryDatabase('signing in by another provider', (openShop) => {
  test('sends the browser there with state, nonce and PKCE, which it keeps in a cookie', async () => {
    await using shop = await openWith(openShop)
    const { url, browser } = await begin(shop)
    const { state, nonce, code_challenge, ...rest } = Object.fromEntries(url.searchParams)
    assert.equal(url.origin, provider.issuer)
    for (const secret of [state, nonce, code_challenge]) assert.match(secret ?? '', /^[\w-]{43}$/)
    assert.deepEqual(rest, {
      client_id: client.id,
      code_challenge_method: 'S256',
      redirect_uri: callback,
      response_type: 'code',
      scope: 'openid profile email',
    })
    const kept = browser.cookiesOf(shop.url).get(flowCookie) ?? ''
    assert.ok(kept !== '' && !kept.includes(state ?? ''))
    const answer = await fetch(`${shop.url}/api/v1/sessions/oidc`, { redirect: 'manual' })
    assert.match(
      answer.headers.get('set-cookie') ?? '',
      /^__Host-sign_in_flow=[\w-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
  })

  test('makes an account for a verified address, signs in by cookie and goes on', async () => {
    await using shop = await openWith(openShop)
    const { answer, browser } = await signIn(shop, grace, '/account?tab=1#top')
    assert.equal(answer.status, 302, answer.text)
    assert.equal(answer.headers.get('location'), `${origin}/account?tab=1#top`)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(browser.cookiesOf(shop.url).has(flowCookie), false)
    const customer = await whoIs(shop, browser)
    const { email, email_verified, first_name, last_name, role } = customer
    assert.deepEqual(
      { email, email_verified, first_name, last_name, role },
      {
        email: 'Grace@Example.com',
        email_verified: true,
        first_name: 'Grace',
        last_name: 'Hopper',
        role: 'customer',
      },
    )
    const sessions = await answerOf(await browser.get(`${shop.url}/api/v1/sessions`))
    assert.equal(sessions.body.data[0].method, 'oidc')
    const password = { email, password: '!' }
    refused(
      await shop.call('POST', '/api/v1/sessions', { body: password }),
      401,
      'INVALID_CREDENTIALS',
    )
  })

  test('finds the account again, whatever its address is now', async () => {
    await using shop = await openWith(openShop)
    const first = await signIn(shop, grace)
    const changed = { ...grace, email: 'other@example.com', email_verified: false }
    const second = await signIn(shop, changed)
    assert.equal(second.answer.status, 302, second.answer.text)
    const [a, b] = [await whoIs(shop, first.browser), await whoIs(shop, second.browser)]
    assert.equal(a.id, b.id)
    assert.deepEqual((await rows(shop)).accounts, ['Grace@Example.com'])
  })

  test('by the same person at the same moment makes one account', async () => {
    await using shop = await openWith(openShop)
    const begun = [await begin(shop), await begin(shop), await begin(shop)]
    const backs: URL[] = []
    for (const each of begun) backs.push(await comeBack(shop, each, grace))
    const answers = await Promise.all(
      begun.map(async ({ browser }, index) => browser.get(backs[index]?.href ?? '')),
    )
    assert.deepEqual(
      answers.map(({ status }) => status),
      [302, 302, 302],
    )
    const found = await rows(shop)
    assert.deepEqual([found.accounts.length, found.identities.length], [1, 1])
    const topic = await shop.ctx.db.read.selectFrom('outbox').select('topic').execute()
    assert.deepEqual(topic, [])
  })

  test('brings the cart along', async () => {
    await using shop = await openWith(openShop)
    const { variantId } = await addProduct(shop.ctx)
    const added = await shop.call('POST', '/api/v1/cart/items', {
      body: { variant_id: variantId, quantity: 2 },
    })
    const [, cookie = ''] = /cart_session=([^;]+)/.exec(added.headers.get('set-cookie') ?? '') ?? []
    const browser = new Browser()
    browser.cookiesOf(shop.url).set('__Host-cart_session', cookie)
    const begun = await begin(shop, '/', browser)
    const back = await comeBack(shop, begun, grace)
    await browser.get(back.href)
    browser.cookiesOf(shop.url).delete('__Host-cart_session')
    const cart = await answerOf(await browser.get(`${shop.url}/api/v1/cart`))
    assert.equal(cart.body.data.item_count, 2)
  })

  test('asks for the second factor that the account has here', async () => {
    const clock = testClock(Date.now())
    await using shop = await openWith(openShop, { clock })
    const { browser } = await signIn(shop, grace)
    const { id } = await whoIs(shop, browser)
    const secret = await armed(shop, browser)
    clock.advance(30_000)
    const second = await signIn(shop, grace, '/account')
    const location = new URL(second.answer.headers.get('location') ?? '')
    assert.equal(location.origin + location.pathname, `${origin}/account`)
    assert.equal(second.browser.cookiesOf(shop.url).has(sessionCookie), false)
    const { challenge, methods } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)))
    assert.equal(methods, 'totp,recovery_code')
    const answer = await shop.call('POST', '/api/v1/sessions/second-factor', {
      body: { challenge, code: codeAt(secret, clock.now()) },
    })
    assert.equal(answer.status, 201, answer.text)
    assert.equal(answer.body.data.customer.id, id)
  })
})

/** Switches the second factor on for an account without a password, by its cookies. */
async function armed(shop: TestShop, browser: Browser): Promise<string> {
  const jar = browser.cookiesOf(shop.url)
  const headers = {
    cookie: `${sessionCookie}=${jar.get(sessionCookie) ?? ''}`,
    'x-csrf-token': jar.get('__Host-csrf_token') ?? '',
  }
  const at = '/api/v1/customers/me/second-factor'
  const begun = await shop.call('POST', at, { headers, body: {} })
  assert.equal(begun.status, 201, begun.text)
  const secret = begun.body.data.secret as string
  const body = { code: codeAt(secret, shop.ctx.clock.now()) }
  const answer = await shop.call('POST', `${at}/confirmation`, { headers, body })
  assert.equal(answer.status, 201, answer.text)
  return secret
}

describeOnEveryDatabase('signing in by another provider is refused', (openShop) => {
  /** Nobody gets in, and nothing is kept. */
  async function assertNothing(shop: TestShop, browser: Browser): Promise<void> {
    assert.equal(browser.cookiesOf(shop.url).has(sessionCookie), false)
    assert.deepEqual(await rows(shop), { identities: [], accounts: [] })
  }

  test('with another state, or in a browser that has not begun it', async () => {
    await using shop = await openWith(openShop)
    const begun = await begin(shop)
    const back = await comeBack(shop, begun, grace)
    const stranger = new Browser()
    refused(await answerOf(await stranger.get(back.href)), 401, 'SIGN_IN_FAILED')
    const wrong = new URL(back)
    wrong.searchParams.set('state', 'x'.repeat(43))
    const error = refused(
      await answerOf(await begun.browser.get(wrong.href)),
      401,
      'SIGN_IN_FAILED',
    )
    assert.equal(error.details.provider, 'Navy ID')
    // The cookie was taken with the first answer.
    refused(await answerOf(await begun.browser.get(back.href)), 401, 'SIGN_IN_FAILED')
    await assertNothing(shop, begun.browser)
  })

  test('ten minutes after it was begun', async () => {
    const clock = testClock(Date.now())
    await using shop = await openWith(openShop, { clock })
    const begun = await begin(shop)
    const back = await comeBack(shop, begun, grace)
    clock.advance(600_000)
    refused(await answerOf(await begun.browser.get(back.href)), 401, 'SIGN_IN_FAILED')
    await assertNothing(shop, begun.browser)
  })

  test('with another nonce or PKCE challenge than it was begun with', async () => {
    await using shop = await openWith(openShop)
    for (const [name, reason] of [
      ['nonce', 'the answer does not belong to this sign-in'],
      ['code_challenge', 'invalid_grant'],
    ] as const) {
      const begun = await begin(shop)
      begun.url.searchParams.set(name, 'y'.repeat(43))
      const back = await comeBack(shop, begun, grace)
      const answer = await answerOf(await begun.browser.get(back.href))
      assert.equal(refused(answer, 401, 'SIGN_IN_FAILED').details.reason, reason)
      await assertNothing(shop, begun.browser)
    }
  })

  test('with a code that was used, is another one, or comes from another issuer', async () => {
    await using shop = await openWith(openShop)
    const { browser, back } = await signIn(shop, grace)
    const other = await begin(shop, '/', browser)
    const replayed = new URL(back)
    replayed.searchParams.set('state', other.url.searchParams.get('state') ?? '')
    const answer = await answerOf(await browser.get(replayed.href))
    assert.equal(refused(answer, 401, 'SIGN_IN_FAILED').details.reason, 'invalid_grant')
    const mixed = await begin(shop)
    const theirs = await comeBack(shop, mixed, grace)
    theirs.searchParams.set('iss', 'https://evil.example')
    refused(await answerOf(await mixed.browser.get(theirs.href)), 401, 'SIGN_IN_FAILED')
    assert.equal(mixed.browser.cookiesOf(shop.url).has(sessionCookie), false)
  })

  test('when somebody says no at the provider', async () => {
    await using shop = await openWith(openShop)
    const begun = await begin(shop)
    const back = await comeBack(shop, begun)
    const answer = await answerOf(await begun.browser.get(back.href))
    assert.equal(refused(answer, 401, 'SIGN_IN_FAILED').details.reason, 'access_denied')
    await assertNothing(shop, begun.browser)
  })

  test('without an address that the provider has verified', async () => {
    await using shop = await openWith(openShop)
    const people: Person[] = [
      { sub: 'a', email: 'a@example.com', email_verified: false },
      { sub: 'b', email: 'b@example.com' },
      { sub: 'c' },
      { sub: 'd', email: 'no address', email_verified: true },
    ]
    for (const person of people) {
      const { answer, browser } = await signIn(shop, person)
      refused(answer, 403, 'EMAIL_NOT_VERIFIED')
      await assertNothing(shop, browser)
    }
  })

  test('to whoever would be led to another site afterwards', async () => {
    await using shop = await openWith(openShop)
    const elsewhere = [
      'https://evil.example/',
      '//evil.example',
      '/\\evil.example',
      '/\t/evil.example',
      '\\\\evil.example',
      'javascript:alert(1)',
      'account',
      '@evil.example',
    ]
    for (const path of elsewhere) {
      const query = `?return_to=${encodeURIComponent(path)}`
      refusedField(await shop.call('GET', `/api/v1/sessions/oidc${query}`), 'return_to')
    }
    const { answer } = await signIn(shop, grace, '/..//evil.example')
    assert.equal(answer.headers.get('location'), `${origin}//evil.example`)
  })

  test('to an account that is blocked', async () => {
    await using shop = await openWith(openShop)
    const { browser } = await signIn(shop, grace)
    const { id } = await whoIs(shop, browser)
    const { token } = await signUp(shop, { role: 'admin' })
    await shop.call('PUT', `/api/v1/admin/accounts/${id}/block`, { token })
    const again = await signIn(shop, grace)
    const { details } = refused(again.answer, 401, 'SIGN_IN_FAILED')
    assert.equal(details.reason, 'the account is blocked')
    assert.equal(again.browser.cookiesOf(shop.url).has(sessionCookie), false)
  })

  test('where no provider is configured', async () => {
    await using shop = await openShop()
    for (const path of ['/sessions/oidc', '/sessions/oidc/callback?code=x&state=y']) {
      refused(await shop.call('GET', `/api/v1${path}`), 404, 'NOT_FOUND')
    }
    const methods = await shop.call('GET', '/api/v1/sessions/methods')
    assert.deepEqual(methods.body.data, { provider: null })
  })
})

describeOnEveryDatabase('a provider that does not answer', (openShop) => {
  const unavailable = (answer: Answer) => {
    refused(answer, 503, 'PROVIDER_UNAVAILABLE')
    assert.equal(answer.headers.get('retry-after'), '5')
  }

  test('is said to be unavailable, and is asked again the next time', async () => {
    const own = await startProvider(callback)
    await using shop = await openWith(openShop, { settings: { OIDC_ISSUER: own.issuer } })
    const begun = await begin(shop)
    own.person = grace
    const back = new URL(here(shop, await begun.browser.goThrough(begun.url.href)))
    await own.close()
    unavailable(await answerOf(await begun.browser.get(back.href)))
    assert.deepEqual(await rows(shop), { identities: [], accounts: [] })
    await using down = await openWith(openShop, { settings: { OIDC_ISSUER: own.issuer } })
    unavailable(await down.call('GET', '/api/v1/sessions/oidc'))
    const port = Number(new URL(own.issuer).port)
    await using _up = await startProvider(callback, port)
    assert.equal((await begin(down)).url.origin, own.issuer)
  })

  test('is given up on after a while', async () => {
    // Takes every request, and says nothing.
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const issuer = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
    const slow = { OIDC_ISSUER: issuer, OIDC_TIMEOUT_MS: '100' }
    try {
      await using shop = await openWith(openShop, { settings: slow })
      unavailable(await shop.call('GET', '/api/v1/sessions/oidc'))
    } finally {
      silent.closeAllConnections()
      silent.close()
    }
  })

  test('is one that does not know this shop, too', async () => {
    await using shop = await openWith(openShop, {}, 'another-secret')
    const { answer } = await signIn(shop, grace)
    unavailable(answer)
  })
})
