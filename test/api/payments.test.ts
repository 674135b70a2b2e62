import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { minor } from '../../src/core/money.ts'
import { reconcileDue } from '../../src/domains/checkout/reconcile.ts'
import { addPayment } from '../../src/domains/payment/additional.ts'
import {
  makeRefunds,
  oweRefund,
  refundableOf,
  releasePayments,
} from '../../src/domains/payment/refunds.ts'
import { addProduct, describeOnEveryDatabase, signUp, type TestShop } from '../support/shop.ts'
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

interface Placed {
  readonly orderId: string
  readonly number: number
  readonly token: string
  readonly paymentId: string
  readonly totalMinor: number
}

async function place(shop: TestShop, change: Record<string, unknown> = {}): Promise<Placed> {
  const product = await addProduct(shop.ctx, { priceMinor: 9_500, onHand: 5 })
  const session = `buyer-${product.number}`
  await added(shop, { session }, product)
  const answer = await checkOut(shop, { session }, change)
  assert.equal(answer.status, 201, answer.text)
  const { id, number, token, total, payments } = answer.body.data
  const totalMinor = Math.round(Number(total.amount) * 100)
  return { orderId: id, number, token, paymentId: payments[0].id, totalMinor }
}

const staff = async (shop: TestShop, role = 'finance') => (await signUp(shop, { role })).token

function act(shop: TestShop, token: string, { paymentId }: Placed) {
  return (what: string, body: object = {}, key?: string) =>
    shop.call('POST', `/api/v1/admin/payments/${paymentId}/${what}`, {
      token,
      body,
      ...(key === undefined ? {} : { key }),
    })
}

async function rowOf(shop: TestShop, { paymentId }: Placed) {
  const row = await shop.ctx.db.read
    .selectFrom('payments')
    .select(['status', 'authorised_minor', 'captured_minor', 'refunded_minor'])
    .select(['capturing_minor', 'refunding_minor', 'released_minor'])
    .where('id', '=', paymentId)
    .executeTakeFirstOrThrow()
  return { ...row }
}

const refund = (amount: string) => ({ amount, reason: 'a scratch' })

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

describeOnEveryDatabase('what an order is worth less', (openShop) => {
  const owe = ({ ctx }: TestShop, orderId: string, amountMinor: number) =>
    ctx.db
      .transaction((tx) =>
        oweRefund(ctx, tx, { orderId, amountMinor: minor(amountMinor), reason: 'less' }),
      )
      .then(() => makeRefunds(ctx, orderId))

  test('is not collected where it was not, and goes back where it was', async () => {
    await using shop = await openShop()
    const due = await place(shop, { payment_method: 'manual' })
    await owe(shop, due.orderId, 3_000)
    assert.equal((await rowOf(shop, due)).released_minor, 3_000)
    const paid = await place(shop)
    assert.equal(await refundableOf(shop.ctx.db.read, paid.orderId), paid.totalMinor)
    await owe(shop, paid.orderId, 3_000)
    assert.equal((await rowOf(shop, paid)).refunded_minor, 3_000)
    assert.equal(await refundableOf(shop.ctx.db.read, paid.orderId), paid.totalMinor - 3_000)
    await unchanged(shop, () => owe(shop, paid.orderId, 0))
    await unchanged(shop, () =>
      assert.rejects(owe(shop, paid.orderId, paid.totalMinor), { code: 'REFUND_EXCEEDS_CAPTURED' }),
    )
    await shop.assertAudit()
  })

  test('cannot be captured any more, and a due rest makes the order paid', async () => {
    await using shop = await openShop()
    const token = await staff(shop)
    const placed = await place(shop, { payment_method: 'manual' })
    const pay = act(shop, token, placed)
    await owe(shop, placed.orderId, placed.totalMinor - 5_000)
    await unchanged(shop, async () => {
      refused(await pay('receipts', { amount: '50.01' }), 409, 'CAPTURE_EXCEEDS_AUTHORISED')
    })
    assert.equal((await pay('receipts', { amount: '50.00' })).status, 201)
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid'])
    const other = await place(shop, outcome('authorise'))
    await owe(shop, other.orderId, 1_000)
    assert.equal((await act(shop, token, other)('captures')).status, 201)
    assert.equal((await rowOf(shop, other)).captured_minor, other.totalMinor - 1_000)
    await shop.assertAudit()
  })

  test('as a whole releases everything that was set aside', async () => {
    const paying = provider({
      charge: ({ key }) => Promise.resolve({ kind: 'authorised', reference: key }),
    })
    await using shop = await openShop({ payment: paying.drivers })
    const placed = await place(shop)
    const { ctx } = shop
    await ctx.db.transaction((tx) => releasePayments(ctx, tx, placed.orderId))
    await makeRefunds(ctx, placed.orderId)
    assert.equal(paying.cancelled.length, 1)
    const row = await rowOf(shop, placed)
    assert.deepEqual([row.status, row.released_minor], ['voided', placed.totalMinor])
  })
})

describeOnEveryDatabase('a further payment of an order', (openShop) => {
  /** The total is raised as an edit would raise it, so that the books still agree. */
  async function raise({ ctx }: TestShop, { orderId }: Placed, method = 'test') {
    return ctx.db.transaction(async (tx) => {
      await tx
        .updateTable('orders')
        .set((set) => ({
          subtotal_minor: set('subtotal_minor', '+', minor(1_000)),
          total_minor: set('total_minor', '+', minor(1_000)),
        }))
        .where('id', '=', orderId)
        .execute()
      return addPayment(ctx, tx, { orderId, method, amountMinor: minor(1_000) })
    })
  }

  const attempt = (shop: TestShop, placed: Placed, paymentId: string, body: object = {}) =>
    shop.call(
      'POST',
      `/api/v1/orders/${placed.number}/payments/${paymentId}/attempts?token=${placed.token}`,
      { body },
    )

  const shown = async (shop: TestShop, { number, token }: Placed) => {
    const answer = await shop.call('GET', `/api/v1/orders/${number}?token=${token}`)
    return (answer.body.data.payments as { position: number; status: string }[]).map(
      ({ position, status }) => [position, status],
    )
  }

  test('is paid by the buyer, after one that was declined too', async () => {
    await using shop = await openShop()
    const placed = await place(shop)
    const open = await raise(shop, placed)
    assert.deepEqual(await shown(shop, placed), [
      [1, 'captured'],
      [2, 'open'],
    ])
    const declined = await attempt(shop, placed, open.id, {
      payment_data: { outcome: 'decline' },
    })
    assert.deepEqual([declined.status, declined.body.data.status], [201, 'failed'])
    const answers = await Promise.all([1, 2, 3, 4].map(() => attempt(shop, placed, open.id)))
    const statuses = answers.map(({ status }) => status).sort()
    assert.deepEqual(statuses, [201, 409, 409, 409])
    assert.deepEqual(await shown(shop, placed), [
      [1, 'captured'],
      [2, 'failed'],
      [3, 'captured'],
    ])
    const rules = ['the lines of an order add up to its totals']
    const { audit } = await import('../../src/domains/audit/audit.ts')
    const broken = (await audit(shop.ctx)).map(({ rule }) => rule)
    assert.deepEqual(broken, rules)
  })

  test('whose answer is lost is found by the reconciler', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    const placed = await place(shop)
    const open = await raise(shop, placed)
    const lost = await attempt(shop, placed, open.id, { payment_data: { outcome: 'timeout' } })
    refused(lost, 503, 'PAYMENT_UNAVAILABLE')
    assert.deepEqual(await shown(shop, placed), [
      [1, 'captured'],
      [2, 'pending'],
    ])
    clock.advance(30_000)
    await reconcileDue(shop.ctx)
    assert.deepEqual(await shown(shop, placed), [
      [1, 'captured'],
      [2, 'captured'],
    ])
  })

  test('can wait for its payer, and be of another order by nobody', async () => {
    await using shop = await openShop()
    const placed = await place(shop)
    const other = await place(shop)
    const open = await raise(shop, placed)
    refused(await attempt(shop, other, open.id), 404, 'NOT_FOUND')
    refused(await attempt(shop, placed, other.paymentId), 404, 'NOT_FOUND')
    refused(await attempt(shop, placed, placed.paymentId), 409, 'PAYMENT_STATE')
    const waiting = await attempt(shop, placed, open.id, { payment_data: { outcome: 'action' } })
    assert.equal(waiting.status, 202)
    assert.deepEqual(waiting.body.data.payment_action, { type: 'test' })
  })

  test('is due at once where nobody is asked', async () => {
    await using shop = await openShop()
    const placed = await place(shop, { payment_method: 'manual' })
    await raise(shop, placed, 'manual')
    assert.deepEqual(await shown(shop, placed), [
      [1, 'due'],
      [2, 'due'],
    ])
    const token = await staff(shop)
    await act(shop, token, placed)('receipts')
    assert.deepEqual(await orderStatuses(shop.ctx), ['placed'])
  })
})

describeOnEveryDatabase('any sequence of captures and refunds', (openShop) => {
  const step = fc.record({
    what: fc.constantFrom('captures', 'refunds', 'voiding', 'receipts', 'owe', 'fail', 'work'),
    cents: fc.integer({ min: 1, max: 12_000 }),
  })

  test('keeps the books in order', async () => {
    const clock = testClock()
    const paying = provider()
    await using shop = await openShop({ clock, payment: paying.drivers })
    const { ctx } = shop
    const token = await staff(shop)
    const methods = fc.constantFrom('captured', 'authorised', 'due')
    await fc.assert(
      fc.asyncProperty(methods, fc.array(step, { maxLength: 12 }), async (kind, steps) => {
        paying.charge = ({ key }) =>
          Promise.resolve(
            kind === 'authorised'
              ? { kind: 'authorised', reference: key }
              : { kind: 'captured', reference: key },
          )
        paying.refund = () => Promise.resolve(done)
        const placed = await place(shop, {
          payment_method: kind === 'due' ? 'manual' : 'test',
        })
        const pay = act(shop, token, placed)
        for (const { what, cents } of steps) {
          const amountMinor = minor(cents)
          const amount = (cents / 100).toFixed(2)
          if (what === 'fail') paying.refund = silent
          else if (what === 'work') {
            paying.refund = () => Promise.resolve(done)
            clock.advance(31_000)
            await reconcileDue(ctx)
          } else if (what === 'owe') {
            const owed = { orderId: placed.orderId, amountMinor, reason: 'less' }
            await ctx.db.transaction((tx) => oweRefund(ctx, tx, owed)).catch(assertRefusal)
            await makeRefunds(ctx, placed.orderId)
          } else {
            const body =
              what === 'voiding' ? {} : { amount, ...(what === 'refunds' ? { reason: 'x' } : {}) }
            const { status, text } = await pay(what, body)
            assert.ok(status === 201 || status === 409, text)
          }
          const row = await rowOf(shop, placed)
          assert.ok(row.refunded_minor + row.refunding_minor <= row.captured_minor)
          assert.ok(row.captured_minor <= row.authorised_minor)
        }
        await shop.assertAudit()
      }),
      { numRuns: 25 },
    )
  })
})

function assertRefusal(error: unknown): void {
  assert.ok(error instanceof Error && 'status' in error && error.status === 409, String(error))
}
