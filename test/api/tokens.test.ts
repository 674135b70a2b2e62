import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPublicKey, type KeyObject } from 'node:crypto'
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  generateKeyPair,
  jwtVerify,
  SignJWT,
  type JWTHeaderParameters,
} from 'jose'
import type { Context } from '../../src/context.ts'
import { currentKey, rotateSigningKeys } from '../../src/domains/access/signing-keys.ts'
import { assignRole } from '../../src/domains/customer/staff.ts'
import { describeOnEveryDatabase, signUp, type TestShop, unrestricted } from '../support/shop.ts'
import { refused, shared, testClock } from './support.ts'

interface Forgery {
  readonly header?: Partial<JWTHeaderParameters>
  readonly claims?: Record<string, unknown>
  readonly key?: KeyObject | Uint8Array
}

interface Account {
  readonly id: string
  readonly number: number
  readonly token: string
}

const sessionOf = ({ token }: Account) => String(decodeJwt(token)['sid'])

function claimsOf({ config, clock }: Context, account: Account) {
  const iat = Math.floor(clock.now() / 1_000)
  return {
    ...{ iss: config.server.publicUrl, aud: 'cartwright', sub: account.id, iat, exp: iat + 900 },
    ...{ number: account.number, sid: sessionOf(account) },
  }
}

async function headerOf(ctx: Context): Promise<JWTHeaderParameters> {
  const { algorithm: alg, id: kid } = await currentKey(ctx)
  return { alg, kid, typ: 'at+jwt' }
}

/** A token like the shop's own, but for what is given; `undefined` leaves a claim out. */
async function forge(ctx: Context, account: Account, forgery: Forgery = {}): Promise<string> {
  return new SignJWT({ ...claimsOf(ctx, account), ...forgery.claims })
    .setProtectedHeader({ ...(await headerOf(ctx)), ...forgery.header })
    .sign(forgery.key ?? (await currentKey(ctx)).signs)
}

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

const signIn = (shop: TestShop, { email, password }: { email: string; password: string }) =>
  shop.call('POST', '/api/v1/sessions', { body: { email, password } })

async function assertRefused(shop: TestShop, authorization: string, what: string): Promise<void> {
  for (const path of ['/api/v1/customers/me', '/api/v1/cart', '/api/v1/admin/products/1']) {
    const answer = await shop.call('GET', path, { headers: { authorization } })
    assert.equal(answer.status, 401, `${what} at ${path}: ${answer.text}`)
    refused(answer, 401, 'INVALID_TOKEN')
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
  }
}

const secret = (text: string) => new TextEncoder().encode(text)
const otherId = '0199c2a4-6b1e-7c3d-9f00-1d2e3f4a5b6c'

const forgeries: readonly (readonly [what: string, forgery: Forgery])[] = [
  ['signed with a secret', { header: { alg: 'HS256' }, key: secret('k'.repeat(43)) }],
  ['signed with an empty-looking secret', { header: { alg: 'HS256' }, key: secret(' ') }],
  ['for another audience', { claims: { aud: 'another' } }],
  ['for no audience', { claims: { aud: undefined } }],
  ['of another issuer', { claims: { iss: 'https://evil.example.com' } }],
  ['of no issuer', { claims: { iss: undefined } }],
  ['of another type', { header: { typ: 'JWT' } }],
  ['of no type', { header: { typ: undefined as unknown as string } }],
  ['that names no key', { header: { kid: undefined as unknown as string } }],
  ['that names a key of nobody', { header: { kid: otherId } }],
  ['that names a path as its key', { header: { kid: '../../etc/passwd' } }],
  ['that never expires', { claims: { exp: undefined } }],
  ['that has expired', { claims: { exp: 1_600_000_000 } }],
  ['that is not valid yet', { claims: { nbf: 9_999_999_999 } }],
  ['of nobody', { claims: { sub: undefined } }],
  ['of somebody else', { claims: { sub: otherId } }],
  ['of no session', { claims: { sid: undefined } }],
  ['of a session of nobody', { claims: { sid: otherId } }],
]

describeOnEveryDatabase('an access token', (openShop) => {
  test('made like the shop’s own is accepted, whatever the case of "Bearer"', async () => {
    await using shop = await openShop()
    const account = await signUp(shop)
    for (const token of [account.token, await forge(shop.ctx, account)]) {
      for (const scheme of ['Bearer', 'bearer', 'BEARER ']) {
        const headers = { authorization: `${scheme} ${token}` }
        const answer = await shop.call('GET', '/api/v1/customers/me', { headers })
        assert.equal(answer.body.data.email, account.email)
      }
    }
  })

  test('without a signature is refused', async () => {
    await using shop = await openShop()
    const account = await signUp(shop)
    const claims = encoded(claimsOf(shop.ctx, account))
    const header = await headerOf(shop.ctx)
    for (const alg of ['none', 'None', 'NONE', 'HS256', 'EdDSA', '']) {
      const unsigned = `${encoded({ ...header, alg })}.${claims}`
      for (const signature of ['', 'AA', 'x'.repeat(43)]) {
        await assertRefused(shop, `Bearer ${unsigned}.${signature}`, `${alg} ${signature}`)
      }
    }
  })

  test('that was tampered with is refused', async () => {
    await using shop = await openShop()
    const account = await signUp(shop)
    const [head = '', , signature = ''] = account.token.split('.')
    const header = await headerOf(shop.ctx)
    const admin = encoded({ ...claimsOf(shop.ctx, account), sub: otherId })
    const other = signature.startsWith('A') ? 'B' : 'A'
    for (const token of [
      `${head}.${admin}.${signature}`,
      account.token.slice(0, -2),
      account.token.replace(`.${signature}`, `.${other}${signature.slice(1)}`),
      `${account.token}AA`,
      `${encoded({ ...header, kid: '1' })}.${account.token.split('.').slice(1).join('.')}`,
    ]) {
      await assertRefused(shop, `Bearer ${token}`, token.slice(-10))
    }
  })

  test('that brings its own key is refused', async () => {
    await using shop = await openShop()
    const account = await signUp(shop)
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const jwk = await crypto.subtle.exportKey('jwk', publicKey)
    for (const more of [
      { jwk },
      { jku: 'https://evil.example.com/keys.json' },
      { x5u: 'https://evil.example.com/cert.pem' },
    ]) {
      const token = await new SignJWT(claimsOf(shop.ctx, account))
        .setProtectedHeader({ ...(await headerOf(shop.ctx)), ...more, alg: 'ES256' })
        .sign(privateKey)
      await assertRefused(shop, `Bearer ${token}`, Object.keys(more)[0] ?? '')
    }
    const token = await forge(shop.ctx, account)
    const crit = encoded({ ...(await headerOf(shop.ctx)), crit: ['exp2'], exp2: 1 })
    await assertRefused(shop, `Bearer ${crit}.${token.split('.').slice(1).join('.')}`, 'crit')
  })

  test('that is none is refused', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop)
    for (const authorization of [
      'Bearer',
      'Bearer ',
      'Bearer a.b',
      'Bearer a.b.c.d',
      `Bearer ${token} ${token}`,
      `Basic ${token}`,
      `Token ${token}`,
      token,
      'Basic YWRhOmFkYQ==',
    ]) {
      await assertRefused(shop, authorization, authorization.slice(0, 20))
    }
  })

  test('is not looked at where nobody needs one', async () => {
    await using shop = await openShop()
    const headers = { authorization: 'Bearer nonsense' }
    assert.equal((await shop.call('GET', '/api/v1/products', { headers })).status, 200)
  })

  test('is good for a quarter of an hour, also when it has been used before', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    const { token, email, password } = await signUp(shop)
    const me = () => shop.call('GET', '/api/v1/customers/me', { token })
    clock.advance(899_999)
    assert.equal((await me()).status, 200)
    clock.advance(1)
    refused(await me(), 401, 'INVALID_TOKEN')
    const fresh = await shop.call('POST', '/api/v1/sessions', { body: { email, password } })
    const again = { token: fresh.body.data.access_token as string }
    assert.equal((await shop.call('GET', '/api/v1/customers/me', again)).status, 200)
  })

  test('is good for as long as the shop says', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock, settings: { ACCESS_TOKEN_SECONDS: '60' } })
    const { token } = await signUp(shop)
    const me = () => shop.call('GET', '/api/v1/customers/me', { token })
    assert.equal((await me()).status, 200)
    clock.advance(60_000)
    refused(await me(), 401, 'INVALID_TOKEN')
  })

  test('gives the rights that its account has now, whatever it says itself', async () => {
    await using shop = await openShop()
    const account = await signUp(shop)
    const call = async (claims: object) => {
      const token = await forge(shop.ctx, account, { claims: { ...claims } })
      return shop.call('GET', '/api/v1/admin/stock/none', { token })
    }
    refused(await call({ role: 'admin' }), 403, 'FORBIDDEN')
    await assignRole(shop.ctx, unrestricted, { id: account.id, role: 'warehouse' })
    refused(await call({}), 404, 'NOT_FOUND')
    await assignRole(shop.ctx, unrestricted, { id: account.id, role: 'customer' })
    refused(await call({ role: 'admin' }), 403, 'FORBIDDEN')
  })

  test('cannot be signed with the public key as if it were a secret', async () => {
    await using shop = await openShop()
    const account = await signUp(shop)
    const { keys } = (await shop.call('GET', '/.well-known/jwks.json')).body
    const publicKey = createPublicKey({ key: keys[0], format: 'jwk' })
    const forms = [
      publicKey.export({ format: 'pem', type: 'spki' }),
      publicKey.export({ format: 'der', type: 'spki' }),
      Buffer.from(String(keys[0].x), 'base64url'),
    ]
    for (const form of forms) {
      const forgery = { header: { alg: 'HS256' }, key: Buffer.from(form) }
      await assertRefused(shop, `Bearer ${await forge(shop.ctx, account, forgery)}`, 'confusion')
    }
  })

  test('can be checked by others with the public keys, which say nothing more', async () => {
    await using shop = await openShop()
    const { token, id } = await signUp(shop)
    const { keys } = (await shop.call('GET', '/.well-known/jwks.json')).body
    assert.deepEqual(Object.keys(keys[0]).toSorted(), ['alg', 'crv', 'kid', 'kty', 'use', 'x'])
    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys }))
    assert.equal(payload.sub, id)
  })

  test('outlives the key that signed it, until it runs out; then the key is forgotten', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    const account = await signUp(shop)
    await rotateSigningKeys(shop.ctx)
    const call = (token: string) => shop.call('GET', '/api/v1/customers/me', { token })
    assert.equal((await call(account.token)).status, 200)
    const fresh = (await signIn(shop, account)).body.data.access_token as string
    const kidOf = (token: string) => decodeProtectedHeader(token).kid
    assert.notEqual(kidOf(fresh), kidOf(account.token))
    assert.equal((await call(fresh)).status, 200)
    const keys = async () =>
      (await shop.call('GET', '/.well-known/jwks.json')).body.keys as object[]
    assert.equal((await keys()).length, 2)
    clock.advance(2 * 3_600_000)
    assert.equal((await keys()).length, 1)
  })

  test('is signed with a shared secret where the shop says so, which is told to nobody', async () => {
    await using shop = await openShop({ settings: { JWT_ALGORITHM: 'HS256' } })
    const { token } = await signUp(shop)
    assert.equal(decodeProtectedHeader(token).alg, 'HS256')
    assert.equal((await shop.call('GET', '/api/v1/customers/me', { token })).status, 200)
    assert.deepEqual((await shop.call('GET', '/.well-known/jwks.json')).body, { keys: [] })
  })
})

describeOnEveryDatabase('an access token', (openShop) => {
  const opened = shared(async () => {
    const shop = await openShop()
    const account = await signUp(shop)
    return { shop, account, [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose]() }
  })

  for (const [what, forgery] of forgeries) {
    test(`${what} is refused`, async () => {
      const { shop, account } = opened()
      const token = await forge(shop.ctx, account, forgery)
      await assertRefused(shop, `Bearer ${token}`, what)
    })
  }
})
