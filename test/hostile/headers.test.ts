import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inParallel } from '../race/support.ts'
import { describeOnEveryDatabase } from '../support/shop.ts'
import { assertShopWorks, openRig, stringsFor, type Rig } from './rig.ts'
import { exchange, rawRequest } from './raw.ts'
import { assertDecent } from './verdict.ts'
import type { Operation } from './openapi.ts'

/** Every header that carries input, and what may stand before the hostile part. */
const headers = [
  ['session-id', ''],
  ['idempotency-key', ''],
  ['if-match', ''],
  ['if-match', '"1-'],
  ['if-none-match', ''],
  ['authorization', ''],
  ['authorization', 'Bearer '],
  ['x-request-id', ''],
  ['order-token', ''],
  ['cookie', ''],
  ['cookie', 'cart_session='],
  ['accept', ''],
  ['content-type', ''],
  ['content-type', 'application/json; charset='],
  ['x-forwarded-for', ''],
  ['origin', ''],
  ['expect', '100-continue, '],
] as const

/** The string as the value of one header. A line break in it begins what looks like another. */
async function sendHeader(
  rig: Rig,
  operation: Operation,
  { name, value }: { name: string; value: string },
): Promise<void> {
  const body = rig.bodyOf(operation)
  const isJson = body !== undefined && name !== 'content-type'
  const bytes = rawRequest({
    method: operation.method,
    target: rig.pathOf(operation),
    headers: [
      ...(isJson ? ([['content-type', 'application/json']] as const) : []),
      ...(operation.isOpen || name === 'authorization'
        ? []
        : ([['authorization', `Bearer ${rig.token}`]] as const)),
      [name, value],
    ],
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const heard = await exchange(rig.shop.url, bytes)
  assertDecent(heard, `${operation.method} ${operation.path} with ${name}`, [value])
}

describeOnEveryDatabase('hostile headers', (openShop) => {
  test('no header of any route breaks the shop', async (t) => {
    await using rig = await openRig(openShop)
    const strings = stringsFor(rig.shop)
    const { length } = rig.operations
    let next = 0
    const shots = rig.operations.flatMap((operation) =>
      headers.flatMap(([name, before]) =>
        [0, 1, 2].map(() => {
          const value = before + (strings[next++ % strings.length] ?? '')
          return { operation, header: { name, value } }
        }),
      ),
    )
    await inParallel(shots.length, 8, async (index) => {
      const shot = shots[index]
      if (shot) await sendHeader(rig, shot.operation, shot.header)
    })
    t.diagnostic(`${shots.length} requests to ${length} operations`)
    await assertShopWorks(rig)
  })

  test('every string is harmless as a session, as a key or as a token', async (t) => {
    await using rig = await openRig(openShop)
    const strings = stringsFor(rig.shop)
    const at = (method: string, path: string) =>
      rig.operations.find((one) => one.method === method && one.path === path)
    const read = at('GET', '/api/v1/cart')
    const add = at('POST', '/api/v1/cart/items')
    assert.ok(read && add)
    const places = [
      [read, 'session-id', ''],
      [add, 'idempotency-key', ''],
      [read, 'authorization', 'Bearer '],
    ] as const
    await inParallel(strings.length, 8, async (index) => {
      const [operation, name, before] = places[index % places.length] ?? places[0]
      await sendHeader(rig, operation, { name, value: before + (strings[index] ?? '') })
    })
    t.diagnostic(`${strings.length} requests`)
    await assertShopWorks(rig)
  })

  test('a header given twice is never taken for one of the two', async () => {
    await using rig = await openRig(openShop)
    const twice = async (name: string, method: string, target: string, body?: string) => {
      const bytes = rawRequest({
        method,
        target,
        headers: [
          [name, 'one'],
          [name, 'two'],
          ['content-type', 'application/json'],
        ],
        ...(body === undefined ? {} : { body }),
      })
      const heard = await exchange(rig.shop.url, bytes)
      assertDecent(heard, `${name} twice`)
      return heard.status
    }
    assert.equal(await twice('session-id', 'GET', '/api/v1/cart'), 400)
    const item = JSON.stringify({ variant_id: rig.variantId, quantity: 1 })
    assert.equal(await twice('idempotency-key', 'POST', '/api/v1/cart/items', item), 400)
    assert.equal(await twice('if-match', 'DELETE', '/api/v1/cart'), 400)
    assert.equal(await twice('order-token', 'GET', '/api/v1/orders/100001'), 404)
    assert.equal(await twice('authorization', 'GET', '/api/v1/orders'), 401)
    await rig.shop.assertAudit()
  })
})
