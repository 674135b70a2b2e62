import { sql } from 'kysely'
import type { Minor } from '../../core/money.ts'
import { bulkInsert, bulkUpdate } from '../../db/bulk.ts'
import type { Db } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { Reference } from '../../core/reference.ts'
import type { PaymentStatus } from '../payment/tables.ts'
import type { EventActorKind, OrderStatus } from './tables.ts'

export interface OrderRow {
  readonly number: number
  readonly id: string
  readonly cart_id: string
  readonly customer_id: string | null
  readonly email: string
  readonly status: OrderStatus
  readonly currency: string
  readonly subtotal_minor: Minor
  readonly discount_minor: Minor
  readonly shipping_minor: Minor
  readonly tax_minor: Minor
  readonly tax_inclusive: 0 | 1
  readonly total_minor: Minor
  readonly item_count: number
  readonly shipping_method: string
  readonly shipping_name: string
  readonly shipping_address: string
  readonly billing_address: string
  readonly shipping_discount_minor: Minor
  readonly credit_minor: Minor
  readonly gift_card_count: number
  /** What cancellations and returns have taken off its worth. */
  readonly given_back_minor: Minor
  readonly version: number
  readonly created_at: number
  readonly payment_count: number
  /** The payment that it was made with. */
  readonly payment_id: string
  readonly payment_method: string
  readonly payment_status: PaymentStatus
  readonly payment_failure: string | null
  readonly payment_amount_minor: Minor
  readonly authorised_minor: Minor
  readonly captured_minor: Minor
  readonly refunded_minor: Minor
  readonly refunding_minor: Minor
  readonly released_minor: Minor
}

/** Orders with their payment, as a query to go on with. */
export function orders(db: Db) {
  return db
    .selectFrom('orders as o')
    .innerJoin('payments as y', (join) =>
      join.onRef('y.order_id', '=', 'o.id').on('y.position', '=', sql<number>`1`),
    )
    .select(['o.number', 'o.id', 'o.cart_id', 'o.customer_id', 'o.email', 'o.status'])
    .select(['o.currency', 'o.subtotal_minor', 'o.discount_minor', 'o.shipping_minor'])
    .select(['o.tax_minor', 'o.tax_inclusive', 'o.total_minor', 'o.item_count'])
    .select(['o.shipping_method', 'o.shipping_name', 'o.shipping_address', 'o.billing_address'])
    .select(['o.shipping_discount_minor', 'o.credit_minor', 'o.gift_card_count'])
    .select('o.given_back_minor')
    .select(['o.version', 'o.created_at', 'o.payment_count'])
    .select(['y.id as payment_id', 'y.method as payment_method', 'y.status as payment_status'])
    .select(['y.failure_code as payment_failure', 'y.amount_minor as payment_amount_minor'])
    .select(['y.authorised_minor', 'y.captured_minor', 'y.refunded_minor', 'y.refunding_minor'])
    .select('y.released_minor')
}

const orderById = preparedQuery<{ id: string }, OrderRow>((db, param) =>
  orders(db).where('o.id', '=', param('id')),
)
const orderByNumber = preparedQuery<{ number: number }, OrderRow>((db, param) =>
  orders(db).where('o.number', '=', param('number')),
)

export async function findOrder(db: Db, by: Reference): Promise<OrderRow | undefined> {
  if (by.by === 'number') return (await orderByNumber(db, by))[0]
  return by.by === 'id' ? (await orderById(db, by))[0] : undefined
}

const ordersOfCustomer = preparedQuery<
  { customerId: string; limit: number; offset: number },
  OrderRow
>((db, param) =>
  orders(db)
    .where('o.customer_id', '=', param('customerId'))
    .orderBy('o.number', 'desc')
    .limit(param('limit'))
    .offset(param('offset')),
)
const ordersOfCustomerBefore = preparedQuery<
  { customerId: string; before: number; limit: number },
  OrderRow
>((db, param) =>
  orders(db)
    .where('o.customer_id', '=', param('customerId'))
    .where('o.number', '<', param('before'))
    .orderBy('o.number', 'desc')
    .limit(param('limit')),
)

export interface OrderPlace {
  readonly customerId: string
  readonly limit: number
  readonly offset: number
  readonly before: number | undefined
}

/** A customer's orders, newest first. */
export function listOrdersOf(db: Db, { before, ...place }: OrderPlace): Promise<OrderRow[]> {
  return before === undefined
    ? ordersOfCustomer(db, place)
    : ordersOfCustomerBefore(db, { ...place, before })
}

export const countOrdersOf = preparedQuery<
  { customerId: string; limit: number },
  { count: number }
>(
  (_db, param) => sql<{ count: number }>`select count(*) as count from (
    select 1 as one from orders where customer_id = ${param('customerId')}
    limit ${param('limit')}) counted`,
)

interface StoredOrderLine {
  readonly id: string
  readonly order_id: string
  readonly variant_id: string
  readonly product_id: string
  readonly product_number: number
  readonly sku: string
  readonly name: string
  readonly options: string
  readonly quantity: number
  readonly price_minor: Minor
  readonly subtotal_minor: Minor
  readonly tax_minor: Minor
  readonly total_minor: Minor
  readonly discount_minor: Minor
  readonly is_gift: 0 | 1
  readonly kind: string
  /** Whether it names units by their serial numbers. */
  readonly has_units: 0 | 1
  readonly cancelled_quantity: number
  readonly fulfilled_quantity: number
  readonly shipped_quantity: number
  readonly returning_quantity: number
  readonly returned_quantity: number
}

export interface OrderLineRow extends StoredOrderLine {
  /** Pieces of its article that the order still waits for. */
  readonly waiting: number
  /** When those are promised; UTC milliseconds. */
  readonly promised_at: number | null
}

/** Counters begin at 0. */
export type NewOrderLine = Omit<
  StoredOrderLine,
  `${string}ed_quantity` | 'returning_quantity' | 'has_units'
> & {
  readonly position: number
  readonly return_id?: string | null
}

export const insertOrderLines = bulkInsert<NewOrderLine>('order_lines', {
  id: 'uuid',
  order_id: 'uuid',
  position: 'integer',
  variant_id: 'uuid',
  product_id: 'uuid',
  product_number: 'integer',
  sku: 'text',
  name: 'text',
  options: 'json',
  quantity: 'integer',
  price_minor: 'integer',
  subtotal_minor: 'integer',
  tax_minor: 'integer',
  total_minor: 'integer',
  discount_minor: 'integer',
  is_gift: 'integer',
  kind: 'text',
  return_id: 'uuid',
})

/** The lines of several orders at once, in their order. `ids` is a JSON array of {id}. */
export const listLinesOf = preparedQuery<{ ids: string }, OrderLineRow>(
  (db, param) => sql<OrderLineRow>`
    select l.id, l.order_id, l.variant_id, l.product_id, l.product_number, l.sku, l.name,
      l.options, l.quantity, l.price_minor, l.subtotal_minor, l.tax_minor, l.total_minor,
      l.discount_minor, l.is_gift, l.kind, l.cancelled_quantity, l.fulfilled_quantity,
      l.shipped_quantity, l.returning_quantity, l.returned_quantity,
      (select coalesce(sum(h.waiting), 0) from stock_holds h where h.order_id = l.order_id
        and h.variant_id = l.variant_id and h.status <> 'released') as waiting,
      (select max(case when h.waiting > 0 then h.promised_at end) from stock_holds h
        where h.order_id = l.order_id and h.variant_id = l.variant_id) as promised_at,
      case when exists (select 1 from unit_events e where e.order_line_id = l.id)
        then 1 else 0 end as has_units
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join order_lines l on l.order_id = d.id
    order by l.order_id, l.position`,
)

const pricingOf = preparedQuery<{ orderId: string }, { pricing: string | null }>((db, param) =>
  db.selectFrom('orders').select('pricing').where('id', '=', param('orderId')),
)

/** How an order was priced, as JSON; null for one that is older than that was written down. */
export async function findPricing(db: Db, orderId: string): Promise<string | null> {
  return (await pricingOf(db, { orderId }))[0]?.pricing ?? null
}

export interface OrderEventRow {
  readonly type: string
  readonly data: string
  readonly created_at: number
  readonly actor_kind: EventActorKind
  readonly actor_id: string | null
  readonly actor_name: string | null
}

export const listEvents = preparedQuery<{ orderId: string }, OrderEventRow>((db, param) =>
  db
    .selectFrom('order_events')
    .select(['type', 'data', 'created_at', 'actor_kind', 'actor_id', 'actor_name'])
    .where('order_id', '=', param('orderId'))
    .orderBy('created_at')
    .orderBy('id'),
)

/** The timelines of several orders at once. `ids` is a JSON array of {id}. */
export const listEventsOf = preparedQuery<
  { ids: string },
  OrderEventRow & { readonly order_id: string }
>(
  (db, param) => sql<OrderEventRow & { readonly order_id: string }>`
    select e.order_id, e.type, e.data, e.created_at, e.actor_kind, e.actor_id, e.actor_name
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join order_events e on e.order_id = d.id
    order by e.order_id, e.created_at, e.id`,
)

export interface WithoutName {
  readonly id: string
  readonly new_email: string
  readonly new_email_key: string
  /** JSON */
  readonly new_shipping: string
  /** JSON */
  readonly new_billing: string
}

/** Takes the person out of orders that wait for no payment; the others are left as they are. */
export const writeWithoutName = bulkUpdate<WithoutName>({
  table: 'orders',
  columns: {
    id: 'uuid',
    new_email: 'text',
    new_email_key: 'text',
    new_shipping: 'json',
    new_billing: 'json',
  },
  set: sql`email = d.new_email, email_key = d.new_email_key, name_key = '',
    shipping_address = d.new_shipping,
    billing_address = d.new_billing, version = version + 1`,
  where: sql<boolean>`orders.id = d.id and coalesce(orders.status, '') <> 'pending_payment'`,
})

export const insertEvents = bulkInsert<{
  id: string
  order_id: string
  type: string
  data: string
  created_at: number
}>('order_events', {
  id: 'uuid',
  order_id: 'uuid',
  type: 'text',
  data: 'json',
  created_at: 'integer',
})

export const insertEvent = preparedWrite<{
  id: string
  orderId: string
  type: string
  data: string
  now: number
  actorKind: EventActorKind
  actorId: string | null
  actorName: string | null
}>((db, param) =>
  db.insertInto('order_events').values({
    id: param('id'),
    order_id: param('orderId'),
    type: param('type'),
    data: param('data'),
    created_at: param('now'),
    actor_kind: param('actorKind'),
    actor_id: param('actorId'),
    actor_name: param('actorName'),
  }),
)

/** Moves an order on from waiting for its payment. A failed one frees its cart for another try. */
export const settleOrder = preparedWrite<{
  id: string
  status: OrderStatus
  liveCartId: string | null
  now: number
}>((db, param) =>
  db
    .updateTable('orders')
    .set((set) => ({
      status: param('status'),
      live_cart_id: param('liveCartId'),
      version: set('version', '+', 1),
      updated_at: param('now'),
    }))
    .where('id', '=', param('id'))
    .where('status', '=', 'pending_payment'),
)

export interface NewOrder {
  readonly id: string
  readonly cart_id: string
  readonly live_cart_id: string
  readonly customer_id: string | null
  readonly email: string
  readonly status: 'pending_payment'
  readonly currency: string
  readonly subtotal_minor: Minor
  readonly discount_minor: Minor
  readonly shipping_minor: Minor
  readonly tax_minor: Minor
  readonly tax_inclusive: 0 | 1
  readonly total_minor: Minor
  readonly item_count: number
  readonly shipping_method: string
  readonly shipping_name: string
  /** JSON */
  readonly shipping_address: string
  /** JSON */
  readonly billing_address: string
  readonly shipping_discount_minor: Minor
  readonly shipping_tax_minor: Minor
  readonly credit_minor: Minor
  readonly gift_card_count: number
  readonly vat_id: string | null
  /** JSON */
  readonly pricing: string
  readonly email_key: string
  readonly name_key: string
  readonly created_at: number
  readonly updated_at: number
}

export const insertOrders = bulkInsert<NewOrder>('orders', {
  id: 'uuid',
  cart_id: 'uuid',
  live_cart_id: 'uuid',
  customer_id: 'uuid',
  email: 'text',
  status: 'text',
  currency: 'text',
  subtotal_minor: 'integer',
  discount_minor: 'integer',
  shipping_minor: 'integer',
  tax_minor: 'integer',
  tax_inclusive: 'integer',
  total_minor: 'integer',
  item_count: 'integer',
  shipping_method: 'text',
  shipping_name: 'text',
  shipping_address: 'json',
  billing_address: 'json',
  shipping_discount_minor: 'integer',
  shipping_tax_minor: 'integer',
  credit_minor: 'integer',
  gift_card_count: 'integer',
  vat_id: 'text',
  pricing: 'json',
  email_key: 'text',
  name_key: 'text',
  created_at: 'integer',
  updated_at: 'integer',
})

const vatIdOf = preparedQuery<{ orderId: string }, { vat_id: string | null }>((db, param) =>
  db.selectFrom('orders').select('vat_id').where('id', '=', param('orderId')),
)

export async function findVatId(db: Db, orderId: string): Promise<string | undefined> {
  return (await vatIdOf(db, { orderId }))[0]?.vat_id ?? undefined
}
