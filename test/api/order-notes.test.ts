import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eraseAccount } from '../../src/domains/privacy/erasure.ts'
import {
  addProduct,
  describeOnEveryDatabase,
  signUp,
  unrestricted,
  type TestShop,
} from '../support/shop.ts'
import { added, checkOut, refused, refusedField, type Who } from './support.ts'

interface Placed {
  readonly id: string
  readonly number: number
  readonly token: string
}

async function place(shop: TestShop, who: Who = { session: 'me' }): Promise<Placed> {
  await added(shop, who, await addProduct(shop.ctx))
  const answer = await checkOut(shop, who)
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data as Placed
}

const actions = async ({ ctx }: TestShop, subject: string) => {
  const rows = await ctx.db.read
    .selectFrom('audit_entries')
    .select(['action', 'after_change'])
    .where('subject_id', '=', subject)
    .orderBy('id')
    .execute()
  return rows.map(({ action }) => action)
}

describeOnEveryDatabase('a note on an order', (openShop) => {
  test('is for staff, or for the customer, who gets it by mail', async () => {
    await using shop = await openShop()
    const { token, email } = await signUp(shop, { role: 'support' })
    const order = await place(shop)
    const path = `/api/v1/admin/orders/${order.number}/notes`
    const write = (body: object) => shop.call('POST', path, { token, body })
    const inside = await write({ body: 'Looks like fraud.' })
    assert.equal(inside.status, 201, inside.text)
    const outside = await write({ body: 'Sold out.\nWe send it on Monday.', public: true })
    const all = await shop.call('GET', path, { token })
    assert.deepEqual(
      all.body.data.map((note: Record<string, unknown>) => [
        note['body'],
        note['public'],
        note['author'],
      ]),
      [
        ['Looks like fraud.', false, email],
        ['Sold out.\nWe send it on Monday.', true, email],
      ],
    )
    const own = `/api/v1/orders/${order.number}/notes`
    const read = await shop.call('GET', `${own}?token=${order.token}`)
    const { author, ...seen } = outside.body.data
    assert.equal(author, email)
    assert.deepEqual(read.body.data, [seen])
    refused(await shop.call('GET', own), 404, 'NOT_FOUND')
    const mail = (await shop.mails()).at(-1)
    assert.equal(mail?.subject, `About your order ${order.number} at Cartwright`)
    assert.match(mail?.text ?? '', /Sold out\.\s+We send it on Monday\./)
    assert.ok((await shop.mails()).every(({ text }) => !text.includes('fraud')))
    await shop.assertAudit()
  })

  test('can be deleted, and is noted in the log without what it says', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'support' })
    const order = await place(shop)
    const path = `/api/v1/admin/orders/${order.number}/notes`
    const { body } = await shop.call('POST', path, { token, body: { body: 'secret' } })
    const other = await place(shop)
    const elsewhere = `/api/v1/admin/orders/${other.number}/notes/${body.data.id}`
    refused(await shop.call('DELETE', elsewhere, { token }), 404, 'NOT_FOUND')
    assert.equal((await shop.call('DELETE', `${path}/${body.data.id}`, { token })).status, 200)
    refused(await shop.call('DELETE', `${path}/${body.data.id}`, { token }), 404, 'NOT_FOUND')
    assert.deepEqual((await shop.call('GET', path, { token })).body.data, [])
    assert.deepEqual(await actions(shop, order.id), ['order.noted', 'order.note_deleted'])
    const log = await shop.ctx.db.read.selectFrom('audit_entries').selectAll().execute()
    assert.ok(!JSON.stringify(log).includes('secret'))
  })

  test('is refused if it says nothing, and goes with the person it may be about', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'support' })
    const customer = await signUp(shop)
    const order = await place(shop, { token: customer.token })
    const path = `/api/v1/admin/orders/${order.number}/notes`
    refusedField(await shop.call('POST', path, { token, body: { body: ' \n' } }), 'body')
    refusedField(
      await shop.call('POST', path, { token, body: { body: 'a', author: 'b' } }),
      'author',
    )
    assert.equal((await shop.call('POST', path, { token, body: { body: 'a' } })).status, 201)
    await eraseAccount(shop.ctx, customer.id, unrestricted)
    assert.deepEqual((await shop.call('GET', path, { token })).body.data, [])
  })
})

describeOnEveryDatabase('the tags of an order', (openShop) => {
  test('are put on and taken off, each once', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'support' })
    const order = await place(shop)
    const tag = (method: string, name: string) =>
      shop.call(method, `/api/v1/admin/orders/${order.number}/tags/${name}`, { token })
    assert.deepEqual((await tag('PUT', 'vip')).body.data, ['vip'])
    const twice = await Promise.all([tag('PUT', 'gift'), tag('PUT', 'gift')])
    for (const { body } of twice) assert.deepEqual(body.data, ['gift', 'vip'])
    assert.deepEqual((await tag('DELETE', 'vip')).body.data, ['gift'])
    assert.deepEqual((await tag('DELETE', 'vip')).body.data, ['gift'])
    refusedField(await tag('PUT', 'Not%20a%20tag'), 'tag')
    assert.deepEqual(await actions(shop, order.id), [
      'order.tagged',
      'order.tagged',
      'order.untagged',
    ])
    const seen = await shop.call('GET', '/api/v1/admin/orders?tag=gift', { token })
    assert.deepEqual(seen.body.data[0].tags, ['gift'])
  })

  test('are at most fifty', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'support' })
    const order = await place(shop)
    const tag = (name: string) =>
      shop.call('PUT', `/api/v1/admin/orders/${order.number}/tags/${name}`, { token })
    for (let count = 1; count <= 50; count++) assert.equal((await tag(`t${count}`)).status, 200)
    refusedField(await tag('one-more'), 'tag')
    assert.equal((await tag('t1')).body.data.length, 50)
  })
})
