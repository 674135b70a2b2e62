import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forgetExpiredCarts } from '../../src/domains/cart/cart.ts'
import { eraseAccount } from '../../src/domains/privacy/erasure.ts'
import {
  addProduct,
  describeOnEveryDatabase,
  signUp,
  type TestShop,
  unrestricted,
} from '../support/shop.ts'
import {
  add,
  added,
  cartOf,
  checkOut,
  linesOf,
  outcome,
  refused,
  refusedField,
  testClock,
  unchanged,
  type Who,
} from './support.ts'

const guest: Who = { session: 'guest' }

const many = <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))

describeOnEveryDatabase('the version of a cart', (openShop) => {
  const at = (version: number | string): Who => ({
    ...guest,
    headers: { 'if-match': `"${version}"` },
  })

  test('is its ETag and goes up with every change', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx)
    const versionOf = async () => {
      const answer = await shop.call('GET', '/api/v1/cart', { ...guest })
      assert.equal(answer.headers.get('etag'), `"${answer.body.data.version}"`)
      return answer.body.data.version as number
    }
    assert.equal(await versionOf(), 0)
    await added(shop, guest, product)
    const first = await versionOf()
    await added(shop, guest, product)
    assert.equal(await versionOf(), first + 1)
    await shop.call('DELETE', '/api/v1/cart', { ...guest })
    assert.equal(await versionOf(), first + 2)
  })

  test('lets a change through that knows it, also the one of a cart that is not there yet', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx)
    const first = await added(shop, at(0), product)
    const second = await added(shop, at(first.body.data.version), product)
    assert.equal(second.body.data.version, first.body.data.version + 1)
    const path = `/api/v1/cart/items/${second.body.data.line_id}`
    const { version } = second.body.data as { version: number }
    const body = { quantity: 5 }
    assert.equal((await shop.call('PUT', path, { ...at(version), body })).status, 200)
    assert.equal((await shop.call('DELETE', path, at(version + 1))).status, 200)
    const cleared = await shop.call('DELETE', '/api/v1/cart', at(version + 2))
    assert.equal(cleared.body.data.version, version + 3)
    assert.equal((await checkOut(shop, at(version + 3))).body.error.code, 'CART_EMPTY')
  })

  test('refuses a change that knows another one, and changes nothing', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx)
    await unchanged(shop, async () => {
      refused(await add(shop, at(7), product), 412, 'VERSION_CONFLICT')
    })
    const { version, line_id } = (await added(shop, guest, product)).body.data
    const path = `/api/v1/cart/items/${line_id}`
    await unchanged(shop, async () => {
      for (const stale of [version - 1, version + 1, 0]) {
        const answers = [
          await add(shop, at(stale), product),
          await shop.call('PUT', path, { ...at(stale), body: { quantity: 1 } }),
          await shop.call('DELETE', path, at(stale)),
          await shop.call('DELETE', '/api/v1/cart', at(stale)),
          await checkOut(shop, at(stale)),
        ]
        for (const answer of answers) {
          assert.equal(refused(answer, 412, 'VERSION_CONFLICT').details.current, version)
        }
      }
      refusedField(await add(shop, at('x'), product), 'If-Match')
    })
  })

  test('lets one of many changes through that know the same', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx, { onHand: 100 })
    const { version } = (await added(shop, guest, product)).body.data
    const answers = await many(20, () => add(shop, at(version), product))
    const statuses = answers.map(({ status }) => status).sort()
    assert.deepEqual(statuses, [201, ...Array<number>(19).fill(412)])
    assert.deepEqual(await linesOf(shop, guest), [[product.sku, 2]])
  })
})

describeOnEveryDatabase('many requests for one cart', (openShop) => {
  test('add up to the piece, whoever makes the cart', async () => {
    await using shop = await openShop()
    const one = await addProduct(shop.ctx, { onHand: 100 })
    const two = await addProduct(shop.ctx, { onHand: 100 })
    const answers = await many(50, (index) => add(shop, guest, index % 5 === 0 ? two : one))
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array<number>(50).fill(201),
    )
    assert.deepEqual(
      (await linesOf(shop, guest)).toSorted(([a], [b]) => (a < b ? -1 : 1)),
      [
        [one.sku, 40],
        [two.sku, 10],
      ].toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    )
    assert.equal((await cartOf(shop, guest)).version, 51)
    await shop.assertAudit()
  })

  test('of one account do the same', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx, { onHand: 100 })
    const { token } = await signUp(shop)
    await many(50, () => added(shop, { token }, product))
    assert.deepEqual(await linesOf(shop, { token }), [[product.sku, 50]])
  })

  test('never put more into it than there is', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx, { onHand: 7 })
    const answers = await many(20, () => add(shop, guest, product))
    assert.equal(answers.filter(({ status }) => status === 201).length, 7)
    assert.equal(answers.filter(({ status }) => status === 409).length, 13)
    assert.deepEqual(await linesOf(shop, guest), [[product.sku, 7]])
  })
})

describeOnEveryDatabase('signing in with a cart', (openShop) => {
  async function signIn(shop: TestShop, { email, password }: { email: string; password: string }) {
    return shop.call('POST', '/api/v1/sessions', { ...guest, body: { email, password } })
  }

  test('gives the cart to an account that has none, with its id and its lines', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx)
    const account = await signUp(shop)
    const { id, version } = (await added(shop, guest, { ...product, quantity: 3 })).body.data
    assert.equal((await signIn(shop, account)).status, 201)
    const own = await cartOf(shop, account)
    assert.equal(own.id, id)
    assert.equal(own.version, version + 1)
    assert.deepEqual(await linesOf(shop, account), [[product.sku, 3]])
    assert.deepEqual(await linesOf(shop, guest), [])
  })

  test('adds the pieces to those of the account and loses none, even beyond the stock', async () => {
    await using shop = await openShop()
    const shared = await addProduct(shop.ctx, { onHand: 5 })
    const only = await addProduct(shop.ctx, { onHand: 5 })
    const own = await addProduct(shop.ctx, { onHand: 5 })
    const account = await signUp(shop)
    const who = { token: account.token }
    await added(shop, who, { ...shared, quantity: 3 })
    await added(shop, who, own)
    await added(shop, guest, { ...shared, quantity: 4 })
    await added(shop, guest, { ...only, quantity: 2 })
    assert.equal((await signIn(shop, account)).status, 201)
    const merged = [
      [shared.sku, 7],
      [own.sku, 1],
      [only.sku, 2],
    ]
    assert.deepEqual(await linesOf(shop, who), merged)
    const { problems } = (await cartOf(shop, who)) as { problems: { code: string }[] }
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['INSUFFICIENT_STOCK'],
    )
    assert.deepEqual(await linesOf(shop, guest), [])
    await signIn(shop, account)
    assert.deepEqual(await linesOf(shop, { ...who, ...guest }), merged)
    await shop.assertAudit()
  })

  test('happens once, however many do it at the same time', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx, { onHand: 100 })
    const { token } = await signUp(shop)
    await added(shop, guest, { ...product, quantity: 4 })
    await added(shop, { token }, product)
    await many(20, () => cartOf(shop, { token, ...guest }))
    assert.deepEqual(await linesOf(shop, { token }), [[product.sku, 5]])
    await added(shop, guest, { ...product, quantity: 2 })
    await many(10, () => added(shop, { token, ...guest }, product))
    assert.deepEqual(await linesOf(shop, { token }), [[product.sku, 17]])
    await shop.assertAudit()
  })

  test('with the wrong password leaves the cart where it is', async () => {
    await using shop = await openShop()
    const account = await signUp(shop)
    await added(shop, guest, await addProduct(shop.ctx))
    await unchanged(shop, async () => {
      const answer = await signIn(shop, { ...account, password: 'Wrong-Horse-1' })
      refused(answer, 401, 'INVALID_CREDENTIALS')
    })
  })

  test('while the account pays for its own cart merges nothing, loses nothing and can still read', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx)
    const account = await signUp(shop)
    const who = { token: account.token }
    await added(shop, who, product)
    await added(shop, guest, { ...product, quantity: 2 })
    assert.equal((await checkOut(shop, who, outcome('timeout'))).status, 503)
    await unchanged(shop, async () => {
      refused(await signIn(shop, account), 409, 'CART_LOCKED')
      refused(await add(shop, { ...who, ...guest }, product), 409, 'CART_LOCKED')
      const { status } = await cartOf(shop, { ...who, ...guest })
      assert.equal(status, 'checkout')
    })
    assert.deepEqual(await linesOf(shop, guest), [[product.sku, 2]])
    await shop.assertAudit()
  })
})

describeOnEveryDatabase('an Idempotency-Key on adding', (openShop) => {
  test('adds once and gives the same bytes again', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx)
    const first = await add(shop, guest, { ...product, key: 'k' })
    assert.equal(first.status, 201)
    assert.equal(first.headers.get('idempotent-replayed'), null)
    await added(shop, guest, product)
    const again = await unchanged(shop, () => add(shop, guest, { ...product, key: 'k' }))
    assert.equal(again.status, 201)
    assert.equal(again.headers.get('idempotent-replayed'), 'true')
    assert.equal(again.text, first.text)
    assert.equal(again.headers.get('content-type'), first.headers.get('content-type'))
    const reordered = `{"quantity":1,"variant_id":"${product.variantId}"}`
    const options = { ...guest, key: 'k', raw: reordered }
    assert.equal((await shop.call('POST', '/api/v1/cart/items', options)).text, first.text)
    assert.deepEqual(await linesOf(shop, guest), [[product.sku, 2]])
  })

  test('is refused with another body', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx)
    await add(shop, guest, { ...product, key: 'k' })
    await unchanged(shop, async () => {
      const answer = await add(shop, guest, { ...product, quantity: 2, key: 'k' })
      refused(answer, 422, 'IDEMPOTENCY_KEY_REUSED')
    })
  })

  test('is another’s when another shopper sends it', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx)
    const account = await signUp(shop)
    const shoppers: Who[] = [guest, { session: 'other' }, { token: account.token }]
    const answers = []
    for (const who of shoppers) answers.push(await add(shop, who, { ...product, key: 'k' }))
    for (const [index, answer] of answers.entries()) {
      assert.equal(answer.status, 201)
      assert.equal(answer.headers.get('idempotent-replayed'), null)
      assert.deepEqual(await linesOf(shop, shoppers[index] ?? {}), [[product.sku, 1]])
    }
    assert.equal(new Set(answers.map(({ text }) => text)).size, 3)
  })

  test('of strangers never leads to a cart that their cookie does not open', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx)
    const carts = new Set<string>()
    for (let count = 0; count < 2; count++) {
      const answer = await add(shop, {}, { ...product, key: 'k' })
      const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
      const who: Who = { headers: { cookie } }
      assert.equal((await cartOf(shop, who)).id, answer.body.data.id)
      assert.deepEqual(await linesOf(shop, who), [[product.sku, 1]])
      carts.add(answer.body.data.id as string)
    }
    assert.equal(carts.size, 2)
  })

  test('sent 50 times at once adds once, and all get the same answer', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx, { onHand: 100 })
    await added(shop, guest, product)
    const answers = await many(50, () => add(shop, guest, { ...product, key: 'k' }))
    for (const { status, text } of answers) {
      assert.equal(status, 201)
      assert.equal(text, answers[0]?.text)
    }
    assert.deepEqual(await linesOf(shop, guest), [[product.sku, 2]])
  })

  test('of a refused request is free for the next one', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx, { onHand: 1 })
    await unchanged(shop, async () => {
      const answer = await add(shop, guest, { ...product, quantity: 2, key: 'k' })
      refused(answer, 409, 'INSUFFICIENT_STOCK')
    })
    assert.equal((await add(shop, guest, { ...product, key: 'k' })).status, 201)
  })

  test('is forgotten after a day', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    const product = await addProduct(shop.ctx)
    await add(shop, guest, { ...product, key: 'k' })
    clock.advance(24 * 3_600_000 - 1)
    await add(shop, guest, { ...product, key: 'k' })
    assert.deepEqual(await linesOf(shop, guest), [[product.sku, 1]])
    clock.advance(1)
    await add(shop, guest, { ...product, key: 'k' })
    assert.deepEqual(await linesOf(shop, guest), [[product.sku, 2]])
  })

  test('is a word of 1 to 255 printable characters', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx)
    for (const key of ['', 'a b', 'é', 'k'.repeat(256)]) {
      refusedField(await add(shop, guest, { ...product, key }), 'Idempotency-Key')
    }
    assert.equal((await add(shop, guest, { ...product, key: 'k'.repeat(255) })).status, 201)
  })
})

describeOnEveryDatabase('a cart that nobody touches', (openShop) => {
  const days = (count: number) => count * 24 * 3_600_000

  test('is forgotten after the configured time, and one that was touched or ordered is not', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock, settings: { CART_DAYS: '10' } })
    const product = await addProduct(shop.ctx)
    for (const session of ['old', 'touched', 'ordered']) await added(shop, { session }, product)
    const { expires_at } = await cartOf(shop, { session: 'old' })
    assert.equal(Date.parse(expires_at), clock.now() + days(10))
    assert.equal((await checkOut(shop, { session: 'ordered' }, outcome('decline'))).status, 422)
    clock.advance(days(9))
    await added(shop, { session: 'touched' }, product)
    const sweep = () => shop.ctx.db.transaction((tx) => forgetExpiredCarts(shop.ctx, tx))
    clock.advance(days(1) - 1)
    await unchanged(shop, sweep)
    clock.advance(1)
    await sweep()
    assert.deepEqual(await linesOf(shop, { session: 'old' }), [])
    assert.deepEqual(await linesOf(shop, { session: 'touched' }), [[product.sku, 2]])
    assert.deepEqual(await linesOf(shop, { session: 'ordered' }), [[product.sku, 1]])
    await shop.assertAudit()
  })

  test('is not made for an account that has been deleted', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx)
    const { id, token } = await signUp(shop)
    await added(shop, { token }, product)
    await eraseAccount(shop.ctx, id, unrestricted)
    await unchanged(shop, async () => {
      refused(await add(shop, { token }, product), 401, 'INVALID_TOKEN')
      refused(await checkOut(shop, { token }), 401, 'INVALID_TOKEN')
    })
    await added(shop, guest, product)
    refused(await shop.call('GET', '/api/v1/cart', { token, ...guest }), 401, 'INVALID_TOKEN')
    assert.deepEqual(await linesOf(shop, guest), [[product.sku, 1]])
  })
})
