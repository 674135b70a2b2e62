import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adminCommand } from '../../src/cli/admin.ts'
import { setupCode } from '../../src/domains/customer/setup.ts'
import { describeOnEveryDatabase, signUp, type TestShop } from '../support/shop.ts'
import { refused, refusedField } from './support.ts'

const email = 'boss@example.com'
const password = 'Difference1'

const claim = (shop: TestShop, body: object) =>
  shop.call('POST', '/api/v1/setup/administrator', { body: { email, password, ...body } })

/** The code of a shop whatever its database is: only embedded ones print it. */
async function codeOf(shop: TestShop): Promise<string | undefined> {
  return setupCode({
    ...shop.ctx,
    config: { ...shop.ctx.config, data: { ...shop.ctx.config.data, isEmbedded: true } },
  })
}

describeOnEveryDatabase('the first administrator', (openShop) => {
  test('is made with the printed code, once, and only in an embedded shop', async () => {
    await using shop = await openShop()
    const code = await codeOf(shop)
    assert.ok(code)
    refused(await claim(shop, { code: 'guess' }), 401, 'INVALID_LINK')
    if (!shop.ctx.config.data.isEmbedded) {
      refused(await claim(shop, { code }), 401, 'INVALID_LINK')
      return
    }
    refusedField(await claim(shop, { code, password: 'Password1' }), 'password')
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        claim(shop, { code, email: `boss-${index}@example.com` }),
      ),
    )
    const statuses = answers.map(({ status }) => status).toSorted()
    assert.deepEqual(statuses, [201, 401, 401, 401, 401])
    assert.equal(await codeOf(shop), undefined)
  })

  test('cannot be made by code where there is one, or in production', async () => {
    await using production = await openShop({ settings: { PRODUCTION: 'true', RATE_LIMIT: 'on' } })
    assert.equal(await codeOf(production), undefined)
    await using shop = await openShop()
    const code = await codeOf(shop)
    await signUp(shop, { role: 'admin' })
    assert.equal(await codeOf(shop), undefined)
    refused(await claim(shop, { code }), 401, 'INVALID_LINK')
  })

  test('is made by the command line, under the rules for passwords, and the log says so', async () => {
    await using shop = await openShop()
    const create = (args: string[], given: string) =>
      adminCommand(shop.ctx, { args: ['create', ...args], password: given })
    await assert.rejects(create([email], 'weak'), { code: 'VALIDATION_ERROR' })
    await assert.rejects(create([], password), /Name the e-mail address/)
    await assert.rejects(create([email], ''), /Set PASSWORD/)
    await create([email], password)
    await assert.rejects(create([email], password), { code: 'ALREADY_EXISTS' })
    const session = await shop.call('POST', '/api/v1/sessions', { body: { email, password } })
    const token = session.body.data.access_token as string
    const log = await shop.call('GET', '/api/v1/admin/audit-log', { token })
    assert.deepEqual(
      log.body.data.map((entry: Record<string, unknown>) => [entry['actor_kind'], entry['action']]),
      [['command', 'account.created']],
    )
  })
})

describeOnEveryDatabase('staff', (openShop) => {
  test('finds accounts by how they begin, by role and by whether they are blocked', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { email: 'staff@example.com', role: 'support' })
    const ada = await signUp(shop, { email: 'Ada@example.com', username: 'countess' })
    await signUp(shop, { email: 'adam@example.com' })
    await signUp(shop, { email: 'eve@example.com' })
    const find = async (query: string) => {
      const answer = await shop.call('GET', `/api/v1/admin/accounts${query}`, { token })
      assert.equal(answer.status, 200, answer.text)
      return answer.body.data.map((row: { email: string }) => row.email) as string[]
    }
    assert.deepEqual(await find('?search=ADA'), ['adam@example.com', 'Ada@example.com'])
    assert.deepEqual(await find('?search=count'), ['Ada@example.com'])
    assert.deepEqual(await find('?search=%25'), [])
    assert.deepEqual(await find('?role=support'), ['staff@example.com'])
    await shop.call('PUT', `/api/v1/admin/accounts/${ada.number}/block`, { token })
    assert.deepEqual(await find('?blocked=true'), ['Ada@example.com'])
    assert.equal((await find('?blocked=false')).length, 3)
    const one = await shop.call('GET', `/api/v1/admin/accounts/${ada.id}`, { token })
    assert.deepEqual([one.body.data.email, one.body.data.blocked], ['Ada@example.com', true])
    assert.equal(/password|argon2/.test(one.text), false)
  })

  test('changes the account of a customer, but no version that others have changed', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'support' })
    const ada = await signUp(shop, { email: 'ada@example.com' })
    const at = `/api/v1/admin/accounts/${ada.id}`
    const patch = (body: object, version: string) =>
      shop.call('PATCH', at, { token, body, headers: { 'if-match': version } })
    const changed = await patch({ first_name: 'Ada' }, '"1"')
    assert.deepEqual([changed.body.data.first_name, changed.body.data.version], ['Ada', 2])
    refused(await patch({ first_name: 'Eve' }, '"1"'), 412, 'VERSION_CONFLICT')
    const seen = await shop.call('GET', at, { token })
    assert.equal(seen.body.data.first_name, 'Ada')
  })
})
