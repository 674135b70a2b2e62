import assert from 'node:assert/strict'
import { test } from 'node:test'
import { add, added, cartOf, linesOf } from '../api/support.ts'
import { addProduct, describeOnEveryDatabase, signUp } from '../support/shop.ts'
import { countOf, inParallel, tally } from './support.ts'

const many = 50
const who = { session: 'one' }

describeOnEveryDatabase('one cart changed many times at once', (openShop) => {
  test('50 parallel adds by a session without a cart make one cart and sum up', async () => {
    await using shop = await openShop()
    const { variantId, sku } = await addProduct(shop.ctx, { onHand: 10_000 })
    const answers = await inParallel(many, many, (index) =>
      add(shop, who, { variantId, quantity: index + 1 }),
    )
    assert.deepEqual(tally(answers), { 201: many })
    assert.deepEqual(await linesOf(shop, who), [[sku, (many * (many + 1)) / 2]])
    assert.equal(await countOf(shop, 'carts'), 1)
  })

  test('50 parallel adds by a customer without a cart make one cart and sum up', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop)
    const articles = await inParallel(5, 1, () => addProduct(shop.ctx, { onHand: 1_000 }))
    const answers = await inParallel(many, many, (index) =>
      add(shop, { token }, { variantId: articles[index % 5]?.variantId ?? '' }),
    )
    assert.deepEqual(tally(answers), { 201: many })
    const lines = new Map(await linesOf(shop, { token }))
    assert.deepEqual(lines, new Map(articles.map(({ sku }) => [sku, many / 5])))
    assert.equal(await countOf(shop, 'carts'), 1)
  })

  test('of 50 parallel adds that have seen the same version one is taken', async () => {
    await using shop = await openShop()
    const { variantId, sku } = await addProduct(shop.ctx, { onHand: 1_000 })
    await added(shop, who, { variantId })
    const { version } = (await cartOf(shop, who)) as { version: number }
    const headers = { 'if-match': `"${version}"` }
    const answers = await inParallel(many, many, () =>
      add(shop, { ...who, headers }, { variantId }),
    )
    assert.deepEqual(tally(answers), { 201: 1, '412 VERSION_CONFLICT': many - 1 })
    assert.deepEqual(await linesOf(shop, who), [[sku, 2]])
  })

  test('50 parallel adds with one key add once', async () => {
    await using shop = await openShop()
    const { variantId, sku } = await addProduct(shop.ctx, { onHand: 1_000 })
    const answers = await inParallel(many, many, () =>
      add(shop, who, { variantId, key: 'the-same' }),
    )
    const { 201: first, ...others } = tally(answers)
    assert.equal(first, 1)
    for (const name of Object.keys(others)) {
      assert.ok(['201 again', '409 REQUEST_IN_PROGRESS'].includes(name), name)
    }
    assert.deepEqual(await linesOf(shop, who), [[sku, 1]])
  })

  test('adding, setting and removing at once leave a cart that adds up', async () => {
    await using shop = await openShop()
    const { variantId } = await addProduct(shop.ctx, { onHand: 1_000, priceMinor: 250 })
    const { line_id } = (await added(shop, who, { variantId })).body.data as { line_id: string }
    const at = `/api/v1/cart/items/${line_id}`
    const answers = await inParallel(many, many, (index) => {
      if (index % 3 === 0) return add(shop, who, { variantId })
      if (index % 3 === 1) return shop.call('PUT', at, { ...who, body: { quantity: 5 } })
      return shop.call('DELETE', at, { ...who })
    })
    for (const name of Object.keys(tally(answers))) {
      assert.ok(['200', '201', '404 NOT_FOUND'].includes(name), name)
    }
    const cart = await cartOf(shop, who)
    const count = cart.item_count as number
    assert.equal(cart.subtotal.amount, (count * 2.5).toFixed(2))
    assert.ok(cart.lines.length <= 1)
  })
})

describeOnEveryDatabase('a sign-in raced by adds', (openShop) => {
  for (const hasOwnCart of [true, false]) {
    const name = hasOwnCart ? 'a customer with a cart' : 'a customer without a cart'
    test(`the cart of ${name} loses nothing that was acknowledged`, async () => {
      await using shop = await openShop()
      const { email, password, token } = await signUp(shop)
      const shared = await addProduct(shop.ctx, { onHand: 10_000 })
      const own = await addProduct(shop.ctx, { onHand: 10_000 })
      const guest = { session: 'guest' }
      let expected = 3
      await added(shop, guest, { variantId: shared.variantId, quantity: 3 })
      if (hasOwnCart) await added(shop, { token }, { variantId: own.variantId, quantity: 2 })
      if (hasOwnCart) expected += 2
      const signIn = () =>
        shop.call('POST', '/api/v1/sessions', { ...guest, body: { email, password } })
      const answers = await inParallel(60, 60, (index) => {
        if (index % 10 === 9) return signIn()
        const { variantId } = index % 4 < 2 ? shared : own
        return add(shop, index % 2 === 0 ? guest : { token }, { variantId })
      })
      for (const name of Object.keys(tally(answers))) {
        assert.ok(['201', '409 CART_LOCKED'].includes(name), name)
      }
      const adds = answers.filter(({ status }, index) => status === 201 && index % 10 !== 9)
      const all = (await cartOf(shop, { ...guest, token })) as { item_count: number }
      assert.equal(all.item_count, expected + adds.length)
      assert.deepEqual(await linesOf(shop, guest), [])
      await shop.assertAudit()
    })
  }

  test('carts of several sessions all arrive when their customer signs in to all at once', async () => {
    await using shop = await openShop()
    const { email, password, token } = await signUp(shop)
    const { variantId, sku } = await addProduct(shop.ctx, { onHand: 1_000 })
    await inParallel(20, 20, (index) => added(shop, { session: `s-${index}` }, { variantId }))
    const signIn = (index: number) =>
      shop.call('POST', '/api/v1/sessions', { session: `s-${index}`, body: { email, password } })
    const answers = await inParallel(20, 20, signIn)
    assert.deepEqual(tally(answers), { 201: 20 })
    assert.deepEqual(await linesOf(shop, { token }), [[sku, 20]])
    await shop.assertAudit()
  })
})
