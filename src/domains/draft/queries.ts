import { sql } from 'kysely'
import type { PlaceKey } from '../../core/paging.ts'
import { emailKey } from '../../core/order-search.ts'
import type { Reference } from '../../core/reference.ts'
import { bulkInsert } from '../../db/bulk.ts'
import type { Db, Tx } from '../../db/database.ts'
import { countListed, listPage, type ListFilter, type Listing } from '../../db/listing.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { CartStatus } from '../cart/tables.ts'

export interface DraftRow {
  readonly number: number
  readonly id: string
  readonly cart_id: string
  readonly customer_id: string | null
  readonly email: string
  /** JSON: Address */
  readonly shipping_address: string | null
  /** JSON: Address */
  readonly billing_address: string | null
  readonly shipping_method: string | null
  readonly note: string | null
  readonly author: string
  readonly version: number
  readonly created_at: number
  readonly updated_at: number
  readonly expires_at: number
  readonly cancelled_at: number | null
  readonly cart_status: CartStatus
  /** Of the order that came of it. */
  readonly order_number: number | null
  readonly order_created_at: number | null
}

const columns = sql`d.number, d.id, d.cart_id, d.customer_id, d.email, d.shipping_address,
  d.billing_address, d.shipping_method, d.note, d.author, d.version, d.created_at, d.updated_at,
  d.expires_at, d.cancelled_at, c.status as cart_status, o.number as order_number,
  o.created_at as order_created_at`
const joins = sql`join carts c on c.id = d.cart_id left join orders o on o.live_cart_id = d.cart_id`

const draftById = preparedQuery<{ id: string }, DraftRow>(
  (_db, param) => sql<DraftRow>`select ${columns} from draft_orders d ${joins}
    where d.id = ${param('id')}`,
)
const draftByNumber = preparedQuery<{ number: number }, DraftRow>(
  (_db, param) => sql<DraftRow>`select ${columns} from draft_orders d ${joins}
    where d.number = ${param('number')}`,
)

export async function findDraft(db: Db, by: Reference): Promise<DraftRow | undefined> {
  if (by.by === 'number') return (await draftByNumber(db, by))[0]
  return by.by === 'id' ? (await draftById(db, by))[0] : undefined
}

export interface NewDraft {
  readonly id: string
  readonly cart_id: string
  readonly customer_id: string | null
  readonly email: string
  readonly shipping_address: string | null
  readonly billing_address: string | null
  readonly shipping_method: string | null
  readonly note: string | null
  readonly author: string
  readonly created_at: number
  readonly updated_at: number
  readonly expires_at: number
}

export const insertDrafts = bulkInsert<NewDraft>('draft_orders', {
  id: 'uuid',
  cart_id: 'uuid',
  customer_id: 'uuid',
  email: 'text',
  shipping_address: 'json',
  billing_address: 'json',
  shipping_method: 'text',
  note: 'text',
  author: 'text',
  created_at: 'integer',
  updated_at: 'integer',
  expires_at: 'integer',
})

export type DraftChange = Omit<NewDraft, 'cart_id' | 'author' | 'created_at'> & {
  /** The one that the caller has seen. */
  readonly version: number
}

/** Changes a draft that nobody has changed or cancelled since `version`; one row, or none. */
export const updateDraft = preparedWrite<DraftChange>((db, param) =>
  db
    .updateTable('draft_orders')
    .set((set) => ({
      customer_id: param('customer_id'),
      email: param('email'),
      shipping_address: param('shipping_address'),
      billing_address: param('billing_address'),
      shipping_method: param('shipping_method'),
      note: param('note'),
      updated_at: param('updated_at'),
      expires_at: param('expires_at'),
      version: set('version', '+', 1),
    }))
    .where('id', '=', param('id'))
    .where('version', '=', param('version'))
    .where('cancelled_at', 'is', null),
)

export const cancelRow = preparedWrite<{ id: string; now: number }>((db, param) =>
  db
    .updateTable('draft_orders')
    .set((set) => ({
      cancelled_at: param('now'),
      updated_at: param('now'),
      version: set('version', '+', 1),
    }))
    .where('id', '=', param('id'))
    .where('cancelled_at', 'is', null),
)

/** Forgets for whom drafts of a customer were; those that are open cannot be ordered any more. */
export async function forgetDrafts(tx: Tx, customerId: string, now: number): Promise<void> {
  const own = tx.selectFrom('draft_orders').select('cart_id').where('customer_id', '=', customerId)
  await tx
    .updateTable('carts')
    .set({ status: 'merged' })
    .where('id', 'in', own)
    .where('status', '=', 'open')
    .execute()
  await tx
    .updateTable('draft_orders')
    .set({
      email: 'erased@invalid',
      shipping_address: null,
      billing_address: null,
      note: null,
      cancelled_at: sql<number>`coalesce(cancelled_at, ${now})`,
    })
    .where('customer_id', '=', customerId)
    .execute()
}

export const draftSorts = ['-created_at', 'created_at'] as const

/** What can become of a draft. */
export const draftStates = ['open', 'paying', 'completed', 'cancelled', 'expired'] as const
export type DraftState = (typeof draftStates)[number]

export interface DraftFilter {
  readonly state?: string | undefined
  readonly email?: string | undefined
  readonly customer?: Reference | undefined
  readonly now: number
}

function listingOf(filter: DraftFilter, sort: string): Listing {
  return {
    source: sql`draft_orders d cross join carts c`,
    id: sql`d.id`,
    keys: [sql`d.number`],
    direction: sort.startsWith('-') ? 'desc' : 'asc',
    filters: [{ condition: sql`c.id = d.cart_id` }, ...filtersOf(filter)],
  }
}

function* filtersOf({ state, email, customer, now }: DraftFilter): Generator<ListFilter> {
  const isOpen = sql`d.cancelled_at is null and c.status = 'open'`
  if (state === 'open') yield { condition: sql`${isOpen} and d.expires_at > ${now}` }
  if (state === 'expired') yield { condition: sql`${isOpen} and d.expires_at <= ${now}` }
  if (state === 'cancelled') yield { condition: sql`d.cancelled_at is not null` }
  if (state === 'paying') yield { condition: sql`c.status = 'checkout'` }
  if (state === 'completed') yield { condition: sql`c.status = 'completed'` }
  if (email !== undefined) yield { condition: sql`lower(d.email) = ${emailKey(email)}` }
  if (customer === undefined || customer.by === 'slug') return
  const id =
    customer.by === 'id'
      ? sql`${customer.id}`
      : sql`(select u.id from customers u where u.number = ${customer.number})`
  yield {
    condition: sql`d.customer_id = ${id}`,
    lookup: sql`select q.id as id from draft_orders q where q.customer_id = ${id}`,
  }
}

const draftsById = preparedQuery<{ ids: string }, DraftRow>(
  (db, param) => sql<DraftRow>`select ${columns}
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} r
    join draft_orders d on d.id = r.id ${joins}`,
)

export interface DraftsWanted {
  readonly filter: DraftFilter
  readonly sort: string
  readonly after: readonly PlaceKey[] | undefined
  readonly limit: number
}

export async function listDrafts(
  db: Db,
  { filter, sort, after, limit }: DraftsWanted,
): Promise<{ row: DraftRow; place: readonly PlaceKey[] }[]> {
  const found = await listPage(db, listingOf(filter, sort), { after, limit })
  const ids = JSON.stringify(found.map(({ id }) => ({ id })))
  const byId = new Map((await draftsById(db, { ids })).map((row) => [row.id, row]))
  return found.flatMap(({ id, place }) => {
    const row = byId.get(id)
    return row ? [{ row, place }] : []
  })
}

export function countDrafts(db: Db, filter: DraftFilter): Promise<number> {
  return countListed(db, listingOf(filter, '-created_at'))
}
