import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inParallel } from '../race/support.ts'
import { describeOnEveryDatabase } from '../support/shop.ts'
import { hostileStrings } from './corpus.ts'
import { fieldsOf, withValue, type Operation } from './openapi.ts'
import {
  assertShopWorks,
  encoded,
  openRig,
  session,
  stringsFor,
  type Rig,
  type Sent,
} from './rig.ts'
import { hostileValues } from './strings.ts'

const width = 8

/** Deals the strings out in turn, so that every place gets some and every string has its place. */
function dealer(strings: readonly string[]) {
  let next = 0
  return (count: number) =>
    Array.from({ length: count }, () => strings[next++ % strings.length] ?? '')
}

type Deal = ReturnType<typeof dealer>

interface Aimed {
  readonly operation: Operation
  readonly request: Sent
}

function* bodyShots({ bodyOf, pathOf }: Rig, operation: Operation, deal: Deal, count: number) {
  const path = pathOf(operation)
  for (const field of fieldsOf(operation.body)) {
    for (const value of [...deal(count), ...hostileValues]) {
      const hostile = typeof value === 'string' ? [value] : []
      const body = withValue(bodyOf(operation), field, value)
      yield { operation, request: { path, body, hostile } }
    }
    // The name of a field is a place for a string, too.
    for (const name of deal(3)) {
      const body = withValue(bodyOf(operation), [...field.slice(0, -1), name], 1)
      yield { operation, request: { path, body, hostile: [name] } }
    }
  }
}

function* queryShots({ pathOf }: Rig, operation: Operation, deal: Deal, count: number) {
  const path = pathOf(operation)
  const listed = operation.queryParameters
  const names = listed.includes('search') ? [...listed, 'attributes[color]'] : listed
  for (const name of names) {
    for (const value of deal(count)) {
      yield { operation, request: { path: `${path}?${name}=${encoded(value)}`, hostile: [value] } }
    }
  }
  for (const name of deal(5)) {
    yield { operation, request: { path: `${path}?${encoded(name)}=1`, hostile: [name] } }
  }
}

function* pathShots({ pathOf, bodyOf }: Rig, operation: Operation, deal: Deal, count: number) {
  for (const name of operation.pathParameters) {
    for (const value of deal(count)) {
      const request = { path: pathOf(operation, { [name]: value }), hostile: [value] }
      const body = bodyOf(operation)
      yield { operation, request: body === undefined ? request : { ...request, body } }
    }
  }
}

function shotsAt(rig: Rig, deal: Deal, count: number): Aimed[] {
  return rig.operations.flatMap((operation): Aimed[] => [
    ...bodyShots(rig, operation, deal, count),
    ...queryShots(rig, operation, deal, count),
    ...pathShots(rig, operation, deal, count),
  ])
}

/** Goes on after a failure, so that one run tells of all; one of each kind is shown. */
async function fireAll(rig: Rig, shots: readonly Aimed[]): Promise<void> {
  const failures = new Map<string, string>()
  await inParallel(shots.length, width, async (index) => {
    const { operation, request } = shots[index] as Aimed
    try {
      await rig.send(operation, request)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      failures.set(`${operation.method} ${operation.path}`, message.slice(0, 2_000))
    }
  })
  assert.deepEqual([...failures.values()], [])
}

/** A picture shows the name of its product, and a browser would run what is in it. */
async function assertPicturesAreHarmless({ shop }: Rig): Promise<void> {
  const named = await shop.ctx.db.read
    .selectFrom('products')
    .select(['number', 'name'])
    .where('name', 'like', '%<%')
    .execute()
  await inParallel(named.length, width, async (index) => {
    const { number, name } = named[index] ?? { number: 0, name: '' }
    const answer = await shop.call('GET', `/images/products/${number}.svg`)
    assert.equal(answer.status, 200, answer.text)
    assert.equal(answer.headers.get('content-type'), 'image/svg+xml')
    const tags = answer.text.replaceAll(/>[^<]*</g, '><')
    assert.doesNotMatch(tags, /<(script|iframe|foreignObject|img|a)\b|\son\w+=/i, name)
    assert.match(answer.text, /^<svg[^]*<\/svg>\s*$/)
  })
}

describeOnEveryDatabase('hostile input', (openShop) => {
  test('no field, query parameter or path parameter of any route breaks the shop', async (t) => {
    await using rig = await openRig(openShop)
    const { rowLocks } = rig.shop.ctx.db.dialect.can
    const deal = dealer(hostileStrings)
    const shots = shotsAt(rig, deal, rowLocks ? 1 : 5)
    await fireAll(rig, shots)
    t.diagnostic(`${shots.length} requests to ${rig.operations.length} operations`)
    await assertShopWorks(rig)
  })

  test('every string is harmless where most strings arrive', async (t) => {
    await using rig = await openRig(openShop)
    const { shop } = rig
    const strings = stringsFor(shop)
    const find = (method: string, path: string) =>
      rig.operations.find((one) => one.method === method && one.path === path)
    const places = [
      { at: find('GET', '/api/v1/products'), query: 'search' },
      { at: find('GET', '/api/v1/products'), query: 'category' },
      { at: find('GET', '/api/v1/products/{id}') },
      { at: find('GET', '/api/v1/orders/{id}') },
      { at: find('GET', '/api/v1/admin/stock/{id}') },
      { at: find('POST', '/api/v1/admin/products'), fields: ['name', 'description'] },
      {
        at: find('POST', '/api/v1/checkout'),
        fields: ['shipping_info.name', 'shipping_info.address', 'shipping_info.city'],
      },
      { at: find('POST', '/api/v1/checkout'), fields: ['email'] },
      { at: find('POST', '/api/v1/cart/items'), fields: ['variant_id'] },
    ]
    const shots = places.flatMap(({ at, query, fields = [] }) => {
      if (!at) throw new Error('a place is gone')
      return strings.map((value) => {
        const path = query === undefined ? rig.pathOf(at, { id: value }) : rig.pathOf(at)
        const search = query === undefined ? '' : `?${query}=${encoded(value)}`
        const body = fields.reduce(
          (so: unknown, field) => withValue(so, field.split('.'), value),
          rig.bodyOf(at),
        )
        const request = { path: path + search, hostile: [value] }
        return { operation: at, request: body === undefined ? request : { ...request, body } }
      })
    })
    await fireAll(rig, shots)
    t.diagnostic(`${shots.length} requests with ${strings.length} strings`)
    await assertPicturesAreHarmless(rig)
    await assertShopWorks(rig)
  })

  test('no string signs in, and none is told more than the others', async () => {
    await using rig = await openRig(openShop)
    // Every try costs a password hash.
    const strings = stringsFor(rig.shop).filter((_, index) => index % 12 === 0)
    await inParallel(strings.length, width, async (index) => {
      const value = strings[index] ?? ''
      const field = ['email', 'username', 'password'][index % 3] ?? 'email'
      // Each with a name of its own: who fails often has to wait.
      const email = `ada-${index}@example.com`
      const body = { email, password: 'Correct-Horse-1', [field]: value }
      const login = field === 'username' ? { ...body, email: undefined } : body
      const answer = await rig.shop.call('POST', '/api/v1/sessions', { session, body: login })
      const { code } = answer.body.error as { code: string }
      if (!['VALIDATION_ERROR', 'INVALID_CREDENTIALS'].includes(code)) throw new Error(answer.text)
    })
  })
})
