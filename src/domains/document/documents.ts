import type { Context } from '../../context.ts'
import { notFound, ShopError } from '../../core/errors.ts'
import { minor, type Minor } from '../../core/money.ts'
import { isCounting } from '../../core/order-states.ts'
import { calendarDate } from '../../core/order-number.ts'
import type { Tx } from '../../db/database.ts'
import { takenColumn } from '../../db/faults.ts'
import { record } from '../audit/log.ts'
import {
  getOrderRow,
  listOrderLines,
  recordEvent,
  type OrderLineRow,
  type OrderRow,
} from '../order/orders.ts'
import { orderReference } from '../order/reference.ts'
import type { PricingRecord } from '../pricing/explain.ts'
import {
  contentOf,
  lastMoney,
  lastPieces,
  partsOf,
  type DocumentContent,
  type InvoicedOrder,
  type Part,
} from './content.ts'
import {
  findDocument,
  getOrderFacts,
  insertDocuments,
  insertParts,
  listDocumentsOf,
  listParts,
  shippingGivenBack,
  takeNumber,
  type DocumentRow,
  type NewDocument,
  type PartState,
} from './queries.ts'
import type { DocumentKind } from './tables.ts'

/** An order with all that may be invoiced of it, and what was. */
export interface Billing {
  readonly order: InvoicedOrder
  readonly pricing: Partial<PricingRecord>
  /** As they were sold. */
  readonly parts: readonly Part[]
  /** Without what was cancelled since. */
  readonly open: readonly Part[]
  readonly invoiced: ReadonlyMap<string, PartState>
}

export async function readBilling(tx: Tx, orderId: string): Promise<Billing> {
  const row = await getOrderRow(tx, orderId)
  const { pricing: text, ...facts } = await getOrderFacts(tx, orderId)
  const pricing = text === null ? {} : (JSON.parse(text) as Partial<PricingRecord>)
  const order = { ...row, ...facts }
  const lines = await listOrderLines(tx, orderId)
  const parts = partsOf(order, lines, pricing)
  const shippingBack = await shippingGivenBack(tx, orderId)
  const open = parts.flatMap((part, index) => openPart(part, lines[index], shippingBack))
  const invoiced = await listParts(tx, { orderId })
  return { order, pricing, parts, open, invoiced: new Map(invoiced.map((one) => [one.part, one])) }
}

/** What is left of a part when what was cancelled is taken off; nothing if all of it was. */
function openPart(part: Part, line: OrderLineRow | undefined, shippingBack: Minor): Part[] {
  if (!line) {
    const left = minor(Math.max(part.totalMinor - shippingBack, 0))
    return left === 0 && part.totalMinor > 0 ? [] : [lastMoney(part, left)]
  }
  const left = line.quantity - line.cancelled_quantity
  return left === 0 ? [] : [lastPieces(part, left)]
}

/**
 * Issues the invoice of an order: of everything that was not invoiced before, so that an order that
 * has grown gets a second one over what was added. Refuses with NOTHING_TO_INVOICE, SELLER_UNKNOWN.
 */
export async function issueInvoice(ctx: Context, tx: Tx, orderId: string): Promise<DocumentRow> {
  assertSeller(ctx)
  const billing = await readBilling(tx, orderId)
  const { order, invoiced } = billing
  const parts = billing.open.filter(({ part }) => !invoiced.has(part))
  if (!isCounting(order.status) || parts.length === 0) {
    throw new ShopError('NOTHING_TO_INVOICE', { number: order.number })
  }
  const earlier = new Set([...invoiced.values()].map(({ invoice_id }) => invoice_id)).size
  const document = await issue(ctx, tx, {
    kind: 'invoice',
    billing,
    parts,
    onceKey: `invoice:${orderId}:${earlier + 1}`,
  })
  await insertParts(
    tx,
    parts.map((part) => ({
      order_id: orderId,
      part: part.part,
      invoice_id: document.id,
      quantity: part.quantity,
      total_minor: part.totalMinor,
    })),
  )
  return document
}

/** An invoice without its seller is none (Directive 2006/112/EC, Art. 226 (5)). */
function assertSeller({ config }: Context): void {
  const { needsAddress, seller } = config.documents
  if (needsAddress && seller.address.length === 0) throw new ShopError('SELLER_UNKNOWN')
}

export interface NewIssue {
  readonly kind: DocumentKind
  readonly billing: Billing
  readonly parts: readonly Part[]
  readonly onceKey: string
  readonly corrects?: DocumentRow
  readonly reason?: string | undefined
}

/** Writes a document with the next number of its series, which is taken last and held shortest. */
export async function issue(ctx: Context, tx: Tx, given: NewIssue): Promise<DocumentRow> {
  const { kind, billing, parts, onceKey, corrects, reason } = given
  const { order, pricing } = billing
  const issuedAt = ctx.clock.now()
  const numbered = await nextNumber(ctx, tx, { kind, issuedAt })
  const content = contentOf({
    ...{ kind, number: numbered.number, issuedAt, order, parts, pricing, reason },
    reference: orderReference(ctx, order),
    seller: ctx.config.documents.seller,
    hasCredit: kind === 'invoice',
    corrects: corrects && {
      number: corrects.number,
      issued_at: new Date(corrects.issued_at).toISOString(),
    },
  })
  const row = {
    id: ctx.newId(),
    kind,
    ...numbered,
    order_id: order.id,
    corrects_id: corrects?.id ?? null,
    once_key: onceKey,
    issued_at: issuedAt,
    currency: order.currency,
    total_minor: sum(parts.map(({ totalMinor }) => totalMinor)),
    tax_minor: sum(parts.map(({ taxMinor }) => taxMinor)),
    content: JSON.stringify(content),
  }
  await insertOnce(ctx, tx, { row, order })
  const { number, total } = content
  await recordEvent(ctx, tx, { orderId: order.id, type: `${kind}_issued`, data: { number, total } })
  const after = { number, order_number: order.number, total }
  await record(ctx, tx, { action: `${kind}.issued`, subject: ['document', row.id], after })
  return row
}

/** Somebody else may have issued it in between; then this transaction and its number are undone. */
async function insertOnce(
  ctx: Context,
  tx: Tx,
  { row, order }: { row: NewDocument; order: OrderRow },
): Promise<void> {
  try {
    await insertDocuments(tx, [row])
  } catch (error) {
    if (takenColumn(ctx.db.dialect, error) !== 'once_key') throw error
    const { number } = order
    throw row.kind === 'invoice'
      ? new ShopError('NOTHING_TO_INVOICE', { number })
      : new ShopError('CREDIT_EXCEEDS_INVOICED')
  }
}

const sum = (amounts: readonly Minor[]) => minor(amounts.reduce((all, one) => all + one, 0))

const digits = 6

async function nextNumber(
  { config }: Context,
  tx: Tx,
  { kind, issuedAt }: { kind: DocumentKind; issuedAt: number },
): Promise<{ series: string; series_number: number; number: string }> {
  const { prefixes, isYearly } = config.documents
  const year = isYearly ? `${calendarDate(issuedAt).year}` : ''
  const series = isYearly ? `${kind}-${year}` : kind
  const taken = await takeNumber(tx, series)
  const counted = String(taken).padStart(digits, '0')
  const number = `${prefixes[kind]}${isYearly ? `${year}-` : ''}${counted}`
  return { series, series_number: taken, number }
}

/** A document by its id. NOT_FOUND if there is none, or not for this order. */
export async function getDocument(
  { db }: Context,
  { id, orderId }: { readonly id: string; readonly orderId?: string },
): Promise<DocumentRow> {
  const row = await findDocument(db.read, id)
  if (!row || (orderId !== undefined && row.order_id !== orderId)) throw notFound('Document')
  return row
}

/** The documents of an order, the oldest first. */
export function documentsOf({ db }: Context, orderId: string): Promise<DocumentRow[]> {
  return listDocumentsOf(db.read, { orderId })
}

export const readContent = ({ content }: DocumentRow) => JSON.parse(content) as DocumentContent

export type { DocumentRow }
