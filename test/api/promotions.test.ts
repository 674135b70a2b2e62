import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recorded } from '../../bench/recording.ts'
import { buildApp } from '../../src/app.ts'
import { addProduct, describeOnEveryDatabase, signUp } from '../support/shop.ts'
import {
  bought,
  cartFigures,
  figures,
  fill,
  guest,
  openStaffed,
  plain,
  put,
} from './pricing-support.ts'
import {
  added,
  cartOf,
  checkOut,
  outcome,
  refused,
  refusedField,
  stockOf,
  testClock,
} from './support.ts'

const ten = { name: 'Ten off', benefit: { kind: 'percentage', percent: '10' } }
const byCoupon = { ...ten, conditions: [{ kind: 'coupon' }] }
const pickup = { shipping_method: 'pickup' }

describeOnEveryDatabase('promotions', (openShop) => {
  test('that staff creates apply to the next cart that is read, and stop when they are switched off', async () => {
    const { shop, admin } = await openStaffed(openShop)
    await using _shop = shop
    await fill(shop, guest, [[1_999, 2]])
    assert.deepEqual(await cartFigures(shop), ['39.98', '0.00', '3.30', '5.00', '48.28'])
    const { id, version } = await admin('POST', '/promotions', ten)
    // 8.25 % of 35.98 is 2.96835.
    assert.deepEqual(await cartFigures(shop), ['39.98', '4.00', '2.97', '5.00', '43.95'])
    assert.equal(version, 1)
    await admin('PUT', `/promotions/${id}`, { ...ten, is_active: false })
    assert.deepEqual(await cartFigures(shop), ['39.98', '0.00', '3.30', '5.00', '48.28'])
    await admin('DELETE', `/promotions/${id}`)
    assert.deepEqual(await admin('GET', '/promotions'), [])
  })

  test('are what the order is charged, line by line and in all', async () => {
    const { shop, admin } = await openStaffed(openShop)
    await using _shop = shop
    const { id } = await admin('POST', '/promotions', ten)
    await fill(shop, guest, [
      [333, 1],
      [333, 1],
      [335, 1],
    ])
    const order = await bought(shop, guest)
    // 10 % of 10.01 is 1.001; 8.25 % of 9.01 is 0.743325.
    assert.deepEqual(figures(order), ['10.01', '1.00', '0.74', '0.00', '9.75'])
    const discounts = order.lines.map(
      (line: { discount: { amount: string } }) => line.discount.amount,
    )
    assert.deepEqual(discounts.toSorted(), ['0.33', '0.33', '0.34'])
    const promotion = await admin('GET', `/promotions/${id}`)
    assert.equal(promotion.uses, 1)
    const refusal = await shop.call('DELETE', `/api/v1/admin/promotions/${id}`, {
      token: (await signUp(shop, { role: 'admin' })).token,
    })
    refused(refusal, 409, 'IN_USE')
    await shop.assertAudit()
  })

  test('tell of every rule why it was applied or refused, in a cart and in its order', async () => {
    const { shop, admin } = await openStaffed(openShop)
    await using _shop = shop
    await admin('POST', '/promotions', { ...ten, priority: 1 })
    const big = { name: 'Big carts', currency: 'USD', benefit: { kind: 'fixed', amount: '5' } }
    await admin('POST', '/promotions', {
      ...big,
      conditions: [{ kind: 'subtotal', at_least: '100' }],
    })
    await fill(shop, guest, [[2_000, 1]])
    const { id } = await cartOf(shop, guest)
    const told = ({
      rules,
    }: {
      rules: {
        name: string
        applied: boolean
        reason: string | null
        refused_by: string | null
        amount: string
      }[]
    }) => rules.map((rule) => [rule.name, rule.applied, rule.refused_by, rule.reason, rule.amount])
    const expected = [
      ['Big carts', false, 'subtotal', 'the goods cost 20.00, less than 100.00', '0.00'],
      ['Ten off', true, null, null, '2.00'],
    ]
    const explained = await admin('GET', `/carts/${id}/pricing`)
    assert.deepEqual(told(explained), expected)
    assert.deepEqual(
      explained.shipping.map(({ code }: { code: string }) => code),
      ['standard', 'express', 'pickup'],
    )
    const order = await bought(shop, guest)
    const record = await admin('GET', `/orders/${order.number}/pricing`)
    assert.deepEqual(told(record), expected)
    assert.deepEqual(record.tax.taxes, [
      { name: 'Tax', percent: '8.25', amount: '18.00', tax: '1.49' },
    ])
  })

  test('are refused when they cannot be rules, by the field that is wrong', async () => {
    const { shop, ask } = await openStaffed(openShop)
    await using _shop = shop
    const refuse = async (body: object, field: string) =>
      refusedField(await ask('POST', '/promotions', body), field)
    await refuse({ ...ten, benefit: { kind: 'percentage' } }, 'benefit.percent')
    await refuse({ ...ten, benefit: { kind: 'percentage', percent: '101' } }, 'percent')
    await refuse({ ...ten, benefit: { kind: 'fixed', amount: '5' } }, 'currency')
    await refuse({ ...ten, benefit: { kind: 'magic' } }, 'benefit.kind')
    await refuse({ ...ten, conditions: [{ kind: 'moon' }] }, 'conditions.0.kind')
    await refuse({ ...ten, currency: 'XXX' }, 'currency')
    await refuse({ ...ten, budget: '5' }, 'currency')
    await refuse({ ...ten, starts_at: '2026-02-30T99:00:00Z' }, 'starts_at')
    await refuse(
      { ...ten, starts_at: '2026-02-02T00:00:00Z', ends_at: '2026-02-01T00:00:00Z' },
      'ends_at',
    )
    await refuse({ ...ten, surprise: 1 }, 'surprise')
  })

  test('give an article while there is stock of it, and its stock is sold with the order', async () => {
    const { shop, admin } = await openStaffed(openShop, plain)
    await using _shop = shop
    const sample = await addProduct(shop.ctx, { name: 'Sample', onHand: 1 })
    const benefit = { kind: 'gift_article', variant: sample.variantId }
    await admin('POST', '/promotions', { name: 'A sample', benefit })
    await fill(shop, guest, [[1_000, 1]])
    const cart = await cartOf(shop, guest)
    assert.deepEqual(cart.gifts, [
      { variant_id: sample.variantId, sku: sample.sku, name: 'Sample', quantity: 1 },
    ])
    const order = await bought(shop, guest)
    assert.deepEqual(figures(order), ['10.00', '0.00', '0.00', '0.00', '10.00'])
    assert.deepEqual(
      [order.item_count, order.lines[1].is_gift, order.lines[1].total.amount],
      [2, true, '0.00'],
    )
    assert.deepEqual(await stockOf(shop.ctx, sample.variantId), { on_hand: 0, reserved: 0 })
    await fill(shop, { session: 'late' }, [[1_000, 1]])
    assert.deepEqual((await cartOf(shop, { session: 'late' })).gifts, [])
    await shop.assertAudit()
  })

  test('cost no statement more, however many there are', async () => {
    const { shop, admin } = await openStaffed(openShop, plain)
    await using _shop = shop
    await fill(shop, guest, [
      [1_000, 1],
      [2_000, 2],
    ])
    const { ctx, take } = recorded(shop.ctx)
    const { app } = await buildApp(ctx)
    const headers = { 'session-id': 'guest' }
    const count = async () => {
      // The first reading after a change loads the settings.
      await app.inject({ method: 'GET', url: '/api/v1/cart', headers })
      take()
      const { statusCode } = await app.inject({ method: 'GET', url: '/api/v1/cart', headers })
      assert.equal(statusCode, 200)
      return take().statements.length
    }
    const limited = { ...ten, limit_total: 1_000, limit_per_customer: 5 }
    await admin('POST', '/promotions', limited)
    const one = await count()
    for (let index = 0; index < 30; index++)
      await admin('POST', '/promotions', { ...limited, priority: index })
    assert.equal(await count(), one)
    await app.close()
  })
})

describeOnEveryDatabase('coupons', (openShop) => {
  test('take effect when their code is entered, however it is written, and end when it is taken out', async () => {
    const { shop, admin } = await openStaffed(openShop, plain)
    await using _shop = shop
    const { id } = await admin('POST', '/promotions', byCoupon)
    await admin('POST', `/promotions/${id}/coupons`, { code: 'Summer10' })
    await fill(shop, guest, [[2_000, 1]])
    assert.deepEqual(await cartFigures(shop), ['20.00', '0.00', '0.00', '5.00', '25.00'])
    const entered = await put(shop, '/coupons/summer10')
    assert.equal(entered.status, 200, entered.text)
    assert.deepEqual(entered.body.data.coupons, [{ code: 'SUMMER10', applied: true, reason: null }])
    assert.deepEqual(await cartFigures(shop), ['20.00', '2.00', '0.00', '5.00', '23.00'])
    const removed = await shop.call('DELETE', '/api/v1/cart/coupons/SUMMER10', { ...guest })
    assert.deepEqual([removed.status, removed.body.data.coupons], [200, []])
    refused(
      await shop.call('DELETE', '/api/v1/cart/coupons/SUMMER10', { ...guest }),
      404,
      'NOT_FOUND',
    )
  })

  test('move with the cart of a session to the customer who signs in', async () => {
    const { shop, admin } = await openStaffed(openShop, plain)
    await using _shop = shop
    const { id } = await admin('POST', '/promotions', byCoupon)
    for (const code of ['ONE', 'TWO']) await admin('POST', `/promotions/${id}/coupons`, { code })
    const { token } = await signUp(shop)
    await fill(shop, { token }, [[1_000, 1]])
    await put(shop, '/coupons/one', { token })
    await fill(shop, guest, [[2_000, 1]])
    await put(shop, '/coupons/two')
    const cart = await cartOf(shop, { token, ...guest })
    const codes = cart.coupons.map(({ code }: { code: string }) => code)
    assert.deepEqual(
      [codes, cart.subtotal.amount, cart.discount.amount],
      [['ONE', 'TWO'], '30.00', '3.00'],
    )
  })

  test('that do not exist, are switched off, expired or used up are refused and change nothing', async () => {
    const clock = testClock()
    const { shop, admin } = await openStaffed(openShop, { ...plain, clock })
    await using _shop = shop
    const { id } = await admin('POST', '/promotions', byCoupon)
    const coupon = async (body: object) =>
      (await admin('POST', `/promotions/${id}/coupons`, body))[0]
    const off = await coupon({ code: 'OFF' })
    await admin('PATCH', `/coupons/${off.id}`, { is_active: false })
    await coupon({ code: 'EXPIRED', expires_at: '2026-11-21T10:30:00Z' })
    await coupon({ code: 'ONCE', limit_total: 1 })
    await fill(shop, { session: 'first' }, [[2_000, 1]])
    await put(shop, '/coupons/once', { session: 'first' })
    await bought(shop, { session: 'first' })
    await fill(shop, guest, [[2_000, 1]])
    for (const [code, reason] of [
      ['NONE', 'there is no code NONE'],
      ['OFF', 'there is no code OFF'],
      ['EXPIRED', 'the code EXPIRED has expired'],
      ['ONCE', 'the code ONCE has been used up'],
    ] as const) {
      const { details } = refused(await put(shop, `/coupons/${code}`), 422, 'COUPON_INVALID')
      assert.equal(details.reason, reason)
    }
    assert.deepEqual((await cartOf(shop, guest)).coupons, [])
    await shop.assertAudit()
  })

  test('whose conditions do not hold stay in the cart, say why, and are refused at checkout', async () => {
    const { shop, admin } = await openStaffed(openShop, plain)
    await using _shop = shop
    const conditions = [{ kind: 'coupon' }, { kind: 'quantity', at_least: 2 }]
    const { id } = await admin('POST', '/promotions', { ...ten, conditions })
    await admin('POST', `/promotions/${id}/coupons`, { code: 'PAIR' })
    const [product] = await fill(shop, guest, [[2_000, 1]])
    const entered = await put(shop, '/coupons/PAIR')
    const reason = 'there are 1 pieces, fewer than 2'
    assert.deepEqual(entered.body.data.coupons, [{ code: 'PAIR', applied: false, reason }])
    const { details } = refused(await checkOut(shop, guest, pickup), 422, 'COUPON_INVALID')
    assert.deepEqual([details.code, details.reason], ['PAIR', reason])
    await added(shop, guest, { variantId: product?.variantId ?? '' })
    assert.deepEqual(figures(await bought(shop, guest)), ['40.00', '4.00', '0.00', '0.00', '36.00'])
  })

  test('are generated in bulk, all different and each with its limit', async () => {
    const { shop, admin, ask } = await openStaffed(openShop, plain)
    await using _shop = shop
    const { id } = await admin('POST', '/promotions', byCoupon)
    const made = await admin('POST', `/promotions/${id}/coupons`, {
      generate: { count: 500, prefix: 'x-' },
      limit_total: 1,
    })
    const codes = made.map(({ code }: { code: string }) => code)
    assert.equal(new Set(codes).size, 500)
    for (const code of codes) assert.match(code, /^X-[2-9A-HJ-NP-Z]{10}$/)
    const page = await admin('GET', `/promotions/${id}/coupons?limit=400`)
    assert.equal(page.length, 400)
    const rest = await admin('GET', `/promotions/${id}/coupons?after=${page.at(-1).code}`)
    assert.equal(rest.length, 100)
    refused(
      await ask('POST', `/promotions/${id}/coupons`, { code: codes[0] }),
      409,
      'ALREADY_EXISTS',
    )
    refusedField(await ask('POST', `/promotions/${id}/coupons`, {}), 'code')
  })
})

describeOnEveryDatabase('limits', (openShop) => {
  test('in total are used up by orders, and given back by a payment that fails', async () => {
    const { shop, admin } = await openStaffed(openShop, plain)
    await using _shop = shop
    const { id } = await admin('POST', '/promotions', { ...ten, limit_total: 1 })
    const uses = async () => (await admin('GET', `/promotions/${id}`)).uses
    await fill(shop, guest, [[2_000, 1]])
    refused(
      await checkOut(shop, guest, { ...pickup, ...outcome('decline') }),
      422,
      'PAYMENT_DECLINED',
    )
    assert.equal(await uses(), 0)
    assert.deepEqual(await cartFigures(shop), ['20.00', '2.00', '0.00', '5.00', '23.00'])
    await bought(shop, guest)
    assert.equal(await uses(), 1)
    await fill(shop, guest, [[2_000, 1]])
    assert.deepEqual(await cartFigures(shop), ['20.00', '0.00', '0.00', '5.00', '25.00'])
    await bought(shop, guest)
    assert.equal(await uses(), 1)
    await shop.assertAudit()
  })

  test('per customer count for the account and for the e-mail address', async () => {
    const { shop, admin } = await openStaffed(openShop, plain)
    await using _shop = shop
    await admin('POST', '/promotions', { ...ten, limit_per_customer: 1 })
    const discounts = []
    for (const [who, email] of [
      [guest, 'ada@example.com'],
      [guest, 'ADA@example.com'],
      [guest, 'bob@example.com'],
    ] as const) {
      await fill(shop, who, [[2_000, 1]])
      discounts.push((await bought(shop, who, { email })).discount.amount)
    }
    assert.deepEqual(discounts, ['2.00', '0.00', '2.00'])
    const { token, email } = await signUp(shop)
    for (const expected of ['2.00', '0.00']) {
      await fill(shop, { token }, [[2_000, 1]])
      const order = await bought(
        shop,
        { token },
        { email: expected === '2.00' ? email : 'other@example.com' },
      )
      assert.equal(order.discount.amount, expected)
    }
    await shop.assertAudit()
  })

  test('of a budget are never exceeded', async () => {
    const { shop, admin, ask } = await openStaffed(openShop, plain)
    await using _shop = shop
    const budgeted = { ...ten, currency: 'USD', budget: '5.00' }
    const { id } = await admin('POST', '/promotions', budgeted)
    const discounts = []
    for (let order = 0; order < 4; order++) {
      await fill(shop, guest, [[2_000, 1]])
      discounts.push((await bought(shop, guest)).discount.amount)
    }
    assert.deepEqual(discounts, ['2.00', '2.00', '0.00', '0.00'])
    const { spent, uses, version } = await admin('GET', `/promotions/${id}`)
    assert.deepEqual([spent.amount, uses, version], ['4.00', 2, 1])
    refused(
      await ask('PUT', `/promotions/${id}`, { ...budgeted, budget: '3.99' }),
      409,
      'LIMIT_TOO_LOW',
    )
    await shop.assertAudit()
  })
})

describeOnEveryDatabase('a total that was shown', (openShop) => {
  test('is what is charged, or the checkout is refused and nothing happens', async () => {
    const { shop, admin } = await openStaffed(openShop, plain)
    await using _shop = shop
    await fill(shop, guest, [[2_000, 1]])
    await admin('POST', '/promotions', ten)
    const { details } = refused(
      await checkOut(shop, guest, { ...pickup, expected_total: '20.00' }),
      409,
      'TOTAL_CHANGED',
    )
    assert.deepEqual([details.seen, details.current], ['20.00', '18.00'])
    await bought(shop, guest, { expected_total: '18' })
    await shop.assertAudit()
  })
})

describeOnEveryDatabase('who changes prices', (openShop) => {
  test('is noted with what was done, and the shop itself is not', async () => {
    const { shop, admin } = await openStaffed(openShop, plain)
    await using _shop = shop
    const { id } = await admin('POST', '/promotions', byCoupon)
    await admin('POST', `/promotions/${id}/coupons`, { code: 'NOTED' })
    await admin('POST', '/customer-groups', { code: 'noted', name: 'Noted' })
    await admin('POST', '/gift-cards', { amount: '5.00' })
    await fill(shop, guest, [[2_000, 1]])
    await bought(shop, guest)
    const entries = await admin('GET', '/audit-log')
    const actions = entries.map(({ action }: { action: string }) => action)
    const expected = [
      'coupons.created',
      'customer_group.created',
      'gift_cards.issued',
      'promotion.created',
    ]
    assert.deepEqual(actions.toSorted(), expected)
  })
})
