import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addProduct, describeOnEveryDatabase, signUp, type TestShop } from '../support/shop.ts'
import { added, checkOut, orderStatuses, refused, refusedField } from './support.ts'

interface Placed {
  readonly id: string
  readonly number: number
  readonly lines: readonly { readonly id: string }[]
}

let guests = 0

async function place(shop: TestShop): Promise<Placed> {
  const who = { session: `guest-${++guests}` }
  await added(shop, who, await addProduct(shop.ctx))
  const answer = await checkOut(shop, who)
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data as Placed
}

const bulk = (shop: TestShop, token: string, body: object) =>
  shop.call('POST', '/api/v1/admin/orders/bulk-actions', { token, body })

describeOnEveryDatabase('an action on many orders', (openShop) => {
  test('is done to each on its own, and says what became of it', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'admin' })
    const [one, two] = [await place(shop), await place(shop)]
    const orders = [String(one.number), two.id, '9999', 'no-order', String(one.number)]
    const tagged = await bulk(shop, token, { action: 'add_tag', orders, tag: 'gift' })
    assert.deepEqual(
      tagged.body.data.map((result: Record<string, unknown>) => [
        result['order'],
        result['id'],
        result['done'],
        (result['error'] as { code: string } | null)?.code,
      ]),
      [
        [String(one.number), one.id, true, undefined],
        [two.id, two.id, true, undefined],
        ['9999', null, false, 'NOT_FOUND'],
        ['no-order', null, false, 'VALIDATION_ERROR'],
      ],
    )
    const started = await bulk(shop, token, { action: 'start_processing', orders: [two.id] })
    assert.equal(started.body.data[0].done, true)
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid', 'processing'])
    const again = await bulk(shop, token, { action: 'start_processing', orders: [one.id, two.id] })
    assert.deepEqual(
      again.body.data.map(({ done }: { done: boolean }) => done),
      [true, false],
    )
    const cancelled = await bulk(shop, token, { action: 'cancel', orders: [one.id, two.id] })
    assert.deepEqual(
      cancelled.body.data.map(({ done }: { done: boolean }) => done),
      [true, true],
    )
    assert.deepEqual(await orderStatuses(shop.ctx), ['cancelled', 'cancelled'])
    const removed = await bulk(shop, token, { action: 'remove_tag', orders: [one.id], tag: 'gift' })
    assert.equal(removed.body.data[0].done, true)
    const seen = await shop.call('GET', '/api/v1/admin/orders?tag=gift', { token })
    assert.deepEqual(
      seen.body.data.map(({ id }: Placed) => id),
      [two.id],
    )
    await shop.assertAudit()
  })

  test('is refused as a whole if it is none', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'support' })
    const order = await place(shop)
    const orders = [order.id]
    for (const [body, field] of [
      [{ action: 'delete', orders }, 'action'],
      [{ action: 'add_tag', orders }, 'tag'],
      [{ action: 'cancel', orders, tag: 'gift' }, 'tag'],
      [{ action: 'cancel', orders: [] }, 'orders'],
      [{ action: 'cancel', orders: Array.from({ length: 101 }, () => order.id) }, 'orders'],
      [{ action: 'cancel', orders, reason: 'Not a word' }, 'reason'],
    ] as const) {
      refusedField(await bulk(shop, token, body), field)
    }
    refused(await bulk(shop, token, { action: 'start_processing', orders }), 403, 'FORBIDDEN')
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid'])
  })
})

describeOnEveryDatabase('the list of returns', (openShop) => {
  test('is filtered, walked and exported', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'admin' })
    const list = (query = '', path = 'returns') =>
      shop.call('GET', `/api/v1/admin/${path}${query}`, { token })
    const orders = [await place(shop), await place(shop)]
    for (const order of orders) {
      const base = `/api/v1/admin/orders/${order.number}`
      const items = [{ line_id: order.lines[0]?.id, quantity: 1 }]
      const packed = await shop.call('POST', `${base}/fulfilments`, { token, body: { items } })
      assert.equal(packed.status, 201, packed.text)
      const { id } = packed.body.data.fulfilments[0]
      const sent = await shop.call('POST', `${base}/fulfilments/${id}/shipment`, {
        token,
        body: {},
      })
      assert.equal(sent.status, 201, sent.text)
      const reason = order === orders[0] ? 'defective' : 'unwanted'
      const body = { items: [{ ...items[0], reason }] }
      const asked = await shop.call('POST', `${base}/returns`, { token, body })
      assert.equal(asked.status, 201, asked.text)
    }
    const found = async (query: string) => {
      const { body } = await list(query)
      assert.equal(body.meta.total, body.data.length)
      const { text } = await list(query, 'returns/export')
      assert.equal(text.trimEnd().split('\r\n').length, body.data.length + 1)
      return body.data.map((one: { order: Placed }) => one.order.number)
    }
    const [first, second] = orders.map(({ number }) => number)
    assert.deepEqual(await found(''), [second, first])
    assert.deepEqual(await found('?sort=created_at'), [first, second])
    assert.deepEqual(await found('?reason=defective'), [first])
    assert.deepEqual(await found(`?order=${second}`), [second])
    assert.deepEqual(await found('?status=received'), [])
    const { body } = await list(`?order=${first}`)
    assert.deepEqual([body.data[0].quantity, body.data[0].reasons], [1, ['defective']])
    refusedField(await list('?status=lost'), 'status')
    refused(await shop.call('GET', '/api/v1/admin/returns'), 401, 'UNAUTHENTICATED')
  })
})
