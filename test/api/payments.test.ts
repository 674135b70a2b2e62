import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reconcileDue } from '../../src/domains/checkout/reconcile.ts'
import { addProduct, describeOnEveryDatabase } from '../support/shop.ts'
import { act, place, refund, rowOf, staff } from './payments-support.ts'
import { done, provider, silent } from './provider.ts'
import {
  added,
  checkOut,
  orderStatuses,
  outcome,
  refused,
  refusedField,
  testClock,
  unchanged,
} from './support.ts'

const guest = { session: 'guest' }

describeOnEveryDatabase('staff and the money of an order', (openShop) => {
  test('give it back in parts, and never more than came', async () => {
    await using shop = await openShop()
    const token = await staff(shop)
    const placed = await place(shop)
    const pay = act(shop, token, placed)
    assert.equal((await pay('refunds', refund('60.00'))).status, 201)
    const left = (placed.totalMinor - 6_000) / 100
    await unchanged(shop, async () => {
      const { message } = refused(
        await pay('refunds', refund((left + 0.01).toFixed(2))),
        409,
        'REFUND_EXCEEDS_CAPTURED',
      )
      assert.equal(message, `Only ${left.toFixed(2)} USD can be given back.`)
      refusedField(await pay('refunds', { amount: '1.00' }), 'reason')
      refusedField(await pay('refunds', refund('0.00')), 'amount')
      refusedField(await pay('refunds', refund('1.001')), 'amount')
    })
    const rest = await pay('refunds', { reason: 'the rest' })
    assert.equal(rest.status, 201, rest.text)
    const row = await rowOf(shop, placed)
    assert.deepEqual([row.status, row.refunded_minor], ['refunded', placed.totalMinor])
    refused(await pay('refunds', { reason: 'more' }), 409, 'REFUND_EXCEEDS_CAPTURED')
    const subjects = (await shop.mails()).map(({ subject }) => subject)
    assert.equal(subjects.filter((subject) => subject.startsWith('Money back')).length, 2)
    await shop.assertAudit()
  })

  test('see what was done to each payment, and the log says who did it', async () => {
    await using shop = await openShop()
    const token = await staff(shop)
    const placed = await place(shop)
    await act(shop, token, placed)('refunds', refund('10.00'))
    const path = `/api/v1/admin/orders/${placed.number}/payments`
    const answer = await shop.call('GET', path, { token })
    assert.equal(answer.status, 200, answer.text)
    const [payment] = answer.body.data
    assert.equal(payment.refunded.amount, '10.00')
    const [{ id, created_at: at, reference, ...operation }] = payment.operations
    assert.ok(id && at && reference)
    assert.deepEqual(operation, {
      kind: 'refund',
      amount: { amount: '10.00', currency: 'USD' },
      status: 'done',
      reason: 'a scratch',
      failure: null,
    })
    const log = await shop.ctx.db.read.selectFrom('audit_entries').select('action').execute()
    assert.deepEqual(
      log.map(({ action }) => action),
      ['payment.refunded'],
    )
    const shown = await shop.call('GET', `/api/v1/orders/${placed.number}?token=${placed.token}`)
    assert.equal(shown.body.data.payments[0].refunded.amount, '10.00')
  })

  test('may only do what their role allows', async () => {
    await using shop = await openShop()
    const placed = await place(shop)
    const support = await staff(shop, 'support')
    const path = `/api/v1/admin/orders/${placed.number}/payments`
    assert.equal((await shop.call('GET', path, { token: support })).status, 200)
    await unchanged(shop, async () => {
      const pay = act(shop, support, placed)
      refused(await pay('refunds', refund('1.00')), 403, 'FORBIDDEN')
      for (const what of ['captures', 'voiding', 'receipts']) {
        refused(await pay(what), 403, 'FORBIDDEN')
      }
    })
  })

  test('capture a part of what was set aside; the rest is given up', async () => {
    await using shop = await openShop()
    const token = await staff(shop)
    const placed = await place(shop, outcome('authorise'))
    const pay = act(shop, token, placed)
    await unchanged(shop, async () => {
      refused(await pay('captures', { amount: '9999.00' }), 409, 'CAPTURE_EXCEEDS_AUTHORISED')
      refused(await pay('refunds', { reason: 'none' }), 409, 'REFUND_EXCEEDS_CAPTURED')
      refused(await pay('receipts'), 409, 'PAYMENT_STATE')
    })
    assert.equal((await pay('captures', { amount: '40.00' })).status, 201)
    const row = await rowOf(shop, placed)
    assert.deepEqual(
      [row.status, row.authorised_minor, row.captured_minor],
      ['captured', placed.totalMinor, 4_000],
    )
    assert.deepEqual(await orderStatuses(shop.ctx), ['placed'])
    refused(await pay('captures', { amount: '1.00' }), 409, 'PAYMENT_STATE')
    await shop.assertAudit()
  })

  test('void what was set aside, and nothing can be captured any more', async () => {
    const paying = provider({
      charge: ({ key }) => Promise.resolve({ kind: 'authorised', reference: key }),
    })
    await using shop = await openShop({ payment: paying.drivers })
    const token = await staff(shop)
    const placed = await place(shop)
    const pay = act(shop, token, placed)
    assert.equal((await pay('voiding', { reason: 'a mistake' })).status, 201)
    assert.equal(paying.cancelled.length, 1)
    refused(await pay('captures'), 409, 'PAYMENT_STATE')
    refused(await pay('voiding'), 409, 'PAYMENT_STATE')
    assert.equal((await rowOf(shop, placed)).status, 'voided')
    await shop.assertAudit()
  })

  test('book money that came by transfer, in parts, until the order is paid', async () => {
    await using shop = await openShop()
    const token = await staff(shop)
    const placed = await place(shop, { payment_method: 'manual' })
    const pay = act(shop, token, placed)
    assert.equal((await pay('receipts', { amount: '50.00', note: 'by bank' })).status, 201)
    assert.deepEqual(await orderStatuses(shop.ctx), ['placed'])
    await unchanged(shop, async () => {
      refused(await pay('receipts', { amount: '9999.00' }), 409, 'CAPTURE_EXCEEDS_AUTHORISED')
      refused(await pay('voiding'), 409, 'PAYMENT_STATE')
    })
    assert.equal((await pay('receipts')).status, 201)
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid'])
    refused(await pay('receipts'), 409, 'PAYMENT_STATE')
    assert.equal((await pay('refunds', refund('20.00'))).status, 201)
    assert.equal((await rowOf(shop, placed)).refunded_minor, 2_000)
    await shop.assertAudit()
  })

  test('get gift cards issued when the money for them has come', async () => {
    await using shop = await openShop()
    const token = await staff(shop)
    const product = await addProduct(shop.ctx, { kind: 'gift_card', onHand: 5 })
    await added(shop, guest, product)
    const answer = await checkOut(shop, guest, { payment_method: 'manual' })
    const [{ id: paymentId }] = answer.body.data.payments
    const count = async () =>
      (await shop.ctx.db.read.selectFrom('credit_accounts').select('id').execute()).length
    assert.equal(await count(), 0)
    const path = `/api/v1/admin/payments/${paymentId}/receipts`
    assert.equal((await shop.call('POST', path, { token, body: {} })).status, 201)
    assert.equal(await count(), 1)
    await shop.assertAudit()
  })

  test('owe a refund until the provider has made it, once', async () => {
    const clock = testClock()
    const paying = provider({ refund: silent })
    await using shop = await openShop({ clock, payment: paying.drivers })
    const token = await staff(shop)
    const placed = await place(shop)
    const pay = act(shop, token, placed)
    const decided = await pay('refunds', refund('25.00'), 'one')
    assert.equal(decided.status, 201)
    assert.equal(decided.body.data.operations[0].status, 'pending')
    assert.equal((await pay('refunds', refund('25.00'), 'one')).text, decided.text)
    const row = await rowOf(shop, placed)
    assert.deepEqual([row.refunding_minor, row.refunded_minor], [2_500, 0])
    await shop.assertAudit()
    const key = paying.refunds[0]?.operationKey
    paying.refund = () => Promise.resolve(done)
    clock.advance(30_000)
    await Promise.all([reconcileDue(shop.ctx), reconcileDue(shop.ctx)])
    clock.advance(30_000)
    await reconcileDue(shop.ctx)
    assert.deepEqual(
      paying.refunds.map(({ operationKey }) => operationKey),
      [key, key],
    )
    const after = await rowOf(shop, placed)
    assert.deepEqual([after.refunding_minor, after.refunded_minor], [0, 2_500])
    await shop.assertAudit()
  })

  test('hear of a refund that its provider refuses, and can try again', async () => {
    const paying = provider({ refund: () => Promise.resolve({ kind: 'failed', code: 'closed' }) })
    await using shop = await openShop({ payment: paying.drivers })
    const token = await staff(shop)
    const placed = await place(shop)
    const pay = act(shop, token, placed)
    assert.equal((await pay('refunds', refund('25.00'))).status, 201)
    assert.equal((await rowOf(shop, placed)).refunding_minor, 0)
    const topics = await shop.ctx.db.read.selectFrom('outbox').select('topic').execute()
    assert.ok(topics.some(({ topic }) => topic === 'payment.refund_failed'))
    paying.refund = () => Promise.resolve(done)
    assert.equal((await pay('refunds', refund('25.00'))).status, 201)
    assert.equal((await rowOf(shop, placed)).refunded_minor, 2_500)
    await shop.assertAudit()
  })
})

describeOnEveryDatabase('fifty at once', (openShop) => {
  test('refund no more than was captured', async () => {
    const paying = provider()
    await using shop = await openShop({ payment: paying.drivers })
    const token = await staff(shop)
    const placed = await place(shop)
    const pay = act(shop, token, placed)
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => pay('refunds', refund('7.00'))),
    )
    const possible = Math.floor(placed.totalMinor / 700)
    assert.equal(answers.filter(({ status }) => status === 201).length, possible)
    for (const answer of answers) {
      if (answer.status !== 201) refused(answer, 409, 'REFUND_EXCEEDS_CAPTURED')
    }
    assert.equal((await rowOf(shop, placed)).refunded_minor, possible * 700)
    assert.equal(paying.refunds.length >= possible, true)
    await shop.assertAudit()
  })

  test('capture once, and refund within it', async () => {
    const paying = provider({
      charge: ({ key }) => Promise.resolve({ kind: 'authorised', reference: key }),
    })
    await using shop = await openShop({ payment: paying.drivers })
    const token = await staff(shop)
    const placed = await place(shop)
    const pay = act(shop, token, placed)
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => {
        if (index % 3 === 0) return pay('captures', { amount: '60.00' })
        return index % 3 === 1 ? pay('refunds', refund('9.00')) : pay('voiding')
      }),
    )
    for (const { status, text } of answers) assert.ok(status === 201 || status === 409, text)
    const row = await rowOf(shop, placed)
    const captured = answers.filter(({ status }, index) => status === 201 && index % 3 === 0)
    assert.ok(captured.length <= 1)
    assert.equal(row.captured_minor, captured.length * 6_000)
    const keys = new Set(paying.captures.map(({ operationKey }) => operationKey))
    assert.equal(keys.size, captured.length)
    assert.ok(row.refunded_minor <= row.captured_minor)
    assert.ok(row.captured_minor <= row.authorised_minor)
    await shop.assertAudit()
  })
})
