import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { giveBack, worthOf } from '../../src/domains/order/giving-back.ts'
import { lockOrder, moveOrder } from '../../src/domains/order/life.ts'
import { makeRefunds } from '../../src/domains/payment/refunds.ts'
import { payAdditional } from '../../src/domains/payment/additional.ts'
import { listPaymentsOf } from '../../src/domains/payment/payments-of-orders.ts'
import { minor } from '../../src/core/money.ts'
import { ShopError } from '../../src/core/errors.ts'
import {
  act,
  bought,
  keptOf,
  staffOf,
  type Bought,
  type OrderBody,
} from '../api/order-life-support.ts'
import type { Who } from '../api/support.ts'
import { addProduct, describeOnEveryDatabase, type TestShop } from '../support/shop.ts'

/** One thing that somebody does; the numbers choose among what there is then. */
interface Step {
  readonly kind: (typeof kinds)[number]
  readonly which: number
  readonly count: number
}

const kinds = [
  ...['cancel', 'cancel_lines', 'cancel_lines', 'customer_cancel', 'start'],
  ...['pack', 'pack', 'pack_and_ship', 'ship', 'ship', 'deliver', 'deliver', 'undo'],
  ...['ask', 'ask', 'ask', 'approve', 'approve', 'refuse', 'withdraw'],
  ...['receive', 'receive', 'receive', 'exchange', 'add', 'method', 'pay', 'goodwill'],
] as const

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...kinds),
  which: fc.nat(100),
  count: fc.integer({ min: 1, max: 3 }),
})

/** What mostly happens, up to goods that are on their way back. */
const ordinary = ['pack', 'ship', 'deliver', 'ask', 'approve'] as const

interface Story {
  readonly quantities: readonly number[]
  readonly isOnInvoice: boolean
  readonly begun: number
  readonly steps: readonly Step[]
}

const story: fc.Arbitrary<Story> = fc.record({
  quantities: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
  isOnInvoice: fc.boolean(),
  /** How much of the ordinary course of things has happened before. */
  begun: fc.integer({ min: 0, max: ordinary.length }),
  steps: fc.array(step, { minLength: 5, maxLength: 30 }),
})

/** Stories in which each kind of step is possible once, so that none goes untried. */
const examples = (
  [
    [0, ['customer_cancel']],
    [0, ['start', 'cancel']],
    [0, ['cancel_lines', 'pack_and_ship', 'cancel_lines']],
    [1, ['undo', 'pack', 'ship', 'deliver', 'ask', 'withdraw']],
    [4, ['refuse', 'goodwill']],
    [5, ['receive']],
    [5, ['exchange', 'pack_and_ship']],
    [0, ['add', 'pay', 'method', 'pay', 'goodwill', 'cancel']],
  ] as const
).flatMap(([begun, kindsDone]) =>
  [false, true].map((isOnInvoice) => {
    const steps = kindsDone.map((kind): Step => ({ kind, which: 0, count: 1 }))
    return [{ quantities: [2, 1], isOnInvoice, begun, steps }] as [Story]
  }),
)

interface Scene {
  readonly shop: TestShop
  readonly staff: Who
  readonly order: Bought
  /** A cheap and a dear article, to be added or given in exchange. */
  readonly others: readonly string[]
}

const pick = <T>(items: readonly T[], which: number): T | undefined => items[which % items.length]

const fits: Readonly<Record<string, string>> = {
  ...{ ship: 'pending', undo: 'pending', deliver: 'shipped' },
  ...{ approve: 'requested', refuse: 'requested', receive: 'approved', exchange: 'approved' },
}

/** Those for which a step is meant, if there are some. */
function fitting<T extends { readonly status: string }>(all: readonly T[], kind: string) {
  const found = all.filter(({ status }) => status === fits[kind])
  return found.length > 0 ? found : all
}

async function look({ shop, staff, order }: Scene): Promise<OrderBody> {
  const answer = await shop.call('GET', `/api/v1/admin/orders/${order.number}`, { ...staff })
  assert.equal(answer.status, 200, answer.text)
  return answer.body.data as OrderBody
}

/** Does one step by the API; a refusal is as good as a success, anything else is not. */
async function play(scene: Scene, { kind, which, count }: Step): Promise<string> {
  const { shop, staff, order, others } = scene
  const now = await look(scene)
  const line = pick(now.lines, which)
  const pieces = [{ line_id: line?.id, quantity: count }]
  const parcel = pick(fitting(now.fulfilments, kind), which)?.id ?? order.id
  const back = pick(fitting(now.returns, kind), which)?.id ?? order.id
  const articles = [{ variant_id: pick(others, which), quantity: 1 }]
  const money = { payment_method: which % 3 === 0 ? 'manual' : 'test' }
  const asked = pieces.map((one) => ({ ...one, reason: 'wrong_size' }))
  const own = `/api/v1/orders/${order.number}`
  const asCustomer = (path: string, body: object) =>
    shop.call('POST', `${own}/${path}?token=${order.token}`, { body })
  const asStaff = (path: string, body: object = {}) =>
    act(shop, staff, `${order.number}/${path}`, body)
  const came = pieces.map((one) => ({ ...one, restocked: which % (count + 1) }))
  const plays: Readonly<Record<Step['kind'], () => Promise<{ status: number; text: string }>>> = {
    cancel: () => asStaff('cancellation', { reason: 'sold_out' }),
    cancel_lines: () => asStaff('cancellation', { items: pieces }),
    customer_cancel: () => asCustomer('cancellation', {}),
    start: () => asStaff('processing'),
    pack: () => asStaff('fulfilments', which % 2 === 0 ? { items: pieces } : {}),
    pack_and_ship: () => asStaff('fulfilments', { items: pieces, shipped: true }),
    ship: () => asStaff(`fulfilments/${parcel}/shipment`, { carrier: 'DHL' }),
    deliver: () => asStaff(`fulfilments/${parcel}/delivery`),
    undo: () => asStaff(`fulfilments/${parcel}/cancellation`),
    ask: () => asCustomer('returns', { items: asked }),
    approve: () => asStaff(`returns/${back}/approval`),
    refuse: () => asStaff(`returns/${back}/refusal`),
    withdraw: () => asCustomer(`returns/${back}/withdrawal`, {}),
    receive: () =>
      asStaff(`returns/${back}/receipt`, which % 2 === 0 ? {} : { items: came, deduction: '1.00' }),
    exchange: () => asStaff(`returns/${back}/receipt`, { exchange: articles, ...money }),
    add: () => asStaff('lines', { items: articles, ...money }),
    method: () =>
      asStaff('shipping-method', {
        shipping_method: which % 2 === 0 ? 'express' : 'standard',
        ...money,
      }),
    pay: () => pay(scene, which),
    goodwill: () => goodwill(scene, count * 100),
  }
  const { status, text } = await plays[kind]()
  assert.ok(status === 201 || (status >= 400 && status < 500), `${kind}: ${status} ${text}`)
  return `${kind} ${status}`
}

const refusalOr = async (work: () => Promise<unknown>) => {
  try {
    await work()
    return { status: 201, text: '' }
  } catch (error) {
    if (!(error instanceof ShopError)) throw error
    return { status: error.status, text: error.message }
  }
}

/** Pays what is open of the order. */
async function pay({ shop: { ctx }, order }: Scene, which: number) {
  const payments = await listPaymentsOf(ctx.db.read, order.id)
  const payment = pick(payments, which)
  const paying = { orderId: order.id, paymentId: payment?.id ?? '', method: 'test', data: {} }
  return refusalOr(() => payAdditional(ctx, paying))
}

/** Gives money back for no goods. */
async function goodwill({ shop: { ctx }, order: { id } }: Scene, wanted: number) {
  return refusalOr(async () => {
    await ctx.db.transaction(async (tx) => {
      const order = await lockOrder(tx, { id })
      const amountMinor = minor(Math.min(wanted, worthOf(order)))
      const given = await giveBack(ctx, tx, { order, amountMinor, reason: 'goodwill' })
      await moveOrder(ctx, tx, { order: given.order, action: 'refund_part' })
    })
    await makeRefunds(ctx, id)
  })
}

/** Once everything is collected that is to be, the shop keeps exactly what the order is worth. */
async function assertMoney(scene: Scene, told: string): Promise<void> {
  const { shop, order } = scene
  const payments = await listPaymentsOf(shop.ctx.db.read, order.id)
  const replaced = new Set(payments.map(({ replaces_id }) => replaces_id))
  const open = payments
    .filter(({ id, status }) => !replaced.has(id) && !['voided', 'refunded'].includes(status))
    .reduce((sum, one) => sum + one.amount_minor - one.captured_minor - one.released_minor, 0)
  const after = await look(scene)
  const minorOf = ({ amount }: { readonly amount: string }) => Number(amount.replace('.', ''))
  const worth = minorOf(after.total) - minorOf(after.given_back)
  assert.equal((await keptOf(shop, order.id)) + open, worth, told)
}

describeOnEveryDatabase('the life of orders', (openShop) => {
  test('keeps the books whatever is done in whatever order', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const others = await Promise.all(
      [150, 4_999].map((priceMinor) => addProduct(shop.ctx, { priceMinor, onHand: 1_000 })),
    )
    const done = new Set<string>()
    await fc.assert(
      fc.asyncProperty(story, async ({ quantities, isOnInvoice, begun, steps }) => {
        const method = { payment_method: isOnInvoice ? 'manual' : 'test' }
        const order = await bought(shop, quantities, method)
        const scene = { shop, staff, order, others: others.map(({ variantId }) => variantId) }
        const told: string[] = []
        const before = ordinary.slice(0, begun).map((kind) => ({ kind, which: 0, count: 1 }))
        for (const one of [...before, ...steps]) told.push(await play(scene, one))
        for (const one of told) done.add(one)
        await shop.assertAudit()
        await assertMoney(scene, told.join(', '))
      }),
      { examples, numRuns: examples.length + (shop.ctx.db.dialect.can.rowLocks ? 10 : 60) },
    )
    // A story in which nothing ever works would prove nothing.
    const worked = kinds.filter((kind) => [...done].some((one) => one === `${kind} 201`))
    assert.deepEqual(
      [...new Set(kinds)].filter((kind) => !worked.includes(kind)),
      [],
    )
  })
})
