import { sql, type RawBuilder } from 'kysely'
import type { Minor } from '../../core/money.ts'
import { emailKey, endOfPrefix, nameBeginnings } from '../../core/order-search.ts'
import type { Reference } from '../../core/reference.ts'
import type { Db } from '../../db/database.ts'
import {
  countListed,
  listPage,
  walkedBy,
  type Listed,
  type ListFilter,
  type Listing,
  type ListPage,
} from '../../db/listing.ts'
import { preparedQuery } from '../../db/prepared.ts'
import { orders, type OrderRow } from './queries.ts'

export const orderSorts = ['-created_at', 'created_at', '-total', 'total'] as const
export type OrderSort = (typeof orderSorts)[number]

/** Which orders a list shows; all that is given must hold. */
export interface OrderFilter {
  readonly statuses?: readonly string[] | undefined
  readonly paymentStatuses?: readonly string[] | undefined
  readonly paymentMethod?: string | undefined
  /** UTC milliseconds, the first included, the second not. */
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly currency?: string | undefined
  readonly totalMin?: Minor | undefined
  readonly totalMax?: Minor | undefined
  readonly customer?: Reference | undefined
  readonly email?: string | undefined
  readonly order?: Reference | undefined
  /** The beginning of an e-mail address or of a name. */
  readonly search?: string | undefined
  readonly tag?: string | undefined
  readonly sku?: string | undefined
  readonly shippingMethod?: string | undefined
}

type Raw = RawBuilder<unknown>

const sortField = (sort: string) => sort.replace(/^-/, '')

function listingOf(db: Db, filter: OrderFilter, sort: string): Listing {
  const walk = { db, byTotal: sortField(sort) === 'total' }
  return {
    source: sql`orders o`,
    id: sql`o.id`,
    keys: [walk.byTotal ? sql`o.total_minor` : sql`o.created_at`, sql`o.number`],
    direction: sort.startsWith('-') ? 'desc' : 'asc',
    filters: [
      ...singles(filter),
      ...equalities(walk, filter),
      ...ranges(walk, filter),
      ...others(filter),
      ...searches(walk, filter),
    ],
  }
}

interface Walk {
  readonly db: Db
  /** The list is walked by the totals, else by the time. */
  readonly byTotal: boolean
}

const ids = (condition: Raw): Raw => sql`select q.id as id from orders q where ${condition}`

/** Sides that one order has, or few have. */
function* singles({ order, customer }: OrderFilter): Generator<ListFilter> {
  if (order?.by === 'id') yield { condition: sql`o.id = ${order.id}` }
  if (order?.by === 'number') yield { condition: sql`o.number = ${order.number}` }
  if (customer === undefined || customer.by === 'slug') return
  const id =
    customer.by === 'id'
      ? sql`${customer.id}`
      : sql`(select c.id from customers c where c.number = ${customer.number})`
  yield { condition: sql`o.customer_id = ${id}`, lookup: ids(sql`q.customer_id = ${id}`) }
}

/** Sides with an index that goes on in the order of time; there is one to walk, and no more. */
function* equalities({ db, byTotal }: Walk, filter: OrderFilter): Generator<ListFilter> {
  const { statuses, shippingMethod } = filter
  if (statuses) {
    const list = sql.join(statuses.map((status) => sql`${status}`))
    const isWalked = statuses.length === 1 && !byTotal
    yield isWalked
      ? { condition: sql`o.status = ${list}` }
      : {
          condition: sql`${walkedBy(db, sql`o.status`, 'text')} in (${list})`,
          lookup: ids(sql`q.status in (${list})`),
        }
  }
  if (shippingMethod === undefined) return
  const isWalked = statuses?.length !== 1 && !byTotal
  yield isWalked
    ? { condition: sql`o.shipping_method = ${shippingMethod}` }
    : {
        condition: sql`${walkedBy(db, sql`o.shipping_method`, 'text')} = ${shippingMethod}`,
        lookup: ids(sql`q.shipping_method = ${shippingMethod}`),
      }
}

function* ranges({ db, byTotal }: Walk, filter: OrderFilter): Generator<ListFilter> {
  const { from, to, totalMin, totalMax, currency } = filter
  const created = range({ db, column: 'created_at', isWalked: !byTotal }, from, to)
  const total = range({ db, column: 'total_minor', isWalked: byTotal }, totalMin, totalMax)
  if (created) yield created
  if (total) yield total
  if (currency !== undefined) yield { condition: sql`o.currency = ${currency}` }
}

interface Range {
  readonly db: Db
  readonly column: 'created_at' | 'total_minor'
  /** The list is walked by this very column. */
  readonly isWalked: boolean
}

/** From `low` on, which is included; a moment ends before `high`, an amount with it. */
function range(
  { db, column, isWalked }: Range,
  low: number | undefined,
  high: number | undefined,
): ListFilter | undefined {
  if (low === undefined && high === undefined) return undefined
  const below = column === 'created_at' ? sql`<` : sql`<=`
  const bounds = (of: Raw): Raw => {
    const conditions = [
      low !== undefined && sql`${of} >= ${low}`,
      high !== undefined && sql`${of} ${below} ${high}`,
    ].filter((condition) => condition !== false)
    return sql.join(conditions, sql` and `)
  }
  const own = sql.ref(`o.${column}`)
  if (isWalked) return { condition: bounds(own) }
  const lookup = ids(bounds(sql.ref(`q.${column}`)))
  return { condition: bounds(walkedBy(db, own, 'integer')), lookup }
}

/** Sides that are told by other tables. Not EXISTS, which would be turned into a join. */
function* others(filter: OrderFilter): Generator<ListFilter> {
  const { paymentStatuses, paymentMethod, tag, sku } = filter
  if (paymentStatuses) {
    const list = sql.join(paymentStatuses.map((status) => sql`${status}`))
    yield {
      condition: sql`(select 1 from payments y where y.order_id = o.id and y.status in (${list})
        limit 1) is not null`,
      lookup: sql`select distinct y.order_id as id from payments y where y.status in (${list})`,
    }
  }
  if (paymentMethod !== undefined) {
    yield {
      condition: sql`(select 1 from payments y where y.order_id = o.id
        and y.method = ${paymentMethod} limit 1) is not null`,
    }
  }
  if (tag !== undefined) {
    yield {
      condition: sql`(select 1 from order_tags t where t.order_id = o.id and t.tag = ${tag})
        is not null`,
      lookup: sql`select t.order_id as id from order_tags t where t.tag = ${tag}`,
    }
  }
  if (sku === undefined) return
  const variant = sql`(select v.id from variants v where v.sku = ${sku})`
  yield {
    condition: sql`(select 1 from order_lines l where l.order_id = o.id
      and l.variant_id = ${variant} limit 1) is not null`,
    lookup: sql`select distinct l.order_id as id from order_lines l
      where l.variant_id = ${variant}`,
  }
}

function* searches({ db }: Walk, { email, search }: OrderFilter): Generator<ListFilter> {
  if (email !== undefined) {
    const key = emailKey(email)
    yield {
      condition: sql`${walkedBy(db, sql`o.email_key`, 'text')} = ${key}`,
      lookup: ids(sql`q.email_key = ${key}`),
    }
  }
  if (search === undefined) return
  const begins = [
    ['email_key', emailKey(search)] as const,
    ...nameBeginnings(search).map((name) => ['name_key', name] as const),
  ]
  const anyOf = (columnOf: (name: string) => Raw): Raw =>
    sql`(${sql.join(
      begins.map(([column, text]) => {
        const of = columnOf(column)
        return sql`(${of} >= ${text} and ${of} < ${endOfPrefix(text)})`
      }),
      sql` or `,
    )})`
  yield {
    condition: anyOf((name) => walkedBy(db, sql.ref(`o.${name}`), 'text')),
    lookup: ids(anyOf((name) => sql.ref(`q.${name}`))),
  }
}

/** A page of orders: their ids, in the order of the list. */
export function listOrderIds(
  db: Db,
  { filter, sort }: { readonly filter: OrderFilter; readonly sort: string },
  page: ListPage,
): Promise<Listed[]> {
  return listPage(db, listingOf(db, filter, sort), page)
}

export function countOrders(db: Db, filter: OrderFilter): Promise<number> {
  return countListed(db, listingOf(db, filter, '-created_at'))
}

/** Orders by their ids, in any order. `ids` is a JSON array of {id}. */
export const listOrdersById = preparedQuery<{ ids: string }, OrderRow>((db, param) =>
  orders(db).innerJoin(
    sql<{ id: string }>`${db.dialect.jsonRows(param('ids'), { id: 'uuid' })}`.as('d'),
    'd.id',
    'o.id',
  ),
)

/** The tags of several orders at once, in their order. `ids` is a JSON array of {id}. */
export const listTagsOf = preparedQuery<
  { ids: string },
  { readonly order_id: string; readonly tag: string }
>(
  (db, param) => sql<{ order_id: string; tag: string }>`select t.order_id, t.tag
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join order_tags t on t.order_id = d.id order by t.order_id, t.tag`,
)
