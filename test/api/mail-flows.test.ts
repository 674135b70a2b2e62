import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setBlocked } from '../../src/domains/customer/staff.ts'
import { inParallel, tally } from '../race/support.ts'
import {
  password,
  ada,
  register,
  signIn,
  me,
  verify,
  askForReset,
  reset,
  agree,
  letters,
  mailedToken,
  tokenOf,
  customers,
  tokens,
} from '../support/accounts.ts'
import { describeOnEveryDatabase, principalOf, signUp, type TestShop } from '../support/shop.ts'
import { refused, refusedField, testClock, unchanged } from './support.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

describeOnEveryDatabase('the link that verifies an address', (openShop) => {
  test('is mailed at registration, and good once', async () => {
    await using shop = await openShop()
    assert.equal((await register(shop)).body.data.email_verified, false)
    assert.deepEqual(await letters(shop), [
      'ada@example.com: Confirm your e-mail address for Cartwright',
    ])
    const token = await mailedToken(shop, ada.email)
    const access = await tokenOf(shop)
    assert.equal((await verify(shop, token)).status, 200)
    assert.equal((await me(shop, access)).body.data.email_verified, true)
    refused(await verify(shop, token), 401, 'INVALID_LINK')
    refused(await verify(shop, `${token.slice(0, -2)}AA`), 401, 'INVALID_LINK')
    refusedField(await verify(shop, 'no token'), 'token')
  })

  test('stands nowhere in the database, and neither does the token', async () => {
    await using shop = await openShop()
    await register(shop)
    const token = await mailedToken(shop, ada.email)
    const rows = [
      ...(await shop.ctx.db.read.selectFrom('one_time_tokens').selectAll().execute()),
      ...(await shop.ctx.db.read.selectFrom('outbox').selectAll().execute()),
    ]
    assert.ok(rows.length >= 2)
    assert.ok(!JSON.stringify(rows).includes(token))
  })

  test('works for one of 50 who follow it at once', async () => {
    await using shop = await openShop()
    await register(shop)
    const token = await mailedToken(shop, ada.email)
    const answers = await inParallel(50, 50, () => verify(shop, token))
    assert.deepEqual(tally(answers), { 200: 1, '401 INVALID_LINK': 49 })
  })

  test('works for three days', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    await register(shop)
    const token = await mailedToken(shop, ada.email)
    clock.advance(72 * hourMs)
    refused(await verify(shop, token), 401, 'INVALID_LINK')
    clock.advance(-1)
    assert.equal((await verify(shop, token)).status, 200)
  })

  test('is dead when there is a newer one, and for another purpose', async () => {
    await using shop = await openShop()
    await register(shop)
    const first = await mailedToken(shop, ada.email)
    const again = () =>
      shop.call('POST', '/api/v1/customers/me/email-verification', { token: access })
    const access = await tokenOf(shop)
    assert.equal((await again()).status, 202)
    const second = await mailedToken(shop, ada.email)
    assert.notEqual(first, second)
    refused(await verify(shop, first), 401, 'INVALID_LINK')
    refused(await reset(shop, second), 401, 'INVALID_LINK')
    refused(await agree(shop, second), 401, 'INVALID_LINK')
    assert.equal((await verify(shop, second)).status, 200)
    assert.equal((await again()).status, 202)
    assert.equal((await shop.mails()).length, 2)
  })

  test('is mailed five times an hour at most, which nobody is told', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    await register(shop)
    const token = await tokenOf(shop)
    const again = () => shop.call('POST', '/api/v1/customers/me/email-verification', { token })
    for (let sent = 1; sent <= 7; sent++) {
      assert.equal((await shop.mails()).length, Math.min(sent, 5))
      assert.equal((await again()).status, 202)
    }
    clock.advance(hourMs + 1)
    const fresh = await tokenOf(shop)
    await shop.call('POST', '/api/v1/customers/me/email-verification', { token: fresh })
    assert.equal((await shop.mails()).length, 6)
    assert.equal((await verify(shop, await mailedToken(shop, ada.email))).status, 200)
  })

  test('is made five times at most by 20 who ask at once, and one of them is mailed', async () => {
    await using shop = await openShop()
    await register(shop)
    const token = await tokenOf(shop)
    const again = () => shop.call('POST', '/api/v1/customers/me/email-verification', { token })
    assert.deepEqual(tally(await inParallel(20, 20, again)), { 202: 20 })
    assert.equal((await tokens(shop)).length, 5)
    assert.equal((await shop.mails()).length, 1)
    assert.equal((await verify(shop, await mailedToken(shop, ada.email))).status, 200)
  })
})

describeOnEveryDatabase('a forgotten password', (openShop) => {
  test('is asked for with the same answer and the same work for any address', async () => {
    await using shop = await openShop()
    await register(shop)
    await shop.mails()
    const [known, unknown] = [
      await askForReset(shop, ada.email),
      await askForReset(shop, 'bob@example.com'),
    ]
    assert.deepEqual([known.status, known.text], [unknown.status, unknown.text])
    assert.equal(known.status, 202)
    const waiting = await shop.ctx.db.read
      .selectFrom('outbox')
      .select(['topic', 'payload'])
      .where('status', '=', 'pending')
      .execute()
    assert.deepEqual(
      waiting.map(({ topic }) => topic),
      ['account.reset_requested', 'account.reset_requested'],
    )
    assert.doesNotMatch(JSON.stringify(waiting), /example/)
    assert.deepEqual(await tokens(shop), ['verify_email'])
    assert.deepEqual((await letters(shop)).slice(1), [
      'ada@example.com: Choose a new password for Cartwright',
    ])
  })

  test('is replaced once, by whoever got the mail; all sessions end', async () => {
    await using shop = await openShop()
    await register(shop)
    const access = await tokenOf(shop)
    await askForReset(shop, 'ADA@example.com')
    const token = await mailedToken(shop, ada.email)
    assert.equal((await reset(shop, token)).status, 200)
    refused(await me(shop, access), 401, 'INVALID_TOKEN')
    refused(await signIn(shop, { email: ada.email, password }), 401, 'INVALID_CREDENTIALS')
    const fresh = await tokenOf(shop, { email: ada.email, password: 'Another-Pass-2' })
    assert.equal((await me(shop, fresh)).body.data.email_verified, true)
    refused(await reset(shop, token), 401, 'INVALID_LINK')
    const told = await letters(shop)
    assert.equal(told.at(-1), 'ada@example.com: Your password for Cartwright was changed')
    assert.equal(told.length, 3)
    const entries = await shop.ctx.db.read.selectFrom('audit_entries').selectAll().execute()
    const [entry] = entries.filter(({ action }) => action === 'account.password_reset')
    assert.deepEqual([entry?.actor_name, entry?.ip], ['a mailed link', '127.0.0.1'])
  })

  test('is replaced by one of 20 who use the link at once', async () => {
    await using shop = await openShop()
    await register(shop)
    await askForReset(shop, ada.email)
    const token = await mailedToken(shop, ada.email)
    const answers = await inParallel(20, 20, (index) => reset(shop, token, `Password-${index}x`))
    assert.deepEqual(tally(answers), { 200: 1, '401 INVALID_LINK': 19 })
    const winner = answers.findIndex(({ status }) => status === 200)
    await tokenOf(shop, { email: ada.email, password: `Password-${winner}x` })
  })

  test('that is too weak is refused, and the link stays good', async () => {
    await using shop = await openShop()
    await register(shop)
    await askForReset(shop, ada.email)
    const token = await mailedToken(shop, ada.email)
    for (const weak of ['short1A', 'Password1', 'xx-Ada_L-xx-1']) {
      await unchanged(shop, async () =>
        refusedField(await reset(shop, token, weak), 'new_password'),
      )
    }
    assert.equal((await reset(shop, token)).status, 200)
  })

  test('has a link for an hour, that a change of the password kills', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    await register(shop)
    await askForReset(shop, ada.email)
    const late = await mailedToken(shop, ada.email)
    clock.advance(hourMs)
    refused(await reset(shop, late), 401, 'INVALID_LINK')
    await askForReset(shop, ada.email)
    const dead = await mailedToken(shop, ada.email)
    const body = { current_password: password, new_password: 'Another-Pass-2' }
    const token = await tokenOf(shop)
    const changed = await shop.call('PUT', '/api/v1/customers/me/password', { token, body })
    assert.equal(changed.status, 200, changed.text)
    refused(await reset(shop, dead), 401, 'INVALID_LINK')
  })

  test('is not for a blocked account, nor mailed more than five times an hour', async () => {
    await using shop = await openShop()
    const { id } = await signUp(shop, { email: ada.email })
    for (let asked = 1; asked <= 7; asked++) {
      await askForReset(shop, ada.email)
      assert.equal((await shop.mails()).length, Math.min(asked, 5))
    }
    const token = await mailedToken(shop, ada.email)
    const admin = await signUp(shop, { role: 'admin' })
    const by = principalOf(admin, 'admin')
    await setBlocked(shop.ctx, by, { id, isBlocked: true })
    refused(await reset(shop, token), 401, 'INVALID_LINK')
    await askForReset(shop, ada.email)
    assert.equal((await shop.mails()).length, 5)
  })
})

describeOnEveryDatabase('a change of the e-mail address', (openShop) => {
  const to = 'ada@new.example.com'
  const ask = (shop: TestShop, token: string, body: object = {}) =>
    shop.call('POST', '/api/v1/customers/me/email-change', {
      token,
      body: { new_email: to, current_password: password, ...body },
    })

  async function asked(shop: TestShop): Promise<{ access: string; old: string; new: string }> {
    await register(shop)
    const access = await tokenOf(shop)
    const answer = await ask(shop, access)
    assert.equal(answer.status, 202, answer.text)
    const [old, fresh] = [await mailedToken(shop, ada.email), await mailedToken(shop, to)]
    return { access, old, new: fresh }
  }

  for (const order of [['old', 'new'] as const, ['new', 'old'] as const]) {
    test(`takes effect when both agree, the ${order[0]} one first`, async () => {
      await using shop = await openShop()
      const given = await asked(shop)
      const first = await agree(shop, given[order[0]])
      assert.deepEqual([first.status, first.body.data], [200, { state: 'waiting' }])
      assert.equal((await me(shop, given.access)).body.data.email, ada.email)
      refused(await agree(shop, given[order[0]]), 401, 'INVALID_LINK')
      const second = await agree(shop, given[order[1]])
      assert.deepEqual([second.status, second.body.data], [200, { state: 'agreed' }])
      const { email, email_verified } = (await me(shop, given.access)).body.data
      assert.deepEqual([email, email_verified], [to, true])
      assert.deepEqual((await letters(shop)).slice(1).toSorted(), [
        'ada@example.com: Is your e-mail address for Cartwright to change?',
        'ada@example.com: Your e-mail address for Cartwright was changed',
        'ada@new.example.com: Confirm your new e-mail address for Cartwright',
      ])
      await tokenOf(shop, { email: to, password })
    })
  }

  test('takes effect when both agree at the same moment', async () => {
    await using shop = await openShop()
    const given = await asked(shop)
    const links = [given.old, given.new]
    const answers = await inParallel(20, 20, (index) => agree(shop, links[index % 2] ?? ''))
    assert.deepEqual(tally(answers), { 200: 2, '401 INVALID_LINK': 18 })
    assert.equal((await me(shop, given.access)).body.data.email, to)
  })

  test('to an address that is taken is found out at the end, and told by mail', async () => {
    await using shop = await openShop()
    await signUp(shop, { email: to })
    const given = await asked(shop)
    await agree(shop, given.new)
    const last = await agree(shop, given.old)
    assert.deepEqual([last.status, last.body.data], [200, { state: 'agreed' }])
    assert.equal((await me(shop, given.access)).body.data.email, ada.email)
    assert.equal(
      (await letters(shop)).at(-1),
      'ada@example.com: Your e-mail address for Cartwright stays as it is',
    )
    assert.equal((await customers(shop)).length, 2)
  })

  test('is dead when another one is asked for, or the day is over', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock, settings: { ACCESS_TOKEN_SECONDS: '86400' } })
    const given = await asked(shop)
    await agree(shop, given.old)
    clock.advance(minuteMs)
    await ask(shop, given.access, { new_email: 'other@example.com' })
    refused(await agree(shop, given.new), 401, 'INVALID_LINK')
    const other = await mailedToken(shop, 'other@example.com')
    clock.advance(24 * hourMs)
    refused(await agree(shop, other), 401, 'INVALID_LINK')
    assert.deepEqual(
      (await customers(shop)).map(({ email }) => email),
      [ada.email],
    )
  })

  test('needs the password, and another address than the one that is there', async () => {
    await using shop = await openShop()
    await register(shop)
    const access = await tokenOf(shop)
    await shop.mails()
    await unchanged(shop, async () => {
      const wrong = { current_password: 'Difference2' }
      refused(await ask(shop, access, wrong), 401, 'INVALID_CREDENTIALS')
      const none = { current_password: undefined }
      refusedField(await ask(shop, access, none), 'current_password')
      refusedField(await ask(shop, access, { new_email: 'ADA@example.com' }), 'new_email')
      refusedField(await ask(shop, access, { new_email: 'ada' }), 'new_email')
    })
    assert.equal((await shop.mails()).length, 1)
  })
})

describeOnEveryDatabase('an address or password changed at the shop door', (openShop) => {
  const settings = { ACCESS_TOKEN_SECONDS: '3600' }
  const put = (
    shop: TestShop,
    { number, token }: { number: number; token: string },
    body: object,
  ) => shop.call('PUT', `/api/users/${number}`, { token, body })

  test('changes at once, is not verified, and the old address is told', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock, settings })
    const account = await signUp(shop, { email: ada.email })
    clock.advance(15 * minuteMs - 1)
    const answer = await put(shop, account, { email: 'new@example.com' })
    assert.equal(answer.status, 200, answer.text)
    const { email, email_verified } = answer.body.data
    assert.deepEqual([email, email_verified], ['new@example.com', false])
    assert.deepEqual((await letters(shop)).toSorted(), [
      'ada@example.com: Your e-mail address for Cartwright was changed',
      'new@example.com: Confirm your e-mail address for Cartwright',
    ])
    assert.equal((await verify(shop, await mailedToken(shop, 'new@example.com'))).status, 200)
  })

  test('needs a session younger than 15 minutes, unless staff do it', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock, settings })
    const account = await signUp(shop)
    const admin = await signUp(shop, { role: 'admin' })
    clock.advance(15 * minuteMs + 1)
    await unchanged(shop, async () => {
      for (const body of [{ email: 'new@example.com' }, { password: 'Another-Pass-2' }]) {
        refused(await put(shop, account, body), 403, 'REAUTHENTICATION_REQUIRED')
      }
      const path = `/api/users/${account.number}`
      const erased = await shop.call('DELETE', path, { token: account.token })
      refused(erased, 403, 'REAUTHENTICATION_REQUIRED')
    })
    assert.equal((await put(shop, account, { first_name: 'Ada' })).status, 200)
    const same = { email: account.email.toUpperCase() }
    assert.equal((await put(shop, account, same)).body.data.email, same.email)
    const byStaff = await put(shop, { ...account, token: admin.token }, { email: 'b@example.com' })
    assert.equal(byStaff.body.data.email, 'b@example.com')
    assert.ok(
      (await letters(shop)).some((letter) => letter.startsWith(account.email.toUpperCase())),
    )
  })

  test('tells by mail of a new password', async () => {
    await using shop = await openShop()
    const account = await signUp(shop, { email: ada.email })
    assert.equal((await put(shop, account, { password: 'Another-Pass-2' })).status, 200)
    assert.deepEqual(await letters(shop), [
      'ada@example.com: Your password for Cartwright was changed',
    ])
  })
})
