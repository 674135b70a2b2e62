import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eraseAccount } from '../../src/domains/privacy/erasure.ts'
import {
  addProduct,
  describeOnEveryDatabase,
  signUp,
  type TestShop,
  unrestricted,
} from '../support/shop.ts'
import {
  added,
  checkOut,
  refused,
  refusedField,
  unchanged,
  withoutRequestId,
  type Who,
} from './support.ts'

interface Placed {
  readonly id: string
  readonly number: number
  readonly token: string
  readonly total: { readonly amount: string }
}

/** Buys one piece of a new article, and returns the order. */
async function buy(shop: TestShop, who: Who): Promise<Placed> {
  await added(shop, who, await addProduct(shop.ctx))
  const answer = await checkOut(shop, who)
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data as Placed
}

const read = (shop: TestShop, path: string, who: Who = {}) =>
  shop.call('GET', `/api/v1/orders${path}`, { ...who })

const numbersIn = ({ body }: { body: { data: { number: number }[] } }) =>
  body.data.map(({ number }) => number)

describeOnEveryDatabase('the history of orders', (openShop) => {
  test('shows the signed-in customer’s own, newest first, with their lines', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop)
    const other = await signUp(shop)
    const first = await buy(shop, { token })
    await buy(shop, { token: other.token })
    await buy(shop, { session: 'guest' })
    const second = await buy(shop, { token })
    const answer = await read(shop, '', { token })
    assert.equal(answer.status, 200)
    assert.deepEqual(numbersIn(answer), [second.number, first.number])
    const {
      token: _,
      email,
      timeline,
      shipping_method,
      fulfilments,
      returns,
      ...summary
    } = second as unknown as Record<string, unknown>
    const { shipping_address, billing_address, ...expected } = summary
    assert.deepEqual([fulfilments, returns], [[], []])
    assert.deepEqual(answer.body.data[0], expected)
    assert.deepEqual(answer.body.meta, {
      ...{ page: 1, per_page: 20, total: 2, total_pages: 1 },
      next_cursor: null,
    })
    await shop.assertAudit()
  })

  test('is empty for whoever has bought nothing, and closed to guests', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop)
    await buy(shop, { session: 'guest' })
    assert.deepEqual((await read(shop, '', { token })).body.data, [])
    refused(await read(shop, '', { session: 'guest' }), 401, 'UNAUTHENTICATED')
    refused(await read(shop, ''), 401, 'UNAUTHENTICATED')
  })

  test('is cut into pages, by number and by cursor', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop)
    const placed: number[] = []
    for (let count = 0; count < 5; count++) placed.unshift((await buy(shop, { token })).number)
    const first = await read(shop, '?per_page=2', { token })
    const second = await read(shop, '?per_page=2&page=2', { token })
    const third = await read(shop, '?per_page=2&page=3', { token })
    assert.deepEqual([first, second, third].flatMap(numbersIn), placed)
    assert.deepEqual(second.body.links, {
      self: '/api/v1/orders?per_page=2&page=2',
      next: '/api/v1/orders?per_page=2&page=3',
      prev: '/api/v1/orders?per_page=2&page=1',
    })
    const cursor = first.body.meta.next_cursor as string
    const newest = await buy(shop, { token })
    const next = await read(shop, `?per_page=2&cursor=${cursor}`, { token })
    assert.deepEqual(numbersIn(next), placed.slice(2, 4))
    const last = await read(shop, `?per_page=2&cursor=${next.body.meta.next_cursor}`, { token })
    assert.deepEqual(numbersIn(last), placed.slice(4))
    assert.equal(last.body.meta.next_cursor, null)
    assert.equal(last.body.meta.total, 6)
    assert.equal(numbersIn(await read(shop, '?per_page=1', { token }))[0], newest.number)
  })

  test('refuses pages that there cannot be', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop)
    const given = (text: string) => Buffer.from(text).toString('base64url')
    for (const [query, field] of [
      ['page=0', 'page'],
      ['per_page=101', 'per_page'],
      ['cursor=nonsense', 'cursor'],
      [`cursor=${given('["text"]')}`, 'cursor'],
      [`cursor=${given('[1,2]')}`, 'cursor'],
      ['status=paid', 'status'],
      ['customer_id=1', 'customer_id'],
    ] as const) {
      refusedField(await read(shop, `?${query}`, { token }), field)
    }
  })
})

describeOnEveryDatabase('one order', (openShop) => {
  test('is shown to its customer by number and id, as it was placed', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop)
    const { token: orderToken, ...placed } = await buy(shop, { token })
    assert.match(orderToken, /^[\w-]{43}$/)
    for (const reference of [placed.number, placed.id, placed.id.toUpperCase()]) {
      const answer = await read(shop, `/${reference}`, { token })
      assert.equal(answer.status, 200, answer.text)
      assert.deepEqual(answer.body.data, placed)
    }
  })

  test('is shown to a guest with its token, in the address or in a header', async () => {
    await using shop = await openShop()
    const { token, ...placed } = await buy(shop, { session: 'guest' })
    const byQuery = await read(shop, `/${placed.number}?token=${token}`)
    assert.deepEqual(byQuery.body.data, placed)
    const byHeader = await read(shop, `/${placed.id}`, { headers: { 'order-token': token } })
    assert.equal(byHeader.text, byQuery.text)
    const { token: account } = await signUp(shop)
    const signedIn = await read(shop, `/${placed.number}?token=${token}`, { token: account })
    assert.equal(signedIn.status, 200)
  })

  test('that is somebody else’s looks exactly like one that is not there', async () => {
    await using shop = await openShop()
    const owner = await signUp(shop)
    const other = await signUp(shop)
    const own = await buy(shop, { token: owner.token })
    const guests = await buy(shop, { session: 'guest' })
    const nothing = '0199c2a4-6b1e-7c3d-9f00-1d2e3f4a5b6c'
    const absent = await read(shop, '/999')
    refused(absent, 404, 'NOT_FOUND')
    const tries: [path: string, who: Who][] = [
      [`/${own.number}`, {}],
      [`/${own.id}`, {}],
      [`/${own.number}`, { session: 'guest' }],
      [`/${own.number}`, { token: other.token }],
      [`/${own.number}?token=${guests.token}`, {}],
      [`/${own.number}?token=${own.token.slice(1)}`, {}],
      [`/${own.number}?token=`, {}],
      [`/${guests.number}`, { session: 'guest' }],
      [`/${guests.number}`, { headers: { 'order-token': own.token } }],
      [`/${guests.number}?token=${'a'.repeat(43)}`, {}],
      [`/${nothing}`, {}],
      [`/999?token=${own.token}`, {}],
      ['/999', { token: other.token }],
    ]
    for (const [path, who] of tries) {
      const answer = await read(shop, path, who)
      assert.equal(answer.status, 404, path)
      assert.equal(withoutRequestId(answer), withoutRequestId(absent), path)
      for (const header of ['etag', 'content-length', 'cache-control', 'content-type']) {
        assert.equal(answer.headers.get(header), absent.headers.get(header), `${header} ${path}`)
      }
    }
  })

  test('is shown to staff who may read all', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'admin' })
    const { number } = await buy(shop, { session: 'guest' })
    assert.equal((await read(shop, `/${number}`, { token })).status, 200)
  })

  test('is named by a number or an id', async () => {
    await using shop = await openShop()
    for (const reference of ['0', '-1', '1.5', 'first', '1e3', '9'.repeat(16)]) {
      refusedField(await read(shop, `/${reference}`), 'id')
    }
    refusedField(await read(shop, '/1?secret=1'), 'secret')
  })

  test('is not sent again to whoever has it', async () => {
    await using shop = await openShop()
    const { number, token } = await buy(shop, { session: 'guest' })
    const path = `/${number}?token=${token}`
    const etag = (await read(shop, path)).headers.get('etag') ?? ''
    assert.match(etag, /^"2-/)
    const again = await read(shop, path, { headers: { 'if-none-match': etag } })
    assert.equal(again.status, 304)
    const stranger = await read(shop, `/${number}`, { headers: { 'if-none-match': etag } })
    refused(stranger, 404, 'NOT_FOUND')
  })

  test('stays in the books when its account is erased, without the person', async () => {
    await using shop = await openShop()
    const { id, token } = await signUp(shop)
    const staff = await signUp(shop, { role: 'admin' })
    const placed = await buy(shop, { token })
    const before = await read(shop, `/${placed.number}`, { token: staff.token })
    await eraseAccount(shop.ctx, id, unrestricted)
    const after = await read(shop, `/${placed.number}`, { token: staff.token })
    const { email, shipping_address, billing_address, timeline, version, ...kept } = after.body.data
    assert.equal(email, `erased-${placed.number}@invalid`)
    assert.deepEqual(shipping_address, billing_address)
    const { name, address, city, country } = shipping_address
    assert.deepEqual([name, address, city, country], ['erased', 'erased', 'erased', 'GB'])
    assert.equal(timeline.at(-1).type, 'anonymised')
    const old = before.body.data
    assert.deepEqual(old, {
      ...kept,
      ...{ email: old.email, version: version - 1, timeline: timeline.slice(0, -1) },
      ...{ shipping_address: old.shipping_address, billing_address: old.billing_address },
    })
    await unchanged(shop, async () => {
      refused(await read(shop, `/${placed.number}`, { token }), 401, 'INVALID_TOKEN')
      refused(await read(shop, '', { token }), 401, 'INVALID_TOKEN')
      const held = await read(shop, `/${placed.number}?token=${placed.token}`)
      assert.equal(held.text, after.text)
    })
    await shop.assertAudit()
  })
})
