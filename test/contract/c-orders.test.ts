import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeOnEveryDatabase, signUp } from '../support/shop.ts'
import {
  act,
  acted,
  bought,
  delivered,
  keptOf,
  staffOf,
  type OrderBody,
} from '../api/order-life-support.ts'
import { sharedShop } from './support.ts'

describeOnEveryDatabase('contract C: order processing', (openShop) => {
  const shop = sharedShop(openShop)

  test('complete order lifecycle tracking: from the checkout to the last return', async () => {
    const { token } = await signUp(shop())
    const staff = await staffOf(shop())
    const order = await bought(shop(), [2], { who: { token } })
    await acted(shop(), staff, `${order.number}/processing`)
    await delivered(shop(), staff, order)
    const items = [{ line_id: order.lines[0]?.id, quantity: 2, reason: 'too_small' }]
    const path = `/api/v1/orders/${order.number}`
    const asked = await shop().call('POST', `${path}/returns`, { token, body: { items } })
    assert.equal(asked.status, 201, asked.text)
    const back = (asked.body.data as OrderBody).returns[0]?.id
    await acted(shop(), staff, `${order.number}/returns/${back}/approval`)
    await acted(shop(), staff, `${order.number}/returns/${back}/receipt`)
    const { data } = (await shop().call('GET', path, { token })).body as { data: OrderBody }
    assert.equal(data.status, 'returned')
    assert.deepEqual(
      data.timeline
        .map(({ type, actor }) => [type, actor])
        .filter(([type]) => type !== 'payment_refunded'),
      [
        ['created', 'customer'],
        ['paid', 'system'],
        ['processing', 'staff'],
        ['packed', 'staff'],
        ['shipped', 'staff'],
        ['delivered', 'staff'],
        ['return_requested', 'customer'],
        ['return_decided', 'staff'],
        ['return_received', 'staff'],
      ],
    )
  })

  test('payment integration: what comes back is paid back, and no more', async () => {
    const staff = await staffOf(shop())
    const order = await bought(shop(), [3, 1])
    const kept = () => keptOf(shop(), order.id)
    const total = Number(order.total.amount.replace('.', ''))
    assert.equal(await kept(), total)
    const items = [{ line_id: order.lines[0]?.id, quantity: 2 }]
    await acted(shop(), staff, `${order.number}/cancellation`, { items })
    assert.equal(await kept(), total - 2_165)
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => act(shop(), staff, `${order.number}/cancellation`)),
    )
    assert.equal(answers.filter(({ status }) => status === 201).length, 1)
    assert.equal(await kept(), 0)
  })

  test('audit trail: who did what to an order stands in the log of the shop', async () => {
    const clerk = await signUp(shop(), { role: 'support' })
    const admin = await signUp(shop(), { role: 'admin' })
    const order = await bought(shop(), [1])
    await acted(shop(), { token: clerk.token }, `${order.number}/cancellation`, {
      reason: 'sold_out',
    })
    const path = `/api/v1/admin/audit-log?subject_kind=order&subject_id=${order.id}`
    const { body, status, text } = await shop().call('GET', path, { token: admin.token })
    assert.equal(status, 200, text)
    const entries = body.data as { action: string; actor_name: string }[]
    const [entry] = entries.filter(({ action }) => action === 'order.cancelled')
    assert.equal(entry?.actor_name, clerk.email)
  })
})
