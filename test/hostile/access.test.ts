import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { buildApp } from '../../src/app.ts'
import { added, checkOut, refused, withoutRequestId } from '../api/support.ts'
import { errorCatalogue, type ErrorCode } from '../../src/core/errors.ts'
import { createApiKey } from '../../src/domains/access/api-keys.ts'
import { allPermissions, type Permission } from '../../src/domains/access/permissions.ts'
import { createRole } from '../../src/domains/access/roles.ts'
import { register } from '../../src/domains/customer/customers.ts'
import {
  describeOnEveryDatabase,
  freshToken,
  signUp,
  type Answer,
  type TestShop,
  unrestricted,
} from '../support/shop.ts'
import type { Operation } from './openapi.ts'
import { isUnitsDoor } from './verdict.ts'
import { isAboutOneself, openRig, session, type Rig } from './rig.ts'

/** Served, and not in the document that they serve. */
const pages = [
  ...['verify', 'reset', 'email-change'].map((name) => `/account/${name}`),
  ...['confirm', 'unsubscribe'].map((name) => `/stock-notices/${name}`),
]
const undocumented = [
  ...['GET /docs', 'GET /docs*', 'GET /openapi.json'],
  ...pages.flatMap((page) => [`GET ${page}`, `POST ${page}`]),
]

/** Everything the router answers, from its own drawing of itself. */
async function routesOf({ ctx }: TestShop): Promise<string[]> {
  const { app } = await buildApp(ctx)
  const drawing = app.printRoutes({ commonPrefix: false })
  await app.close()
  const above: string[] = []
  return drawing.split('\n').flatMap((line) => {
    const [, branches = '', part = '', methods] =
      /^([│├└─ ]*)(.*?)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? []
    const level = branches.length / 4
    above.splice(level - 1, Infinity, part.replace(/:(\w+)(?:\(\^.*\$\))?/g, '{$1}'))
    const path = above.join('')
    const listed = methods?.split(', ') ?? []
    return listed.filter((method) => method !== 'HEAD').map((method) => `${method} ${path}`)
  })
}

/** Who may write without signing in: shoppers, and those who want to sign in. */
const openWrites = new RegExp(
  '/(cart|checkout|sessions|sessions/refresh|customers|setup/administrator|' +
    'users/register|users/login|email-verifications|password-resets|email-changes|' +
    'stock-subscriptions)(/|$)|' +
    // Guests, by the token of their order; providers, by their signature.
    '/orders/{id}/(cancellation|returns|payments)(/|$)|/payments/{provider}/events$',
)

interface Caller {
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
}

function call(
  { shop, pathOf, bodyOf }: Rig,
  operation: Operation,
  caller: Caller,
): Promise<Answer> {
  const body = bodyOf(operation)
  const request = body === undefined ? caller : { ...caller, body }
  return shop.call(operation.method, pathOf(operation), { session, ...request })
}

/** Asserts a refusal in the form of the operation's door; returns its details, if it tells any. */
function refusedAt(
  { path }: Operation,
  answer: Answer,
  code: ErrorCode,
): Readonly<Record<string, unknown>> | undefined {
  const { status } = errorCatalogue[code]
  if (!isUnitsDoor(path)) return refused(answer, status, code).details
  assert.deepEqual([answer.status, Object.keys(answer.body)], [status, ['message']], answer.text)
  return undefined
}

/** Somebody whose role allows this and no more. */
async function staffWith({ shop }: Rig, permissions: readonly Permission[]): Promise<string> {
  const code = `r${++count}`
  await createRole(shop.ctx, unrestricted, { code, name: code, description: '', permissions })
  const id = await insertStaff(shop, code)
  return freshToken(shop, id)
}

let count = 0

/** Without the time that a password takes. */
async function insertStaff({ ctx }: TestShop, role: string) {
  const email = `${role}-${++count}@example.com`
  const { id, number } = await register(ctx, { email, password: undefined, role })
  return { id, number, email }
}

/** A key of an administrator that was made for this and no more. */
async function keyWith({ shop }: Rig, permissions: readonly Permission[]): Promise<string> {
  const { id } = await insertStaff(shop, 'admin')
  const owner = { ...unrestricted, accountId: id }
  const wanted = { name: 'Key', permissions, expiresAt: undefined }
  return (await createApiKey(shop.ctx, owner, wanted)).text
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Tokens that an attacker can make out of a good one, or buy, or keep for too long. */
function badTokens(good: string): Record<string, string> {
  const [header = '', payload = '', signature = ''] = good.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
  const sign = (head: object, body: object, secret = 'j'.repeat(43)) => {
    const text = `${encode(head)}.${encode(body)}`
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
  }
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }
  const head = { alg: 'HS256', typ: 'at+jwt', kid }
  const nowSeconds = Math.floor(Date.now() / 1_000)
  return {
    'no algorithm': `${encode({ ...head, alg: 'none' })}.${payload}.x`,
    'no signature': `${header}.${payload}.`,
    'another signature': `${header}.${payload}.${signature.split('').toReversed().join('')}`,
    'another role': `${header}.${encode({ ...claims, role: 'admin' })}.${signature}`,
    'another key': sign(head, claims, 'k'.repeat(43)),
    'an empty key': sign(head, claims, ' '),
    'another type': sign({ ...head, typ: 'JWT' }, claims),
    'a critical extension': sign({ ...head, crit: ['b64'], b64: false }, claims),
    'another audience': sign(head, { ...claims, aud: 'another-shop' }),
    'another issuer': sign(head, { ...claims, iss: 'https://example.com' }),
    'no expiry': sign(head, { ...claims, exp: undefined }),
    'an expiry long ago': sign(head, { ...claims, exp: nowSeconds - 1 }),
    'not yet valid': sign(head, { ...claims, nbf: nowSeconds + 3_600 }),
    'no subject': sign(head, { ...claims, sub: undefined }),
  }
}

describeOnEveryDatabase('who may call what', (openShop) => {
  test('every route is in the document by which these tests find it', async () => {
    await using rig = await openRig(openShop)
    const documented = rig.operations.map(({ method, path }) => `${method} ${path}`)
    const routes = await routesOf(rig.shop)
    assert.deepEqual(routes.toSorted(), [...documented, ...undocumented].toSorted())
  })

  test('only shopping and signing in can write without an account', async () => {
    await using rig = await openRig(openShop)
    const writes = rig.operations.filter(({ method, isOpen }) => isOpen && method !== 'GET')
    for (const { path } of writes) assert.match(path, openWrites)
    for (const { path, isOpen, permission } of rig.operations) {
      if (path.includes('/admin/')) assert.ok(!isOpen && permission, path)
    }
  })

  test('nobody is refused where an account is needed, and nowhere else', async () => {
    await using rig = await openRig(openShop)
    for (const operation of rig.operations) {
      const answer = await call(rig, operation, {})
      if (!operation.isOpen) refusedAt(operation, answer, 'UNAUTHENTICATED')
      else assert.ok(![401, 403].includes(answer.status) || isSignIn(operation), answer.text)
    }
    await rig.shop.assertAudit()
  })

  test('whoever has every permission but the one is refused, whatever the request holds', async () => {
    await using rig = await openRig(openShop)
    const customer = await signUp(rig.shop)
    for (const permission of allPermissions) {
      const operations = rig.operations.filter((one) => one.permission === permission)
      const others = allPermissions.filter((one) => one !== permission)
      const callers = [customer.token, await staffWith(rig, others), await keyWith(rig, others)]
      for (const operation of operations) {
        for (const token of callers) {
          const answer = await call(rig, operation, { token })
          const details = refusedAt(operation, answer, 'FORBIDDEN')
          if (details) assert.equal(details['permission'], permission)
          const empty = await rig.shop.call(operation.method, rig.pathOf(operation), { token })
          assert.ok([400, 403].includes(empty.status), empty.text)
        }
      }
    }
    await rig.shop.assertAudit()
  })

  test('whoever has that permission alone gets in, as staff and with a key', async () => {
    await using rig = await openRig(openShop)
    for (const permission of allPermissions) {
      const callers = [await staffWith(rig, [permission]), await keyWith(rig, [permission])]
      for (const operation of rig.operations.filter((one) => one.permission === permission)) {
        for (const token of callers) {
          const answer = await call(rig, operation, { token })
          assert.ok(answer.status < 500 && answer.status !== 401, answer.text)
          if (isUnitsDoor(operation.path)) assert.notEqual(answer.status, 403, answer.text)
          // What more it may need depends on whom or what it is about.
          assert.notEqual(answer.body?.error?.details?.permission, permission, answer.text)
        }
      }
    }
    await rig.shop.assertAudit()
  })

  test('a key is no person, whatever it may do', async () => {
    await using rig = await openRig(openShop)
    const token = await keyWith(rig, allPermissions)
    const own = rig.operations.filter(({ isOpen, permission }) => !isOpen && !permission)
    assert.ok(own.length >= 10)
    for (const operation of own) {
      refusedAt(operation, await call(rig, operation, { token }), 'ACCOUNT_REQUIRED')
    }
  })

  test('fields that would give rights are refused, and change nothing', async () => {
    await using rig = await openRig(openShop)
    const account = await signUp(rig.shop)
    const extra = { role: 'admin', is_admin: true, permissions: allPermissions, customer_id: '1' }
    for (const operation of rig.operations.filter(({ body }) => body !== undefined)) {
      const known = rig.bodyOf(operation) as object
      for (const [field, value] of Object.entries(extra)) {
        if (Object.hasOwn(operation.body?.properties ?? {}, field)) continue
        const token = isAboutOneself(operation) ? await freshToken(rig.shop, account) : rig.token
        const caller = operation.isOpen ? {} : { token }
        const body = { ...known, [field]: value }
        const answer = await rig.shop.call(operation.method, rig.pathOf(operation), {
          ...{ session, ...caller, body },
        })
        assert.equal(answer.status, 400, `${operation.path} ${field}: ${answer.text}`)
      }
    }
    const row = await rig.shop.ctx.db.read
      .selectFrom('customers')
      .select('role')
      .where('id', '=', account.id)
      .executeTakeFirst()
    assert.equal(row?.role, 'customer')
  })

  test('no forged, changed or outdated token opens any route that reads one', async () => {
    await using rig = await openRig(openShop)
    const closed = rig.operations.filter(({ isOpen }) => !isOpen)
    const cart = rig.operations.filter(({ path }) => path === '/api/v1/cart')
    const { token: good } = await signUp(rig.shop)
    for (const [name, token] of Object.entries(badTokens(good))) {
      for (const operation of [...closed, ...cart]) {
        const answer = await call(rig, operation, { token })
        assert.equal(answer.status, 401, `${name} at ${operation.path}: ${answer.text}`)
        assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
      }
    }
  })

  test('credentials that are not a bearer token are refused', async () => {
    await using rig = await openRig(openShop)
    const orders = rig.operations.find(({ path }) => path === '/api/v1/orders')
    assert.ok(orders)
    const schemes = ['Basic YTpi', 'Bearer', 'Bearer  ', `Token ${rig.token}`, rig.token, 'null']
    for (const authorization of schemes) {
      const answer = await call(rig, orders, { headers: { authorization } })
      assert.equal(answer.status, 401, `${authorization}: ${answer.text}`)
    }
  })
})

const isSignIn = ({ path }: Operation): boolean =>
  /\/sessions(\/|$)|login$|setup\/administrator$/.test(path)

describeOnEveryDatabase('what belongs to somebody else', (openShop) => {
  test('an order of another customer looks like one that does not exist', async () => {
    await using rig = await openRig(openShop)
    const { shop, variantId } = rig
    const owner = await signUp(shop)
    await added(shop, { token: owner.token }, { variantId })
    const placed = await checkOut(shop, { token: owner.token })
    assert.equal(placed.status, 201, placed.text)
    const { number, id, token } = placed.body.data as { number: number; id: string; token: string }
    const stranger = await signUp(shop)
    const guesses: Caller[] = [
      {},
      { token: stranger.token },
      { headers: { 'order-token': `${token}x` } },
      { headers: { 'order-token': token.toLowerCase() } },
      { token: stranger.token, headers: { 'order-token': 'guess' } },
    ]
    for (const door of ['/api/v1', '/api']) {
      for (const guess of guesses) {
        const absent = await shop.call('GET', `${door}/orders/${number + 1_000}`, guess)
        refused(absent, 404, 'NOT_FOUND')
        for (const name of [number, id]) {
          const answer = await shop.call('GET', `${door}/orders/${name}`, guess)
          assert.equal(withoutRequestId(answer), withoutRequestId(absent))
          assert.deepEqual(comparable(answer), comparable(absent))
        }
      }
      const own = await shop.call('GET', `${door}/orders/${number}`, { token: owner.token })
      assert.equal(own.status, 200, own.text)
    }
  })

  test('the orders of one customer are never in the list of another', async () => {
    await using rig = await openRig(openShop)
    const { shop, variantId } = rig
    const owner = await signUp(shop)
    await added(shop, { token: owner.token }, { variantId })
    await checkOut(shop, { token: owner.token })
    const stranger = await signUp(shop)
    for (const door of ['/api/v1', '/api']) {
      const list = await shop.call('GET', `${door}/orders`, { token: stranger.token })
      assert.deepEqual(list.body.data, [])
    }
  })

  test('a line in the cart of another session cannot be changed or removed', async () => {
    await using rig = await openRig(openShop)
    const { shop, variantId } = rig
    const owner = { session: 'owner' }
    const { line_id } = (await added(shop, owner, { variantId })).body.data as { line_id: string }
    const thief = { session: 'thief' }
    await added(shop, thief, { variantId })
    const at = `/api/v1/cart/items/${line_id}`
    refused(await shop.call('PUT', at, { ...thief, body: { quantity: 9 } }), 404, 'NOT_FOUND')
    refused(await shop.call('DELETE', at, thief), 404, 'NOT_FOUND')
    const cart = await shop.call('GET', '/api/v1/cart', owner)
    assert.equal(cart.body.data.item_count, 1)
  })

  test('a session cannot be named as one that was given out in a cookie', async () => {
    await using rig = await openRig(openShop)
    const { shop, variantId } = rig
    const body = { variant_id: variantId, quantity: 1 }
    const given = await shop.call('POST', '/api/v1/cart/items', { body })
    const cookie = /cart_session=([^;]+)/.exec(given.headers.get('set-cookie') ?? '')?.[1] ?? ''
    const [id = ''] = decodeURIComponent(cookie).split('.')
    for (const name of [id, `cookie:${id}`, cookie]) {
      const cart = await shop.call('GET', '/api/v1/cart', { session: name })
      assert.equal(cart.body.data.item_count, 0)
    }
    const forged = { headers: { cookie: `cart_session=${id}.${'a'.repeat(43)}` } }
    assert.equal((await shop.call('GET', '/api/v1/cart', forged)).body.data.item_count, 0)
    const own = { headers: { cookie: `cart_session=${cookie}` } }
    assert.equal((await shop.call('GET', '/api/v1/cart', own)).body.data.item_count, 1)
  })
})

/** The headers that could tell two refusals apart. */
function comparable({ status, headers }: Answer): object {
  const names = ['content-type', 'cache-control', 'etag', 'content-length', 'www-authenticate']
  return { status, ...Object.fromEntries(names.map((name) => [name, headers.get(name)])) }
}
