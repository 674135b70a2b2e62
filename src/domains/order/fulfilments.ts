import type { Context } from '../../context.ts'
import { notFound, ShopError } from '../../core/errors.ts'
import { isAllShipped, openQuantity } from '../../core/order-states.ts'
import type { Db, Tx } from '../../db/database.ts'
import { record } from '../audit/log.ts'
import { backorderedOf } from '../inventory/returns.ts'
import { fulfilmentsOf, type Fulfilment } from './aftermath.ts'
import {
  cancelPendingRows,
  cancelRow,
  deliverRow,
  insertFulfilmentLines,
  insertFulfilments,
  shipRow,
  unpackAll,
  type FulfilmentRow,
} from './fulfilment-queries.ts'
import { packPieces, shipPieces, unpackPieces } from './life-queries.ts'
import { assertAction, lockOrder, moveOrder } from './life.ts'
import { listOrderLines, type OrderLineRow, type OrderRow } from './orders.ts'
import {
  choosePieces,
  countPieces,
  namesOf,
  type ChosenPieces,
  type NamedPieces,
} from './pieces.ts'

export interface Tracking {
  readonly carrier: string | null
  readonly trackingNumber: string | null
  readonly trackingUrl: string | null
}

export interface Packing extends Tracking {
  readonly orderId: string
  readonly version: number | undefined
  /** undefined: everything physical that is open. */
  readonly items: readonly NamedPieces[] | undefined
  /** It leaves at once. */
  readonly isShipped: boolean
}

/**
 * Makes up a parcel of open pieces of an order. Refuses by the table of states, with
 * VERSION_CONFLICT, NOT_FOUND, QUANTITY_EXCEEDED, and what is on back-order with
 * INSUFFICIENT_STOCK. Returns the id of the fulfilment.
 */
export async function packParcel(ctx: Context, tx: Tx, packing: Packing): Promise<string> {
  const { orderId, version, items } = packing
  const order = await lockOrder(tx, { id: orderId, version })
  assertAction(order, 'pack', 'staff')
  const lines = await listOrderLines(tx, orderId)
  const chosen = items ? choosePieces(lines, items) : allOpen(lines)
  const [first] = lines
  if (chosen.length === 0 && first) {
    throw new ShopError('QUANTITY_EXCEEDED', { sku: first.sku, available: 0 })
  }
  await countPieces(tx, orderId, { chosen, available: openQuantity, write: packPieces })
  await assertThere(tx, { orderId, lines, chosen })
  const id = ctx.newId()
  const { position } = await insertParcel(ctx, tx, { id, packing, chosen })
  const data = { fulfilment: position, items: namesOf(chosen) }
  const moved = await moveOrder(ctx, tx, { order, action: 'pack', data, subjectId: id })
  await record(ctx, tx, { action: 'fulfilment.created', subject: ['order', orderId], after: data })
  if (packing.isShipped) await ship(ctx, tx, { order: moved, id, tracking: packing })
  return id
}

const allOpen = (lines: readonly OrderLineRow[]): ChosenPieces[] =>
  lines
    .filter((line) => line.kind === 'physical' && openQuantity(line) > 0)
    .map((line) => ({ line, quantity: openQuantity(line) }))

interface ToSend {
  readonly orderId: string
  readonly lines: readonly OrderLineRow[]
  readonly chosen: readonly ChosenPieces[]
}

/** What an order still waits for cannot be packed. */
async function assertThere(tx: Tx, { orderId, lines, chosen }: ToSend): Promise<void> {
  for (const { variantId, quantity: awaited } of await backorderedOf(tx, orderId)) {
    const own = lines.filter(({ variant_id }) => variant_id === variantId)
    const open = own.reduce((sum, line) => sum + openQuantity(line), 0)
    const wanted = chosen
      .filter(({ line }) => line.variant_id === variantId)
      .reduce((sum, { quantity }) => sum + quantity, 0)
    const available = Math.max(0, open - awaited)
    if (wanted > available) {
      throw new ShopError('INSUFFICIENT_STOCK', { sku: own[0]?.sku ?? '', available })
    }
  }
}

interface NewParcel {
  readonly id: string
  readonly packing: Packing
  readonly chosen: readonly ChosenPieces[]
}

async function insertParcel(ctx: Context, tx: Tx, { id, packing, chosen }: NewParcel) {
  const { orderId, carrier, trackingNumber, trackingUrl } = packing
  // The order is locked: nobody else counts its parcels now.
  const position = (await fulfilmentsOf(tx, orderId)).length + 1
  const row = {
    ...{ id, order_id: orderId, position, status: 'pending' as const, carrier },
    ...{ tracking_number: trackingNumber, tracking_url: trackingUrl },
    ...{ created_at: ctx.clock.now(), shipped_at: null, delivered_at: null, cancelled_at: null },
  }
  await insertFulfilments(tx, [row])
  const lines = chosen.map(({ line, quantity }) => ({
    fulfilment_id: id,
    line_id: line.id,
    quantity,
  }))
  await insertFulfilmentLines(tx, lines)
  return row
}

export interface OneParcel {
  readonly orderId: string
  readonly id: string
}

/** Sends a parcel away. Refuses with NOT_FOUND and, unless it waits for that, WRONG_STATE. */
export async function shipParcel(
  ctx: Context,
  tx: Tx,
  { orderId, id, ...tracking }: OneParcel & Tracking,
): Promise<void> {
  const order = await lockOrder(tx, { id: orderId })
  const data = { fulfilment: (await getParcel(tx, { orderId, id })).row.position }
  await ship(ctx, tx, { order, id, tracking })
  await record(ctx, tx, { action: 'fulfilment.shipped', subject: ['order', orderId], after: data })
}

interface Shipment {
  readonly order: OrderRow
  readonly id: string
  readonly tracking: Tracking
}

async function ship(ctx: Context, tx: Tx, { order, id, tracking }: Shipment): Promise<void> {
  const { carrier, trackingNumber, trackingUrl } = tracking
  const now = ctx.clock.now()
  const { changes } = await shipRow(tx, { id, now, carrier, trackingNumber, trackingUrl })
  const parcel = await getParcel(tx, { orderId: order.id, id })
  if (changes !== 1) throw wrongState(parcel)
  await countOn(tx, parcel, shipPieces)
  const lines = await listOrderLines(tx, order.id)
  const { position, carrier: by, tracking_number, tracking_url } = parcel.row
  const data = {
    ...{ fulfilment: position, carrier: by, tracking_number, tracking_url },
    items: itemsOf(lines, parcel),
  }
  const action = isAllShipped(lines) ? 'ship_rest' : 'ship_part'
  await moveOrder(ctx, tx, { order, action, data, subjectId: id })
}

/** A parcel has arrived. Refuses with NOT_FOUND and WRONG_STATE. */
export async function deliverParcel(
  ctx: Context,
  tx: Tx,
  { orderId, id }: OneParcel,
): Promise<void> {
  const order = await lockOrder(tx, { id: orderId })
  const { changes } = await deliverRow(tx, { id, now: ctx.clock.now() })
  const parcels = await fulfilmentsOf(tx, orderId)
  const parcel = parcels.find(({ row }) => row.id === id)
  if (!parcel) throw notFound('Fulfilment')
  if (changes !== 1) throw wrongState(parcel)
  const isLast = order.status === 'shipped' && parcels.every(({ row }) => hasEnded(row))
  const action = isLast ? 'deliver_rest' : 'deliver_part'
  const data = { fulfilment: parcel.row.position }
  await moveOrder(ctx, tx, { order, action, data, subjectId: id })
  const subject = ['order', orderId] as const
  await record(ctx, tx, { action: 'fulfilment.delivered', subject, after: data })
}

/** Whether every parcel of an order has arrived. */
export async function areAllDelivered(db: Db, orderId: string): Promise<boolean> {
  return (await fulfilmentsOf(db, orderId)).every(({ row }) => hasEnded(row))
}

const hasEnded = ({ status }: FulfilmentRow) => status === 'delivered' || status === 'cancelled'

/** Undoes a parcel that has not left. Refuses with NOT_FOUND and WRONG_STATE. */
export async function undoParcel(ctx: Context, tx: Tx, { orderId, id }: OneParcel): Promise<void> {
  const order = await lockOrder(tx, { id: orderId })
  const parcel = await getParcel(tx, { orderId, id })
  const { changes } = await cancelRow(tx, { id, now: ctx.clock.now() })
  if (changes !== 1) throw wrongState(parcel)
  await countOn(tx, parcel, unpackPieces)
  const data = { fulfilment: parcel.row.position }
  await moveOrder(ctx, tx, { order, action: 'unpack', data, subjectId: id })
  const subject = ['order', orderId] as const
  await record(ctx, tx, { action: 'fulfilment.cancelled', subject, after: data })
}

/** Undoes every parcel of an order that is cancelled; nothing of it has left. */
export async function undoParcels(ctx: Context, tx: Tx, orderId: string): Promise<void> {
  const { changes } = await cancelPendingRows(tx, { orderId, now: ctx.clock.now() })
  if (changes > 0) await unpackAll(tx, { orderId })
}

async function getParcel(db: Db, { orderId, id }: OneParcel): Promise<Fulfilment> {
  const parcel = (await fulfilmentsOf(db, orderId)).find(({ row }) => row.id === id)
  if (!parcel) throw notFound('Fulfilment')
  return parcel
}

const wrongState = ({ row }: Fulfilment) =>
  new ShopError('WRONG_STATE', { resource: 'fulfilment', status: row.status })

async function countOn(tx: Tx, { row, lines }: Fulfilment, write: typeof packPieces) {
  const pieces = lines
    .map(({ line_id, quantity: count }) => ({ line_id, of_order: row.order_id, pieces: count }))
    .toSorted((one, other) => (one.line_id < other.line_id ? -1 : 1))
  const { changes } = await write(tx, pieces)
  if (changes !== pieces.length) throw new Error(`parcel ${row.id}: its pieces are elsewhere`)
}

function itemsOf(lines: readonly OrderLineRow[], parcel: Fulfilment) {
  const quantities = new Map(parcel.lines.map(({ line_id, quantity }) => [line_id, quantity]))
  const chosen = lines.flatMap((line) => {
    const quantity = quantities.get(line.id)
    return quantity === undefined ? [] : [{ line, quantity }]
  })
  return namesOf(chosen)
}

export type { FulfilmentRow }
