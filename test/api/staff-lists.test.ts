import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Context } from '../../src/context.ts'
import { eraseAccount } from '../../src/domains/privacy/erasure.ts'
import {
  addProduct,
  describeOnEveryDatabase,
  freshToken,
  signUp,
  unrestricted,
  type TestShop,
} from '../support/shop.ts'
import { added, checkOut, outcome, refused, refusedField, testClock, type Who } from './support.ts'

interface Sold {
  readonly id: string
  readonly number: number
}

interface Sale {
  readonly who?: Who
  readonly quantity?: number
  readonly variantId?: string
  readonly body?: Record<string, unknown>
}

let guests = 0

async function sell(shop: TestShop, sale: Sale = {}): Promise<Sold> {
  const { who = { session: `guest-${++guests}` }, quantity = 1 } = sale
  const variantId = sale.variantId ?? (await addProduct(shop.ctx)).variantId
  await added(shop, who, { variantId, quantity })
  const answer = await checkOut(shop, who, sale.body ?? {})
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data as Sold
}

const list = async (shop: TestShop, token: string, query = '', path = 'orders') =>
  shop.call('GET', `/api/v1/admin/${path}${query}`, { token })

async function numbers(shop: TestShop, token: string, query = ''): Promise<number[]> {
  const answer = await list(shop, token, query)
  assert.equal(answer.status, 200, answer.text)
  return (answer.body.data as Sold[]).map(({ number }) => number)
}

const to = (name: string, email = 'ada@example.com') => ({
  email,
  shipping_info: { name, address: '1 A Street', city: 'London', country: 'GB' },
})

/** The lines of a CSV without quotes. */
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\r\n')
    .map((line) => line.split(','))

async function tag({ db }: Context, order: Sold, name: string): Promise<void> {
  const row = { order_id: order.id, tag: name, created_at: 1 }
  await db.transaction((tx) => tx.insertInto('order_tags').values(row).execute())
}

describeOnEveryDatabase('the list of orders', (openShop) => {
  test('shows everybody’s, newest first, with what staff want to see', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'support' })
    const customer = await signUp(shop)
    const first = await sell(shop, { body: to('Ada Lovelace') })
    const second = await sell(shop, { who: { token: customer.token } })
    await tag(shop.ctx, first, 'vip')
    await tag(shop.ctx, first, 'gift')
    const { body } = await list(shop, token)
    assert.deepEqual(body.meta, { per_page: 20, total: 2, next_cursor: null })
    assert.deepEqual(body.links, { self: '/api/v1/admin/orders' })
    const [newest, oldest] = body.data
    assert.deepEqual([newest.number, newest.customer_id], [second.number, customer.id])
    assert.deepEqual(
      [oldest.number, oldest.customer_id, oldest.recipient, oldest.email, oldest.tags],
      [first.number, null, 'Ada Lovelace', 'ada@example.com', ['gift', 'vip']],
    )
    assert.equal(oldest.lines.length, 1)
    assert.equal(oldest.reference, String(first.number))
  })

  test('is for staff who may read orders, and for nobody else', async () => {
    await using shop = await openShop()
    const customer = await signUp(shop)
    const other = await signUp(shop, { role: 'catalogue_manager' })
    for (const path of ['orders', 'orders/export', 'payments', 'payments/export']) {
      refused(await list(shop, customer.token, '', path), 403, 'FORBIDDEN')
      refused(await list(shop, other.token, '', path), 403, 'FORBIDDEN')
    }
  })

  test('is filtered by every side of an order', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    const staff = await signUp(shop, { role: 'support' })
    const customer = await signUp(shop)
    const cheap = await addProduct(shop.ctx, { priceMinor: 100 })
    const dear = await addProduct(shop.ctx, { priceMinor: 90_000 })
    const paid = await sell(shop, { variantId: cheap.variantId, body: to('Ada Lovelace') })
    clock.advance(86_400_000)
    const due = await sell(shop, {
      variantId: dear.variantId,
      body: { ...to('Grace Brewster Hopper', 'Grace@Navy.example'), payment_method: 'manual' },
    })
    clock.advance(86_400_000)
    const express = await sell(shop, {
      who: { token: await freshToken(shop, customer) },
      variantId: cheap.variantId,
      body: { ...to('Émilie du Châtelet', 'emilie@example.com'), shipping_method: 'express' },
    })
    const token = await freshToken(shop, staff)
    await tag(shop.ctx, due, 'vip')
    const day = new Date(clock.now() - 86_400_000).toISOString().slice(0, 10)
    for (const [query, expected] of [
      ['', [express, due, paid]],
      ['sort=created_at', [paid, due, express]],
      ['sort=-total', [due, express, paid]],
      ['sort=total', [paid, express, due]],
      ['status=paid', [express, paid]],
      ['status=placed', [due]],
      ['status=placed,paid&sort=total', [paid, express, due]],
      ['status=shipped', []],
      ['payment_status=due', [due]],
      ['payment_status=captured&sort=created_at', [paid, express]],
      ['payment_method=manual', [due]],
      [`from=${day}`, [express, due]],
      [`to=${day}`, [paid]],
      [`from=${day}&sort=total`, [express, due]],
      ['min_total=500', [due]],
      ['max_total=500&sort=total', [paid, express]],
      ['max_total=500&currency=EUR', []],
      [`customer=${customer.number}`, [express]],
      [`customer=${customer.id}`, [express]],
      ['email=GRACE@navy.EXAMPLE', [due]],
      [`order=${due.number}`, [due]],
      [`order=${due.id}&status=paid`, []],
      ['tag=vip', [due]],
      ['tag=none', []],
      [`sku=${cheap.sku}`, [express, paid]],
      [`sku=${dear.sku}&min_total=1`, [due]],
      ['sku=none', []],
      ['shipping_method=express', [express]],
      ['shipping_method=standard&status=paid', [paid]],
      [`search=${paid.number}`, [paid]],
      [`search=${paid.id}`, [paid]],
      ['search=grace@nav', [due]],
      ['search=hopper', [due]],
      ['search=Grace%20Brewster%20Hopper', [due]],
      ['search=chatelet', [express]],
      ['search=nobody', []],
      ['search=%20%20', [express, due, paid]],
      ['search=ada@example.com&status=paid', [paid]],
    ] as const) {
      const found = await numbers(shop, token, `?${query}`)
      assert.deepEqual(
        found,
        expected.map(({ number }) => number),
        query,
      )
      const { body } = await list(shop, token, `?${query}`)
      assert.equal(body.meta.total, expected.length, query)
      const csv = await list(shop, token, `?${query}`, 'orders/export')
      assert.deepEqual(
        linesOf(csv.text)
          .slice(1)
          .map(([number]) => Number(number)),
        found,
        query,
      )
    }
  })

  test('is walked by cursor, in every order, without losing or doubling a row', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'support' })
    const { variantId } = await addProduct(shop.ctx, { onHand: 100 })
    const sold: number[] = []
    for (let count = 0; count < 7; count++) sold.push((await sell(shop, { variantId })).number)
    for (const sort of ['created_at', '-created_at', 'total', '-total']) {
      const seen: number[] = []
      let url = `?per_page=3&status=paid&sort=${sort}`
      for (let pages = 0; pages < 3; pages++) {
        const { body } = await list(shop, token, url)
        seen.push(...(body.data as Sold[]).map(({ number }) => number))
        assert.equal(body.meta.total, 7)
        const { next, first } = body.links as Record<string, string>
        assert.equal(next === undefined, pages === 2)
        assert.equal(first === undefined, pages === 0)
        if (next) url = next.slice(next.indexOf('?'))
      }
      assert.deepEqual(seen, sort.startsWith('-') ? sold.toReversed() : sold)
    }
  })

  test('refuses what it does not understand', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'support' })
    for (const [query, field] of [
      ['status=sold', 'status'],
      ['status=paid,', 'status'],
      ['payment_status=open,x', 'payment_status'],
      ['from=yesterday', 'from'],
      ['to=2026-13-01', 'to'],
      ['min_total=1.999', 'min_total'],
      ['max_total=-1', 'max_total'],
      ['currency=XXQ', 'currency'],
      ['customer=first', 'customer'],
      ['order=none', 'order'],
      ['tag=Not%20A%20Tag', 'tag'],
      ['sort=email', 'sort'],
      ['page=2', 'page'],
      ['cursor=none', 'cursor'],
      ['cursor=WzFd', 'cursor'],
    ] as const) {
      refusedField(await list(shop, token, `?${query}`), field)
      if (field !== 'cursor')
        refusedField(await list(shop, token, `?${query}`, 'orders/export'), field)
    }
  })

  test('is exported with nothing that a spreadsheet would run', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'support' })
    const order = await sell(shop, { body: to('=HYPERLINK("http://x")', '+1@example.com') })
    const csv = await list(shop, token, '', 'orders/export')
    assert.equal(csv.headers.get('content-type'), 'text/csv; charset=utf-8')
    assert.equal(csv.headers.get('content-disposition'), 'attachment; filename="orders.csv"')
    const [head, row = ''] = csv.text.split('\r\n')
    assert.equal(
      head,
      'number,reference,created_at,status,payment_method,payment_status,email,recipient,' +
        'shipping_method,items,currency,subtotal,discount,shipping,tax,total,tags,id',
    )
    assert.match(row, new RegExp(`^${order.number},${order.number},.*,paid,test,captured,`))
    assert.match(row, /,'\+1@example\.com,"'=HYPERLINK\(""http:\/\/x""\)",standard,1,USD,10\.00,/)
  })

  test('forgets the name and the address of somebody who was erased', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'support' })
    const customer = await signUp(shop, { email: 'leaving@example.com' })
    const order = await sell(shop, {
      who: { token: customer.token },
      body: to('Leaving Person', 'leaving@example.com'),
    })
    assert.deepEqual(await numbers(shop, token, '?search=person'), [order.number])
    await eraseAccount(shop.ctx, customer.id, unrestricted)
    await shop.mails()
    for (const search of ['person', 'leaving', 'leaving@example.com']) {
      assert.deepEqual(await numbers(shop, token, `?search=${search}`), [])
    }
    assert.deepEqual(await numbers(shop, token, '?email=leaving@example.com'), [])
    assert.deepEqual(await numbers(shop, token), [order.number])
  })
})

describeOnEveryDatabase('the list of payments', (openShop) => {
  test('is filtered, walked and exported', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'finance' })
    const { variantId } = await addProduct(shop.ctx, { onHand: 100, priceMinor: 1_000 })
    const paid = await sell(shop, { variantId })
    const due = await sell(shop, { variantId, body: { payment_method: 'manual' } })
    const who = { session: 'declined' }
    await added(shop, who, { variantId, quantity: 9 })
    refused(await checkOut(shop, who, outcome('decline')), 422, 'PAYMENT_DECLINED')
    const found = async (query: string) => {
      const answer = await list(shop, token, `?${query}`, 'payments')
      assert.equal(answer.status, 200, answer.text)
      const rows = answer.body.data as { order: Sold; status: string }[]
      assert.equal(answer.body.meta.total, rows.length)
      const csv = await list(shop, token, `?${query}`, 'payments/export')
      assert.equal(linesOf(csv.text).length, rows.length + 1)
      return rows.map(({ order, status }) => [order.number, status])
    }
    const [newest] = (await list(shop, token, '', 'payments')).body.data
    const failed = newest.order.number as number
    assert.deepEqual(await found('sort=created_at'), [
      [paid.number, 'captured'],
      [due.number, 'due'],
      [failed, 'failed'],
    ])
    assert.deepEqual(await found('status=captured'), [[paid.number, 'captured']])
    assert.deepEqual(await found('status=due,failed'), [
      [failed, 'failed'],
      [due.number, 'due'],
    ])
    assert.deepEqual(await found('method=manual'), [[due.number, 'due']])
    assert.deepEqual(await found(`order=${paid.number}`), [[paid.number, 'captured']])
    assert.deepEqual(await found('min_amount=50'), [[failed, 'failed']])
    assert.deepEqual(await found('from=2999-01-01'), [])
    assert.deepEqual(await found('provider_reference=none'), [])
    refusedField(await list(shop, token, '?status=lost', 'payments'), 'status')
  })
})

describeOnEveryDatabase('the list of stock', (openShop) => {
  test('is filtered by what is left, where and of what', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'warehouse' })
    const none = await addProduct(shop.ctx, { onHand: 0 })
    const few = await addProduct(shop.ctx, { onHand: 3 })
    const many = await addProduct(shop.ctx, { onHand: 50 })
    await sell(shop, { variantId: few.variantId })
    const found = async (query: string) => {
      const answer = await list(shop, token, `?${query}`, 'stock-levels')
      assert.equal(answer.status, 200, answer.text)
      const rows = answer.body.data as { sku: string; available: number }[]
      assert.equal(answer.body.meta.total, rows.length)
      const csv = await list(shop, token, `?${query}`, 'stock-levels/export')
      assert.equal(linesOf(csv.text).length, rows.length + 1)
      return rows.map(({ sku, available }) => [sku, available])
    }
    const all = [
      [none.sku, 0],
      [few.sku, 2],
      [many.sku, 50],
    ].toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1))
    assert.deepEqual(await found(''), all)
    assert.deepEqual(await found('sort=-sku'), all.toReversed())
    assert.deepEqual(await found('state=out'), [[none.sku, 0]])
    assert.deepEqual(await found('state=low&low_at=2'), all.slice(0, 2))
    assert.deepEqual(await found('state=low&low_at=1'), [[none.sku, 0]])
    assert.deepEqual(await found('location=main'), all)
    assert.deepEqual(await found('location=none'), [])
    assert.deepEqual(await found(`sku=${few.sku}`), [[few.sku, 2]])
    assert.deepEqual(await found(`product=${many.number}`), [[many.sku, 50]])
    const page = await list(shop, token, '?per_page=2', 'stock-levels')
    const rest = await list(shop, token, page.body.links.next.replace(/^[^?]*/, ''), 'stock-levels')
    assert.deepEqual(
      [...page.body.data, ...rest.body.data].map(({ sku }: { sku: string }) => sku),
      all.map(([sku]) => sku),
    )
  })
})
