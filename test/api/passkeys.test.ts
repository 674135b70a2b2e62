import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Authenticator, type Ceremony } from '../support/authenticator.ts'
import { codeAt } from '../support/authenticator-app.ts'
import { describeOnEveryDatabase, signUp, type OpenShop, type TestShop } from '../support/shop.ts'
import { refused, refusedField, testClock, type TestClock } from './support.ts'

const path = '/api/v1/customers/me/passkeys'
const origin = 'https://shop.example.com'
const rpId = 'shop.example.com'
const minuteMs = 60_000

type Account = Awaited<ReturnType<typeof signUp>>

interface Stage extends AsyncDisposable {
  readonly shop: TestShop
  readonly clock: TestClock
  readonly ada: Account
}

async function openStage(openShop: OpenShop): Promise<Stage> {
  const clock = testClock()
  const shop = await openShop({
    clock,
    settings: { PUBLIC_URL: origin, ACCESS_TOKEN_SECONDS: '3600' },
  })
  const ada = await signUp(shop, { email: 'ada@example.com' })
  return { shop, clock, ada, [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose]() }
}

async function creationOptions({ shop }: Stage, { token }: { token: string }) {
  const answer = await shop.call('POST', `${path}/options`, { token })
  assert.equal(answer.status, 200, answer.text)
  return answer.body.data as { challenge: string; user: { id: string } } & Record<string, unknown>
}

const keep = ({ shop }: Stage, { token }: { token: string }, passkey: object) =>
  shop.call('POST', path, { token, body: { name: 'My phone', passkey } })

/** A passkey for an account; `change` is what the browser gets wrong. */
async function made(stage: Stage, account: Account, change: Partial<Ceremony> = {}) {
  const authenticator = new Authenticator()
  const { challenge, user } = await creationOptions(stage, account)
  authenticator.userHandle = user.id
  const passkey = authenticator.create({ challenge, origin, rpId, ...change })
  return { authenticator, answer: await keep(stage, account, passkey) }
}

async function registered(stage: Stage, account: Account): Promise<Authenticator> {
  const { authenticator, answer } = await made(stage, account)
  assert.equal(answer.status, 201, answer.text)
  return authenticator
}

async function requestOptions({ shop }: Stage, body: object = {}) {
  const answer = await shop.call('POST', '/api/v1/sessions/passkey/options', { body })
  assert.equal(answer.status, 200, answer.text)
  return answer.body.data as { challenge: string } & Record<string, unknown>
}

const present = ({ shop }: Stage, passkey: object, rest: object = {}) =>
  shop.call('POST', '/api/v1/sessions/passkey', { body: { passkey, ...rest } })

async function signIn(stage: Stage, passkey: Authenticator, change: Partial<Ceremony> = {}) {
  const { challenge } = await requestOptions(stage)
  return present(stage, passkey.get({ challenge, origin, rpId, ...change }))
}

const rowsOf = ({ shop }: Stage) => shop.ctx.db.read.selectFrom('passkeys').selectAll().execute()

async function liveSessions({ shop }: Stage): Promise<number> {
  const query = shop.ctx.db.read.selectFrom('sessions').select('id').where('ended_at', 'is', null)
  return (await query.execute()).length
}

async function changesOf({ shop }: Stage): Promise<unknown[]> {
  const query = shop.ctx.db.read.selectFrom('outbox').select('payload').orderBy('id')
  const events = await query.where('topic', '=', 'account.factor_changed').execute()
  return events.map(({ payload }) => (JSON.parse(payload) as { change: string }).change)
}

describeOnEveryDatabase('registering a passkey', (openShop) => {
  test('offers a browser what it needs, and nothing that says whose account it is', async () => {
    await using stage = await openStage(openShop)
    const options = await creationOptions(stage, stage.ada)
    assert.deepEqual(options['rp'], { name: 'Cartwright', id: rpId })
    assert.equal(options['attestation'], 'none')
    assert.deepEqual(options['excludeCredentials'], [])
    const id = Buffer.from(options.user.id, 'base64url').toString('hex')
    assert.equal(id, stage.ada.id.replaceAll('-', ''))
    const { residentKey } = options['authenticatorSelection'] as { residentKey: string }
    assert.equal(residentKey, 'required')
  })

  test('keeps it, lists it, renames it, and tells its owner', async () => {
    await using stage = await openStage(openShop)
    const { shop, ada, clock } = stage
    const { authenticator, answer } = await made(stage, ada)
    assert.equal(answer.status, 201, answer.text)
    const created_at = new Date(clock.now()).toISOString()
    const { id } = answer.body.data as { id: string }
    const view = { id, name: 'My phone', created_at, last_used_at: null }
    assert.deepEqual(answer.body.data, view)
    const { token } = ada
    const renamed = await shop.call('PATCH', `${path}/${id}`, {
      token,
      body: { name: 'Telephone' },
    })
    assert.equal(renamed.body.data.name, 'Telephone')
    const list = await shop.call('GET', path, { token })
    assert.deepEqual(list.body.data, [{ ...view, name: 'Telephone' }])
    const { excludeCredentials } = await creationOptions(stage, ada)
    const known = { id: authenticator.id, type: 'public-key', transports: ['internal'] }
    assert.deepEqual(excludeCredentials, [known])
    assert.deepEqual(await changesOf(stage), ['passkey_added'])
  })

  test('is refused for another origin, host, ceremony or challenge', async () => {
    await using stage = await openStage(openShop)
    const { ada } = stage
    const stranger = await signUp(stage.shop)
    const { challenge: others } = await creationOptions(stage, stranger)
    const { challenge: forSignIn } = await requestOptions(stage)
    const wrong: Partial<Ceremony>[] = [
      { origin: 'https://shop.example.com.evil.example' },
      { origin: 'http://shop.example.com' },
      { rpId: 'example.com' },
      { type: 'webauthn.get' },
      { challenge: others },
      { challenge: forSignIn },
      { challenge: 'AAAA' },
    ]
    for (const change of wrong) {
      refused((await made(stage, ada, change)).answer, 401, 'INVALID_PASSKEY')
    }
    assert.deepEqual(await rowsOf(stage), [])
  })

  test('is refused for a challenge that was used, or is five minutes old', async () => {
    await using stage = await openStage(openShop)
    const { ada, clock } = stage
    const { challenge } = await creationOptions(stage, ada)
    const create = () => keep(stage, ada, new Authenticator().create({ challenge, origin, rpId }))
    const answers = await Promise.all([create(), create(), create()])
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 401, 401])
    const old = await creationOptions(stage, ada)
    clock.advance(5 * minuteMs)
    const late = new Authenticator().create({ challenge: old.challenge, origin, rpId })
    refused(await keep(stage, ada, late), 401, 'INVALID_PASSKEY')
    assert.equal((await rowsOf(stage)).length, 1)
  })

  test('is refused where the device tells its make, which nobody has asked', async () => {
    await using stage = await openStage(openShop)
    const attStmt = new Map<string, unknown>([['sig', Buffer.alloc(8)]])
    for (const fmt of ['fido-u2f', 'apple', 'tpm', 'something']) {
      const { answer } = await made(stage, stage.ada, { attestation: { fmt, attStmt } })
      refused(answer, 401, 'INVALID_PASSKEY')
    }
  })

  test('is refused for a passkey that an account has already', async () => {
    await using stage = await openStage(openShop)
    const passkey = await registered(stage, stage.ada)
    const stranger = await signUp(stage.shop)
    const copy = new Authenticator(Buffer.from(passkey.id, 'base64url'))
    const { challenge } = await creationOptions(stage, stranger)
    const answer = await keep(stage, stranger, copy.create({ challenge, origin, rpId }))
    assert.equal(refused(answer, 409, 'ALREADY_EXISTS').details.field, 'passkey')
    const [row] = await rowsOf(stage)
    assert.equal(row?.customer_id, stage.ada.id)
  })

  test('asks for a sign-in within a quarter of an hour', async () => {
    await using stage = await openStage(openShop)
    const { shop, ada, clock } = stage
    const passkey = await registered(stage, ada)
    const [row] = await rowsOf(stage)
    clock.advance(15 * minuteMs - 1)
    const { challenge } = await creationOptions(stage, ada)
    clock.advance(1)
    const late = await keep(stage, ada, new Authenticator().create({ challenge, origin, rpId }))
    const { token } = ada
    for (const answer of [
      late,
      await shop.call('POST', `${path}/options`, { token }),
      await shop.call('DELETE', `${path}/${row?.id}`, { token }),
    ]) {
      refused(answer, 403, 'REAUTHENTICATION_REQUIRED')
    }
    assert.deepEqual(await rowsOf(stage), [row])
    const again = await signIn(stage, passkey)
    const fresh = { token: again.body.data.access_token as string }
    assert.equal((await shop.call('POST', `${path}/options`, fresh)).status, 200)
  })
})

describeOnEveryDatabase('signing in with a passkey', (openShop) => {
  test('needs no name and no password, and asks for nothing else', async () => {
    await using stage = await openStage(openShop)
    const { shop, ada, clock } = stage
    const passkey = await registered(stage, ada)
    const options = await requestOptions(stage)
    assert.equal(options['userVerification'], 'required')
    assert.ok(!('allowCredentials' in options) || options['allowCredentials'] === undefined)
    clock.advance(minuteMs)
    const answer = await signIn(stage, passkey)
    assert.equal(answer.status, 201, answer.text)
    const { access_token: token, customer } = answer.body.data
    assert.equal(customer.id, ada.id)
    const sessions = await shop.call('GET', '/api/v1/sessions', { token })
    assert.equal(sessions.body.data[0].method, 'passkey')
    const list = await shop.call('GET', path, { token })
    assert.equal(list.body.data[0].last_used_at, new Date(clock.now()).toISOString())
  })

  test('can be kept by a cookie', async () => {
    await using stage = await openStage(openShop)
    const passkey = await registered(stage, stage.ada)
    const { challenge } = await requestOptions(stage)
    const answer = await present(stage, passkey.get({ challenge, origin, rpId }), {
      mode: 'cookie',
    })
    assert.equal(answer.status, 201, answer.text)
    assert.match(answer.headers.get('set-cookie') ?? '', /__Host-session=/)
  })

  test('is refused for another origin, host, ceremony, challenge, account or without unlocking', async () => {
    await using stage = await openStage(openShop)
    const passkey = await registered(stage, stage.ada)
    const stranger = await signUp(stage.shop)
    const { challenge: forNew, user } = await creationOptions(stage, stranger)
    const before = await liveSessions(stage)
    const wrong: Partial<Ceremony>[] = [
      { origin: 'https://evil.example' },
      { rpId: 'evil.example' },
      { type: 'webauthn.create' },
      { challenge: forNew },
      { challenge: 'AAAA' },
      { isVerified: false },
      { userHandle: user.id },
    ]
    for (const change of wrong) {
      refused(await signIn(stage, passkey, change), 401, 'INVALID_PASSKEY')
    }
    refused(await signIn(stage, new Authenticator()), 401, 'INVALID_PASSKEY')
    assert.equal(await liveSessions(stage), before)
    assert.equal((await signIn(stage, passkey)).status, 201)
  })

  test('is refused for the signature of another key under the same name', async () => {
    await using stage = await openStage(openShop)
    const passkey = await registered(stage, stage.ada)
    const forged = new Authenticator(Buffer.from(passkey.id, 'base64url'))
    forged.userHandle = passkey.userHandle
    refused(await signIn(stage, forged, { counter: 100 }), 401, 'INVALID_PASSKEY')
    const [row] = await rowsOf(stage)
    assert.equal(row?.counter, 1)
  })

  test('uses each challenge up, also with a passkey that does not count', async () => {
    await using stage = await openStage(openShop)
    const { authenticator } = await made(stage, stage.ada, { counter: 0 })
    const { challenge } = await requestOptions(stage)
    const answer = authenticator.get({ challenge, origin, rpId, counter: 0 })
    const tries = await Promise.all(Array.from({ length: 10 }, () => present(stage, answer)))
    const statuses = tries.map(({ status }) => status).toSorted()
    assert.deepEqual(statuses, [201, ...Array<number>(9).fill(401)])
    refused(await present(stage, answer), 401, 'INVALID_PASSKEY')
    assert.equal((await signIn(stage, authenticator, { counter: 0 })).status, 201)
  })

  test('is refused when the passkey counts backwards, since there may be a copy of it', async () => {
    await using stage = await openStage(openShop)
    const passkey = await registered(stage, stage.ada)
    assert.equal((await signIn(stage, passkey, { counter: 7 })).status, 201)
    const before = await liveSessions(stage)
    for (const counter of [7, 6, 0]) {
      refused(await signIn(stage, passkey, { counter }), 401, 'INVALID_PASSKEY')
    }
    assert.equal(await liveSessions(stage), before)
    assert.equal((await signIn(stage, passkey, { counter: 8 })).status, 201)
  })

  test('is refused to an account that is blocked', async () => {
    await using stage = await openStage(openShop)
    const { shop, ada } = stage
    const passkey = await registered(stage, ada)
    const { token } = await signUp(shop, { role: 'admin' })
    await shop.call('PUT', `/api/v1/admin/accounts/${ada.id}/block`, { token })
    refused(await signIn(stage, passkey), 401, 'INVALID_PASSKEY')
  })

  test('is refused for what is no answer of a browser', async () => {
    await using stage = await openStage(openShop)
    const passkey = await registered(stage, stage.ada)
    const { challenge } = await requestOptions(stage)
    const good = passkey.get({ challenge, origin, rpId })
    refusedField(await present(stage, { ...good, id: 'not base64!' }), 'passkey.id')
    refusedField(await present(stage, { ...good, type: 'password' }), 'passkey.type')
    for (const [field, value] of [
      ['clientDataJSON', 'AAAA'],
      ['authenticatorData', 'AAAA'],
      ['signature', 'AAAA'],
    ] as const) {
      const response = { ...good.response, [field]: value }
      refused(await present(stage, { ...good, response }), 401, 'INVALID_PASSKEY')
    }
    refused(await present(stage, { ...good, rawId: 'AAAA' }), 401, 'INVALID_PASSKEY')
    assert.equal((await present(stage, good)).status, 201)
  })
})

describeOnEveryDatabase('a passkey as the second factor', (openShop) => {
  /** Switches the other second factor on, so that one is asked for. */
  async function challengeOf(stage: Stage): Promise<string> {
    const { shop, ada, clock } = stage
    const { token, password, email } = ada
    const at = '/api/v1/customers/me/second-factor'
    const begun = await shop.call('POST', at, { token, body: { current_password: password } })
    const body = { code: codeAt(begun.body.data.secret as string, clock.now()) }
    await shop.call('POST', `${at}/confirmation`, { token, body })
    const answer = await shop.call('POST', '/api/v1/sessions', { body: { email, password } })
    const { details } = refused(answer, 401, 'SECOND_FACTOR_REQUIRED')
    assert.deepEqual(details.methods, ['totp', 'recovery_code', 'passkey'])
    return details.challenge as string
  }

  const prove = ({ shop }: Stage, body: object) =>
    shop.call('POST', '/api/v1/sessions/second-factor', { body })

  test('ends the sign-in, even if it is only touched', async () => {
    await using stage = await openStage(openShop)
    const passkey = await registered(stage, stage.ada)
    const challenge = await challengeOf(stage)
    const options = await requestOptions(stage, { challenge })
    const known = { id: passkey.id, type: 'public-key', transports: ['internal'] }
    assert.deepEqual(options['allowCredentials'], [known])
    const ceremony = { challenge: options.challenge, origin, rpId, isVerified: false }
    const signed = passkey.get(ceremony)
    const answer = await prove(stage, { challenge, passkey: signed })
    assert.equal(answer.status, 201, answer.text)
    assert.equal(answer.body.data.customer.id, stage.ada.id)
    refused(await prove(stage, { challenge, passkey: signed }), 401, 'INVALID_PASSKEY')
  })

  test('is refused if it is of another account, or was asked for something else', async () => {
    await using stage = await openStage(openShop)
    const passkey = await registered(stage, stage.ada)
    const stranger = await signUp(stage.shop)
    const theirs = await registered(stage, stranger)
    const challenge = await challengeOf(stage)
    const options = await requestOptions(stage, { challenge })
    const foreign = theirs.get({ challenge: options.challenge, origin, rpId })
    refused(await prove(stage, { challenge, passkey: foreign }), 401, 'INVALID_PASSKEY')
    const open = await requestOptions(stage)
    const unbound = passkey.get({ challenge: open.challenge, origin, rpId })
    refused(await prove(stage, { challenge, passkey: unbound }), 401, 'INVALID_PASSKEY')
    const bound = passkey.get({ challenge: options.challenge, origin, rpId })
    refused(await present(stage, bound), 401, 'INVALID_PASSKEY')
    const refusal = await stage.shop.call('POST', '/api/v1/sessions/passkey/options', {
      body: { challenge: 'x' },
    })
    refused(refusal, 401, 'INVALID_CHALLENGE')
  })
})

describeOnEveryDatabase('forgetting a passkey', (openShop) => {
  test('ends all other sessions, and the passkey opens nothing any more', async () => {
    await using stage = await openStage(openShop)
    const { shop, ada } = stage
    const passkey = await registered(stage, ada)
    await signIn(stage, passkey)
    assert.equal(await liveSessions(stage), 2)
    const [row] = await rowsOf(stage)
    const removed = await shop.call('DELETE', `${path}/${row?.id}`, { token: ada.token })
    assert.equal(removed.status, 200, removed.text)
    assert.equal(await liveSessions(stage), 1)
    assert.deepEqual(await rowsOf(stage), [])
    refused(await signIn(stage, passkey), 401, 'INVALID_PASSKEY')
    assert.deepEqual(await changesOf(stage), ['passkey_added', 'passkey_removed'])
  })

  test('is not for others, who do not even learn that it is there', async () => {
    await using stage = await openStage(openShop)
    await registered(stage, stage.ada)
    const [row] = await rowsOf(stage)
    const { token } = await signUp(stage.shop)
    const at = `${path}/${row?.id}`
    refused(await stage.shop.call('DELETE', at, { token }), 404, 'NOT_FOUND')
    refused(await stage.shop.call('PATCH', at, { token, body: { name: 'x' } }), 404, 'NOT_FOUND')
    assert.deepEqual(await rowsOf(stage), [row])
  })
})
