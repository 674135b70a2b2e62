import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateKeyPair, SignJWT, type JWTHeaderParameters } from 'jose'
import type { Context } from '../../src/context.ts'
import { describeOnEveryDatabase, signUp, type TestShop } from '../support/shop.ts'
import { refused, shared, testClock } from './support.ts'

const header: JWTHeaderParameters = { alg: 'HS256', typ: 'at+jwt' }

interface Forgery {
  readonly header?: Partial<JWTHeaderParameters>
  readonly claims?: Record<string, unknown>
  readonly secret?: string
}

interface Account {
  readonly id: string
  readonly number: number
}

function claimsOf({ config, clock }: Context, { id, number }: Account) {
  const iat = Math.floor(clock.now() / 1_000)
  return {
    ...{ iss: config.server.publicUrl, aud: 'cartwright', sub: id, iat, exp: iat + 900 },
    ...{ number, role: 'customer' },
  }
}

/** A token like the shop's own, but for what is given; `undefined` leaves a claim out. */
function forge(ctx: Context, account: Account, forgery: Forgery = {}): Promise<string> {
  const secret = new TextEncoder().encode(forgery.secret ?? ctx.secrets.jwt)
  return new SignJWT({ ...claimsOf(ctx, account), ...forgery.claims })
    .setProtectedHeader({ ...header, ...forgery.header })
    .sign(secret)
}

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

async function assertRefused(shop: TestShop, authorization: string, what: string): Promise<void> {
  for (const path of ['/api/v1/customers/me', '/api/v1/cart', '/api/v1/admin/products/1']) {
    const answer = await shop.call('GET', path, { headers: { authorization } })
    assert.equal(answer.status, 401, `${what} at ${path}: ${answer.text}`)
    refused(answer, 401, 'INVALID_TOKEN')
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
  }
}

const forgeries: readonly (readonly [what: string, forgery: Forgery])[] = [
  ['signed with another secret', { secret: 'k'.repeat(43) }],
  ['signed with an empty-looking secret', { secret: ' ' }],
  ['signed by another algorithm', { header: { alg: 'HS512' } }],
  ['for another audience', { claims: { aud: 'another' } }],
  ['for no audience', { claims: { aud: undefined } }],
  ['of another issuer', { claims: { iss: 'https://evil.example.com' } }],
  ['of no issuer', { claims: { iss: undefined } }],
  ['of another type', { header: { typ: 'JWT' } }],
  ['of no type', { header: { typ: undefined as unknown as string } }],
  ['that never expires', { claims: { exp: undefined } }],
  ['that has expired', { claims: { exp: 1_600_000_000 } }],
  ['that is not valid yet', { claims: { nbf: 9_999_999_999 } }],
  ['of nobody', { claims: { sub: undefined } }],
  ['without a number', { claims: { number: undefined } }],
  ['without a role', { claims: { role: undefined } }],
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
    for (const alg of ['none', 'None', 'NONE', 'HS256', '']) {
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
    const admin = encoded({ ...claimsOf(shop.ctx, account), role: 'admin' })
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
        .setProtectedHeader({ ...header, ...more, alg: 'ES256' })
        .sign(privateKey)
      await assertRefused(shop, `Bearer ${token}`, Object.keys(more)[0] ?? '')
    }
    const token = await forge(shop.ctx, account)
    const crit = encoded({ ...header, crit: ['exp2'], exp2: 1 })
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

  test('gives the rights of its role, and those of a role that is not known to nobody', async () => {
    await using shop = await openShop()
    const account = await signUp(shop)
    const call = async (role: string) => {
      const token = await forge(shop.ctx, account, { claims: { role } })
      return shop.call('GET', '/api/v1/admin/stock/none', { token })
    }
    refused(await call('admin'), 404, 'NOT_FOUND')
    refused(await call('customer'), 403, 'FORBIDDEN')
    refused(await call('root'), 403, 'FORBIDDEN')
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
