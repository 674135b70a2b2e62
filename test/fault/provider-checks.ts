import assert from 'node:assert/strict'
import type { Context } from '../../src/context.ts'
import { accounts, type Account, type Provider } from '../provider/provider.ts'
import type { Answer, TestShop } from '../support/shop.ts'

export interface Found {
  orders: number
  paid: number
  unpaid: number
  refunded: number
  reservedAgain: number
}

const nothing: Account = { charged: 0, refunded: 0, balanceMinor: 0 }

/**
 * The provider's books against the shop's: charged = recorded, nobody charged twice, and what was
 * not kept was given back and said so. `told`: what each buyer (by session) has last heard.
 */
export async function assertMoney(
  { shop, provider }: { shop: Pick<TestShop, 'ctx'>; provider: Provider },
  told: ReadonlyMap<string, Answer> = new Map(),
): Promise<Found> {
  const books = accounts(provider.entries())
  const orders = await ordersWithPayment(shop.ctx)
  const known = new Set(orders.map(({ id }) => id))
  const strangers = [...books.keys()].filter((key) => !known.has(key))
  assert.deepEqual(strangers, [], 'charges that no order knows of')
  const events = await eventsByOrder(shop.ctx)
  const found: Found = { orders: 0, paid: 0, unpaid: 0, refunded: 0, reservedAgain: 0 }
  const byNumber = new Map(orders.map((order) => [order.number, order]))
  for (const order of orders) {
    const account = books.get(order.id) ?? nothing
    const types = events.get(order.id) ?? []
    assertBooked(order, account, types)
    found.orders += 1
    found.paid += order.status === 'paid' ? 1 : 0
    found.unpaid += account.charged === 0 ? 1 : 0
    found.refunded += account.refunded
    found.reservedAgain += order.status === 'paid' && types.includes('hold_expired') ? 1 : 0
  }
  for (const [session, { status, body }] of told) {
    if (status !== 201) continue
    const { number } = (body as { data: { number: number } }).data
    assert.equal(byNumber.get(number)?.status, 'paid', `${session} was told of an order`)
  }
  return found
}

type OrderWithPayment = Awaited<ReturnType<typeof ordersWithPayment>>[number]

function assertBooked(order: OrderWithPayment, account: Account, events: readonly string[]): void {
  const about = JSON.stringify({ order, account, events })
  assert.ok(account.charged <= 1 && account.refunded <= account.charged, `charged twice: ${about}`)
  assert.equal(account.balanceMinor, order.captured_minor - order.refunded_minor, about)
  const kept = order.status === 'paid' ? order.total_minor : 0
  assert.equal(account.balanceMinor, kept, about)
  const times = (type: string) => events.filter((event) => event === type).length
  assert.equal(times('paid'), order.status === 'paid' ? 1 : 0, about)
  assert.equal(times('refund_due'), account.refunded, about)
  assert.equal(times('refunded'), account.refunded, about)
}

function ordersWithPayment({ db }: Context) {
  return db.read
    .selectFrom('orders as o')
    .innerJoin('payments as p', 'p.order_id', 'o.id')
    .where('p.method', 'in', ['http', 'stripe'])
    .where('p.position', '=', 1)
    .select(['o.id', 'o.number', 'o.status', 'o.total_minor'])
    .select(['p.status as payment_status', 'p.captured_minor', 'p.refunded_minor'])
    .execute()
}

async function eventsByOrder({ db }: Context): Promise<Map<string, string[]>> {
  const rows = await db.read.selectFrom('order_events').select(['order_id', 'type']).execute()
  const found = new Map<string, string[]>()
  for (const { order_id: id, type } of rows) found.set(id, [...(found.get(id) ?? []), type])
  return found
}
