import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstTokens, startSession } from '../../src/domains/access/sessions.ts'
import { codeAt } from '../support/authenticator-app.ts'
import { describeOnEveryDatabase, signUp, type TestShop } from '../support/shop.ts'
import { refused, testClock } from './support.ts'

const factorPath = '/api/v1/customers/me/second-factor'
const staffPath = '/api/v1/admin/roles'

describeOnEveryDatabase('staff of a shop that wants a second factor', (openShop) => {
  const open = (given: object = {}) =>
    openShop({ settings: { STAFF_SECOND_FACTOR: 'required' }, ...given })

  test('may do nothing of their role without one, and everything of their own account', async () => {
    await using shop = await open()
    const admin = await signUp(shop, { role: 'admin' })
    const { token } = admin
    const body = { code: 'packer', name: 'Packer', permissions: ['order:read'] }
    const { details } = refused(await shop.call('GET', staffPath, { token }), 403, code)
    assert.match(String(details['hint']), /POST \/api\/v1\/customers\/me\/second-factor/)
    refused(await shop.call('POST', staffPath, { token, body }), 403, code)
    assert.deepEqual(await shop.ctx.db.read.selectFrom('roles').selectAll().execute(), [])
    assert.equal((await shop.call('GET', '/api/v1/customers/me', { token })).status, 200)
    assert.equal((await shop.call('GET', '/api/v1/orders', { token })).status, 200)
  })

  test('may do all of it as soon as they have one, and no longer than that', async () => {
    const clock = testClock()
    await using shop = await open({ clock })
    const { token, password } = await signUp(shop, { role: 'admin' })
    const begun = await shop.call('POST', factorPath, {
      token,
      body: { current_password: password },
    })
    const secret = begun.body.data.secret as string
    refused(await shop.call('GET', staffPath, { token }), 403, code)
    const body = { code: codeAt(secret, clock.now()) }
    const confirmed = await shop.call('POST', `${factorPath}/confirmation`, { token, body })
    assert.equal(confirmed.status, 201, confirmed.text)
    assert.equal((await shop.call('GET', staffPath, { token })).status, 200)
    const [recovery_code] = confirmed.body.data.recovery_codes as string[]
    const proof = { recovery_code, current_password: password }
    const removed = await shop.call('DELETE', factorPath, { token, body: proof })
    assert.equal(removed.status, 200, removed.text)
    refused(await shop.call('GET', staffPath, { token }), 403, code)
  })

  test('may do all of it when they have signed in by passkey', async () => {
    await using shop = await open()
    const admin = await signUp(shop, { role: 'admin' })
    const token = await tokenBy(shop, admin, 'passkey')
    assert.equal((await shop.call('GET', staffPath, { token })).status, 200)
    const other = await tokenBy(shop, admin, 'oidc')
    refused(await shop.call('GET', staffPath, { token: other }), 403, code)
  })

  test('are asked for none where it is only offered', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'admin' })
    assert.equal((await shop.call('GET', staffPath, { token })).status, 200)
  })

  test('are told apart from customers, who need none', async () => {
    await using shop = await open()
    const { token } = await signUp(shop)
    refused(await shop.call('GET', staffPath, { token }), 403, 'FORBIDDEN')
  })
})

const code = 'STAFF_SECOND_FACTOR_REQUIRED'

async function tokenBy(
  { ctx }: TestShop,
  owner: { id: string; number: number; email: string },
  method: 'passkey' | 'oidc',
): Promise<string> {
  const client = { ip: '127.0.0.1', userAgent: 'test', requestId: 'test' }
  const session = { owner, method, client }
  const sessionId = await ctx.db.transaction((tx) => startSession(ctx, tx, session))
  return (await firstTokens(ctx, session, sessionId)).accessToken
}
