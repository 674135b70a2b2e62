import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expireDue, reconcileDue } from '../../src/domains/checkout/reconcile.ts'
import { handlePaymentEvents } from '../../src/domains/checkout/inbox.ts'
import { accounts } from '../provider/provider.ts'
import { stripeSignature } from '../provider/stripe/signature.ts'
import { addProduct, describeOnEveryDatabase, signUp, type TestShop } from '../support/shop.ts'
import {
  added,
  checkOut,
  linesOf,
  orderStatuses,
  refused,
  refusedField,
  stockOf,
  testClock,
  unchanged,
} from './support.ts'
import { declined, openStripeShop, secured, signed, visa } from './stripe-fixture.ts'

const guest = { session: 'guest' }
const minuteMs = 60_000

async function fill(shop: TestShop, quantity = 2) {
  const product = await addProduct(shop.ctx, { priceMinor: 1_000, onHand: 5 })
  await added(shop, guest, { ...product, quantity })
  return product
}

const pay = (shop: TestShop, change: Record<string, unknown>, who = guest) =>
  checkOut(shop, who, { payment_method: 'stripe', ...change })

async function paymentsOf({ ctx }: TestShop) {
  const rows = await ctx.db.read
    .selectFrom('payments')
    .select(['status', 'amount_minor', 'authorised_minor', 'captured_minor', 'refunded_minor'])
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  return rows.map((row) => ({ ...row }))
}

describeOnEveryDatabase('a card by Stripe', (openShop) => {
  test('pays an order at once', async () => {
    await using stripe = await openStripeShop(openShop)
    const { shop, provider } = stripe
    await fill(shop)
    const placed = await pay(shop, visa)
    assert.equal(placed.status, 201, placed.text)
    const { id, status, total, payments } = placed.body.data
    assert.equal(status, 'paid')
    assert.deepEqual(payments[0].captured, total)
    const totalMinor = Math.round(Number(total.amount) * 100)
    assert.deepEqual(accounts(provider.entries()).get(id), {
      ...{ charged: 1, refunded: 0, balanceMinor: totalMinor },
    })
    const before = await orderStatuses(shop.ctx)
    await stripe.tellAll()
    assert.deepEqual(await orderStatuses(shop.ctx), before)
    await shop.assertAudit()
  })

  test('that is declined leaves the cart as it was', async () => {
    await using stripe = await openStripeShop(openShop)
    const { shop, provider } = stripe
    const { variantId, sku } = await fill(shop)
    refused(await pay(shop, declined), 422, 'PAYMENT_DECLINED')
    await stripe.tellAll()
    assert.deepEqual(await stockOf(shop.ctx, variantId), { on_hand: 5, reserved: 0 })
    assert.deepEqual(await linesOf(shop, guest), [[sku, 2]])
    assert.deepEqual(provider.entries(), [])
    assert.equal((await pay(shop, visa)).status, 201)
    await shop.assertAudit()
  })

  test('that nobody knows, or that is no card at all, is refused', async () => {
    await using stripe = await openStripeShop(openShop)
    const { shop, provider } = stripe
    await fill(shop)
    await unchanged(shop, async () => {
      refusedField(await pay(shop, {}), 'payment_data.payment_method')
      const number = { payment_data: { payment_method: '4242424242424242' } }
      refusedField(await pay(shop, number), 'payment_data.payment_method')
      const other = { payment_data: { payment_method: 'pm_1', token: 'x' } }
      refusedField(await pay(shop, other), 'payment_data.token')
    })
    const unknown = { payment_data: { payment_method: 'pm_of_somebody_else' } }
    refused(await pay(shop, unknown), 422, 'PAYMENT_DECLINED')
    assert.deepEqual(provider.entries(), [])
    await shop.assertAudit()
  })

  test('that cannot be reached before anything was paid is an order that was not made', async () => {
    await using stripe = await openStripeShop(openShop)
    const { shop, provider } = stripe
    const { variantId } = await fill(shop)
    await provider.behave({ always: { create: '500-before' } })
    refused(await pay(shop, { ...visa, key: 'one' }), 503, 'PAYMENT_UNAVAILABLE')
    assert.deepEqual(await orderStatuses(shop.ctx), ['cancelled'])
    assert.deepEqual(await stockOf(shop.ctx, variantId), { on_hand: 5, reserved: 0 })
    await provider.behave({})
    assert.equal((await pay(shop, { ...visa, key: 'one' })).status, 201)
    await shop.assertAudit()
  })

  for (const fault of ['timeout-after', '500-after', '409-after', '429-after'] as const) {
    test(`whose answer is lost by ${fault} is found paid by the same key`, async () => {
      await using stripe = await openStripeShop(openShop, {
        settings: { STRIPE_TIMEOUT_MS: '300' },
      })
      const { shop, provider } = stripe
      await fill(shop)
      await provider.behave({ script: [fault] })
      refused(await pay(shop, { ...visa, key: 'one' }), 503, 'PAYMENT_UNAVAILABLE')
      const again = await pay(shop, { ...visa, key: 'one' })
      assert.equal(again.status, 201, again.text)
      assert.equal(again.body.data.status, 'paid')
      assert.equal(accounts(provider.entries()).get(again.body.data.id)?.charged, 1)
      await shop.assertAudit()
    })
  }
})

describeOnEveryDatabase('a card that asks for its holder', (openShop) => {
  test('says what to do, and the order is paid when Stripe tells that it was done', async () => {
    await using stripe = await openStripeShop(openShop)
    const { shop } = stripe
    const { variantId } = await fill(shop)
    const waiting = await pay(shop, { ...secured, key: 'one' })
    assert.equal(waiting.status, 202, waiting.text)
    const { status, payment_action: action } = waiting.body.data
    assert.equal(status, 'pending_payment')
    assert.equal(action.type, 'stripe')
    assert.match(action.client_secret, /^pi_\w+_secret_/)
    assert.deepEqual(await stockOf(shop.ctx, variantId), { on_hand: 5, reserved: 2 })
    const [reference = ''] = await stripe.references()
    await stripe.play('authenticate', reference)
    await stripe.tellAll()
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid'])
    const paid = await pay(shop, { ...secured, key: 'one' })
    assert.deepEqual([paid.status, paid.body.data.status], [201, 'paid'])
    await shop.assertAudit()
  })

  test('is found paid by the same key, without any word of Stripe', async () => {
    await using stripe = await openStripeShop(openShop)
    const { shop } = stripe
    await fill(shop)
    assert.equal((await pay(shop, { ...secured, key: 'one' })).status, 202)
    assert.equal((await pay(shop, { ...secured, key: 'one' })).status, 202)
    await stripe.play('authenticate', (await stripe.references())[0] ?? '')
    assert.equal((await pay(shop, { ...secured, key: 'one' })).status, 201)
    await shop.assertAudit()
  })

  test('and fails ends the order, and nobody can pay it any more', async () => {
    const clock = testClock()
    await using stripe = await openStripeShop(openShop, { clock })
    const { shop, provider } = stripe
    const { variantId } = await fill(shop)
    assert.equal((await pay(shop, secured)).status, 202)
    const [reference = ''] = await stripe.references()
    await stripe.play('fail', reference)
    await stripe.tellAll()
    assert.deepEqual(await orderStatuses(shop.ctx), ['cancelled'])
    assert.deepEqual(await stockOf(shop.ctx, variantId), { on_hand: 5, reserved: 0 })
    await reconcileDue(shop.ctx)
    const events = await stripe.events()
    assert.equal(events.at(-1)?.type, 'payment_intent.canceled')
    assert.equal(provider.entries().filter(({ what }) => what === 'charged').length, 0)
    await stripe.tellAll()
    await shop.assertAudit()
  })

  test('and never comes back is given up with its stock', async () => {
    const clock = testClock()
    await using stripe = await openStripeShop(openShop, { clock })
    const { shop } = stripe
    const { variantId } = await fill(shop)
    assert.equal((await pay(shop, secured)).status, 202)
    clock.advance(5 * minuteMs)
    await reconcileDue(shop.ctx)
    assert.deepEqual(await orderStatuses(shop.ctx), ['pending_payment'])
    clock.advance(10 * minuteMs)
    await expireDue(shop.ctx)
    await reconcileDue(shop.ctx)
    assert.deepEqual(await orderStatuses(shop.ctx), ['cancelled'])
    assert.deepEqual(await stockOf(shop.ctx, variantId), { on_hand: 5, reserved: 0 })
    const events = await stripe.events()
    assert.equal(events.at(-1)?.type, 'payment_intent.canceled')
    await shop.assertAudit()
  })

  test('and pays when the articles are gone gets the money back, and is told so', async () => {
    const clock = testClock()
    await using stripe = await openStripeShop(openShop, { clock })
    const { shop, provider } = stripe
    const product = await fill(shop)
    const waiting = await pay(shop, secured)
    clock.advance(15 * minuteMs)
    await expireDue(shop.ctx)
    const other = { session: 'other' }
    await added(shop, other, { ...product, quantity: 4 })
    assert.equal((await checkOut(shop, other, { payment_method: 'manual' })).status, 201)
    await stripe.play('authenticate', (await stripe.references())[0] ?? '')
    await stripe.tellAll()
    assert.deepEqual(await orderStatuses(shop.ctx), ['cancelled', 'placed'])
    await reconcileDue(shop.ctx)
    const account = accounts(provider.entries()).get(waiting.body.data.id)
    assert.deepEqual(account, { charged: 1, refunded: 1, balanceMinor: 0 })
    await stripe.tellAll()
    const subjects = (await shop.mails()).map(({ subject }) => subject)
    assert.equal(subjects.filter((subject) => subject.startsWith('Your money for')).length, 1)
    await shop.assertAudit()
  })
})

describeOnEveryDatabase('what Stripe tells', (openShop) => {
  test('is stored once for its id, and changes nothing twice', async () => {
    await using stripe = await openStripeShop(openShop)
    const { shop } = stripe
    await fill(shop)
    assert.equal((await pay(shop, secured)).status, 202)
    await stripe.play('authenticate', (await stripe.references())[0] ?? '')
    const events = await stripe.events()
    const copies = events.flatMap((event) => Array.from({ length: 20 }, () => event)).toReversed()
    const answers = await Promise.all(copies.map((event) => stripe.tell(event)))
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    const fresh = answers.filter(({ body }) => body.data.is_new)
    assert.equal(fresh.length, events.length)
    await Promise.all([1, 2, 3].map(() => handlePaymentEvents(shop.ctx)))
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid'])
    await unchanged(shop, () => stripe.tellAll())
    const timeline = await shop.ctx.db.read.selectFrom('order_events').select('type').execute()
    assert.deepEqual(timeline.map(({ type }) => type).sort(), ['created', 'paid'])
    await shop.assertAudit()
  })

  test('is nothing if it is not signed, by another, or too old', async () => {
    const clock = testClock()
    await using stripe = await openStripeShop(openShop, { clock })
    const { shop } = stripe
    await fill(shop)
    await pay(shop, visa)
    const [event = { id: '', type: '' }] = await stripe.events()
    const body = JSON.stringify(event)
    const headers = [
      {},
      { 'stripe-signature': 'nonsense' },
      { 'stripe-signature': stripeSignature(body, { secret: 'whsec_x', at: clock.now() }) },
      { 'stripe-signature': stripeSignature(body, { at: clock.now() - 301_000 }) },
      { 'stripe-signature': stripeSignature(`${body} `, { at: clock.now() }) },
    ]
    await unchanged(shop, async () => {
      for (const wrong of headers) {
        refused(await stripe.tell(event, wrong), 401, 'INVALID_SIGNATURE')
      }
      const path = '/api/v1/payments/paypal/events'
      refused(await shop.call('POST', path, { body: event }), 404, 'NOT_FOUND')
    })
    assert.equal((await stripe.tell(event)).status, 200)
  })

  test('of a failure after a success, or of payments of others, changes nothing', async () => {
    await using stripe = await openStripeShop(openShop)
    const { shop } = stripe
    await fill(shop)
    const { id } = (await pay(shop, visa)).body.data
    await stripe.tellAll()
    const before = await orderStatuses(shop.ctx)
    const intent = (key: string) => ({
      ...{ id: 'pi_x', object: 'payment_intent', status: 'requires_payment_method' },
      ...{ amount: 1, currency: 'usd', metadata: { payment: key } },
      last_payment_error: { code: 'card_declined' },
    })
    const late = ['payment_intent.payment_failed', 'payment_intent.canceled'].flatMap((type) =>
      [id, 'somebody else'].map((key) => ({
        ...{ id: `evt_${type}_${key}`, object: 'event', type },
        data: { object: intent(key) },
      })),
    )
    for (const event of late) {
      const answer = await shop.call('POST', '/api/v1/payments/stripe/events', {
        raw: JSON.stringify(event),
        headers: signed(shop, event),
      })
      assert.equal(answer.status, 200, answer.text)
    }
    while ((await handlePaymentEvents(shop.ctx)) > 0);
    assert.deepEqual(await orderStatuses(shop.ctx), before)
    const states = await shop.ctx.db.read
      .selectFrom('payment_events')
      .select(['event_id', 'status'])
      .where('event_id', 'like', '%somebody else')
      .execute()
    assert.deepEqual(new Set(states.map(({ status }) => status)), new Set(['ignored']))
    await shop.assertAudit()
  })

  test('waits until it can be handled, and keeps nothing of a person', async () => {
    const clock = testClock()
    await using stripe = await openStripeShop(openShop, { clock })
    const { shop, provider } = stripe
    await fill(shop)
    assert.equal((await pay(shop, secured)).status, 202)
    await stripe.play('fail', (await stripe.references())[0] ?? '')
    for (const event of await stripe.events()) await stripe.tell(event)
    await provider.behave({ always: { find: '500-before' } })
    await handlePaymentEvents(shop.ctx)
    assert.deepEqual(await orderStatuses(shop.ctx), ['pending_payment'])
    await provider.behave({})
    assert.equal(await handlePaymentEvents(shop.ctx), 0)
    clock.advance(10_000)
    assert.equal(await handlePaymentEvents(shop.ctx), 1)
    assert.deepEqual(await orderStatuses(shop.ctx), ['cancelled'])
    const rows = await shop.ctx.db.read.selectFrom('payment_events').select('content').execute()
    for (const { content } of rows) {
      assert.ok(!/secret|card|example\.com/.test(JSON.stringify(content)), content)
    }
    await reconcileDue(shop.ctx)
    await shop.assertAudit()
  })
})

describeOnEveryDatabase('saved cards', (openShop) => {
  test('are set up, listed, paid with and forgotten by their owner alone', async () => {
    await using stripe = await openStripeShop(openShop)
    const { shop, provider } = stripe
    const { token } = await signUp(shop)
    const { token: stranger } = await signUp(shop)
    const cards = async (who: string) =>
      (await shop.call('GET', '/api/v1/customers/me/cards', { token: who })).body.data
    assert.deepEqual(await cards(token), [])
    const setup = await shop.call('POST', '/api/v1/customers/me/card-setups', { token })
    assert.equal(setup.status, 201, setup.text)
    assert.equal(setup.body.data.publishable_key, 'pk_test_1')
    await stripe.play('save', setup.body.data.id)
    const [card] = await cards(token)
    assert.deepEqual(
      { ...card, id: '' },
      {
        ...{ id: '', brand: 'visa', last4: '4242', exp_month: 12, exp_year: 2030 },
      },
    )
    assert.deepEqual(await cards(stranger), [])
    const product = await addProduct(shop.ctx, { onHand: 5 })
    const saved = { payment_data: { payment_method: card.id }, payment_method: 'stripe' }
    await added(shop, { token: stranger }, product)
    refused(await checkOut(shop, { token: stranger }, saved), 422, 'PAYMENT_DECLINED')
    await added(shop, { token }, product)
    assert.equal((await checkOut(shop, { token }, saved)).status, 201)
    const path = `/api/v1/customers/me/cards/${card.id}`
    refused(await shop.call('DELETE', path, { token: stranger }), 404, 'NOT_FOUND')
    assert.equal((await shop.call('DELETE', path, { token })).status, 200)
    refused(await shop.call('DELETE', path, { token }), 404, 'NOT_FOUND')
    assert.deepEqual(await cards(token), [])
    assert.equal(provider.entries().length, 1)
    await shop.assertAudit()
  })

  test('are kept by the checkout if their owner wants it, and are no guest’s', async () => {
    await using stripe = await openStripeShop(openShop)
    const { shop } = stripe
    const { token } = await signUp(shop)
    const product = await addProduct(shop.ctx, { onHand: 5 })
    const keeping = { payment_data: { payment_method: 'pm_card_visa', save_card: true } }
    await added(shop, { token }, product)
    assert.equal(
      (await checkOut(shop, { token }, { ...keeping, payment_method: 'stripe' })).status,
      201,
    )
    const listed = await shop.call('GET', '/api/v1/customers/me/cards', { token })
    assert.equal(listed.body.data.length, 1)
    await added(shop, guest, product)
    await unchanged(shop, async () => {
      refused(await pay(shop, keeping), 401, 'UNAUTHENTICATED')
    })
    await shop.assertAudit()
  })

  test('are forgotten at Stripe with the account', async () => {
    await using stripe = await openStripeShop(openShop)
    const { shop } = stripe
    const { token, password } = await signUp(shop)
    const setup = await shop.call('POST', '/api/v1/customers/me/card-setups', { token })
    const saved = await stripe.play('save', setup.body.data.id)
    assert.match(saved.id, /^pm_/)
    const body = { current_password: password }
    const answer = await shop.call('DELETE', '/api/v1/customers/me', { token, body })
    assert.equal(answer.status, 200, answer.text)
    await shop.mails()
    const rows = await shop.ctx.db.read.selectFrom('payment_accounts').selectAll().execute()
    assert.deepEqual(rows, [])
    await shop.assertAudit()
  })
})

describeOnEveryDatabase('cards that are collected later', (openShop) => {
  const later = { settings: { PAYMENT_CAPTURE: 'later' as const } }

  test('place the order, which is paid when staff captures', async () => {
    await using stripe = await openStripeShop(openShop, later)
    const { shop, provider } = stripe
    const { token } = await signUp(shop, { role: 'finance' })
    await fill(shop)
    const placed = await pay(shop, visa)
    assert.equal(placed.status, 201, placed.text)
    const { id, status, payments, total } = placed.body.data
    assert.deepEqual([status, payments[0].status], ['placed', 'authorised'])
    assert.deepEqual(payments[0].authorised, total)
    assert.equal(payments[0].captured.amount, '0.00')
    const path = `/api/v1/admin/payments/${payments[0].id}/captures`
    const captured = await shop.call('POST', path, { token, body: {}, key: 'one' })
    assert.equal(captured.status, 201, captured.text)
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid'])
    await unchanged(shop, async () => {
      const again = await shop.call('POST', path, { token, body: {}, key: 'one' })
      assert.equal(again.text, captured.text)
    })
    refused(await shop.call('POST', path, { token, body: {} }), 409, 'PAYMENT_STATE')
    await stripe.tellAll()
    assert.equal(accounts(provider.entries()).get(id)?.charged, 1)
    await shop.assertAudit()
  })

  test('are collected at Stripe’s own desk, run out there, or go back there, once', async () => {
    await using stripe = await openStripeShop(openShop, later)
    const { shop } = stripe
    const product = await addProduct(shop.ctx, { onHand: 9 })
    for (const session of ['one', 'two']) {
      await added(shop, { session }, product)
      assert.equal((await pay(shop, visa, { session })).status, 201)
    }
    const [first = '', second = ''] = await stripe.references()
    await stripe.play('capture', first)
    await stripe.play('refund', first, { amount: '300' })
    await stripe.play('expire', second)
    await stripe.tellAll()
    await stripe.tellAll()
    const [one, two] = await paymentsOf(shop)
    assert.deepEqual([one?.status, one?.refunded_minor], ['captured', 300])
    assert.equal(one?.captured_minor, one?.amount_minor)
    assert.deepEqual([two?.status, two?.captured_minor], ['voided', 0])
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid', 'placed'])
    await shop.assertAudit()
  })

  test('let a refund fail after all, which is owed again', async () => {
    await using stripe = await openStripeShop(openShop)
    const { shop } = stripe
    const { token } = await signUp(shop, { role: 'finance' })
    await fill(shop)
    const { payments } = (await pay(shop, visa)).body.data
    const path = `/api/v1/admin/payments/${payments[0].id}/refunds`
    const body = { amount: '5.00', reason: 'scratched' }
    assert.equal((await shop.call('POST', path, { token, body })).status, 201)
    assert.equal((await paymentsOf(shop))[0]?.refunded_minor, 500)
    const refund = await shop.ctx.db.read
      .selectFrom('payment_operations')
      .select('provider_reference')
      .executeTakeFirstOrThrow()
    await stripe.play('fail-refund', refund.provider_reference ?? '')
    await stripe.tellAll()
    await stripe.tellAll()
    assert.equal((await paymentsOf(shop))[0]?.refunded_minor, 0)
    assert.equal((await shop.call('POST', path, { token, body })).status, 201)
    assert.equal((await paymentsOf(shop))[0]?.refunded_minor, 500)
    await shop.assertAudit()
  })
})
