import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minor } from '../../src/core/money.ts'
import { issueCreditNote } from '../../src/domains/document/credit-notes.ts'
import { issueInvoice } from '../../src/domains/document/documents.ts'
import { deliverAll } from '../support/shop.ts'
import {
  addProduct,
  describeOnEveryDatabase,
  freshToken,
  shippingInfo,
  signUp,
  type Answer,
  type TestShop,
} from '../support/shop.ts'
import { added, checkOut, outcome, refused, refusedField, testClock, type Who } from './support.ts'

interface Placed {
  readonly id: string
  readonly number: number
  readonly token: string
  readonly lines: readonly { readonly id: string; readonly sku: string }[]
}

interface Bought {
  readonly variantId: string
  readonly quantity?: number
}

let guests = 0

async function place(
  shop: TestShop,
  items: readonly Bought[],
  body: Record<string, unknown> = {},
  who: Who = { session: `guest-${++guests}` },
): Promise<Placed> {
  for (const item of items) await added(shop, who, item)
  const answer = await checkOut(shop, who, body)
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data as Placed
}

const settings = {
  TAX_RATE: '20%',
  TAX_INCLUSIVE: 'true',
  TAX_ON_SHIPPING: 'true',
  STORE_CURRENCY: 'EUR',
  SELLER_NAME: 'Corner Shop Ltd',
  SELLER_ADDRESS: '1 High Street | London',
  SELLER_VAT_ID: 'GB123456789',
} as const

const at = (order: Placed, path: string) => `/api/v1/admin/orders/${order.number}/${path}`

const invoice = (shop: TestShop, token: string, order: Placed): Promise<Answer> =>
  shop.call('POST', at(order, 'invoices'), { token })

async function invoiced(shop: TestShop, token: string, order: Placed) {
  const answer = await invoice(shop, token, order)
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data as { id: string; number: string; links: { pdf: string } }
}

async function numbersIn({ ctx }: TestShop): Promise<string[]> {
  const rows = await ctx.db.read
    .selectFrom('documents')
    .select('number')
    .orderBy('number')
    .execute()
  return rows.map(({ number }) => number)
}

const countUp = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index + 1).padStart(6, '0')}`)

describeOnEveryDatabase('an invoice', (openShop) => {
  test('says all that the law wants to read on it, to the cent', async () => {
    await using shop = await openShop({ settings, clock: testClock() })
    const staff = await signUp(shop, { role: 'finance' })
    const lamp = await addProduct(shop.ctx, { name: 'Lamp', priceMinor: 1_000 })
    const cup = await addProduct(shop.ctx, { name: 'Cup', priceMinor: 333 })
    const billing = { ...shippingInfo, name: 'Łukasz Ω', company: '王小明 GmbH', country: 'DE' }
    const order = await place(
      shop,
      [
        { variantId: lamp.variantId, quantity: 2 },
        { variantId: cup.variantId, quantity: 3 },
      ],
      { billing_info: { ...billing, postal_code: '50667' }, vat_id: 'DE123456789' },
    )
    const issued = await invoiced(shop, staff.token, order)
    const { body } = await shop.call('GET', `/api/v1/admin/documents/${issued.id}`, staff)
    const { content, ...view } = body.data
    assert.deepEqual(
      [view.number, view.kind, view.buyer, view.corrects, view.order.number],
      ['INV-2026-000001', 'invoice', '王小明 GmbH', null, order.number],
    )
    assert.deepEqual(content.seller, {
      ...{ name: 'Corner Shop Ltd', address: ['1 High Street', 'London'] },
      ...{ vat_id: 'GB123456789', email: null, details: [] },
    })
    assert.deepEqual(content.buyer, {
      name: '王小明 GmbH',
      address: ['Łukasz Ω', '12 St James Square', '50667 London', 'DE'],
      vat_id: 'DE123456789',
      email: 'ada@example.com',
    })
    assert.deepEqual(
      [content.issued_at, content.supplied_at, content.currency],
      ['2026-11-21T10:30:00.000Z', '2026-11-21T10:30:00.000Z', 'EUR'],
    )
    const line = { options: '', discount: '0.00', tax_name: 'Tax 20 %' }
    const [first, second, shipping] = content.lines
    assert.deepEqual(first, {
      ...{ ...line, sku: lamp.sku, name: 'Lamp', quantity: 2, unit_net: '8.3350' },
      ...{ net: '16.67', tax: '3.33', total: '20.00' },
    })
    assert.deepEqual(second, {
      ...{ ...line, sku: cup.sku, name: 'Cup', quantity: 3, unit_net: '2.7733' },
      ...{ net: '8.32', tax: '1.67', total: '9.99' },
    })
    assert.equal(shipping.name, 'Shipping: Standard')
    const whole = order as unknown as { total: { amount: string }; tax: { amount: string } }
    assert.deepEqual([content.total, content.tax], [whole.total.amount, whole.tax.amount])
    assert.deepEqual(content.taxes, [{ name: 'Tax 20 %', net: content.net, tax: content.tax }])
    await shop.assertAudit()
  })

  test('is issued once, whoever asks at the same time', async () => {
    await using shop = await openShop({ settings })
    const { token } = await signUp(shop, { role: 'finance' })
    const order = await place(shop, [await addProduct(shop.ctx)])
    const answers = await Promise.all(Array.from({ length: 6 }, () => invoice(shop, token, order)))
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b)
    assert.deepEqual(statuses, [201, 409, 409, 409, 409, 409])
    refused(await invoice(shop, token, order), 409, 'NOTHING_TO_INVOICE')
    assert.equal((await numbersIn(shop)).length, 1)
    const year = new Date().getUTCFullYear()
    const next = await invoiced(shop, token, await place(shop, [await addProduct(shop.ctx)]))
    assert.equal(next.number, `INV-${year}-000002`)
    await shop.assertAudit()
  })

  test('leaves no number out and gives none twice, in parallel and beside failures', async () => {
    await using shop = await openShop({ settings: { ...settings, INVOICE_NUMBERS: 'continuous' } })
    const { variantId } = await addProduct(shop.ctx, { onHand: 100 })
    const orders: Placed[] = []
    for (let count = 0; count < 24; count++) orders.push(await place(shop, [{ variantId }]))
    const { ctx } = shop
    const issue = (order: Placed, fails: boolean) =>
      ctx.db.transaction(async (tx) => {
        await issueInvoice(ctx, tx, order.id)
        if (fails) throw new Error('after it was numbered')
      })
    const work = orders.flatMap((order, index) => [
      ...(index % 3 === 0 ? [issue(order, true)] : []),
      issue(order, false),
    ])
    const results = await Promise.allSettled(work)
    const failed = results.filter(({ status }) => status === 'rejected')
    // An invoice that was rolled back is free for whoever asks beside it or after it.
    assert.ok(failed.length >= 8)
    for (const order of orders) await issue(order, false).catch(() => undefined)
    assert.deepEqual(await numbersIn(shop), countUp('INV-', 24))
    await shop.assertAudit()
  })

  test('cannot be changed or deleted, and needs an order that counts', async () => {
    await using shop = await openShop({ settings })
    const { token } = await signUp(shop, { role: 'finance' })
    const { ctx } = shop
    const order = await place(shop, [await addProduct(ctx)])
    await invoiced(shop, token, order)
    const change = ctx.db.transaction((tx) =>
      tx
        .updateTable('documents')
        .set({ total_minor: minor(1) })
        .execute(),
    )
    await assert.rejects(change, /append-only/)
    await assert.rejects(
      ctx.db.transaction((tx) => tx.deleteFrom('documents').execute()),
      /append-only/,
    )
    const who = { session: 'declined' }
    await added(shop, who, await addProduct(ctx))
    await checkOut(shop, who, outcome('decline'))
    const [row] = await ctx.db.read
      .selectFrom('orders')
      .select('number')
      .where('status', '=', 'cancelled')
      .execute()
    refused(
      await shop.call('POST', `/api/v1/admin/orders/${row?.number}/invoices`, { token }),
      409,
      'NOTHING_TO_INVOICE',
    )
    refused(
      await shop.call('POST', '/api/v1/admin/orders/9999/invoices', { token }),
      404,
      'NOT_FOUND',
    )
  })

  test('counts anew each year, or never, with the prefix of the shop', async () => {
    const clock = testClock(Date.UTC(2026, 11, 31, 23, 59))
    await using shop = await openShop({ settings: { ...settings, INVOICE_PREFIX: 'R/' }, clock })
    const staff = await signUp(shop, { role: 'finance' })
    const one = await place(shop, [await addProduct(shop.ctx)])
    const two = await place(shop, [await addProduct(shop.ctx)])
    assert.equal((await invoiced(shop, staff.token, one)).number, 'R/2026-000001')
    clock.advance(60_000)
    const token = await freshToken(shop, staff)
    assert.equal((await invoiced(shop, token, two)).number, 'R/2027-000001')
  })

  test('is issued by itself when the money has come, where the shop wants that', async () => {
    await using shop = await openShop({ settings: { ...settings, INVOICES: 'paid' } })
    const { token } = await signUp(shop, { role: 'finance' })
    const paid = await place(shop, [await addProduct(shop.ctx)])
    const due = await place(shop, [await addProduct(shop.ctx)], { payment_method: 'manual' })
    await deliverAll(shop.ctx)
    await deliverAll(shop.ctx)
    const documents = await shop.call('GET', '/api/v1/admin/documents', { token })
    assert.deepEqual(
      documents.body.data.map((one: { order: Placed }) => one.order.number),
      [paid.number],
    )
    refused(await invoice(shop, token, paid), 409, 'NOTHING_TO_INVOICE')
    await invoiced(shop, token, due)
    await shop.assertAudit()
  })

  test('is its owner’s as PDF, always the same bytes, and nobody else’s', async () => {
    await using shop = await openShop({ settings })
    const { token } = await signUp(shop, { role: 'finance' })
    const order = await place(shop, [await addProduct(shop.ctx, { name: 'Lampe für 王小明 🎁' })])
    const { id, number, links } = await invoiced(shop, token, order)
    const get = async (path: string, headers: Record<string, string> = {}) => {
      const response = await fetch(`${shop.url}${path}`, { headers })
      return { response, bytes: Buffer.from(await response.arrayBuffer()) }
    }
    const { response, bytes } = await get(`${links.pdf}?token=${order.token}`)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'application/pdf')
    assert.equal(response.headers.get('content-disposition'), `inline; filename="${number}.pdf"`)
    assert.equal(bytes.subarray(0, 5).toString(), '%PDF-')
    assert.match(bytes.subarray(-8).toString(), /%%EOF/)
    const again = await get(links.pdf, { 'order-token': order.token })
    assert.ok(again.bytes.equals(bytes))
    const stranger = await signUp(shop)
    const headers = { authorization: `Bearer ${stranger.token}` }
    for (const path of [links.pdf, `/api/v1/orders/${order.number}/documents`]) {
      assert.equal((await get(path)).response.status, 404)
      assert.equal((await get(path, headers)).response.status, 404)
    }
    const other = await place(shop, [await addProduct(shop.ctx)])
    const elsewhere = `/api/v1/orders/${other.number}/documents/${id}/pdf?token=${other.token}`
    assert.equal((await get(elsewhere)).response.status, 404)
    const own = await shop.call(
      'GET',
      `/api/v1/orders/${order.number}/documents?token=${order.token}`,
    )
    assert.deepEqual(
      own.body.data.map((one: { id: string }) => one.id),
      [id],
    )
  })

  test('names its seller, or is not issued where customers pay', async () => {
    const production = {
      PRODUCTION: 'true',
      RATE_LIMIT_OFF_IN_PRODUCTION: 'true',
      PAYMENT_METHODS: 'manual',
      DEMO_DATA: 'false',
    }
    await using shop = await openShop({ settings: production })
    const order = await place(shop, [await addProduct(shop.ctx)], { payment_method: 'manual' })
    const issue = shop.ctx.db.transaction((tx) => issueInvoice(shop.ctx, tx, order.id))
    await assert.rejects(issue, /must name the seller/)
    assert.deepEqual(await numbersIn(shop), [])
  })
})

describeOnEveryDatabase('a credit note', (openShop) => {
  const credit = (shop: TestShop, token: string, order: Placed, body: object) =>
    shop.call('POST', at(order, 'credit-notes'), { token, body: { reason: 'Broken', ...body } })

  const stateOf = async ({ ctx }: TestShop) => [
    await ctx.db.read.selectFrom('documents').select(['number', 'total_minor']).execute(),
    await ctx.db.read.selectFrom('invoiced_parts').selectAll().execute(),
    await ctx.db.read.selectFrom('document_series').selectAll().execute(),
  ]

  test('takes pieces off an invoice, and with the last of them all of it', async () => {
    await using shop = await openShop({ settings, clock: testClock() })
    const { token } = await signUp(shop, { role: 'finance' })
    const { variantId } = await addProduct(shop.ctx, { priceMinor: 333 })
    const order = await place(shop, [{ variantId, quantity: 3 }])
    const { number, id } = await invoiced(shop, token, order)
    const items = [{ line_id: order.lines[0]?.id, quantity: 1 }]
    const seen: string[][] = []
    for (let piece = 1; piece <= 3; piece++) {
      const answer = await credit(shop, token, order, { items })
      assert.equal(answer.status, 201, answer.text)
      const [note] = answer.body.data
      assert.deepEqual(note.corrects, { id, number })
      assert.deepEqual([note.number, note.reason], [`CN-2026-00000${piece}`, 'Broken'])
      seen.push([note.net.amount, note.tax.amount, note.total.amount])
    }
    // 9.99 with 1.67 of tax in it, in three parts.
    assert.deepEqual(seen, [
      ['2.77', '0.56', '3.33'],
      ['2.78', '0.55', '3.33'],
      ['2.77', '0.56', '3.33'],
    ])
    const before = await stateOf(shop)
    refused(await credit(shop, token, order, { items }), 409, 'CREDIT_EXCEEDS_INVOICED')
    assert.deepEqual(await stateOf(shop), before)
    await shop.assertAudit()
  })

  test('over an amount is spread over what is left, and never exceeds it', async () => {
    await using shop = await openShop({ settings })
    const { token } = await signUp(shop, { role: 'finance' })
    const { variantId } = await addProduct(shop.ctx, { priceMinor: 1_000 })
    const order = await place(shop, [{ variantId, quantity: 2 }])
    await invoiced(shop, token, order)
    const whole = order as unknown as { total: { amount: string } }
    const before = await stateOf(shop)
    refused(await credit(shop, token, order, { amount: '1000' }), 409, 'CREDIT_EXCEEDS_INVOICED')
    assert.deepEqual(await stateOf(shop), before)
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => credit(shop, token, order, { amount: whole.total.amount })),
    )
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b)
    assert.deepEqual(statuses, [201, 409, 409, 409])
    refused(await credit(shop, token, order, { amount: '0.01' }), 409, 'CREDIT_EXCEEDS_INVOICED')
    await shop.assertAudit()
  })

  test('is not issued for what was never invoiced, nor twice for one thing', async () => {
    await using shop = await openShop({ settings })
    const { token } = await signUp(shop, { role: 'finance' })
    const order = await place(shop, [await addProduct(shop.ctx)])
    const items = [{ line_id: order.lines[0]?.id, quantity: 1 }]
    refused(await credit(shop, token, order, { items }), 409, 'NOT_INVOICED')
    refused(await credit(shop, token, order, { amount: '1' }), 409, 'NOT_INVOICED')
    await invoiced(shop, token, order)
    const wanted = { orderId: order.id, reason: 'Returned', onceKey: 'return:1' }
    const back = () =>
      shop.ctx.db.transaction((tx) =>
        issueCreditNote(shop.ctx, tx, { ...wanted, amountMinor: minor(100) }),
      )
    assert.equal((await back()).length, 1)
    assert.equal((await back()).length, 0)
    await shop.assertAudit()
  })

  test('follows cancellations by itself, where the shop wants that', async () => {
    await using shop = await openShop({ settings: { ...settings, INVOICES: 'paid' } })
    const { token } = await signUp(shop, { role: 'admin' })
    const { variantId } = await addProduct(shop.ctx, { priceMinor: 1_000 })
    const order = await place(shop, [{ variantId, quantity: 3 }])
    const line_id = order.lines[0]?.id
    const cancel = async (items?: object[]) => {
      const body = items ? { items } : {}
      const answer = await shop.call('POST', at(order, 'cancellation'), { token, body })
      assert.equal(answer.status, 201, answer.text)
    }
    // Before the invoice: what is not on it is not credited.
    await cancel([{ line_id, quantity: 1 }])
    await deliverAll(shop.ctx)
    const totals = async () => {
      const { body } = await shop.call('GET', '/api/v1/admin/documents?sort=issued_at', { token })
      return body.data.map((one: { kind: string; total: { amount: string } }) => [
        one.kind,
        one.total.amount,
      ])
    }
    const [first, ...none] = await totals()
    assert.deepEqual(none, [])
    await cancel([{ line_id, quantity: 1 }])
    await deliverAll(shop.ctx)
    await deliverAll(shop.ctx)
    assert.deepEqual(await totals(), [first, ['credit_note', '10.00']])
    await cancel()
    await deliverAll(shop.ctx)
    const [, , last] = await totals()
    assert.equal(Number(first[1]) - 10, Number(last[1]))
    await shop.assertAudit()
  })

  test('is refused where it says too little or too much', async () => {
    await using shop = await openShop({ settings })
    const { token } = await signUp(shop, { role: 'finance' })
    const order = await place(shop, [await addProduct(shop.ctx)])
    await invoiced(shop, token, order)
    const line = { line_id: order.lines[0]?.id, quantity: 1 }
    const before = await stateOf(shop)
    for (const [body, field] of [
      [{}, 'amount'],
      [{ items: [line], amount: '1' }, 'amount'],
      [{ amount: '1', shipping: '1' }, 'shipping'],
      [{ amount: '0' }, 'amount'],
      [{ amount: '0.001' }, 'amount'],
      [{ items: [line, line] }, 'items'],
      [{ items: [{ ...line, quantity: 0 }] }, 'items.0.quantity'],
      [{ amount: '1', reason: ' ' }, 'reason'],
      [{ amount: '1', kind: 'invoice' }, 'kind'],
    ] as const) {
      refusedField(await credit(shop, token, order, body), field)
    }
    refused(
      await credit(shop, token, order, { items: [line], shipping: '500' }),
      409,
      'CREDIT_EXCEEDS_INVOICED',
    )
    assert.deepEqual(await stateOf(shop), before)
  })
})

describeOnEveryDatabase('a packing slip', (openShop) => {
  test('is printed for one order, or for many in one file', async () => {
    await using shop = await openShop({ settings })
    const { token } = await signUp(shop, { role: 'warehouse' })
    const one = await place(shop, [await addProduct(shop.ctx)])
    const two = await place(shop, [await addProduct(shop.ctx)])
    const slip = await shop.call('GET', at(one, 'packing-slip'), { token })
    assert.deepEqual([slip.status, slip.text.slice(0, 5)], [200, '%PDF-'])
    const body = { orders: [String(one.number), two.id] }
    const both = await shop.call('POST', '/api/v1/admin/packing-slips', { token, body })
    assert.deepEqual([both.status, both.text.slice(0, 5)], [200, '%PDF-'])
    assert.match(both.text, /\/Count 2/)
    const wrong = { orders: [String(one.number), '9999'] }
    refused(
      await shop.call('POST', '/api/v1/admin/packing-slips', { token, body: wrong }),
      404,
      'NOT_FOUND',
    )
  })
})
