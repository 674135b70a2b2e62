import { sql } from 'kysely'
import type { Minor } from '../../core/money.ts'
import type { PlaceKey } from '../../core/paging.ts'
import type { Reference } from '../../core/reference.ts'
import type { Db } from '../../db/database.ts'
import { countListed, listPage, walkedBy, type ListFilter, type Listing } from '../../db/listing.ts'
import { preparedQuery } from '../../db/prepared.ts'
import type { ReturnStatus } from './tables.ts'

export const returnSorts = ['-created_at', 'created_at'] as const

/** Which returns a list shows; all that is given must hold. */
export interface ReturnFilter {
  readonly statuses?: readonly string[] | undefined
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly order?: Reference | undefined
  /** The number on the parcel. */
  readonly number?: number | undefined
  /** A word that was given for one of its lines. */
  readonly reason?: string | undefined
}

export interface ListedReturn {
  readonly number: number
  readonly id: string
  readonly status: ReturnStatus
  readonly note: string | null
  readonly amount_minor: Minor
  readonly currency: string
  readonly order_id: string
  readonly order_number: number
  readonly order_created_at: number
  readonly email: string
  readonly created_at: number
  readonly received_at: number | null
  /** Pieces, and the words for why. */
  readonly quantity: number
  readonly reasons: string
}

/** By number, which grows with time. */
function listingOf(db: Db, filter: ReturnFilter, sort: string): Listing {
  return {
    source: sql`order_returns r`,
    id: sql`r.id`,
    keys: [sql`r.number`],
    direction: sort.startsWith('-') ? 'desc' : 'asc',
    filters: [...filtersOf(db, filter)],
  }
}

function* filtersOf(db: Db, filter: ReturnFilter): Generator<ListFilter> {
  const { statuses, from, to, order, number, reason } = filter
  if (statuses) {
    const list = sql.join(statuses.map((status) => sql`${status}`))
    yield statuses.length === 1
      ? { condition: sql`r.status = ${list}` }
      : {
          condition: sql`${walkedBy(db, sql`r.status`, 'text')} in (${list})`,
          lookup: sql`select q.id as id from order_returns q where q.status in (${list})`,
        }
  }
  if (from !== undefined) yield { condition: sql`r.created_at >= ${from}` }
  if (to !== undefined) yield { condition: sql`r.created_at < ${to}` }
  if (number !== undefined) yield { condition: sql`r.number = ${number}` }
  if (reason !== undefined) {
    yield {
      condition: sql`(select 1 from return_lines l where l.return_id = r.id
        and l.reason = ${reason} limit 1) is not null`,
    }
  }
  if (order === undefined || order.by === 'slug') return
  const id =
    order.by === 'id'
      ? sql`${order.id}`
      : sql`(select o.id from orders o where o.number = ${order.number})`
  yield {
    condition: sql`r.order_id = ${id}`,
    lookup: sql`select q.id as id from order_returns q where q.order_id = ${id}`,
  }
}

type ReturnHead = Omit<ListedReturn, 'quantity' | 'reasons'>

const returnsById = preparedQuery<{ ids: string }, ReturnHead>(
  (db, param) => sql<ReturnHead>`
    select r.number, r.id, r.status, r.note, r.amount_minor, o.currency, r.order_id,
      o.number as order_number, o.created_at as order_created_at, o.email, r.created_at,
      r.received_at
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join order_returns r on r.id = d.id join orders o on o.id = r.order_id`,
)

interface Piece {
  readonly return_id: string
  readonly quantity: number
  readonly reason: string
}

const piecesOf = preparedQuery<{ ids: string }, Piece>(
  (db, param) => sql<Piece>`select l.return_id, l.quantity, l.reason
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join return_lines l on l.return_id = d.id order by l.return_id, l.reason`,
)

export interface ReturnsWanted {
  readonly filter: ReturnFilter
  readonly sort: string
  readonly after: readonly PlaceKey[] | undefined
  readonly limit: number
}

/** A page of returns of all orders. */
export async function searchReturns(
  db: Db,
  { filter, sort, after, limit }: ReturnsWanted,
): Promise<{ row: ListedReturn; place: readonly PlaceKey[] }[]> {
  const found = await listPage(db, listingOf(db, filter, sort), { after, limit })
  const ids = JSON.stringify(found.map(({ id }) => ({ id })))
  const byId = new Map((await returnsById(db, { ids })).map((row) => [row.id, row]))
  const pieces = Map.groupBy(await piecesOf(db, { ids }), ({ return_id }) => return_id)
  return found.flatMap(({ id, place }) => {
    const head = byId.get(id)
    if (!head) return []
    const own = pieces.get(id) ?? []
    const quantity = own.reduce((sum, one) => sum + one.quantity, 0)
    const reasons = [...new Set(own.map(({ reason }) => reason))].join(' ')
    return [{ row: { ...head, quantity, reasons }, place }]
  })
}

export function countReturns(db: Db, filter: ReturnFilter): Promise<number> {
  return countListed(db, listingOf(db, filter, '-created_at'))
}
