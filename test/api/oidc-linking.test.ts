import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeAt } from '../support/authenticator-app.ts'
import { Browser, type Person } from '../support/identity-provider.ts'
import { describeOnEveryDatabase, signUp, type Answer, type TestShop } from '../support/shop.ts'
import { refused, refusedField, testClock } from './support.ts'
import {
  origin,
  sessionCookie,
  links,
  grace,
  openWith,
  type Begun,
  comeBack,
  answerOf,
  signIn,
  whoIs,
  rows,
  setVerified,
} from './oidc-fixture.ts'

describeOnEveryDatabase('an account that has the address already', (openShop) => {
  test('is linked if its address is verified here too, and its owner is told', async () => {
    await using shop = await openWith(openShop)
    const ada = await signUp(shop, { email: 'grace@example.com' })
    await setVerified(shop, ada.id)
    const { browser, answer } = await signIn(shop, grace)
    assert.equal(answer.status, 302, answer.text)
    assert.equal((await whoIs(shop, browser)).id, ada.id)
    assert.deepEqual((await rows(shop)).identities, [[ada.id, 'grace-1']])
    const events = await shop.ctx.db.read.selectFrom('outbox').select('payload').execute()
    const told = events.map(({ payload }) => JSON.parse(payload) as Record<string, unknown>)
    assert.deepEqual(
      told.map(({ account_id, change }) => [account_id, change]),
      [[ada.id, 'identity_linked']],
    )
  })

  test('is left alone if its address is not verified here, so that nobody can wait for its owner', async () => {
    await using shop = await openWith(openShop)
    await signUp(shop, { email: 'grace@example.com' })
    const { browser, answer } = await signIn(shop, grace)
    refused(answer, 409, 'ACCOUNT_NOT_LINKED')
    assert.equal(browser.cookiesOf(shop.url).has(sessionCookie), false)
    assert.deepEqual((await rows(shop)).identities, [])
  })

  test('is left alone if it has a second factor, or is blocked', async () => {
    await using shop = await openWith(openShop)
    const ada = await signUp(shop, { email: 'grace@example.com' })
    await setVerified(shop, ada.id)
    const { token, password } = ada
    const at = '/api/v1/customers/me/second-factor'
    const begun = await shop.call('POST', at, { token, body: { current_password: password } })
    const code = codeAt(begun.body.data.secret as string, Date.now())
    await shop.call('POST', `${at}/confirmation`, { token, body: { code } })
    refused((await signIn(shop, grace)).answer, 409, 'ACCOUNT_NOT_LINKED')
    const admin = await signUp(shop, { role: 'admin' })
    await shop.call('PUT', `/api/v1/admin/accounts/${ada.id}/block`, { token: admin.token })
    refused((await signIn(shop, grace)).answer, 401, 'SIGN_IN_FAILED')
    assert.deepEqual((await rows(shop)).identities, [])
  })
})

describeOnEveryDatabase('linking another provider', (openShop) => {
  async function beginLink(shop: TestShop, token: string): Promise<Begun> {
    const browser = new Browser()
    const body = { return_to: '/account' }
    const answer = await shop.call('POST', links, { token, body })
    assert.equal(answer.status, 200, answer.text)
    const [, name = '', value = ''] =
      /^([^=]+)=([^;]+)/.exec(answer.headers.get('set-cookie') ?? '') ?? []
    browser.cookiesOf(shop.url).set(name, value)
    return { browser, url: new URL(answer.body.data.authorization_url as string) }
  }

  async function link(shop: TestShop, token: string, person: Person): Promise<Answer> {
    const begun = await beginLink(shop, token)
    const back = await comeBack(shop, begun, person)
    return answerOf(await begun.browser.get(back.href))
  }

  test('works whatever address the provider knows, and signs in from then on', async () => {
    await using shop = await openWith(openShop)
    const ada = await signUp(shop, { email: 'ada@example.com' })
    const person = { sub: 'ada-1', email: 'x@example.org', email_verified: false }
    const linked = await link(shop, ada.token, person)
    assert.equal(linked.status, 302, linked.text)
    assert.equal(linked.headers.get('location'), `${origin}/account`)
    const list = await shop.call('GET', links, { token: ada.token })
    const [{ id, created_at, ...view }] = list.body.data
    assert.deepEqual(view, { provider: 'Navy ID', subject: 'ada-1' })
    assert.ok(id && created_at)
    const { browser } = await signIn(shop, person)
    assert.equal((await whoIs(shop, browser)).id, ada.id)
    assert.equal((await link(shop, ada.token, person)).status, 302)
    assert.equal((await rows(shop)).identities.length, 1)
  })

  test('is refused for an identity of another account, and after signing out', async () => {
    await using shop = await openWith(openShop)
    const ada = await signUp(shop, { email: 'ada@example.com' })
    await signIn(shop, grace)
    const { identities } = await rows(shop)
    const taken = refused(await link(shop, ada.token, grace), 409, 'ALREADY_EXISTS')
    assert.equal(taken.details.field, 'identity')
    const begun = await beginLink(shop, ada.token)
    const back = await comeBack(shop, begun, { sub: 'ada-1' })
    await shop.call('DELETE', '/api/v1/sessions/current', { token: ada.token })
    refused(await answerOf(await begun.browser.get(back.href)), 401, 'INVALID_TOKEN')
    assert.deepEqual((await rows(shop)).identities, identities)
  })

  test('asks for a sign-in within a quarter of an hour', async () => {
    const clock = testClock(Date.now())
    const settings = { ACCESS_TOKEN_SECONDS: '3600' }
    await using shop = await openWith(openShop, { clock, settings })
    const { token } = await signUp(shop)
    clock.advance(900_000)
    refused(await shop.call('POST', links, { token, body: {} }), 403, 'REAUTHENTICATION_REQUIRED')
    refusedField(await shop.call('POST', links, { token, body: { return_to: '//x' } }), 'return_to')
  })

  test('can be undone, which ends all other sessions, but not where it is the last way in', async () => {
    await using shop = await openWith(openShop)
    const ada = await signUp(shop, { email: 'ada@example.com' })
    await link(shop, ada.token, { sub: 'ada-1' })
    const other = await signIn(shop, { sub: 'ada-1' })
    const [{ id }] = (await shop.call('GET', links, { token: ada.token })).body.data
    const stranger = await signUp(shop)
    refused(
      await shop.call('DELETE', `${links}/${id}`, { token: stranger.token }),
      404,
      'NOT_FOUND',
    )
    const undone = await shop.call('DELETE', `${links}/${id}`, { token: ada.token })
    assert.equal(undone.status, 200, undone.text)
    assert.equal(await whoIs(shop, other.browser), undefined)
    assert.deepEqual((await rows(shop)).identities, [])

    const { browser } = await signIn(shop, grace)
    const jar = browser.cookiesOf(shop.url)
    const headers = {
      cookie: `${sessionCookie}=${jar.get(sessionCookie) ?? ''}`,
      'x-csrf-token': jar.get('__Host-csrf_token') ?? '',
    }
    const [own] = (await shop.call('GET', links, { headers })).body.data as { id: string }[]
    refused(await shop.call('DELETE', `${links}/${own?.id}`, { headers }), 409, 'LAST_WAY_IN')
    assert.equal((await rows(shop)).identities.length, 1)
  })
})
