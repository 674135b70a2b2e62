import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reconcileDue } from '../../src/domains/checkout/reconcile.ts'
import { addProduct, describeOnEveryDatabase, signUp, type TestShop } from '../support/shop.ts'
import { gate, provider } from './provider.ts'
import {
  added,
  checkOut,
  linesOf,
  orderStatuses,
  outcome,
  refused,
  stockOf,
  testClock,
  unchanged,
  type Who,
} from './support.ts'

const guest: Who = { session: 'guest' }

const fill = async (shop: TestShop, who: Who) => {
  const product = await addProduct(shop.ctx, { onHand: 100 })
  await added(shop, who, { ...product, quantity: 2 })
  return product
}

const statusesOf = (answers: readonly { status: number }[]) =>
  Object.fromEntries(
    [...Map.groupBy(answers, ({ status }) => status)].map(([status, of]) => [status, of.length]),
  )

describeOnEveryDatabase('an Idempotency-Key on a checkout', (openShop) => {
  test('gives the same order in the same bytes, and charges nobody again', async () => {
    const { charges, drivers } = provider()
    await using shop = await openShop({ payment: drivers })
    const product = await fill(shop, guest)
    const first = await checkOut(shop, guest, { key: 'k' })
    assert.equal(first.status, 201)
    assert.equal(first.headers.get('idempotent-replayed'), null)
    await added(shop, guest, product)
    const again = await unchanged(shop, () => checkOut(shop, guest, { key: 'k' }))
    assert.equal(again.status, 201)
    assert.equal(again.text, first.text)
    assert.equal(again.headers.get('idempotent-replayed'), 'true')
    assert.equal(again.headers.get('content-type'), first.headers.get('content-type'))
    assert.equal(charges.length, 1)
    assert.deepEqual(await linesOf(shop, guest), [[product.sku, 1]])
    await shop.assertAudit()
  })

  test('works for what is paid later too', async () => {
    await using shop = await openShop()
    await fill(shop, guest)
    const pay = () => checkOut(shop, guest, { payment_method: 'manual', key: 'k' })
    const first = await pay()
    assert.equal(first.status, 201)
    assert.equal((await unchanged(shop, pay)).text, first.text)
    await shop.assertAudit()
  })

  test('is refused with another body', async () => {
    await using shop = await openShop()
    const product = await fill(shop, guest)
    await checkOut(shop, guest, { key: 'k' })
    await added(shop, guest, product)
    await unchanged(shop, async () => {
      for (const change of [{ email: 'else@example.com' }, { shipping_method: 'express' }]) {
        const answer = await checkOut(shop, guest, { ...change, key: 'k' })
        refused(answer, 422, 'IDEMPOTENCY_KEY_REUSED')
      }
    })
  })

  test('of one shopper says nothing to another', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop)
    const shoppers: Who[] = [guest, { session: 'other' }, { token }]
    const numbers = []
    for (const who of shoppers) {
      await fill(shop, who)
      const answer = await checkOut(shop, who, { key: 'k' })
      assert.equal(answer.headers.get('idempotent-replayed'), null)
      numbers.push(answer.body.data.number)
    }
    assert.deepEqual(numbers, [1_001, 1_002, 1_003])
    refused(await checkOut(shop, {}, { key: 'k' }), 422, 'CART_EMPTY')
    await shop.assertAudit()
  })

  test('on adding is another one than on a checkout', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx)
    const body = { variant_id: product.variantId, quantity: 1 }
    await shop.call('POST', '/api/v1/cart/items', { ...guest, body, key: 'k' })
    assert.equal((await checkOut(shop, guest, { key: 'k' })).status, 201)
  })

  test('of a refused checkout is free for the next one', async () => {
    await using shop = await openShop()
    refused(await checkOut(shop, guest, { key: 'k' }), 422, 'CART_EMPTY')
    await fill(shop, guest)
    assert.equal((await checkOut(shop, guest, { key: 'k' })).status, 201)
    await shop.assertAudit()
  })
})

describeOnEveryDatabase('many checkouts of one cart at once', (openShop) => {
  test('make exactly one order', async () => {
    const { charges, drivers } = provider()
    await using shop = await openShop({ payment: drivers })
    const { variantId } = await fill(shop, guest)
    const answers = await Promise.all(Array.from({ length: 50 }, () => checkOut(shop, guest)))
    const { 201: placed, 409: locked = 0, 422: empty = 0, ...others } = statusesOf(answers)
    assert.deepEqual(
      { placed, refused: locked + empty, others },
      { placed: 1, refused: 49, others: {} },
    )
    for (const { status, body } of answers) {
      if (status !== 201) assert.match(body.error.code, /^CART_(LOCKED|EMPTY)$/)
    }
    assert.equal(charges.length, 1)
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid'])
    assert.deepEqual(await stockOf(shop.ctx, variantId), { on_hand: 98, reserved: 0 })
    await shop.assertAudit()
  })

  test('make exactly one order when it is paid later', async () => {
    await using shop = await openShop()
    const { variantId } = await fill(shop, guest)
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => checkOut(shop, guest, { payment_method: 'manual' })),
    )
    assert.equal(statusesOf(answers)[201], 1)
    assert.deepEqual(await orderStatuses(shop.ctx), ['placed'])
    assert.deepEqual(await stockOf(shop.ctx, variantId), { on_hand: 98, reserved: 0 })
    await shop.assertAudit()
  })

  test('with one key make one order, which the others are told or told to wait for', async () => {
    const { charges, drivers } = provider()
    await using shop = await openShop({ payment: drivers })
    const { variantId } = await fill(shop, guest)
    const pay = () => checkOut(shop, guest, { key: 'k' })
    const answers = await Promise.all(Array.from({ length: 50 }, pay))
    const placed = answers.filter(({ status }) => status === 201)
    assert.ok(placed.length >= 1)
    assert.equal(new Set(placed.map(({ text }) => text)).size, 1)
    for (const answer of answers) {
      if (answer.status !== 201) refused(answer, 409, 'REQUEST_IN_PROGRESS')
    }
    assert.equal((await pay()).text, placed[0]?.text)
    assert.equal(charges.length, 1)
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid'])
    assert.deepEqual(await stockOf(shop.ctx, variantId), { on_hand: 98, reserved: 0 })
    await shop.assertAudit()
  })

  test('with a key each make one order', async () => {
    await using shop = await openShop()
    await fill(shop, guest)
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => checkOut(shop, guest, { key: `k${index}` })),
    )
    assert.equal(statusesOf(answers)[201], 1)
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid'])
    await shop.assertAudit()
  })

  test('that are all declined cancel as many orders as were tried and lose nothing', async () => {
    await using shop = await openShop()
    const { variantId, sku } = await fill(shop, guest)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => checkOut(shop, guest, outcome('decline'))),
    )
    const declined = statusesOf(answers)[422] ?? 0
    assert.ok(declined >= 1)
    assert.deepEqual(await orderStatuses(shop.ctx), Array<string>(declined).fill('cancelled'))
    assert.deepEqual(await stockOf(shop.ctx, variantId), { on_hand: 100, reserved: 0 })
    assert.deepEqual(await linesOf(shop, guest), [[sku, 2]])
    await shop.assertAudit()
  })

  test('wait for no payment of somebody else', async () => {
    const paying = provider()
    const { charge } = paying
    const slow = gate()
    await using shop = await openShop({ payment: paying.drivers })
    const product = await fill(shop, guest)
    await added(shop, { session: 'other' }, product)
    paying.charge = async (request) => {
      await slow.pass()
      return charge(request)
    }
    const first = checkOut(shop, guest, { key: 'k' })
    await slow.reached
    paying.charge = charge
    assert.equal((await checkOut(shop, { session: 'other' })).status, 201)
    refused(await checkOut(shop, guest), 409, 'CART_LOCKED')
    slow.open()
    assert.equal((await first).status, 201)
    await shop.assertAudit()
  })

  test('that outlive their key leave it to the order it has been used for since', async () => {
    const clock = testClock()
    const paying = provider({ find: () => Promise.resolve(undefined) })
    const { charge } = paying
    await using shop = await openShop({ clock, payment: paying.drivers })
    await fill(shop, guest)
    const begun = async () => {
      const door = gate()
      paying.charge = async (request) => {
        await door.pass()
        return charge(request)
      }
      const answer = checkOut(shop, guest, { key: 'k' })
      await door.reached
      return { answer, finish: door.open }
    }
    const first = await begun()
    clock.advance(25 * 60 * 60_000)
    assert.equal(await reconcileDue(shop.ctx), 1)
    const second = await begun()
    first.finish()
    refused(await first.answer, 409, 'PAYMENT_REFUNDED')
    second.finish()
    const { status, text } = await second.answer
    assert.equal(status, 201, text)
    assert.equal((await checkOut(shop, guest, { key: 'k' })).text, text)
    assert.deepEqual(await orderStatuses(shop.ctx), ['cancelled', 'paid'])
    await shop.assertAudit()
  })
})
