import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import { chooseLots, sumOf } from '../../core/stock-choice.ts'
import type { Db, Tx } from '../../db/database.ts'
import { record } from '../audit/log.ts'
import { refuseTracked } from './adjustments.ts'
import { arrive } from './arrivals.ts'
import { assertAll } from './inventory.ts'
import { findLocation } from './location-queries.ts'
import { adjustLots, lockSellableLots, type LotRow } from './lot-queries.ts'
import { placesOf } from './lots.ts'
import { movement } from './movements.ts'
import {
  asIds,
  listIngredients,
  lockShelves,
  type Ingredient,
  type ShelfRow,
} from './plan-queries.ts'
import { insertMovements, takeRows, type Demand } from './queries.ts'
import {
  findTransfer,
  insertTransferLines,
  insertTransfers,
  listTransferLines,
  listTransfers,
  receiveLines,
  setTransferStatus,
  takeBackLines,
  touchTransfer,
  type TransferFilter,
  type TransferLineRow,
  type TransferRow,
} from './transfer-queries.ts'

export interface Transfer {
  readonly transfer: TransferRow
  readonly lines: readonly TransferLineRow[]
}

export interface NewTransfer {
  readonly fromId: string
  readonly toId: string
  readonly note: string | undefined
  readonly lines: readonly {
    readonly variantId: string
    readonly quantity: number
    /** Of an article kept by lots; without it, those that expire first. */
    readonly lotCode?: string | undefined
  }[]
}

interface SentLine {
  readonly variant_id: string
  readonly quantity: number
  readonly lot_id: string | null
}

/**
 * Sends goods from one location to another: they leave the shelf now, and are on none until they
 * are received. Refuses what is not free there (INSUFFICIENT_STOCK).
 */
export async function sendTransfer(
  ctx: Context,
  tx: Tx,
  { fromId, toId, note, lines }: NewTransfer,
): Promise<Transfer> {
  if (fromId === toId) throw invalid('to_location_id', 'is where the goods are')
  for (const id of [fromId, toId]) if (!(await findLocation(tx, id))) throw notFound('Location')
  const articles = await articlesOf(tx, lines)
  // Read under lock, so that the lots that are chosen are still there when they are taken.
  const shelves = await lockShelves(tx, { ids: asIds(articles.keys()) })
  refuseTracked(shelves, articles.values())
  const sent = await linesToSend(ctx, tx, { fromId, lines, articles })
  const places = placesOf(
    sent.map((line) => ({ ...line, location_id: fromId })),
    ({ quantity }) => quantity,
  )
  refuseShort(places, shelves, articles)
  const [id, now] = [ctx.newId(), ctx.clock.now()]
  await insertTransfers(tx, [
    {
      ...{ id, from_id: fromId, to_id: toId, status: 'in_transit', note: note ?? null },
      ...{ created_at: now, updated_at: now },
    },
  ])
  const rows = sent.map((line, position) => ({ ...line, transfer_id: id, position }))
  await insertTransferLines(tx, rows)
  assertAll((await takeRows(tx, places)).changes, places.length)
  await noteSent(ctx, tx, { id, fromId, sent })
  const after = { from_id: fromId, to_id: toId, lines: sent }
  await record(ctx, tx, { action: 'transfer.sent', subject: ['transfer', id], after })
  return getTransfer(tx, id)
}

async function articlesOf(tx: Tx, lines: NewTransfer['lines']): Promise<Map<string, Ingredient>> {
  const ids = asIds(lines.map(({ variantId }) => variantId))
  const found = await listIngredients(tx, { ids })
  if (found.some(({ is_part }) => is_part === 1)) {
    throw invalid('lines', 'name a bundle: send its parts')
  }
  const articles = new Map(found.map((article) => [article.variant_id, article]))
  if (lines.some(({ variantId }) => !articles.has(variantId))) throw notFound('Variant')
  return articles
}

interface Sending {
  readonly fromId: string
  readonly lines: NewTransfer['lines']
  readonly articles: ReadonlyMap<string, Ingredient>
}

/** One line for each article or lot that is sent; a line of lots may become several. */
async function linesToSend(
  ctx: Context,
  tx: Tx,
  { fromId, lines, articles }: Sending,
): Promise<SentLine[]> {
  const lotted = [...articles.values()].filter(({ supply }) => supply === 'lots')
  const ids = asIds(lotted.map(({ variant_id }) => variant_id))
  const all = lotted.length === 0 ? [] : await lockSellableLots(tx, { ids, now: ctx.clock.now() })
  let lots = all.filter(({ location_id }) => location_id === fromId)
  return lines.flatMap(({ variantId, quantity, lotCode }): SentLine[] => {
    const article = articles.get(variantId)
    if (article?.supply !== 'lots') {
      if (lotCode !== undefined) throw invalid('lines', 'name a lot of an article without lots')
      return [{ variant_id: variantId, quantity, lot_id: null }]
    }
    const own = lots.filter(
      (lot) => lot.variant_id === variantId && (lotCode === undefined || lot.code === lotCode),
    )
    const chosen = chooseLots(quantity, own.map(onShelf))
    const available = sumOf(chosen.map((lot) => lot.quantity))
    if (available < quantity) {
      throw new ShopError('INSUFFICIENT_STOCK', { sku: article.sku, available })
    }
    lots = lots.map((lot) => {
      const taken = chosen.find(({ lotId }) => lotId === lot.id)
      return taken ? { ...lot, on_hand: lot.on_hand - taken.quantity } : lot
    })
    return chosen.map((lot) => ({
      variant_id: variantId,
      quantity: lot.quantity,
      lot_id: lot.lotId,
    }))
  })
}

const onShelf = (lot: LotRow) => ({
  lotId: lot.id,
  expiresAt: lot.expires_at,
  available: lot.on_hand - lot.reserved,
})

function refuseShort(
  places: readonly Demand[],
  shelves: readonly ShelfRow[],
  articles: ReadonlyMap<string, Ingredient>,
): void {
  const short = places.flatMap(({ variant_id, location_id, quantity: requested }) => {
    const shelf = shelves.find(
      (row) => row.variant_id === variant_id && row.location_id === location_id,
    )
    const available = shelf?.available ?? 0
    const sku = articles.get(variant_id)?.sku ?? ''
    return available < requested ? [{ sku, variant_id, available, requested }] : []
  })
  const [first] = short
  if (first) throw new ShopError('INSUFFICIENT_STOCK', { ...first, items: short })
}

/** The lots and the ledger of what was taken from the shelf. */
async function noteSent(
  ctx: Context,
  tx: Tx,
  { id, fromId, sent }: { id: string; fromId: string; sent: readonly SentLine[] },
): Promise<void> {
  const lots = sent.flatMap(({ lot_id, quantity }) =>
    lot_id === null ? [] : [{ lot_id, quantity: -quantity }],
  )
  const perLot = [...Map.groupBy(lots, ({ lot_id }) => lot_id)].map(([lot_id, own]) => ({
    lot_id,
    quantity: sumOf(own.map(({ quantity }) => quantity)),
  }))
  if (perLot.length > 0) assertAll((await adjustLots(tx, perLot)).changes, perLot.length)
  await insertMovements(
    tx,
    sent.map(({ variant_id: variantId, quantity, lot_id }) =>
      movement(ctx, {
        ...{ variantId, locationId: fromId, quantity: -quantity, kind: 'transfer', sourceId: id },
        ...(lot_id === null ? {} : { lotId: lot_id }),
      }),
    ),
  )
}

export async function getTransfer(db: Db, id: string): Promise<Transfer> {
  const transfer = await findTransfer(db, id)
  if (!transfer) throw notFound('Transfer')
  return { transfer, lines: await listTransferLines(db, { ids: JSON.stringify([{ id }]) }) }
}

/** Transfers with their lines, newest first. */
export async function searchTransfers(
  db: Db,
  filter: TransferFilter,
  page: { before: string | undefined; limit: number },
): Promise<Transfer[]> {
  const rows = await listTransfers(db, filter, page)
  const ids = JSON.stringify(rows.map(({ id }) => ({ id })))
  const lines = Map.groupBy(await listTransferLines(db, { ids }), (line) => line.transfer_id)
  return rows.map((transfer) => ({ transfer, lines: lines.get(transfer.id) ?? [] }))
}

/** Refuses one that is not on its way (any more). */
async function lockTransfer(ctx: Context, tx: Tx, id: string): Promise<Transfer> {
  const { changes } = await touchTransfer(tx, { id, now: ctx.clock.now() })
  const found = await getTransfer(tx, id)
  if (changes === 1) return found
  const { status } = found.transfer
  throw new ShopError('ALREADY_CLOSED', { resource: 'The transfer', status })
}

/** What has arrived: some pieces of some lines, or, if it is not said, all that is on its way. */
export type Receipt = readonly { readonly position: number; readonly quantity: number }[]

/**
 * Books what has arrived at the other location. Refuses more than is on its way (VALIDATION_ERROR)
 * and a transfer that is over (ALREADY_CLOSED).
 */
export async function receiveTransfer(
  ctx: Context,
  tx: Tx,
  { id, receipt }: { id: string; receipt: Receipt | undefined },
): Promise<Transfer> {
  const { transfer, lines } = await lockTransfer(ctx, tx, id)
  const rows = (receipt ?? allOf(lines)).map((row) => ({ ...row, transfer_id: id }))
  if (new Set(rows.map(({ position }) => position)).size !== rows.length) {
    throw invalid('lines', 'name a line twice')
  }
  if ((await receiveLines(tx, rows)).changes !== rows.length) {
    throw invalid('lines', 'are not lines of this transfer with so much on its way')
  }
  const arrivals = movesOf(transfer, lines, { rows, locationId: transfer.to_id })
  await arrive(ctx, tx, { arrivals })
  const after = await getTransfer(tx, id)
  const isDone = after.lines.every((line) => leftOf(line) === 0)
  await setTransferStatus(tx, { id, status: isDone ? 'received' : 'partly_received' })
  const subject = ['transfer', id] as const
  await record(ctx, tx, { action: 'transfer.received', subject, after: { lines: rows } })
  return getTransfer(tx, id)
}

const leftOf = ({ quantity, received, taken_back }: TransferLineRow): number =>
  quantity - received - taken_back

const allOf = (lines: readonly TransferLineRow[]) =>
  lines
    .map((line) => ({ position: line.position, quantity: leftOf(line) }))
    .filter(({ quantity }) => quantity > 0)

function movesOf(
  { id }: TransferRow,
  lines: readonly TransferLineRow[],
  { rows, locationId }: { rows: Receipt; locationId: string },
) {
  return rows.flatMap(({ position, quantity }) => {
    const line = lines.find((candidate) => candidate.position === position)
    if (!line) return []
    const { variant_id: variantId, lot_code, expires_at: expiresAt } = line
    const lot = lot_code === null ? undefined : { code: lot_code, expiresAt }
    return [{ variantId, locationId, quantity, kind: 'transfer' as const, sourceId: id, lot }]
  })
}

/** Ends a transfer: what has not arrived goes back to where it came from. */
export async function cancelTransfer(ctx: Context, tx: Tx, id: string): Promise<Transfer> {
  const { transfer, lines } = await lockTransfer(ctx, tx, id)
  const rows = allOf(lines).map((row) => ({ ...row, transfer_id: id }))
  assertAll((await takeBackLines(tx, rows)).changes, rows.length)
  const arrivals = movesOf(transfer, lines, { rows, locationId: transfer.from_id })
  await arrive(ctx, tx, { arrivals })
  await setTransferStatus(tx, { id, status: 'cancelled' })
  const subject = ['transfer', id] as const
  await record(ctx, tx, { action: 'transfer.cancelled', subject, after: { lines: rows } })
  return getTransfer(tx, id)
}
