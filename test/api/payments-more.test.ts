import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { minor } from '../../src/core/money.ts'
import { audit } from '../../src/domains/audit/audit.ts'
import { reconcileDue } from '../../src/domains/checkout/reconcile.ts'
import { issueGiftCards } from '../../src/domains/credit/credit.ts'
import { addPayment } from '../../src/domains/payment/additional.ts'
import {
  makeRefunds,
  oweRefund,
  reducibleOf,
  refundableOf,
  releasePayments,
} from '../../src/domains/payment/refunds.ts'
import { describeOnEveryDatabase, type TestShop } from '../support/shop.ts'
import { act, place, type Placed, rowOf, staff } from './payments-support.ts'
import { done, provider, silent } from './provider.ts'
import { orderStatuses, outcome, refused, testClock, unchanged } from './support.ts'

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

describeOnEveryDatabase('an order whose authorisation was given up', (openShop) => {
  test('is worth less without giving back what gift cards paid of the rest', async () => {
    const paying = provider({
      charge: ({ key }) => Promise.resolve({ kind: 'authorised', reference: key }),
    })
    await using shop = await openShop({ payment: paying.drivers })
    const { ctx } = shop
    const [card] = await ctx.db.transaction((tx) =>
      issueGiftCards(ctx, tx, [
        { currency: 'USD', amountMinor: minor(4_000), expiresAt: null, orderId: null, note: null },
      ]),
    )
    const placed = await place(shop, { gift_cards: [card?.code] })
    const token = await staff(shop)
    assert.equal((await act(shop, token, placed)('voiding')).status, 201)
    const owe = (amountMinor: number) =>
      ctx.db.transaction((tx) =>
        oweRefund(ctx, tx, {
          ...{ orderId: placed.orderId, reason: 'less' },
          amountMinor: minor(amountMinor),
        }),
      )
    const openMinor = placed.totalMinor - 4_000
    assert.equal(await reducibleOf(ctx.db.read, placed.orderId), placed.totalMinor)
    await owe(openMinor)
    assert.deepEqual((await rowOf(shop, placed)).released_minor, openMinor)
    assert.equal(await refundableOf(ctx.db.read, placed.orderId), 4_000)
    await owe(4_000)
    assert.equal(await refundableOf(ctx.db.read, placed.orderId), 0)
    await shop.assertAudit()
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
