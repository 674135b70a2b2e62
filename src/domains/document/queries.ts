import { sql } from 'kysely'
import { minor, type Minor } from '../../core/money.ts'
import type { PlaceKey } from '../../core/paging.ts'
import type { Reference } from '../../core/reference.ts'
import { bulkInsert, bulkUpdate } from '../../db/bulk.ts'
import type { Db, Tx } from '../../db/database.ts'
import { countListed, listPage, type ListFilter, type Listing } from '../../db/listing.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { DocumentKind } from './tables.ts'

const countUp = preparedWrite<{ code: string }>(
  (_db, param) => sql`update document_series set last_number = last_number + 1
    where code = ${param('code')}`,
)

const lastNumber = preparedQuery<{ code: string }, { last_number: number }>((db, param) =>
  db.selectFrom('document_series').select('last_number').where('code', '=', param('code')),
)

/**
 * The next number of a series, which belongs to this transaction: whoever wants one too waits for
 * its end, and gets the same number if it is rolled back. So no number is left out, ever.
 */
export async function takeNumber(tx: Tx, code: string): Promise<number> {
  if ((await countUp(tx, { code })).changes === 0) {
    await tx.dialect.insertOnce(tx, 'document_series', { code, last_number: 0 })
    await countUp(tx, { code })
  }
  return (await lastNumber(tx, { code }))[0]?.last_number ?? 0
}

export interface DocumentRow {
  readonly id: string
  readonly kind: DocumentKind
  readonly number: string
  readonly order_id: string
  readonly corrects_id: string | null
  readonly issued_at: number
  readonly currency: string
  readonly total_minor: Minor
  readonly tax_minor: Minor
  /** JSON: DocumentContent */
  readonly content: string
}

export interface NewDocument extends DocumentRow {
  readonly series: string
  readonly series_number: number
  readonly once_key: string
}

export const insertDocuments = bulkInsert<NewDocument>('documents', {
  id: 'uuid',
  kind: 'text',
  series: 'text',
  series_number: 'integer',
  number: 'text',
  order_id: 'uuid',
  corrects_id: 'uuid',
  once_key: 'text',
  issued_at: 'integer',
  currency: 'text',
  total_minor: 'integer',
  tax_minor: 'integer',
  content: 'json',
})

const columns = [
  'id',
  'kind',
  'number',
  'order_id',
  'corrects_id',
  'issued_at',
  'currency',
  'total_minor',
  'tax_minor',
  'content',
] as const

const documentById = preparedQuery<{ id: string }, DocumentRow>((db, param) =>
  db.selectFrom('documents').select(columns).where('id', '=', param('id')),
)

export async function findDocument(db: Db, id: string): Promise<DocumentRow | undefined> {
  return (await documentById(db, { id }))[0]
}

/** The documents of an order, in the order in which they were issued. */
export const listDocumentsOf = preparedQuery<{ orderId: string }, DocumentRow>((db, param) =>
  db
    .selectFrom('documents')
    .select(columns)
    .where('order_id', '=', param('orderId'))
    .orderBy('issued_at')
    .orderBy('id'),
)

const documentByKey = preparedQuery<{ onceKey: string }, DocumentRow>((db, param) =>
  db.selectFrom('documents').select(columns).where('once_key', '=', param('onceKey')),
)

/** The document that was issued for something, if it was. */
export async function findIssued(db: Db, onceKey: string): Promise<DocumentRow | undefined> {
  return (await documentByKey(db, { onceKey }))[0]
}

export interface InvoicedPart {
  readonly order_id: string
  readonly part: string
  readonly invoice_id: string
  readonly quantity: number
  readonly total_minor: Minor
}

export const insertParts = bulkInsert<InvoicedPart>('invoiced_parts', {
  order_id: 'uuid',
  part: 'text',
  invoice_id: 'uuid',
  quantity: 'integer',
  total_minor: 'integer',
})

export interface PartState extends InvoicedPart {
  readonly credited_quantity: number
  readonly credited_minor: Minor
}

/** What of an order was invoiced, and credited since. */
export const listParts = preparedQuery<{ orderId: string }, PartState>((db, param) =>
  db.selectFrom('invoiced_parts').selectAll().where('order_id', '=', param('orderId')),
)

export interface PartCredit {
  readonly order_id: string
  readonly part: string
  readonly more_quantity: number
  readonly more_minor: Minor
  /** As it was read: whoever has credited in between has the word. */
  readonly seen_minor: Minor
  readonly seen_quantity: number
}

/** Credits parts, as far as they were invoiced; fewer changed rows refuse it as a whole. */
export const creditParts = bulkUpdate<PartCredit>({
  table: 'invoiced_parts',
  columns: {
    order_id: 'uuid',
    part: 'text',
    more_quantity: 'integer',
    more_minor: 'integer',
    seen_minor: 'integer',
    seen_quantity: 'integer',
  },
  set: sql`credited_quantity = invoiced_parts.credited_quantity + d.more_quantity,
    credited_minor = invoiced_parts.credited_minor + d.more_minor`,
  where: sql<boolean>`invoiced_parts.order_id = d.order_id and invoiced_parts.part = d.part
    and invoiced_parts.credited_minor = d.seen_minor
    and invoiced_parts.credited_quantity = d.seen_quantity
    and invoiced_parts.credited_quantity + d.more_quantity <= invoiced_parts.quantity
    and invoiced_parts.credited_minor + d.more_minor <= invoiced_parts.total_minor`,
})

export interface OrderFacts {
  readonly shipping_tax_minor: Minor
  readonly vat_id: string | null
  readonly pricing: string | null
}

const orderFacts = preparedQuery<{ orderId: string }, OrderFacts>((db, param) =>
  db
    .selectFrom('orders')
    .select(['shipping_tax_minor', 'vat_id', 'pricing'])
    .where('id', '=', param('orderId')),
)

/** What only documents ask of an order. */
export async function getOrderFacts(db: Db, orderId: string): Promise<OrderFacts> {
  const [facts] = await orderFacts(db, { orderId })
  if (!facts) throw new Error(`order ${orderId} is gone`)
  return facts
}

const shippingBack = preparedQuery<{ orderId: string }, { shipping_minor: Minor }>(
  (_db, param) => sql<{ shipping_minor: Minor }>`
    select coalesce(sum(shipping_minor), 0) as shipping_minor from cancellations
    where order_id = ${param('orderId')}`,
)

/** Of the shipping of an order, what cancellations have given back. */
export async function shippingGivenBack(db: Db, orderId: string): Promise<Minor> {
  return minor(Number((await shippingBack(db, { orderId }))[0]?.shipping_minor ?? 0))
}

/** What goods of an order cost that do not stay with its customer. */
export interface TakenBack {
  readonly order_id: string
  readonly reason: string
  readonly line_id: string
  readonly quantity: number
  readonly amount_minor: Minor
  /** Of all lines together. */
  readonly shipping_minor: Minor
  readonly deduction_minor: Minor
}

export const listCancelledPieces = preparedQuery<{ id: string }, TakenBack>(
  (_db, param) => sql<TakenBack>`
    select c.order_id, c.reason, l.line_id, l.quantity, l.amount_minor, c.shipping_minor,
      0 as deduction_minor
    from cancellations c join cancellation_lines l on l.cancellation_id = c.id
    where c.id = ${param('id')} order by l.line_id`,
)

export const listReturnedPieces = preparedQuery<{ id: string }, TakenBack>(
  (_db, param) => sql<TakenBack>`
    select r.order_id, 'return' as reason, l.line_id, l.received_quantity as quantity,
      l.amount_minor, r.shipping_minor, r.deduction_minor
    from order_returns r join return_lines l on l.return_id = r.id
    where r.id = ${param('id')} and r.status = 'received' and l.received_quantity > 0
    order by l.line_id`,
)

export const documentSorts = ['-issued_at', 'issued_at'] as const

/** Which documents a list shows; all that is given must hold. */
export interface DocumentFilter {
  readonly kind?: string | undefined
  readonly number?: string | undefined
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly order?: Reference | undefined
}

function listingOf(filter: DocumentFilter, sort: string): Listing {
  return {
    source: sql`documents d`,
    id: sql`d.id`,
    keys: [sql`d.issued_at`, sql`d.id`],
    direction: sort.startsWith('-') ? 'desc' : 'asc',
    filters: [...filtersOf(filter)],
  }
}

function* filtersOf({ kind, number, from, to, order }: DocumentFilter): Generator<ListFilter> {
  if (kind !== undefined) yield { condition: sql`d.kind = ${kind}` }
  if (from !== undefined) yield { condition: sql`d.issued_at >= ${from}` }
  if (to !== undefined) yield { condition: sql`d.issued_at < ${to}` }
  if (number !== undefined) {
    yield {
      condition: sql`d.number = ${number}`,
      lookup: sql`select q.id as id from documents q where q.number = ${number}`,
    }
  }
  if (order === undefined || order.by === 'slug') return
  const id =
    order.by === 'id'
      ? sql`${order.id}`
      : sql`(select o.id from orders o where o.number = ${order.number})`
  yield {
    condition: sql`d.order_id = ${id}`,
    lookup: sql`select q.id as id from documents q where q.order_id = ${id}`,
  }
}

const documentsById = preparedQuery<{ ids: string }, DocumentRow>(
  (db, param) => sql<DocumentRow>`
    select c.id, c.kind, c.number, c.order_id, c.corrects_id, c.issued_at, c.currency,
      c.total_minor, c.tax_minor, c.content
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} r join documents c on c.id = r.id`,
)

export interface DocumentsWanted {
  readonly filter: DocumentFilter
  readonly sort: string
  readonly after: readonly PlaceKey[] | undefined
  readonly limit: number
}

export async function listDocuments(
  db: Db,
  { filter, sort, after, limit }: DocumentsWanted,
): Promise<{ row: DocumentRow; place: readonly PlaceKey[] }[]> {
  const found = await listPage(db, listingOf(filter, sort), { after, limit })
  const ids = JSON.stringify(found.map(({ id }) => ({ id })))
  const byId = new Map((await documentsById(db, { ids })).map((row) => [row.id, row]))
  return found.flatMap(({ id, place }) => {
    const row = byId.get(id)
    return row ? [{ row, place }] : []
  })
}

export function countDocuments(db: Db, filter: DocumentFilter): Promise<number> {
  return countListed(db, listingOf(filter, '-issued_at'))
}
