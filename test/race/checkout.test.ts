import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PaymentDriver } from '../../src/drivers/payment/driver.ts'
import { testPayment } from '../../src/drivers/payment/test.ts'
import { add, added, checkOut, orderStatuses, refused } from '../api/support.ts'
import { addProduct, describeOnEveryDatabase, type OpenShop } from '../support/shop.ts'
import { assertStock, countOf, inParallel, tally } from './support.ts'

const shoppers = 50
const who = { session: 'one' }

/** The test provider, slow enough for requests to meet at it, and counting what it charged. */
function countingProvider(): { provider: PaymentDriver; charged: string[] } {
  const provider = testPayment()
  const charged: string[] = []
  const authorise: PaymentDriver['authorise'] = async (request) => {
    charged.push(request.key)
    await sleep(20)
    return provider.authorise(request)
  }
  return { provider: { ...provider, authorise }, charged }
}

async function shopWithCart(openShop: OpenShop) {
  const { provider, charged } = countingProvider()
  const shop = await openShop({ payment: new Map([['test', provider]]) })
  const { variantId } = await addProduct(shop.ctx, { onHand: 100 })
  await added(shop, who, { variantId, quantity: 2 })
  return { shop, charged, variantId }
}

describeOnEveryDatabase('one cart checked out many times at once', (openShop) => {
  test('without a key: one order, one charge, all others are told', async () => {
    const { shop, charged, variantId } = await shopWithCart(openShop)
    await using _shop = shop
    const answers = await inParallel(shoppers, shoppers, () => checkOut(shop, who))
    const { 201: placed, ...others } = tally(answers)
    assert.equal(placed, 1)
    for (const name of Object.keys(others)) {
      assert.ok(['409 CART_LOCKED', '422 CART_EMPTY'].includes(name), name)
    }
    assert.equal(charged.length, 1)
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid'])
    assert.equal(await countOf(shop, 'payments'), 1)
    await assertStock(shop, variantId, { on_hand: 98, reserved: 0 })
    await shop.assertAudit()
  })

  test('with one key: one order, one charge, and everybody gets its very bytes in the end', async () => {
    const { shop, charged } = await shopWithCart(openShop)
    await using _shop = shop
    const repeat = () => checkOut(shop, who, { key: 'k-1' })
    const answers = await inParallel(shoppers, shoppers, repeat)
    const { 201: placed, ...others } = tally(answers)
    assert.equal(placed, 1)
    for (const name of Object.keys(others)) {
      assert.ok(['409 REQUEST_IN_PROGRESS', '201 again'].includes(name), name)
    }
    const original = answers.find(({ status }) => status === 201)
    const later = await inParallel(shoppers, shoppers, repeat)
    assert.deepEqual(tally(later), { '201 again': shoppers })
    for (const { text } of later) assert.equal(text, original?.text)
    assert.equal(charged.length, 1)
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid'])
    await shop.assertAudit()
  })

  test('with a key each: one order, one charge', async () => {
    const { shop, charged } = await shopWithCart(openShop)
    await using _shop = shop
    const answers = await inParallel(shoppers, shoppers, (index) =>
      checkOut(shop, who, { key: `k-${index}` }),
    )
    assert.equal(tally(answers)['201'], 1)
    assert.equal(charged.length, 1)
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid'])
    await shop.assertAudit()
  })

  test('a key repeated with another body is refused while it runs and after', async () => {
    const { shop } = await shopWithCart(openShop)
    await using _shop = shop
    const answers = await inParallel(shoppers, shoppers, (index) =>
      checkOut(shop, who, { key: 'k-1', email: `buyer-${index}@example.com` }),
    )
    assert.deepEqual(tally(answers), { 201: 1, '422 IDEMPOTENCY_KEY_REUSED': shoppers - 1 })
    const other = await checkOut(shop, who, { key: 'k-1', email: 'else@example.com' })
    refused(other, 422, 'IDEMPOTENCY_KEY_REUSED')
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid'])
    await shop.assertAudit()
  })

  test('the same key in the hands of others is theirs', async () => {
    const { shop, variantId } = await shopWithCart(openShop)
    await using _shop = shop
    const others = [0, 1, 2, 3].map((index) => ({ session: `other-${index}` }))
    for (const other of others) await added(shop, other, { variantId })
    const answers = await inParallel(others.length, others.length, (index) =>
      checkOut(shop, others[index] ?? who, { key: 'k-1' }),
    )
    assert.deepEqual(tally(answers), { 201: others.length })
    assert.equal(new Set(answers.map(({ body }) => body.data.number as number)).size, others.length)
    await shop.assertAudit()
  })

  test('one that has seen a version takes the cart at that version or not at all', async () => {
    const { shop, variantId } = await shopWithCart(openShop)
    await using _shop = shop
    for (let round = 0; round < 20; round++) {
      const buyer = { session: `round-${round}` }
      const { version } = (await added(shop, buyer, { variantId })).body.data as { version: number }
      const headers = { 'if-match': `"${version}"` }
      const [placed] = await Promise.all([
        checkOut(shop, buyer, { headers }),
        add(shop, buyer, { variantId }),
      ])
      if (placed?.status === 201) assert.equal(placed.body.data.item_count, 1)
      else assert.ok([409, 412].includes(placed?.status ?? 0), placed?.text)
    }
    await shop.assertAudit()
  })

  test('adds that race a checkout are in the order or are refused', async () => {
    const { shop, variantId } = await shopWithCart(openShop)
    await using _shop = shop
    const answers = await inParallel(21, 21, (index) =>
      index === 10 ? checkOut(shop, who) : add(shop, who, { variantId }),
    )
    const refusals = answers.filter(({ status }) => status >= 400)
    const known = ['CART_LOCKED', 'INSUFFICIENT_STOCK']
    for (const { body, text } of refusals) assert.ok(known.includes(body.error.code), text)
    const bought = await shop.ctx.db.read.selectFrom('orders').select('item_count').execute()
    const left = await shop.ctx.db.read
      .selectFrom('cart_lines as l')
      .innerJoin('carts as c', 'c.id', 'l.cart_id')
      .select('l.quantity')
      .where('c.status', '=', 'open')
      .execute()
    const pieces = [...bought.map((row) => row.item_count), ...left.map((row) => row.quantity)]
    const accepted = answers.filter(({ status }, index) => status === 201 && index !== 10).length
    assert.equal(
      pieces.reduce((sum, count) => sum + count, 0),
      2 + accepted,
    )
    await shop.assertAudit()
  })
})
