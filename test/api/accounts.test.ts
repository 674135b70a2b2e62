import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeCustomer, getAccount } from '../../src/domains/customer/customers.ts'
import { eraseAccount } from '../../src/domains/privacy/erasure.ts'
import { createLog } from '../../src/log.ts'
import { describeOnEveryDatabase, principalOf, signUp, type TestShop } from '../support/shop.ts'
import { refused, refusedField, shared, testClock, unchanged, withoutRequestId } from './support.ts'

const ada = {
  email: 'Ada@Example.com',
  password: 'Difference1',
  username: 'Ada_L',
  first_name: 'Ada',
}

const register = (shop: TestShop, body: object) => shop.call('POST', '/api/v1/customers', { body })
const signIn = (shop: TestShop, body: object) => shop.call('POST', '/api/v1/sessions', { body })
const me = (shop: TestShop, token: string) => shop.call('GET', '/api/v1/customers/me', { token })

describeOnEveryDatabase('registering', (openShop) => {
  test('makes an account that keeps its data as they were written', async () => {
    await using shop = await openShop({ clock: testClock() })
    const answer = await register(shop, ada)
    assert.equal(answer.status, 201, answer.text)
    const { id, ...rest } = answer.body.data
    assert.match(id, /^[0-9a-f-]{36}$/)
    const at = '2026-11-21T10:30:00.000Z'
    assert.deepEqual(rest, {
      ...{ number: 1, username: 'Ada_L', email: 'Ada@Example.com', first_name: 'Ada' },
      ...{ last_name: null, email_verified: false },
      ...{ role: 'customer', created_at: at, updated_at: at },
    })
    const short = await register(shop, { email: 'b@example.com', password: 'Difference1' })
    const { number, username, first_name } = short.body.data
    const expected = { number: 2, username: null, first_name: null }
    assert.deepEqual({ number, username, first_name }, expected)
  })

  test('refuses an e-mail address or user name that is taken in any case, naming it', async () => {
    await using shop = await openShop()
    await register(shop, ada)
    await unchanged(shop, async () => {
      for (const [change, field] of [
        [{ username: 'other' }, 'email'],
        [{ username: 'other', email: 'ADA@EXAMPLE.COM' }, 'email'],
        [{ email: 'other@example.com' }, 'username'],
        [{ email: 'other@example.com', username: 'aDA_l' }, 'username'],
      ] as const) {
        const { details } = refused(
          await register(shop, { ...ada, ...change }),
          409,
          'ALREADY_EXISTS',
        )
        assert.equal(details.field, field)
      }
    })
  })

  test('by many with one e-mail address makes one account', async () => {
    await using shop = await openShop()
    const tries = Array.from({ length: 8 }, (_, index) =>
      register(shop, { ...ada, username: `ada_${index}` }),
    )
    const statuses = (await Promise.all(tries)).map(({ status }) => status).sort()
    assert.deepEqual(statuses, [201, ...Array<number>(7).fill(409)])
  })
})

describeOnEveryDatabase('registering is refused with', (openShop) => {
  const opened = shared(() => openShop())

  const refusals: readonly (readonly [what: string, change: object, field: string])[] = [
    ['no e-mail address', { email: undefined }, 'email'],
    ['an e-mail address that is none', { email: 'ada' }, 'email'],
    ['an e-mail address of two lines', { email: 'ada@example.com\nb@example.com' }, 'email'],
    ['no password', { password: undefined }, 'password'],
    ['a password of 7 characters', { password: 'Abcdef1' }, 'password'],
    ['a password without a digit', { password: 'Abcdefgh' }, 'password'],
    ['a password without a capital', { password: 'abcdefg1' }, 'password'],
    ['a password without a small letter', { password: 'ABCDEFG1' }, 'password'],
    ['a password of 201 characters', { password: `Aa1${'a'.repeat(198)}` }, 'password'],
    ['a user name of 2 letters', { username: 'ad' }, 'username'],
    ['a user name with a blank', { username: 'ada l' }, 'username'],
    ['a user name that is an e-mail address', { username: 'ada@example.com' }, 'username'],
    ['a blank name', { first_name: ' ' }, 'first_name'],
    ['a role of the client’s choice', { role: 'admin' }, 'role'],
    ['U+0000', { first_name: 'a\u0000b' }, 'input'],
  ]
  for (const [what, change, field] of refusals) {
    test(what, async () => {
      const shop = opened()
      await unchanged(shop, async () => {
        refusedField(await register(shop, { ...ada, ...change }), field)
      })
    })
  }
})

describeOnEveryDatabase('signing in', (openShop) => {
  test('works by e-mail address and by user name, in any case', async () => {
    await using shop = await openShop()
    const { data: account } = (await register(shop, ada)).body
    const { password } = ada
    for (const login of [
      { email: 'Ada@Example.com' },
      { email: 'ada@example.COM' },
      { username: 'Ada_L' },
      { username: 'ADA_L' },
    ]) {
      const answer = await signIn(shop, { ...login, password })
      assert.equal(answer.status, 201, answer.text)
      assert.equal(answer.headers.get('cache-control'), 'no-store')
      const { access_token, refresh_token, session_id, ...rest } = answer.body.data
      const expected = { token_type: 'Bearer', expires_in: 900, refresh_expires_in: 604_800 }
      assert.deepEqual(rest, { ...expected, customer: account })
      assert.ok(refresh_token.startsWith(`rt_${session_id}.0.`))
      assert.deepEqual((await me(shop, access_token)).body.data, account)
    }
  })

  test('refuses a wrong password and an unknown user alike', async () => {
    await using shop = await openShop()
    await register(shop, ada)
    const { password } = ada
    const answers = [
      await signIn(shop, { email: ada.email, password: 'Difference2' }),
      await signIn(shop, { email: ada.email, password: 'difference1' }),
      await signIn(shop, { email: 'nobody@example.com', password }),
      await signIn(shop, { email: 'not an address', password }),
      await signIn(shop, { username: ada.username, password: 'x' }),
      await signIn(shop, { username: 'nobody', password }),
      await signIn(shop, { username: ada.email, password }),
    ]
    for (const answer of answers) {
      refused(answer, 401, 'INVALID_CREDENTIALS')
      assert.equal(withoutRequestId(answer), withoutRequestId(answers[0]!))
    }
  })

  test('needs a password and one name', async () => {
    await using shop = await openShop()
    const { email, username, password } = ada
    for (const [body, field] of [
      [{ email }, 'password'],
      [{ email, password: '' }, 'password'],
      [{ password }, 'email'],
      [{ email, username, password }, 'username'],
      [{ email: '', password }, 'email'],
      [{ email, password, remember: true }, 'remember'],
    ] as const) {
      refusedField(await signIn(shop, body), field)
    }
  })

  test('uses the new password and the new names once they are changed', async () => {
    await using shop = await openShop()
    const { id, email, password } = await signUp(shop, { username: 'before' })
    const by = principalOf({ id })
    await changeCustomer(
      shop.ctx,
      { id, by, isProved: true },
      { email: 'New@example.com', username: 'After', password: 'Analytical1', firstName: 'A' },
    )
    refused(await signIn(shop, { email, password }), 401, 'INVALID_CREDENTIALS')
    refused(await signIn(shop, { email: 'new@example.com', password }), 401, 'INVALID_CREDENTIALS')
    for (const login of [{ email: 'new@example.com' }, { username: 'after' }]) {
      const answer = await signIn(shop, { ...login, password: 'Analytical1' })
      assert.equal(answer.body.data.customer.first_name, 'A')
    }
  })

  test('is over for a deleted account', async () => {
    await using shop = await openShop()
    const { id, email, password, token } = await signUp(shop)
    const by = principalOf({ id })
    await eraseAccount(shop.ctx, id, by)
    refused(await signIn(shop, { email, password }), 401, 'INVALID_CREDENTIALS')
    refused(await me(shop, token), 401, 'INVALID_TOKEN')
    await assert.rejects(eraseAccount(shop.ctx, id, by), { code: 'NOT_FOUND' })
    const change = { firstName: 'x' }
    await assert.rejects(changeCustomer(shop.ctx, { id, by }, change), { code: 'NOT_FOUND' })
  })
})

describeOnEveryDatabase('an account', (openShop) => {
  test('is shown to its owner and to staff, and to nobody else whether it is there or not', async () => {
    await using shop = await openShop()
    const own = await signUp(shop)
    const other = await signUp(shop)
    const principal = principalOf(own)
    const staff = principalOf(own, 'support')
    const byNumber = (number: number) => ({ by: 'number', number }) as const
    const absent = byNumber(999)
    for (const by of [byNumber(own.number), { by: 'id', id: own.id } as const]) {
      assert.equal((await getAccount(shop.ctx, by, principal)).email, own.email)
    }
    const seen = await getAccount(shop.ctx, byNumber(other.number), staff)
    assert.equal(seen.email, other.email)
    await assert.rejects(getAccount(shop.ctx, byNumber(other.number), principal), {
      code: 'FORBIDDEN',
    })
    await assert.rejects(getAccount(shop.ctx, absent, principal), { code: 'FORBIDDEN' })
    await assert.rejects(getAccount(shop.ctx, absent, staff), { code: 'NOT_FOUND' })
    const bySlug = { by: 'slug', slug: own.email } as const
    await assert.rejects(getAccount(shop.ctx, bySlug, staff), { code: 'NOT_FOUND' })
  })

  test('keeps what is not changed, and its names stay its own', async () => {
    await using shop = await openShop()
    const { id, email, password } = await signUp(shop, { username: 'ada' })
    await signUp(shop, { email: 'other@example.com', username: 'other' })
    const at = { id, by: principalOf({ id }), isProved: true }
    await changeCustomer(shop.ctx, at, {})
    for (const [change, field] of [
      [{ email: 'OTHER@example.com' }, 'email'],
      [{ username: 'Other' }, 'username'],
    ] as const) {
      await assert.rejects(changeCustomer(shop.ctx, at, change), {
        code: 'ALREADY_EXISTS',
        details: { resource: 'account', field },
      })
    }
    assert.equal((await signIn(shop, { email, password })).body.data.customer.username, 'ada')
    assert.equal((await changeCustomer(shop.ctx, at, { username: 'ADA' })).username, 'ADA')
  })
})

describeOnEveryDatabase('a password', (openShop) => {
  test('is in no answer, no log line and no table', async () => {
    const lines: string[] = []
    const log = createLog('trace', { write: (line) => lines.push(line) })
    await using shop = await openShop({ log })
    const secrets = [ada.password, 'Difference2', 'Another-Secret-3', 'weak']
    const texts = [
      await register(shop, ada),
      await register(shop, ada),
      await register(shop, { ...ada, password: secrets[3] }),
      await signIn(shop, { email: ada.email, password: secrets[1] }),
      await signIn(shop, { email: ada.email, password: ada.password }),
      await shop.call('POST', '/api/v1/sessions', { raw: `{"password":"${secrets[2]}"` }),
    ].map(({ text }) => text)
    const { access_token } = JSON.parse(texts[4] ?? '').data as { access_token: string }
    await me(shop, access_token)
    await me(shop, `${access_token}x`)
    assert.ok(lines.length > 5, `${lines.length} lines`)
    const [row] = await shop.ctx.db.read.selectFrom('customers').selectAll().execute()
    assert.match(row?.password_hash ?? '', /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    for (const secret of secrets) {
      const holding = [...texts, ...lines, JSON.stringify(row)].filter((text) =>
        text.includes(secret),
      )
      assert.deepEqual(holding, [])
    }
    assert.deepEqual(
      lines.filter((line) => line.includes(access_token.slice(-20))),
      [],
    )
    assert.ok(!texts.join('').includes('argon2'))
  })
})
