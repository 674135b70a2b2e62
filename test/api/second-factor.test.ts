import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tokenHash, unseal } from '../../src/sealing.ts'
import { codeAt } from '../support/authenticator-app.ts'
import {
  describeOnEveryDatabase,
  signUp,
  type Answer,
  type OpenShop,
  type TestShop,
} from '../support/shop.ts'
import { refused, refusedField, shared, testClock, type TestClock } from './support.ts'

const path = '/api/v1/customers/me/second-factor'
const stepMs = 30_000

type Account = Awaited<ReturnType<typeof signUp>>

interface Stage extends AsyncDisposable {
  readonly shop: TestShop
  readonly clock: TestClock
  readonly account: Account
}

async function openStage(openShop: OpenShop): Promise<Stage> {
  const clock = testClock()
  const shop = await openShop({ clock })
  const account = await signUp(shop, { email: 'ada@example.com', username: 'ada_l' })
  return { shop, clock, account, [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose]() }
}

async function begin({ shop, account }: Stage): Promise<string> {
  const body = { current_password: account.password }
  const answer = await shop.call('POST', path, { token: account.token, body })
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data.secret as string
}

const confirm = ({ shop, account }: Stage, code: string) =>
  shop.call('POST', `${path}/confirmation`, { token: account.token, body: { code } })

interface Armed {
  readonly secret: string
  readonly codes: readonly string[]
}

/** Switches the second factor on, and waits for the next code. */
async function arm(stage: Stage): Promise<Armed> {
  const secret = await begin(stage)
  const answer = await confirm(stage, codeAt(secret, stage.clock.now()))
  assert.equal(answer.status, 201, answer.text)
  stage.clock.advance(stepMs)
  return { secret, codes: answer.body.data.recovery_codes as string[] }
}

const signIn = ({ shop, account }: Stage, password = account.password) =>
  shop.call('POST', '/api/v1/sessions', { body: { email: account.email, password } })

async function challengeOf(stage: Stage): Promise<string> {
  const { details } = refused(await signIn(stage), 401, 'SECOND_FACTOR_REQUIRED')
  return details.challenge as string
}

const prove = ({ shop }: Stage, body: object) =>
  shop.call('POST', '/api/v1/sessions/second-factor', { body })

const stateOf = async ({ shop, account: { token } }: Stage) =>
  (await shop.call('GET', path, { token })).body.data as Record<string, unknown>

const sessionsOf = async ({ shop, account: { id } }: Stage): Promise<number> =>
  (
    await shop.ctx.db.read
      .selectFrom('sessions')
      .select('id')
      .where('customer_id', '=', id)
      .where('ended_at', 'is', null)
      .execute()
  ).length

async function changesOf({ shop, account: { id } }: Stage): Promise<string[]> {
  const entries = await shop.ctx.db.read
    .selectFrom('audit_entries')
    .select(['action', 'actor_id'])
    .where('action', 'like', 'account.%')
    .where('subject_id', '=', id)
    .orderBy('id')
    .execute()
  const events = await shop.ctx.db.read
    .selectFrom('outbox')
    .select('payload')
    .where('topic', '=', 'account.factor_changed')
    .orderBy('id')
    .execute()
  const announced = events.map(
    ({ payload }) => JSON.parse(payload) as { account_id: string; change: string; at: number },
  )
  const changes = announced.map(({ change }) => change)
  for (const { account_id, at } of announced) {
    assert.equal(account_id, id)
    assert.ok(Number.isSafeInteger(at))
  }
  assert.deepEqual(
    entries.map(({ action, actor_id }) => [action, actor_id]),
    changes.map((change) => [`account.${change}`, id]),
  )
  return changes
}

/** Another code of six digits than this one. */
const wrong = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

describeOnEveryDatabase('setting up a second factor', (openShop) => {
  test('gives a secret of 160 bits, once as text and once for a picture', async () => {
    await using stage = await openStage(openShop)
    const { shop, account } = stage
    const body = { current_password: account.password }
    const answer = await shop.call('POST', path, { token: account.token, body })
    const { secret, uri } = answer.body.data as { secret: string; uri: string }
    assert.match(secret, /^[A-Z2-7]{32}$/)
    assert.equal(
      uri,
      `otpauth://totp/Cartwright:ada%40example.com?issuer=Cartwright&secret=${secret}&algorithm=SHA1&digits=6&period=30`,
    )
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const row = await shop.ctx.db.read
      .selectFrom('second_factors')
      .selectAll()
      .executeTakeFirstOrThrow()
    assert.equal(row.customer_id, account.id)
    assert.ok(!row.sealed_secret.includes(secret))
    assert.equal(unseal(shop.ctx.secrets, 'second-factors', row.sealed_secret), secret)
  })

  test('asks for nothing at sign-in until a code was shown', async () => {
    await using stage = await openStage(openShop)
    await begin(stage)
    assert.equal((await signIn(stage)).status, 201)
    const off = { active: false, confirmed_at: null, recovery_codes_left: 0 }
    assert.deepEqual(await stateOf(stage), off)
    assert.deepEqual(await changesOf(stage), [])
  })

  test('is confirmed by a right code, and gives ten codes to write down', async () => {
    await using stage = await openStage(openShop)
    const at = new Date(stage.clock.now()).toISOString()
    const { codes } = await arm(stage)
    assert.equal(new Set(codes).size, 10)
    for (const code of codes)
      assert.match(code, /^([0-9a-hjkmnp-tv-z]{4}-){5}[0-9a-hjkmnp-tv-z]{4}$/)
    const on = { active: true, confirmed_at: at, recovery_codes_left: 10 }
    assert.deepEqual(await stateOf(stage), on)
    const rows = await stage.shop.ctx.db.read.selectFrom('recovery_codes').select('hash').execute()
    const hashes = codes.map((code) => tokenHash(code.replaceAll('-', '')))
    assert.deepEqual(rows.map(({ hash }) => hash).toSorted(), hashes.toSorted())
    assert.deepEqual(await changesOf(stage), ['second_factor_enabled'])
    const [mail, ...rest] = await stage.shop.mails()
    assert.deepEqual(rest, [])
    assert.equal(mail?.to, 'ada@example.com')
    assert.equal(mail.subject, 'Signing in at Cartwright: an authenticator app was added')
    assert.match(mail.text, /\nOn 2026-11-21 10:30 UTC .*: an authenticator app was added\.\n/)
  })

  test('takes a code of the step before and after, and none from farther away', async () => {
    await using stage = await openStage(openShop)
    const secret = await begin(stage)
    for (const steps of [-2, 2]) {
      const code = codeAt(secret, stage.clock.now() + steps * stepMs)
      refused(await confirm(stage, code), 401, 'INVALID_CODE')
    }
    assert.equal((await stateOf(stage))['active'], false)
    const code = codeAt(secret, stage.clock.now() - stepMs)
    assert.equal((await confirm(stage, code)).status, 201)
  })

  test('can be begun anew until it is confirmed, and only the last secret counts', async () => {
    await using stage = await openStage(openShop)
    const first = await begin(stage)
    const second = await begin(stage)
    refused(await confirm(stage, codeAt(first, stage.clock.now())), 401, 'INVALID_CODE')
    assert.equal((await confirm(stage, codeAt(second, stage.clock.now()))).status, 201)
    const again = { token: stage.account.token, body: { current_password: stage.account.password } }
    refused(await stage.shop.call('POST', path, again), 409, 'SECOND_FACTOR_ACTIVE')
    refused(await confirm(stage, codeAt(second, stage.clock.now() + stepMs)), 401, 'INVALID_CODE')
  })

  test('by many at the same moment succeeds once', async () => {
    await using stage = await openStage(openShop)
    const secret = await begin(stage)
    const code = codeAt(secret, stage.clock.now())
    const answers = await Promise.all(Array.from({ length: 5 }, () => confirm(stage, code)))
    assert.equal(answers.filter(({ status }) => status === 201).length, 1)
    assert.equal((await stateOf(stage))['recovery_codes_left'], 10)
  })
})

describeOnEveryDatabase('setting up a second factor is refused', (openShop) => {
  const opened = shared(() => openStage(openShop))

  test('without the password, or with a wrong one', async () => {
    const { shop, account } = opened()
    const post = (body: object) => shop.call('POST', path, { token: account.token, body })
    refusedField(await post({}), 'current_password')
    refused(await post({ current_password: 'Wrong-Horse-1' }), 401, 'INVALID_CREDENTIALS')
    refusedField(await post({ current_password: account.password, extra: 1 }), 'extra')
    assert.deepEqual(await shop.ctx.db.read.selectFrom('second_factors').selectAll().execute(), [])
  })

  test('for what is no code, and where nothing was begun', async () => {
    const stage = opened()
    for (const code of ['', '12345', '1234567', '12345a', ' 12345', '１２３４５６']) {
      refusedField(await confirm(stage, code), 'code')
    }
    refused(await confirm(stage, '123456'), 401, 'INVALID_CODE')
  })
})

describeOnEveryDatabase('signing in with a second factor', (openShop) => {
  test('is asked for at both doors, and never after a wrong password', async () => {
    await using stage = await openStage(openShop)
    await arm(stage)
    const { shop, account } = stage
    const before = await sessionsOf(stage)
    const body = { username: 'ada_l', password: account.password }
    for (const door of ['/api/v1/sessions', '/api/users/login']) {
      const error = refused(await shop.call('POST', door, { body }), 401, 'SECOND_FACTOR_REQUIRED')
      assert.deepEqual(error.details.methods, ['totp', 'recovery_code'])
      assert.match(error.details.challenge as string, /^[\w-]{100,}$/)
    }
    refused(await signIn(stage, 'Wrong-Horse-1'), 401, 'INVALID_CREDENTIALS')
    assert.equal(await sessionsOf(stage), before)
  })

  test('is told of at the units door, whose answers have no details', async () => {
    await using stage = await openStage(openShop)
    const { secret } = await arm(stage)
    const { email, password } = stage.account
    const answer = await stage.shop.call('POST', '/users/login', { body: { email, password } })
    assert.equal(answer.status, 401, answer.text)
    const { message, challenge, methods } = answer.body
    assert.equal(message, 'A second factor is needed to sign in.')
    assert.deepEqual(methods, ['totp', 'recovery_code'])
    const code = codeAt(secret, stage.clock.now())
    assert.equal((await prove(stage, { challenge, code })).status, 201)
  })

  test('gives a session for a right code, which says how it began', async () => {
    await using stage = await openStage(openShop)
    const { secret } = await arm(stage)
    const challenge = await challengeOf(stage)
    const answer = await prove(stage, { challenge, code: codeAt(secret, stage.clock.now()) })
    assert.equal(answer.status, 201, answer.text)
    const { access_token: token, session_id } = answer.body.data
    const list = await stage.shop.call('GET', '/api/v1/sessions', { token })
    const own = (list.body.data as { id: string; method: string }[]).find(
      ({ id }) => id === session_id,
    )
    assert.equal(own?.method, 'password')
  })

  test('can be kept by a cookie', async () => {
    await using stage = await openStage(openShop)
    const { secret } = await arm(stage)
    const challenge = await challengeOf(stage)
    const code = codeAt(secret, stage.clock.now())
    const answer = await prove(stage, { challenge, code, mode: 'cookie' })
    assert.equal(answer.status, 201, answer.text)
    assert.deepEqual(Object.keys(answer.body.data), ['csrf_token', 'session_id', 'customer'])
    assert.match(answer.headers.get('set-cookie') ?? '', /session=/)
  })

  test('takes each code once, of many at the same moment too', async () => {
    await using stage = await openStage(openShop)
    const { secret } = await arm(stage)
    const before = await sessionsOf(stage)
    const code = codeAt(secret, stage.clock.now())
    const challenges = await Promise.all(Array.from({ length: 5 }, () => challengeOf(stage)))
    const tries = Array.from({ length: 50 }, (_, index) =>
      prove(stage, { challenge: challenges[index % 5], code }),
    )
    const answers = await Promise.all(tries)
    assert.equal(answers.filter(({ status }) => status === 201).length, 1)
    for (const { status, body } of answers) {
      const codes = ['INVALID_CODE', 'TOO_MANY_REQUESTS', 'INVALID_CHALLENGE']
      assert.ok(status === 201 || codes.includes(body.error.code as string))
    }
    assert.equal(await sessionsOf(stage), before + 1)
  })

  test('does not take the code that set it up, nor one before a code that was used', async () => {
    await using stage = await openStage(openShop)
    const secret = await begin(stage)
    const first = codeAt(secret, stage.clock.now())
    await confirm(stage, first)
    refused(
      await prove(stage, { challenge: await challengeOf(stage), code: first }),
      401,
      'INVALID_CODE',
    )
    stage.clock.advance(2 * stepMs)
    const [older, newer] = [stage.clock.now() - stepMs, stage.clock.now()].map((at) =>
      codeAt(secret, at),
    )
    const challenge = await challengeOf(stage)
    assert.equal((await prove(stage, { challenge, code: newer })).status, 201)
    refused(await prove(stage, { challenge, code: older }), 401, 'INVALID_CODE')
  })

  test('takes a recovery code once, however it was copied', async () => {
    await using stage = await openStage(openShop)
    const { codes } = await arm(stage)
    const [first = '', second = ''] = codes
    const spoilt = ` ${first.toUpperCase().replaceAll('-', ' ').replaceAll('0', 'O').replaceAll('1', 'l')}`
    const challenge = await challengeOf(stage)
    assert.equal((await prove(stage, { challenge, recovery_code: spoilt })).status, 201)
    refused(await prove(stage, { challenge, recovery_code: first }), 401, 'INVALID_CODE')
    const tries = Array.from({ length: 4 }, () =>
      prove(stage, { challenge, recovery_code: second }),
    )
    const statuses = (await Promise.all(tries)).map(({ status }) => status)
    assert.deepEqual(statuses.toSorted(), [201, 401, 401, 401])
    assert.equal((await stateOf(stage))['recovery_codes_left'], 8)
    const used = ['recovery_code_used', 'recovery_code_used']
    assert.deepEqual(await changesOf(stage), ['second_factor_enabled', ...used])
  })

  test('is over after five minutes, five wrong codes, a new password or a block', async () => {
    await using stage = await openStage(openShop)
    const { secret } = await arm(stage)
    const { shop, clock, account } = stage
    const refusedFor = async (challenge: string) => {
      const code = codeAt(secret, clock.now())
      refused(await prove(stage, { challenge, code }), 401, 'INVALID_CHALLENGE')
    }
    const tried = await challengeOf(stage)
    for (let count = 0; count < 5; count += 1) {
      const code = wrong(codeAt(secret, clock.now()))
      refused(await prove(stage, { challenge: tried, code }), 401, 'INVALID_CODE')
    }
    await refusedFor(tried)
    // The same ticket, written in another way.
    await refusedFor(`${tried}=`)
    const old = await challengeOf(stage)
    clock.advance(300_000)
    await refusedFor(old)
    const outdated = await challengeOf(stage)
    const passwords = { current_password: account.password, new_password: 'Other-Horse-2' }
    const put = await shop.call('PUT', '/api/v1/customers/me/password', {
      token: account.token,
      body: passwords,
    })
    assert.equal(put.status, 200, put.text)
    await refusedFor(outdated)
    const { details } = refused(await signIn(stage, 'Other-Horse-2'), 401, 'SECOND_FACTOR_REQUIRED')
    const { token } = await signUp(shop, { role: 'admin' })
    const blocked = await shop.call('PUT', `/api/v1/admin/accounts/${account.id}/block`, { token })
    assert.equal(blocked.status, 200, blocked.text)
    await refusedFor(details.challenge as string)
  })

  test('is refused for a challenge that is none', async () => {
    await using stage = await openStage(openShop)
    const { secret } = await arm(stage)
    const good = await challengeOf(stage)
    const code = codeAt(secret, stage.clock.now())
    const last = good.at(-5) === 'A' ? 'B' : 'A'
    const changed = good.slice(0, -5) + last + good.slice(-4)
    for (const challenge of ['x', changed, good.slice(1), stage.account.token.slice(0, 900)]) {
      refused(await prove(stage, { challenge, code }), 401, 'INVALID_CHALLENGE')
    }
    assert.equal((await prove(stage, { challenge: good, code })).status, 201)
  })

  test('is refused with no proof, and with two', async () => {
    await using stage = await openStage(openShop)
    await arm(stage)
    const challenge = await challengeOf(stage)
    refusedField(await prove(stage, { challenge }), 'code')
    const both = { challenge, code: '123456', recovery_code: 'x' }
    refusedField(await prove(stage, both), 'recovery_code')
  })

  test('stops after ten wrong codes for a quarter of an hour, and then goes on', async () => {
    await using stage = await openStage(openShop)
    const { secret } = await arm(stage)
    const { clock } = stage
    for (let count = 0; count < 10; count += 1) {
      const challenge = await challengeOf(stage)
      const code = wrong(codeAt(secret, clock.now()))
      refused(await prove(stage, { challenge, code }), 401, 'INVALID_CODE')
    }
    const stopped = await prove(stage, {
      challenge: await challengeOf(stage),
      code: codeAt(secret, clock.now()),
    })
    assert.equal(refused(stopped, 429, 'TOO_MANY_REQUESTS').details.retry_after_seconds, 900)
    clock.advance(900_000)
    const challenge = await challengeOf(stage)
    const answer = await prove(stage, { challenge, code: codeAt(secret, clock.now()) })
    assert.equal(answer.status, 201, answer.text)
  })
})

describeOnEveryDatabase('changing a second factor', (openShop) => {
  const send = (
    { shop, account }: Stage,
    method: string,
    { at = path, ...body }: Record<string, unknown> & { at?: string },
  ): Promise<Answer> =>
    shop.call(method, at, {
      token: account.token,
      body: { current_password: account.password, ...body },
    })

  test('removes it with password and code, and ends all other sessions', async () => {
    await using stage = await openStage(openShop)
    const { secret } = await arm(stage)
    const code = codeAt(secret, stage.clock.now())
    const other = await prove(stage, { challenge: await challengeOf(stage), code })
    assert.equal(other.status, 201, other.text)
    const next = codeAt(secret, stage.clock.now() + stepMs)
    refused(await send(stage, 'DELETE', { code: wrong(next) }), 401, 'INVALID_CODE')
    refusedField(await send(stage, 'DELETE', {}), 'code')
    const other_ = { current_password: 'Wrong-Horse-1', code: next }
    refused(await send(stage, 'DELETE', other_), 401, 'INVALID_CREDENTIALS')
    assert.equal((await stateOf(stage))['active'], true)
    assert.equal(await sessionsOf(stage), 2)
    const removed = await send(stage, 'DELETE', { code: next })
    assert.equal(removed.status, 200, removed.text)
    assert.equal(await sessionsOf(stage), 1)
    const token = other.body.data.access_token as string
    refused(await stage.shop.call('GET', path, { token }), 401, 'INVALID_TOKEN')
    assert.equal((await signIn(stage)).status, 201)
    assert.deepEqual(await changesOf(stage), ['second_factor_enabled', 'second_factor_removed'])
    for (const table of ['second_factors', 'recovery_codes'] as const) {
      assert.deepEqual(await stage.shop.ctx.db.read.selectFrom(table).selectAll().execute(), [])
    }
  })

  test('removes it with a recovery code, for those who have lost their device', async () => {
    await using stage = await openStage(openShop)
    const { codes } = await arm(stage)
    const removed = await send(stage, 'DELETE', { recovery_code: codes[0] })
    assert.equal(removed.status, 200, removed.text)
    assert.equal((await stateOf(stage))['active'], false)
  })

  test('gives new recovery codes, and the old ones are good for nothing', async () => {
    await using stage = await openStage(openShop)
    const { secret, codes } = await arm(stage)
    const at = `${path}/recovery-codes`
    const code = codeAt(secret, stage.clock.now())
    refused(await send(stage, 'POST', { at, code: wrong(code) }), 401, 'INVALID_CODE')
    const renewed = await send(stage, 'POST', { at, code })
    assert.equal(renewed.status, 201, renewed.text)
    const fresh = renewed.body.data.recovery_codes as string[]
    assert.equal(new Set([...fresh, ...codes]).size, 20)
    const challenge = await challengeOf(stage)
    refused(await prove(stage, { challenge, recovery_code: codes[0] }), 401, 'INVALID_CODE')
    assert.equal((await prove(stage, { challenge, recovery_code: fresh[0] })).status, 201)
    const changes = ['second_factor_enabled', 'recovery_codes_renewed', 'recovery_code_used']
    assert.deepEqual(await changesOf(stage), changes)
  })

  test('belongs to its account alone', async () => {
    await using stage = await openStage(openShop)
    const { secret, codes } = await arm(stage)
    const stranger = await signUp(stage.shop)
    const other = { ...stage, account: stranger }
    const code = codeAt(secret, stage.clock.now())
    refused(await send(other, 'DELETE', { code }), 401, 'INVALID_CODE')
    refused(await send(other, 'DELETE', { recovery_code: codes[0] }), 401, 'INVALID_CODE')
    assert.equal((await stateOf(other))['active'], false)
    assert.equal((await stateOf(stage))['recovery_codes_left'], 10)
  })
})
