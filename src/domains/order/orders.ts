import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Context } from '../../context.ts'
import { notFound } from '../../core/errors.ts'
import { emailKey, nameKey } from '../../core/order-search.ts'
import {
  badCursor,
  countedOf,
  countMax,
  writeCursor,
  type Page,
  type Paging,
} from '../../core/paging.ts'
import type { Reference } from '../../core/reference.ts'
import type { Db, Tx } from '../../db/database.ts'
import { together } from '../../db/together.ts'
import { may, type Principal } from '../access/permissions.ts'
import { withUnits, type LineUnit } from '../unit/sale.ts'
import type { Actor } from '../audit/log.ts'
import { aftermathOf, noAftermath, type Aftermath } from './aftermath.ts'
import {
  listPaymentsOf,
  listPaymentsOfOrders,
  type PaymentFacts,
} from '../payment/payments-of-orders.ts'
import {
  countOrdersOf,
  findOrder as findOrderRow,
  findPricing,
  insertEvent,
  insertOrderLines,
  insertOrders,
  listEvents,
  listLinesOf,
  listOrdersOf,
  settleOrder,
  type NewOrder,
  type NewOrderLine,
  type OrderEventRow,
  type OrderLineRow,
  type OrderRow,
} from './queries.ts'

/** A line with the units that it names, if every piece of its article has a serial number. */
export interface OrderLine extends OrderLineRow {
  readonly units: readonly LineUnit[]
}

/** An order as it stands in a list. */
export interface OrderSummary {
  readonly order: OrderRow
  readonly lines: readonly OrderLine[]
  /** In the order in which they were made. */
  readonly payments: readonly PaymentFacts[]
}

export interface Order extends OrderSummary, Aftermath {
  readonly events: readonly OrderEventRow[]
}

/** The payment that an order was made with, as its row has it. */
const paymentFacts = (order: OrderRow): PaymentFacts => ({
  id: order.payment_id,
  order_id: order.id,
  position: 1,
  method: order.payment_method,
  status: order.payment_status,
  amount_minor: order.payment_amount_minor,
  authorised_minor: order.authorised_minor,
  captured_minor: order.captured_minor,
  refunded_minor: order.refunded_minor,
  refunding_minor: order.refunding_minor,
  released_minor: order.released_minor,
  failure_code: order.payment_failure,
})

export interface NewEvent {
  readonly orderId: string
  /** A verb in the past: `shipped`. */
  readonly type: string
  readonly data?: object
  /** Whoever bought, when it is they who did it; without it the actor of `ctx`. */
  readonly by?: 'customer'
}

/** Notes on the order's timeline what happened to it, and who did it. */
export async function recordEvent(
  ctx: Context,
  tx: Tx,
  { orderId, type, data = {}, by }: NewEvent,
): Promise<void> {
  const [id, now] = [ctx.newId(), ctx.clock.now()]
  const event = { id, orderId, type, data: JSON.stringify(data), now }
  await insertEvent(tx, { ...event, ...(by ? theCustomer : actorOf(ctx.actor)) })
}

/** Who that is, the order says as long as it knows: events stay when an account is erased. */
const theCustomer = { actorKind: 'customer', actorId: null, actorName: null } as const

/** People of the shop are named, as in its audit log. */
function actorOf({ kind, id, name }: Actor) {
  const actorKind = kind === 'account' ? ('staff' as const) : kind
  return { actorKind, actorId: id, actorName: kind === 'system' ? null : name.slice(0, 200) }
}

export interface OrderDraft {
  readonly order: Omit<NewOrder, 'status' | 'created_at' | 'updated_at' | keyof SearchKeys>
  readonly lines: readonly Omit<NewOrderLine, 'id' | 'order_id' | 'position'>[]
}

type SearchKeys = Pick<NewOrder, 'email_key' | 'name_key'>

function searchKeys(order: OrderDraft['order']): SearchKeys {
  const { name = '' } = JSON.parse(order.shipping_address) as { name?: string }
  return { email_key: emailKey(order.email), name_key: nameKey(name) }
}

/** Writes a new order that waits for its payment. One statement each, however many lines it has. */
export async function createOrder(ctx: Context, tx: Tx, draft: OrderDraft): Promise<void> {
  const now = ctx.clock.now()
  const { order } = draft
  const row = {
    ...order,
    ...searchKeys(order),
    status: 'pending_payment' as const,
    created_at: now,
    updated_at: now,
  }
  const lines = draft.lines.map((line, position) => ({
    ...line,
    id: ctx.newId(),
    order_id: order.id,
    position,
  }))
  await together(tx, [
    () => insertOrders(tx, [row]),
    () => insertOrderLines(tx, lines),
    () => recordEvent(ctx, tx, { orderId: order.id, type: 'created', by: 'customer' }),
  ])
}

/** Ends the wait for the payment: the order counts, or it is cancelled and its cart free again. */
export async function settleOrderStatus(
  ctx: Context,
  tx: Tx,
  { order, status }: { order: OrderRow; status: 'placed' | 'paid' | 'cancelled' },
): Promise<void> {
  const { changes } = await settleOrder(tx, {
    id: order.id,
    status,
    liveCartId: status === 'cancelled' ? null : order.cart_id,
    now: ctx.clock.now(),
  })
  if (changes !== 1) throw new Error(`order ${order.number} was not waiting for its payment`)
}

/** What has happened to an order, oldest first. */
export const listTimeline = (db: Db, orderId: string): Promise<OrderEventRow[]> =>
  listEvents(db, { orderId })

/** Whether there is an order with this id, in any status. */
export async function hasOrder(db: Db, id: string): Promise<boolean> {
  return (await findOrderRow(db, { by: 'id', id })) !== undefined
}

/** An order with its lines, for the shop itself: nobody is asked who they are. */
export async function findOrder({ db }: Context, id: string): Promise<OrderSummary | undefined> {
  const order = await findOrderRow(db.read, { by: 'id', id })
  return order && (await withLines(db.read, [order]))[0]
}

/** A whole order, for the shop itself. */
export async function findWholeOrder({ db }: Context, id: string): Promise<Order | undefined> {
  const order = await findOrderRow(db.read, { by: 'id', id })
  return order && loadOrder(db.read, order)
}

/** The order row, inside the transaction that is changing it. */
export async function getOrderRow(db: Db, id: string): Promise<OrderRow> {
  const row = await findOrderRow(db, { by: 'id', id })
  if (!row) throw notFound('Order')
  return row
}

/** The whole order, inside the transaction that has changed it. */
export async function readOrder(tx: Tx, id: string): Promise<Order> {
  const [order, lines, events] = await together(tx, [
    () => getOrderRow(tx, id),
    () => listLinesOf(tx, { ids: JSON.stringify([{ id }]) }),
    () => listEvents(tx, { orderId: id }),
  ])
  return {
    order,
    lines: await withUnits(tx, lines),
    events,
    payments: await paymentsOf(tx, order),
    ...(await aftermath(tx, order)),
  }
}

async function aftermath(db: Db, order: OrderRow): Promise<Aftermath> {
  return (await aftermathOf(db, [order])).get(order.id) ?? noAftermath
}

/** Most orders have one payment, which came with the order: only the others are looked for. */
async function paymentsOf(db: Db, order: OrderRow): Promise<PaymentFacts[]> {
  return order.payment_count === 1 ? [paymentFacts(order)] : listPaymentsOf(db, order.id)
}

/** The same for many orders, in one statement at the most. */
export async function paymentsOfMany(
  db: Db,
  rows: readonly OrderRow[],
): Promise<(order: OrderRow) => readonly PaymentFacts[]> {
  const several = rows.filter(({ payment_count }) => payment_count > 1)
  const payments = several.length === 0 ? [] : await listPaymentsOfOrders(db, several)
  const byOrder = Map.groupBy(payments, ({ order_id }) => order_id)
  return (order) => byOrder.get(order.id) ?? [paymentFacts(order)]
}

export async function loadOrder(db: Db, row: OrderRow): Promise<Order> {
  const ids = JSON.stringify([{ id: row.id }])
  const [lines, events] = await together(db, [
    () => listLinesOf(db, { ids }),
    () => listEvents(db, { orderId: row.id }),
  ])
  return {
    order: row,
    lines: await withUnits(db, lines),
    events,
    payments: await paymentsOf(db, row),
    ...(await aftermath(db, row)),
  }
}

/** How an order was priced when it was placed; null for one that is older than that. */
export async function getPricing(
  db: Db,
  by: Reference,
): Promise<{ row: OrderRow; pricing: string | null }> {
  const row = await findOrderRow(db, by)
  if (!row) throw notFound('Order')
  return { row, pricing: await findPricing(db, row.id) }
}

/** The order that staff name; NOT_FOUND if there is none. */
export async function orderOf({ db }: Context, by: Reference): Promise<OrderRow> {
  const row = await findOrderRow(db.read, by)
  if (!row) throw notFound('Order')
  return row
}

/** The lines of an order, in their order. */
export function listOrderLines(db: Db, id: string): Promise<OrderLineRow[]> {
  return listLinesOf(db, { ids: JSON.stringify([{ id }]) })
}

/** Who asks for an order: a signed-in user, or a guest with the token given at checkout. */
export interface OrderReader {
  readonly principal: Principal | undefined
  readonly token: string | undefined
}

/** One's own order. What does not exist and what is somebody else's look the same. */
export async function getOrder(ctx: Context, by: Reference, reader: OrderReader): Promise<Order> {
  const row = await findOrderRow(ctx.db.read, by)
  if (!row || !mayRead(ctx, row, reader)) throw notFound('Order')
  return loadOrder(ctx.db.read, row)
}

/** The same for changing it: staff have ways of their own. */
export async function getOwnOrder(
  ctx: Context,
  by: Reference,
  { principal, token }: OrderReader,
): Promise<OrderRow> {
  const row = await findOrderRow(ctx.db.read, by)
  const { customerId } = principal ?? {}
  const isOwner = row !== undefined && customerId !== undefined && row.customer_id === customerId
  const holdsToken = row !== undefined && token !== undefined && isTokenOf(ctx, row.id, token)
  if (!row || !(isOwner || holdsToken)) throw notFound('Order')
  return row
}

/** The id of an order, for staff who may see all. */
export async function getOrderId(db: Db, by: Reference): Promise<string> {
  const row = await findOrderRow(db, by)
  if (!row) throw notFound('Order')
  return row.id
}

function mayRead(ctx: Context, row: OrderRow, { principal, token }: OrderReader): boolean {
  if (principal && may(principal, 'order:read')) return true
  if (principal && row.customer_id === principal.customerId) return true
  return token !== undefined && isTokenOf(ctx, row.id, token)
}

/** What lets a guest read this one order: made from its id, so that nothing secret is stored. */
export function orderToken(ctx: Context, orderId: string): string {
  return createHmac('sha256', ctx.secrets.cookie).update(`order:${orderId}`).digest('base64url')
}

function isTokenOf(ctx: Context, orderId: string, token: string): boolean {
  const expected = Buffer.from(orderToken(ctx, orderId))
  const given = Buffer.from(token)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** A customer's orders, newest first. */
export async function listOrders(
  ctx: Context,
  customerId: string,
  paging: Paging,
): Promise<Page<OrderSummary>> {
  const { page, perPage, after } = paging
  const before = after?.[0]
  if (after && (after.length !== 1 || typeof before !== 'number')) throw badCursor()
  const rows = await listOrdersOf(ctx.db.read, {
    customerId,
    limit: perPage + 1,
    offset: (page - 1) * perPage,
    before: typeof before === 'number' ? before : undefined,
  })
  const items = await withLines(ctx.db.read, rows.slice(0, perPage))
  const [count] = await countOrdersOf(ctx.db.read, { customerId, limit: countMax + 1 })
  const last = items.at(-1)
  const next = rows.length > perPage && last ? writeCursor([last.order.number]) : null
  return { items, counted: countedOf(count?.count ?? 0), next }
}

async function withLines(db: Db, rows: readonly OrderRow[]): Promise<OrderSummary[]> {
  const ids = JSON.stringify(rows.map(({ id }) => ({ id })))
  const lines = await withUnits(db, await listLinesOf(db, { ids }))
  const byOrder = Map.groupBy(lines, ({ order_id }) => order_id)
  const payments = await paymentsOfMany(db, rows)
  return rows.map((order) => ({
    order,
    lines: byOrder.get(order.id) ?? [],
    payments: payments(order),
  }))
}

export type { OrderLineRow, OrderRow, OrderEventRow }
