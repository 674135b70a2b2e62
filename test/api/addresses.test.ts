import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eraseAccount } from '../../src/domains/privacy/erasure.ts'
import {
  addProduct,
  checkoutBody,
  describeOnEveryDatabase,
  shippingInfo,
  signUp,
  type CallOptions,
  type TestShop,
  unrestricted,
} from '../support/shop.ts'
import { added, refused, refusedField, shared, testClock, unchanged } from './support.ts'

const path = '/api/v1/customers/me/addresses'
const berlin = {
  ...{ name: 'Ada Lovelace', company: 'Engines', address: 'Platz der Republik 1' },
  ...{ city: 'Berlin', postal_code: '11011', country: 'DE' },
}

type Who = Pick<CallOptions, 'token'>

async function saved(shop: TestShop, who: Who, change: object = {}) {
  const answer = await shop.call('POST', path, { ...who, body: { ...shippingInfo, ...change } })
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data
}

async function listed(shop: TestShop, who: Who) {
  const answer = await shop.call('GET', path, who)
  assert.equal(answer.status, 200, answer.text)
  return answer.body.data as { id: string; default_shipping: boolean; default_billing: boolean }[]
}

const one = (shop: TestShop, who: CallOptions, { id }: { id: string }, method = 'GET') =>
  shop.call(method, `${path}/${id}`, who)

describeOnEveryDatabase('the address book', (openShop) => {
  test('keeps addresses as their countries write them, the oldest first', async () => {
    await using shop = await openShop({ clock: testClock() })
    const who = await signUp(shop)
    assert.deepEqual(await listed(shop, who), [])
    const first = await saved(shop, who, { postal_code: 'sw1y 4jh', default_shipping: true })
    const at = '2026-11-21T10:30:00.000Z'
    assert.deepEqual(first, {
      ...{ id: first.id, ...shippingInfo, default_shipping: true, default_billing: false },
      ...{ version: 1, created_at: at, updated_at: at },
    })
    const second = await saved(shop, who, berlin)
    assert.deepEqual(await listed(shop, who), [first, second])
    const answer = await one(shop, who, second)
    assert.deepEqual(answer.body.data, second)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const etag = answer.headers.get('etag') ?? ''
    assert.match(etag, /^"1-/)
    const headers = { 'if-none-match': etag }
    assert.equal((await one(shop, { ...who, headers }, second)).status, 304)
  })

  test('has one default for each purpose, whichever was chosen last', async () => {
    await using shop = await openShop()
    const who = await signUp(shop)
    const a = await saved(shop, who, { default_shipping: true, default_billing: true })
    const b = await saved(shop, who, { default_shipping: true })
    const defaults = async () =>
      (await listed(shop, who)).map(({ id, default_shipping, default_billing }) => [
        ...[id === a.id ? 'a' : 'b', default_shipping, default_billing],
      ])
    assert.deepEqual(await defaults(), [
      ['a', false, true],
      ['b', true, false],
    ])
    const put = (to: { id: string }, body: object) => one(shop, { ...who, body }, to, 'PUT')
    assert.equal((await put(b, { ...berlin })).body.data.default_shipping, true)
    assert.equal((await put(a, { ...berlin, default_shipping: false })).status, 200)
    assert.deepEqual(await defaults(), [
      ['a', false, true],
      ['b', true, false],
    ])
    await put(b, { ...berlin, default_shipping: false, default_billing: true })
    assert.deepEqual(await defaults(), [
      ['a', false, false],
      ['b', false, true],
    ])
    await one(shop, who, b, 'DELETE')
    assert.deepEqual(await defaults(), [['a', false, false]])
  })

  test('replaces and deletes an address only at the version that was seen', async () => {
    await using shop = await openShop()
    const who = await signUp(shop)
    const address = await saved(shop, who)
    const etag = (await one(shop, who, address)).headers.get('etag') ?? ''
    const change = { ...who, body: berlin, headers: { 'if-match': etag } }
    const changed = await one(shop, change, address, 'PUT')
    assert.equal(changed.status, 200, changed.text)
    const { company, state, version } = changed.body.data
    assert.deepEqual(
      { company, state, version },
      { company: 'Engines', state: undefined, version: 2 },
    )
    assert.equal(changed.headers.get('etag'), (await one(shop, who, address)).headers.get('etag'))
    await unchanged(shop, async () => {
      for (const method of ['PUT', 'DELETE']) {
        const stale = {
          ...who,
          headers: { 'if-match': etag },
          ...(method === 'PUT' && { body: berlin }),
        }
        const { details } = refused(
          await one(shop, stale, address, method),
          412,
          'VERSION_CONFLICT',
        )
        assert.equal(details.current, 2)
      }
    })
    const fresh = { ...who, headers: { 'if-match': changed.headers.get('etag') ?? '' } }
    assert.deepEqual((await one(shop, fresh, address, 'DELETE')).body.data, { id: address.id })
    refused(await one(shop, who, address), 404, 'NOT_FOUND')
    refused(await one(shop, who, address, 'DELETE'), 404, 'NOT_FOUND')
  })

  test('holds 50 addresses and not one more', async () => {
    await using shop = await openShop()
    const who = await signUp(shop)
    for (let count = 0; count < 49; count++) await saved(shop, who)
    const add = () => shop.call('POST', path, { ...who, body: shippingInfo })
    const answers = await Promise.all(Array.from({ length: 8 }, add))
    const statuses = answers.map(({ status }) => status).sort()
    assert.deepEqual(statuses, [201, ...Array<number>(7).fill(409)])
    const { details } = refused(await add(), 409, 'LIMIT_REACHED')
    assert.equal(details.limit, 50)
    const all = await listed(shop, who)
    assert.equal(all.length, 50)
    await one(shop, who, all[0]!, 'DELETE')
    await saved(shop, who)
  })

  test('is emptied with the account, and closed to a token that outlives it', async () => {
    await using shop = await openShop()
    const who = await signUp(shop)
    await saved(shop, who, { default_billing: true })
    await eraseAccount(shop.ctx, who.id, unrestricted)
    for (const table of ['customer_addresses', 'customer_default_addresses'] as const) {
      assert.deepEqual(await shop.ctx.db.read.selectFrom(table).selectAll().execute(), [])
    }
    const answer = await shop.call('POST', path, { ...who, body: shippingInfo })
    refused(answer, 401, 'INVALID_TOKEN')
  })

  test('saves once under an Idempotency-Key', async () => {
    await using shop = await openShop()
    const who = await signUp(shop)
    const send = (key: string) => shop.call('POST', path, { ...who, key, body: berlin })
    const [first, again] = [await send('one'), await send('one')]
    assert.equal(again.text, first.text)
    assert.equal((await listed(shop, who)).length, 1)
  })

  test('has one default when many are chosen at once', async () => {
    await using shop = await openShop()
    const who = await signUp(shop)
    const addresses = [await saved(shop, who), await saved(shop, who), await saved(shop, who)]
    const body = { ...berlin, default_shipping: true, default_billing: true }
    const answers = await Promise.all(
      Array.from({ length: 18 }, (_, index) =>
        index % 6 === 5
          ? shop.call('POST', path, { ...who, body })
          : one(shop, { ...who, body }, addresses[index % 3], 'PUT'),
      ),
    )
    for (const { status, text } of answers) assert.ok(status === 200 || status === 201, text)
    const all = await listed(shop, who)
    assert.equal(all.length, 6)
    for (const purpose of ['default_shipping', 'default_billing'] as const) {
      assert.equal(all.filter((address) => address[purpose]).length, 1)
    }
  })
})

describeOnEveryDatabase('another customer’s address', (openShop) => {
  test('is not there', async () => {
    await using shop = await openShop()
    const [owner, other] = [await signUp(shop), await signUp(shop)]
    const address = await saved(shop, owner, { default_shipping: true })
    await unchanged(shop, async () => {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const body = method === 'PUT' ? { body: { ...berlin, default_shipping: true } } : {}
        refused(await one(shop, { ...other, ...body }, address, method), 404, 'NOT_FOUND')
        refused(await one(shop, body, address, method), 401, 'UNAUTHENTICATED')
      }
    })
    assert.deepEqual(await listed(shop, other), [])
  })
})

describeOnEveryDatabase('an address is not kept with', (openShop) => {
  const opened = shared(async () => {
    const shop = await openShop()
    const who = await signUp(shop)
    return { shop, who, [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose]() }
  })
  const refusals: readonly (readonly [what: string, change: object, field: string])[] = [
    ['a country that does not exist', { country: 'QQ' }, 'country'],
    ['a country by its name', { country: 'Germany' }, 'country'],
    ['a postal code of another country', { country: 'DE' }, 'postal_code'],
    ['no postal code', { postal_code: undefined }, 'postal_code'],
    ['no state in the United States', { country: 'US', postal_code: '95014' }, 'state'],
    ['a state of another country', { country: 'US', postal_code: '95014', state: 'York' }, 'state'],
    ['no name', { name: undefined }, 'name'],
    ['a blank city', { city: ' ' }, 'city'],
    ['a street of two lines', { address: 'a\nb' }, 'address'],
    ['an owner', { customer_id: 'x' }, 'customer_id'],
    ['a default that is no boolean', { default_shipping: 'yes' }, 'default_shipping'],
  ]
  for (const [what, change, field] of refusals) {
    test(what, async () => {
      const { shop, who } = opened()
      const body = { ...shippingInfo, ...change }
      await unchanged(shop, async () => {
        refusedField(await shop.call('POST', path, { ...who, body }), field)
      })
    })
  }
})

describeOnEveryDatabase('a checkout', (openShop) => {
  const { shipping_info: _, email: __, ...plain } = checkoutBody

  async function orderOf(shop: TestShop, who: Who, change: object) {
    const { variantId } = await addProduct(shop.ctx)
    await added(shop, who, { variantId })
    const body = { ...plain, ...change }
    const answer = await shop.call('POST', '/api/v1/checkout', { ...who, body })
    assert.equal(answer.status, 201, answer.text)
    const { shipping_address: shipping, billing_address: billing } = answer.body.data
    return { answer, cities: [shipping.city, billing.city] as string[] }
  }

  test('ships to the addresses that were named, and keeps copies of them', async () => {
    await using shop = await openShop()
    const who = await signUp(shop)
    const london = await saved(shop, who)
    const home = await saved(shop, who, berlin)
    const ids = { shipping_address_id: home.id.toUpperCase(), billing_address_id: london.id }
    const { answer, cities } = await orderOf(shop, who, ids)
    assert.deepEqual(cities, ['Berlin', 'London'])
    const { id, email, shipping_address } = answer.body.data
    assert.equal(email, who.email)
    assert.deepEqual(shipping_address, berlin)
    await one(shop, who, home, 'DELETE')
    const order = await shop.call('GET', `/api/v1/orders/${id}`, who)
    assert.deepEqual(order.body.data.shipping_address, berlin)
  })

  test('uses the defaults for what was not sent', async () => {
    await using shop = await openShop()
    const who = await signUp(shop)
    await saved(shop, who, { default_shipping: true })
    const home = await saved(shop, who, berlin)
    assert.deepEqual((await orderOf(shop, who, {})).cities, ['London', 'London'])
    const named = await orderOf(shop, who, { shipping_address_id: home.id })
    assert.deepEqual(named.cities, ['Berlin', 'Berlin'])
    await saved(shop, who, { ...berlin, city: 'Bonn', default_billing: true })
    assert.deepEqual((await orderOf(shop, who, {})).cities, ['London', 'Bonn'])
    const sent = await orderOf(shop, who, { shipping_info: berlin })
    assert.deepEqual(sent.cities, ['Berlin', 'Bonn'])
    const both = await orderOf(shop, who, { shipping_info: berlin, billing_info: berlin })
    assert.deepEqual(both.cities, ['Berlin', 'Berlin'])
  })

  test('that is repeated gets its answer, though the address is gone', async () => {
    await using shop = await openShop()
    const who = await signUp(shop)
    const home = await saved(shop, who, berlin)
    const { variantId } = await addProduct(shop.ctx)
    await added(shop, who, { variantId })
    const body = { ...plain, shipping_address_id: home.id }
    const send = () => shop.call('POST', '/api/v1/checkout', { ...who, key: 'one', body })
    const first = await send()
    assert.equal(first.status, 201, first.text)
    await one(shop, who, home, 'DELETE')
    assert.equal((await send()).text, first.text)
  })

  test('is refused without an address, with another’s, and with two for one purpose', async () => {
    await using shop = await openShop()
    const [who, other] = [await signUp(shop), await signUp(shop)]
    const guest = { session: 'guest' }
    const [mine, theirs] = [await saved(shop, who), await saved(shop, other)]
    const { variantId } = await addProduct(shop.ctx)
    for (const shopper of [who, guest]) await added(shop, shopper, { variantId })
    const send = (shopper: CallOptions, change: object) =>
      shop.call('POST', '/api/v1/checkout', { ...shopper, body: { ...plain, ...change } })
    await unchanged(shop, async () => {
      refusedField(await send(who, {}), 'shipping_info')
      refusedField(await send(guest, {}), 'shipping_info')
      const strange = await send(who, { shipping_address_id: theirs.id })
      refused(strange, 404, 'NOT_FOUND')
      const twice = { shipping_address_id: mine.id, shipping_info: shippingInfo }
      refusedField(await send(who, twice), 'shipping_address_id')
      refused(await send(guest, { shipping_address_id: mine.id }), 401, 'UNAUTHENTICATED')
      const billing = { shipping_info: shippingInfo, billing_address_id: mine.id }
      refused(await send(guest, billing), 401, 'UNAUTHENTICATED')
    })
  })

  test('is refused for a postal code or country that cannot be, at either door', async () => {
    await using shop = await openShop()
    const guest = { session: 'guest' }
    const { variantId } = await addProduct(shop.ctx)
    await added(shop, guest, { variantId })
    await unchanged(shop, async () => {
      for (const door of ['/api/v1/checkout', '/api/checkout']) {
        for (const [change, field] of [
          [
            { shipping_info: { ...shippingInfo, postal_code: '75008' } },
            'shipping_info.postal_code',
          ],
          [{ billing_info: { ...berlin, postal_code: 'x' } }, 'billing_info.postal_code'],
          [{ shipping_info: { ...shippingInfo, country: 'QQ' } }, 'shipping_info.country'],
          [{ shipping_info: { ...berlin, country: 'US', state: 'BY' } }, 'shipping_info.state'],
        ] as const) {
          const body = { ...checkoutBody, ...change }
          refusedField(await shop.call('POST', door, { ...guest, body }), field)
        }
      }
    })
    const body = { ...checkoutBody, shipping_info: { ...shippingInfo, postal_code: undefined } }
    const answer = await shop.call('POST', '/api/v1/checkout', { ...guest, body })
    assert.equal(answer.status, 201, answer.text)
  })
})
