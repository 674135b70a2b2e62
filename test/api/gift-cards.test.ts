import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expireCredit } from '../../src/domains/credit/credit.ts'
import { addProduct, describeOnEveryDatabase, signUp } from '../support/shop.ts'
import { bought, fill, guest, openStaffed, plain, type Staffed } from './pricing-support.ts'
import { added, checkOut, outcome, refused, refusedField, testClock } from './support.ts'

const pickup = { shipping_method: 'pickup' }
const byCredit = { ...pickup, payment_method: 'credit' }

async function card({ admin }: Staffed, amount: string, more: object = {}) {
  const [issued] = await admin('POST', '/gift-cards', { amount, ...more })
  return issued as { id: string; code: string; version: number }
}

async function balanceOf({ shop }: Staffed, code: string): Promise<string> {
  const answer = await shop.call('POST', '/api/v1/checkout/gift-card-balances', { body: { code } })
  assert.equal(answer.status, 200, answer.text)
  return answer.body.data.balance.amount
}

const entriesOf = async ({ admin }: Staffed, id: string): Promise<string[]> => {
  const { entries } = await admin('GET', `/gift-cards/${id}`)
  return entries.map(
    (entry: { kind: string; amount: { amount: string } }) => `${entry.kind} ${entry.amount.amount}`,
  )
}

describeOnEveryDatabase('a gift card', (openShop) => {
  test('pays a part, then the rest of it pays another, and the method pays what is left', async () => {
    const staffed = await openStaffed(openShop, plain)
    const { shop } = staffed
    await using _shop = shop
    const { id, code } = await card(staffed, '50.00')
    await fill(shop, guest, [[3_000, 1]])
    const first = await bought(shop, guest, { payment_method: 'credit', gift_cards: [code] })
    assert.deepEqual(
      [first.status, first.total.amount, first.credit.amount],
      ['paid', '30.00', '30.00'],
    )
    assert.deepEqual([first.payment.status, first.payment.captured.amount], ['captured', '0.00'])
    assert.equal(await balanceOf(staffed, code), '20.00')
    await fill(shop, guest, [[3_000, 1]])
    const written = code.toLowerCase().replaceAll('-', ' ')
    const second = await bought(shop, guest, { gift_cards: [written, code] })
    assert.deepEqual([second.credit.amount, second.payment.captured.amount], ['20.00', '10.00'])
    assert.equal(await balanceOf(staffed, code), '0.00')
    await fill(shop, guest, [[3_000, 1]])
    const { details } = refused(
      await checkOut(shop, guest, { ...pickup, gift_cards: [code] }),
      422,
      'GIFT_CARD_INVALID',
    )
    assert.equal(details.reason, 'nothing is left on it')
    assert.deepEqual(await entriesOf(staffed, id), ['issue 50.00', 'spend -30.00', 'spend -20.00'])
    await shop.assertAudit()
  })

  test('is given back when the payment of the rest fails', async () => {
    const staffed = await openStaffed(openShop, plain)
    const { shop } = staffed
    await using _shop = shop
    const { id, code } = await card(staffed, '20.00')
    await fill(shop, guest, [[3_000, 1]])
    refused(
      await checkOut(shop, guest, { ...pickup, gift_cards: [code], ...outcome('decline') }),
      422,
      'PAYMENT_DECLINED',
    )
    assert.equal(await balanceOf(staffed, code), '20.00')
    assert.deepEqual(await entriesOf(staffed, id), ['issue 20.00', 'spend -20.00', 'release 20.00'])
    await shop.assertAudit()
    assert.equal((await bought(shop, guest, { gift_cards: [code] })).credit.amount, '20.00')
    await shop.assertAudit()
  })

  test('is sold as an article: untaxed, never reduced, one card for each piece once it is paid', async () => {
    const staffed = await openStaffed(openShop)
    const { shop, admin } = staffed
    await using _shop = shop
    await admin('POST', '/promotions', {
      name: 'Half',
      benefit: { kind: 'percentage', percent: '50' },
    })
    const { variantId } = await addProduct(shop.ctx, {
      priceMinor: 2_500,
      kind: 'gift_card',
      onHand: 99,
    })
    await added(shop, guest, { variantId, quantity: 2 })
    const declined = await checkOut(shop, guest, outcome('decline'))
    refused(declined, 422, 'PAYMENT_DECLINED')
    const order = await bought(shop, guest)
    assert.deepEqual(
      [order.total.amount, order.tax.amount, order.discount.amount],
      ['50.00', '0.00', '0.00'],
    )
    const read = (token: string) =>
      shop.call('GET', `/api/v1/orders/${order.number}/gift-cards?token=${token}`)
    const cards = (await read(order.token)).body.data as {
      code: string
      balance: { amount: string }
    }[]
    assert.deepEqual(
      cards.map(({ balance }) => balance.amount),
      ['25.00', '25.00'],
    )
    assert.notEqual(cards[0]?.code, cards[1]?.code)
    refused(await read('x'.repeat(43)), 404, 'NOT_FOUND')
    const { token } = await signUp(shop, { role: 'admin' })
    refused(
      await shop.call('GET', `/api/v1/orders/${order.number}/gift-cards`, { token }),
      404,
      'NOT_FOUND',
    )
    await fill(shop, guest, [[8_000, 1]])
    const spent = await bought(shop, guest, { gift_cards: cards.map(({ code }) => code) })
    // 80.00 at half, and 8.25 % of it.
    assert.deepEqual([spent.total.amount, spent.credit.amount], ['43.30', '43.30'])
    await shop.assertAudit()
  })

  test('that has expired pays nothing, and what was left on it is booked', async () => {
    const clock = testClock()
    const staffed = await openStaffed(openShop, { ...plain, clock })
    const { shop } = staffed
    await using _shop = shop
    const { id, code } = await card(staffed, '20.00', { expires_at: '2026-11-21T10:31:00Z' })
    await fill(shop, guest, [[1_000, 1]])
    clock.advance(60_000)
    const { details } = refused(
      await checkOut(shop, guest, { ...byCredit, gift_cards: [code] }),
      422,
      'GIFT_CARD_INVALID',
    )
    assert.equal(details.reason, 'it has expired')
    assert.equal(await expireCredit(shop.ctx), 1)
    assert.equal(await expireCredit(shop.ctx), 0)
    assert.deepEqual(await entriesOf(staffed, id), ['issue 20.00', 'expiry -20.00'])
    await shop.assertAudit()
  })

  test('that is switched off, unknown or in another currency is refused, and nothing changes', async () => {
    const staffed = await openStaffed(openShop, plain)
    const { shop, admin, ask } = staffed
    await using _shop = shop
    const off = await card(staffed, '20.00')
    await admin('PATCH', `/gift-cards/${off.id}`, { is_active: false })
    const euro = await card(staffed, '20.00', { currency: 'EUR' })
    await fill(shop, guest, [[1_000, 1]])
    for (const [code, reason] of [
      [off.code, 'there is no such card'],
      ['NONE', 'there is no such card'],
      [euro.code, 'it is in EUR, the cart in USD'],
    ]) {
      const answer = await checkOut(shop, guest, { ...byCredit, gift_cards: [code] })
      assert.equal(refused(answer, 422, 'GIFT_CARD_INVALID').details.reason, reason)
    }
    const left = refused(await checkOut(shop, guest, byCredit), 422, 'NOTHING_TO_PAY_WITH')
    assert.equal(left.details.due, '10.00 USD')
    refusedField(await ask('POST', '/gift-cards', { amount: '0' }), 'amount')
    refusedField(await ask('POST', '/gift-cards', { amount: '1.001' }), 'amount')
    const adjust = (amount: string) => ask('POST', `/gift-cards/${off.id}/adjustments`, { amount })
    refused(await adjust('-20.01'), 409, 'CREDIT_SPENT')
    assert.equal((await adjust('-5.00')).body.data.balance.amount, '15.00')
    await shop.assertAudit()
  })
})

describeOnEveryDatabase('store credit', (openShop) => {
  test('is given by staff, seen and spent by its customer alone, and given back', async () => {
    const staffed = await openStaffed(openShop, plain)
    const { shop, admin, ask } = staffed
    await using _shop = shop
    const { token, number } = await signUp(shop)
    const account = await admin('POST', `/customers/${number}/store-credit`, {
      amount: '25.00',
      note: 'Sorry',
    })
    const own = async () =>
      (await shop.call('GET', '/api/v1/customers/me/store-credit', { token })).body.data[0].balance
        .amount
    assert.equal(await own(), '25.00')
    const { code } = await card(staffed, '10.00')
    await fill(shop, { token }, [[3_000, 1]])
    const order = await bought(
      shop,
      { token },
      { payment_method: 'credit', gift_cards: [code], use_store_credit: true },
    )
    assert.deepEqual(
      [order.credit.amount, await own(), await balanceOf(staffed, code)],
      ['30.00', '5.00', '0.00'],
    )
    await fill(shop, guest, [[500, 1]])
    refused(
      await checkOut(shop, guest, { ...byCredit, use_store_credit: true }),
      422,
      'NOTHING_TO_PAY_WITH',
    )
    const refund = (amount: string) =>
      ask('POST', `/orders/${order.number}/credit-refunds`, { amount })
    refusedField(await refund('30.01'), 'amount')
    assert.equal((await refund('22.00')).status, 201)
    refusedField(await refund('8.01'), 'amount')
    assert.equal((await refund('8.00')).status, 201)
    assert.deepEqual([await own(), await balanceOf(staffed, code)], ['25.00', '10.00'])
    refused(
      await ask('POST', `/customers/${number}/store-credit`, { amount: '-25.01' }),
      409,
      'CREDIT_SPENT',
    )
    await admin('POST', `/customers/${number}/store-credit`, { amount: '-25.00' })
    assert.deepEqual((await entriesOf(staffed, account.id)).at(-1), 'adjustment -25.00')
    await shop.assertAudit()
  })
})
