import { sql } from 'kysely'
import type { Minor } from '../../core/money.ts'
import type { PlaceKey } from '../../core/paging.ts'
import type { Reference } from '../../core/reference.ts'
import type { Db } from '../../db/database.ts'
import { countListed, listPage, walkedBy, type ListFilter, type Listing } from '../../db/listing.ts'
import { preparedQuery } from '../../db/prepared.ts'
import type { PaymentStatus } from './tables.ts'

export const paymentSorts = ['-created_at', 'created_at'] as const

/** Which payments a list shows; all that is given must hold. */
export interface PaymentFilter {
  readonly statuses?: readonly string[] | undefined
  readonly method?: string | undefined
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly currency?: string | undefined
  readonly amountMin?: Minor | undefined
  readonly amountMax?: Minor | undefined
  readonly order?: Reference | undefined
  /** Of the provider. */
  readonly reference?: string | undefined
}

export interface ListedPayment {
  readonly id: string
  readonly order_id: string
  readonly order_number: number
  readonly order_created_at: number
  readonly method: string
  readonly status: PaymentStatus
  readonly provider_reference: string | null
  readonly amount_minor: Minor
  readonly captured_minor: Minor
  readonly refunded_minor: Minor
  readonly currency: string
  readonly failure_code: string | null
  readonly created_at: number
  readonly updated_at: number
}

function listingOf(db: Db, filter: PaymentFilter, sort: string): Listing {
  return {
    source: sql`payments y`,
    id: sql`y.id`,
    keys: [sql`y.created_at`, sql`y.id`],
    direction: sort.startsWith('-') ? 'desc' : 'asc',
    filters: [...filtersOf(db, filter)],
  }
}

function* filtersOf(db: Db, filter: PaymentFilter): Generator<ListFilter> {
  const { statuses, method, from, to, currency, amountMin, amountMax, order, reference } = filter
  if (statuses) {
    const list = sql.join(statuses.map((status) => sql`${status}`))
    // One status is walked by an index of its own.
    yield statuses.length === 1
      ? { condition: sql`y.status = ${list}` }
      : {
          condition: sql`${walkedBy(db, sql`y.status`, 'text')} in (${list})`,
          lookup: sql`select q.id as id from payments q where q.status in (${list})`,
        }
  }
  if (method !== undefined) yield { condition: sql`y.method = ${method}` }
  if (from !== undefined) yield { condition: sql`y.created_at >= ${from}` }
  if (to !== undefined) yield { condition: sql`y.created_at < ${to}` }
  if (currency !== undefined) yield { condition: sql`y.currency = ${currency}` }
  if (amountMin !== undefined) yield { condition: sql`y.amount_minor >= ${amountMin}` }
  if (amountMax !== undefined) yield { condition: sql`y.amount_minor <= ${amountMax}` }
  if (reference !== undefined) {
    yield {
      condition: sql`y.provider_reference = ${reference}`,
      lookup: sql`select q.id as id from payments q where q.provider_reference = ${reference}`,
    }
  }
  if (order === undefined || order.by === 'slug') return
  const id =
    order.by === 'id'
      ? sql`${order.id}`
      : sql`(select o.id from orders o where o.number = ${order.number})`
  yield {
    condition: sql`y.order_id = ${id}`,
    lookup: sql`select q.id as id from payments q where q.order_id = ${id}`,
  }
}

const paymentsById = preparedQuery<{ ids: string }, ListedPayment>(
  (db, param) => sql<ListedPayment>`
    select y.id, y.order_id, o.number as order_number, o.created_at as order_created_at, y.method,
      y.status, y.provider_reference, y.amount_minor, y.captured_minor, y.refunded_minor,
      y.currency, y.failure_code, y.created_at, y.updated_at
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join payments y on y.id = d.id join orders o on o.id = y.order_id`,
)

export interface PaymentsWanted {
  readonly filter: PaymentFilter
  readonly sort: string
  readonly after: readonly PlaceKey[] | undefined
  readonly limit: number
}

/** A page of payments of all orders. */
export async function listPayments(
  db: Db,
  { filter, sort, after, limit }: PaymentsWanted,
): Promise<{ row: ListedPayment; place: readonly PlaceKey[] }[]> {
  const found = await listPage(db, listingOf(db, filter, sort), { after, limit })
  const ids = JSON.stringify(found.map(({ id }) => ({ id })))
  const byId = new Map((await paymentsById(db, { ids })).map((row) => [row.id, row]))
  return found.flatMap(({ id, place }) => {
    const row = byId.get(id)
    return row ? [{ row, place }] : []
  })
}

export function countPayments(db: Db, filter: PaymentFilter): Promise<number> {
  return countListed(db, listingOf(db, filter, '-created_at'))
}
