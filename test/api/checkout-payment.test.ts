import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expireDue, reconcileDue } from '../../src/domains/checkout/reconcile.ts'
import { addProduct, describeOnEveryDatabase, type TestShop } from '../support/shop.ts'
import { captured, done, gate, provider, silent } from './provider.ts'
import {
  added,
  cartOf,
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
const secondsMs = (seconds: number) => seconds * 1_000
const minutesMs = (minutes: number) => secondsMs(60 * minutes)

/** The cart, but for its version, which counts what happened to it. */
async function unversioned(shop: TestShop): Promise<object> {
  const { version, ...cart } = await cartOf(shop, guest)
  return cart as object
}

/** An article of which two of five pieces are in the cart. */
async function fillCart(shop: TestShop) {
  const product = await addProduct(shop.ctx, { priceMinor: 1_999, onHand: 5 })
  await added(shop, guest, { ...product, quantity: 2 })
  return product
}

async function assertGivenBack(shop: TestShop, variantId: string): Promise<void> {
  assert.deepEqual(await stockOf(shop.ctx, variantId), { on_hand: 5, reserved: 0 })
  const holds = await shop.ctx.db.read.selectFrom('stock_holds').select('status').execute()
  assert.deepEqual(
    holds.map(({ status }) => status),
    ['released'],
  )
  await shop.assertAudit()
}

describeOnEveryDatabase('a payment that is declined', (openShop) => {
  test('cancels the order, gives the stock back and leaves the cart as it was', async () => {
    await using shop = await openShop()
    const { variantId } = await fillCart(shop)
    const before = await unversioned(shop)
    const answer = await checkOut(shop, guest, outcome('decline'))
    const { message } = refused(answer, 422, 'PAYMENT_DECLINED')
    assert.equal(message, 'The payment was declined.')
    assert.deepEqual(await orderStatuses(shop.ctx), ['cancelled'])
    assert.deepEqual(await unversioned(shop), before)
    await assertGivenBack(shop, variantId)
    assert.equal((await checkOut(shop, guest)).status, 201)
    assert.deepEqual(await orderStatuses(shop.ctx), ['cancelled', 'paid'])
    await shop.assertAudit()
  })

  test('stays declined for its Idempotency-Key, and another key tries anew', async () => {
    await using shop = await openShop()
    await fillCart(shop)
    const declined = await checkOut(shop, guest, { ...outcome('decline'), key: 'a' })
    refused(declined, 422, 'PAYMENT_DECLINED')
    const again = await unchanged(shop, () =>
      checkOut(shop, guest, { ...outcome('decline'), key: 'a' }),
    )
    assert.equal(again.text, declined.text)
    assert.equal(again.headers.get('idempotent-replayed'), 'true')
    assert.equal((await checkOut(shop, guest, { key: 'b' })).status, 201)
    await shop.assertAudit()
  })

  test('is a problem document for whoever asks for one, the second time too', async () => {
    await using shop = await openShop()
    await fillCart(shop)
    const headers = { accept: 'application/problem+json' }
    const pay = () => checkOut(shop, guest, { ...outcome('decline'), key: 'a', headers })
    const answer = await pay()
    assert.equal(answer.status, 422)
    assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8')
    assert.deepEqual(answer.body, {
      type: '/docs/errors#payment_declined',
      title: 'Unprocessable Entity',
      status: 422,
      detail: 'The payment was declined.',
      instance: `urn:request:${answer.headers.get('x-request-id')}`,
      code: 'PAYMENT_DECLINED',
      hint: 'The cart is unchanged: try another payment method.',
      errors: {},
    })
    assert.equal((await pay()).text, answer.text)
  })
})

describeOnEveryDatabase('a payment provider that fails without charging', (openShop) => {
  test('is a 503 with the time to wait, after which everything is as before', async () => {
    await using shop = await openShop()
    const { variantId } = await fillCart(shop)
    const before = await unversioned(shop)
    const answer = await checkOut(shop, guest, { ...outcome('error'), key: 'a' })
    refused(answer, 503, 'PAYMENT_UNAVAILABLE')
    assert.equal(answer.headers.get('retry-after'), '2')
    assert.deepEqual(await orderStatuses(shop.ctx), ['cancelled'])
    assert.deepEqual(await unversioned(shop), before)
    await assertGivenBack(shop, variantId)
    refused(
      await checkOut(shop, guest, { ...outcome('error'), key: 'a' }),
      503,
      'PAYMENT_UNAVAILABLE',
    )
    const paid = await checkOut(shop, guest, { key: 'a' })
    assert.equal(paid.status, 201, paid.text)
    assert.deepEqual(await orderStatuses(shop.ctx), ['cancelled', 'cancelled', 'paid'])
    await shop.assertAudit()
  })
})

describeOnEveryDatabase('a payment provider whose answer is lost', (openShop) => {
  test('leaves the order waiting, with its stock reserved and its cart closed', async () => {
    const { charges, drivers } = provider({ charge: silent })
    await using shop = await openShop({ payment: drivers })
    const { variantId } = await fillCart(shop)
    const answer = await checkOut(shop, guest)
    refused(answer, 503, 'PAYMENT_UNAVAILABLE')
    assert.equal(answer.headers.get('retry-after'), '2')
    assert.equal(charges.length, 1)
    assert.deepEqual(await orderStatuses(shop.ctx), ['pending_payment'])
    assert.deepEqual(await stockOf(shop.ctx, variantId), { on_hand: 5, reserved: 2 })
    assert.equal((await cartOf(shop, guest)).status, 'checkout')
    await shop.assertAudit()
    await unchanged(shop, async () => {
      refused(await checkOut(shop, guest), 409, 'CART_LOCKED')
      refused(await shop.call('DELETE', '/api/v1/cart', { ...guest }), 409, 'CART_LOCKED')
    })
  })

  test('is asked when the same key comes again: the order is there and charged once', async () => {
    const paying = provider({ charge: silent })
    await using shop = await openShop({ payment: paying.drivers })
    const { variantId } = await fillCart(shop)
    refused(await checkOut(shop, guest, { key: 'a' }), 503, 'PAYMENT_UNAVAILABLE')
    const paid = await checkOut(shop, guest, { key: 'a' })
    assert.equal(paid.status, 201, paid.text)
    assert.equal(paid.body.data.status, 'paid')
    assert.equal(paid.headers.get('idempotent-replayed'), null)
    const again = await checkOut(shop, guest, { key: 'a' })
    assert.equal(again.text, paid.text)
    assert.equal(again.headers.get('idempotent-replayed'), 'true')
    assert.equal(paying.charges.length, 1)
    assert.deepEqual(await stockOf(shop.ctx, variantId), { on_hand: 3, reserved: 0 })
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid'])
    await shop.assertAudit()
  })

  test('that cannot be asked either leaves everything as it is', async () => {
    const clock = testClock()
    const paying = provider({ charge: silent, find: silent })
    await using shop = await openShop({ clock, payment: paying.drivers })
    await fillCart(shop)
    refused(await checkOut(shop, guest, { key: 'a' }), 503, 'PAYMENT_UNAVAILABLE')
    await unchanged(shop, async () => {
      refused(await checkOut(shop, guest, { key: 'a' }), 503, 'PAYMENT_UNAVAILABLE')
    })
    clock.advance(secondsMs(30))
    assert.equal(await reconcileDue(shop.ctx), 1)
    assert.deepEqual(await orderStatuses(shop.ctx), ['pending_payment'])
    await shop.assertAudit()
  })

  test('that has not seen the charge yet is not charged again by the same key', async () => {
    const paying = provider({
      charge: silent,
      find: () => Promise.resolve(undefined),
    })
    await using shop = await openShop({ payment: paying.drivers })
    await fillCart(shop)
    refused(await checkOut(shop, guest, { key: 'a' }), 503, 'PAYMENT_UNAVAILABLE')
    await unchanged(shop, async () => {
      const answer = await checkOut(shop, guest, { key: 'a' })
      refused(answer, 409, 'REQUEST_IN_PROGRESS')
      assert.equal(answer.headers.get('retry-after'), '1')
    })
    assert.equal(paying.charges.length, 1)
  })

  test('is asked by the reconciler after half a minute, and not before', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    const { variantId } = await fillCart(shop)
    refused(await checkOut(shop, guest, outcome('timeout')), 503, 'PAYMENT_UNAVAILABLE')
    clock.advance(secondsMs(30) - 1)
    await unchanged(shop, async () => assert.equal(await reconcileDue(shop.ctx), 0))
    clock.advance(1)
    assert.equal(await reconcileDue(shop.ctx), 1)
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid'])
    assert.deepEqual(await stockOf(shop.ctx, variantId), { on_hand: 3, reserved: 0 })
    assert.deepEqual(await linesOf(shop, guest), [])
    await shop.assertAudit()
    await unchanged(shop, async () => assert.equal(await reconcileDue(shop.ctx), 0))
  })

  test('is told of the order by the key even after the reconciler was there first', async () => {
    const clock = testClock()
    const paying = provider({ charge: silent })
    await using shop = await openShop({ clock, payment: paying.drivers })
    await fillCart(shop)
    refused(await checkOut(shop, guest, { key: 'a' }), 503, 'PAYMENT_UNAVAILABLE')
    clock.advance(secondsMs(30))
    await reconcileDue(shop.ctx)
    const answer = await checkOut(shop, guest, { key: 'a' })
    assert.equal(answer.status, 201, answer.text)
    assert.equal(answer.body.data.status, 'paid')
    assert.equal(paying.charges.length, 1)
    await shop.assertAudit()
  })

  test('and never saw the charge costs the order, and gives the cart back', async () => {
    const clock = testClock()
    const paying = provider({
      charge: silent,
      find: () => Promise.resolve(undefined),
    })
    await using shop = await openShop({ clock, payment: paying.drivers })
    const { variantId } = await fillCart(shop)
    const before = await unversioned(shop)
    refused(await checkOut(shop, guest, { key: 'a' }), 503, 'PAYMENT_UNAVAILABLE')
    clock.advance(secondsMs(30))
    assert.equal(await reconcileDue(shop.ctx), 1)
    assert.deepEqual(await orderStatuses(shop.ctx), ['cancelled'])
    assert.deepEqual(await unversioned(shop), before)
    await assertGivenBack(shop, variantId)
    refused(await checkOut(shop, guest, { key: 'a' }), 503, 'PAYMENT_UNAVAILABLE')
    paying.charge = ({ key }) => Promise.resolve(captured(key))
    assert.equal((await checkOut(shop, guest, { key: 'a' })).status, 201)
    await shop.assertAudit()
  })
})

describeOnEveryDatabase('money that comes late', (openShop) => {
  async function loseAnswer(shop: TestShop) {
    const product = await fillCart(shop)
    refused(await checkOut(shop, guest, { key: 'a' }), 503, 'PAYMENT_UNAVAILABLE')
    return product
  }

  /** A shop whose provider has lost the answer to a charge and cannot be asked until `find` can. */
  async function openWaiting() {
    const clock = testClock()
    const paying = provider({ charge: silent, find: silent })
    const shop = await openShop({ clock, payment: paying.drivers })
    const product = await loseAnswer(shop)
    return {
      ...{ clock, paying, shop, product },
      [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose](),
    }
  }

  const typesOf = async ({ ctx }: TestShop) => {
    const events = ctx.db.read.selectFrom('order_events').select('type').orderBy('id')
    return (await events.execute()).map(({ type }) => type)
  }

  test('finds its stock free again after a quarter of an hour, and reserves it anew', async () => {
    await using waiting = await openWaiting()
    const { clock, paying, shop, product } = waiting
    clock.advance(minutesMs(15) - 1)
    await unchanged(shop, async () => assert.equal(await expireDue(shop.ctx), 0))
    clock.advance(1)
    assert.equal(await expireDue(shop.ctx), 1)
    assert.deepEqual(await stockOf(shop.ctx, product.variantId), { on_hand: 5, reserved: 0 })
    assert.deepEqual(await orderStatuses(shop.ctx), ['pending_payment'])
    await unchanged(shop, async () => assert.equal(await expireDue(shop.ctx), 0))
    paying.find = (key) => Promise.resolve(captured(key))
    await reconcileDue(shop.ctx)
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid'])
    assert.deepEqual(await stockOf(shop.ctx, product.variantId), { on_hand: 3, reserved: 0 })
    assert.deepEqual(await typesOf(shop), ['created', 'hold_expired', 'paid'])
    await shop.assertAudit()
  })

  test('is given back if the stock has been sold, and the buyer is told', async () => {
    await using waiting = await openWaiting()
    const { clock, paying, shop, product } = waiting
    clock.advance(minutesMs(15))
    await expireDue(shop.ctx)
    await added(shop, { session: 'other' }, { ...product, quantity: 4 })
    assert.equal(
      (await checkOut(shop, { session: 'other' }, { payment_method: 'manual' })).status,
      201,
    )
    paying.find = (key) => Promise.resolve(captured(key))
    const told = await checkOut(shop, guest, { key: 'a' })
    refused(told, 409, 'PAYMENT_REFUNDED')
    assert.deepEqual(await orderStatuses(shop.ctx), ['cancelled', 'placed'])
    assert.deepEqual(await linesOf(shop, guest), [[product.sku, 2]])
    await shop.assertAudit()
    paying.refund = silent
    assert.equal(await reconcileDue(shop.ctx), 1)
    await shop.assertAudit()
    paying.refund = () => Promise.resolve(done)
    clock.advance(secondsMs(30))
    assert.equal(await reconcileDue(shop.ctx), 1)
    const [{ key, amountMinor } = {}] = paying.charges
    const { payment, amountMinor: refundedMinor } = paying.refunds.at(-1) ?? {}
    assert.deepEqual([payment?.key, payment?.currency, refundedMinor], [key, 'USD', amountMinor])
    assert.equal((await checkOut(shop, guest, { key: 'a' })).text, told.text)
    clock.advance(minutesMs(60))
    await unchanged(shop, async () => assert.equal(await reconcileDue(shop.ctx), 0))
    await shop.assertAudit()
  })

  test('for an order that was given up is given back once', async () => {
    await using waiting = await openWaiting()
    const { clock, paying, shop } = waiting
    paying.find = () => Promise.resolve(undefined)
    clock.advance(secondsMs(30))
    await reconcileDue(shop.ctx)
    assert.deepEqual(await orderStatuses(shop.ctx), ['cancelled'])
    paying.find = (key) => Promise.resolve(captured(key))
    for (let count = 0; count < 4; count++) {
      clock.advance(minutesMs(15))
      await reconcileDue(shop.ctx)
      await shop.assertAudit()
    }
    assert.equal(paying.refunds.length, 1)
    assert.deepEqual(await typesOf(shop), ['created', 'payment_failed', 'refund_due', 'refunded'])
    const payments = await shop.ctx.db.read.selectFrom('payments').select('status').execute()
    assert.deepEqual(
      payments.map(({ status }) => status),
      ['refunded'],
    )
  })

  test('that comes while the shop is about to give up on it is given back all the same', async () => {
    const clock = testClock()
    const [charging, asking] = [gate(), gate()]
    const paying = provider({ find: () => Promise.resolve(undefined) })
    const { charge } = paying
    paying.charge = (request) => charging.pass().then(() => charge(request))
    await using shop = await openShop({ clock, payment: paying.drivers })
    await fillCart(shop)
    const answer = checkOut(shop, guest)
    await charging.reached
    clock.advance(secondsMs(30))
    await reconcileDue(shop.ctx)
    clock.advance(minutesMs(15))
    paying.find = () => asking.pass().then(() => undefined)
    const looking = reconcileDue(shop.ctx)
    await asking.reached
    charging.open()
    refused(await answer, 409, 'PAYMENT_REFUNDED')
    asking.open()
    await looking
    clock.advance(minutesMs(15))
    assert.equal(await reconcileDue(shop.ctx), 1)
    assert.equal(paying.refunds.length, 1)
    await shop.assertAudit()
  })

  test('that never comes for an order that was given up is not asked for for ever', async () => {
    await using waiting = await openWaiting()
    const { clock, paying, shop } = waiting
    paying.find = () => Promise.resolve(undefined)
    clock.advance(secondsMs(30))
    assert.equal(await reconcileDue(shop.ctx), 1)
    clock.advance(minutesMs(15))
    assert.equal(await reconcileDue(shop.ctx), 1)
    clock.advance(minutesMs(1_000_000))
    assert.equal(await reconcileDue(shop.ctx), 0)
    await shop.assertAudit()
  })
})
