import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import { shareOut, sumOf } from '../../core/stock-choice.ts'
import type { Tx } from '../../db/database.ts'
import { enqueueAll } from '../../db/outbox.ts'
import {
  addToSold,
  endWaiting,
  insertMissingSold,
  listBackordered,
  listFillable,
  lockLotsByCode,
  lockWaiting,
  openShelves,
  type WaitingRow,
} from './arrival-queries.ts'
import { sellUnits } from '../unit/sale.ts'
import { assertAll } from './inventory.ts'
import {
  addToLotHolds,
  adjustLots,
  insertMissingLotHolds,
  lockSellableLots,
  openLots,
  type LotRow,
} from './lot-queries.ts'
import { placesOf } from './lots.ts'
import { movement, type MovementFacts } from './movements.ts'
import { lotsOf, trackedIn } from './plan.ts'
import { asIds, giveTerms, lockShelves, type ShelfRow } from './plan-queries.ts'
import { addToRows, insertMovements, takeRows, withholdRows, type Demand } from './queries.ts'

/** Goods that are put on a shelf, and why. */
export interface Arrival extends Omit<MovementFacts, 'lotId'> {
  /** Of an article that is kept by lots: which one. */
  readonly lot?: { readonly code: string; readonly expiresAt: number | null } | undefined
}

export interface Arriving {
  readonly arrivals: readonly Arrival[]
  /** Names the units that came, where pieces have serial numbers; before others may have them. */
  readonly name?: () => Promise<void>
}

const waitingMax = 500

/**
 * The one way by which goods come to a shelf: it is opened where there was none, the ledger says
 * why, and what is owed to somebody goes to the oldest orders at once, before anybody else can buy
 * it. A number of statements that does not depend on how many arrivals there are.
 */
export async function arrive(ctx: Context, tx: Tx, { arrivals, name }: Arriving): Promise<void> {
  if (arrivals.length === 0) return
  const ids = asIds(arrivals.map(({ variantId }) => variantId))
  const owed = await listBackordered(tx, { ids })
  const waiting =
    owed.length === 0 ? [] : await lockWaiting(tx, { ids: idsOf(owed), limit: waitingMax })
  const places = sumByPlace(arrivals)
  await openShelves(tx, { places: JSON.stringify(places) })
  assertAll((await addToRows(tx, places)).changes, places.length)
  const lots = await addToLots(ctx, tx, arrivals)
  const facts = arrivals.map((arrival) => ({ ...arrival, lotId: lots.get(lotKey(arrival)) }))
  await insertMovements(
    tx,
    facts.map((fact) => movement(ctx, fact)),
  )
  await name?.()
  if (waiting.length > 0) await fill(ctx, tx, { waiting, owed })
}

const idsOf = (rows: readonly { readonly variant_id: string }[]) =>
  asIds(rows.map(({ variant_id }) => variant_id))

function sumByPlace(arrivals: readonly Arrival[]): Demand[] {
  const rows = arrivals.map(({ variantId: variant_id, locationId: location_id, quantity }) => ({
    variant_id,
    location_id,
    quantity,
  }))
  return placesOf(rows, ({ quantity }) => quantity)
}

const lotKey = ({ variantId, locationId, lot }: Arrival): string =>
  lot === undefined ? '' : `${variantId} ${locationId} ${lot.code}`

/** Puts pieces into their lots; returns the lots' ids by `lotKey`. */
async function addToLots(
  ctx: Context,
  tx: Tx,
  arrivals: readonly Arrival[],
): Promise<Map<string, string>> {
  const lotted = arrivals.filter(({ lot }) => lot !== undefined)
  if (lotted.length === 0) return new Map()
  const rows = [...new Map(lotted.map((arrival) => [lotKey(arrival), arrival])).values()].map(
    ({ variantId, locationId, lot }) => ({
      id: ctx.newId(),
      variant_id: variantId,
      location_id: locationId,
      code: lot?.code ?? '',
      expires_at: lot?.expiresAt ?? null,
      on_hand: 0,
      created_at: ctx.clock.now(),
    }),
  )
  await openLots(tx, rows)
  const lots = await lockLotsByCode(tx, { lots: JSON.stringify(rows) })
  const known = new Map(lots.map((lot) => [keyOfRow(lot), lot]))
  for (const row of rows) assertSameExpiry(row, known.get(keyOfRow(row)))
  const pieces = lots.map(({ id, ...lot }) => ({
    lot_id: id,
    quantity: sumOf(
      lotted.filter((arrival) => lotKey(arrival) === keyOfRow(lot)).map(({ quantity }) => quantity),
    ),
    lot,
  }))
  assertAll((await adjustLots(tx, pieces)).changes, pieces.length)
  const withheld = pieces.filter(({ lot }) => lot.is_withheld === 1)
  if (withheld.length > 0) {
    const moved = withheld.map(({ lot, quantity }) => ({ ...lot, quantity }))
    await withholdRows(
      tx,
      placesOf(moved, ({ quantity }) => quantity),
    )
  }
  return new Map(lots.map((lot) => [keyOfRow(lot), lot.id]))
}

const keyOfRow = (lot: Pick<LotRow, 'variant_id' | 'location_id' | 'code'>): string =>
  `${lot.variant_id} ${lot.location_id} ${lot.code}`

function assertSameExpiry(
  { expires_at }: Pick<LotRow, 'expires_at'>,
  known: LotRow | undefined,
): void {
  if (known?.expires_at === expires_at) return
  throw invalid('lot.expires_at', 'is not that of the lot of this code that is there already')
}

interface Owed {
  readonly waiting: readonly WaitingRow[]
  readonly owed: readonly { readonly variant_id: string; readonly supply: string }[]
}

/** Gives what stands on the shelves to those who wait for it, the oldest order first. */
async function fill(ctx: Context, tx: Tx, { waiting, owed }: Owed): Promise<void> {
  const shelves = await lockShelves(tx, { ids: idsOf(owed) })
  const lotted = new Set(
    owed.filter(({ supply }) => supply === 'lots').map(({ variant_id }) => variant_id),
  )
  const now = ctx.clock.now()
  const lots = lotted.size > 0 ? await lockSellableLots(tx, { ids: asIds(lotted), now }) : []
  const shares = shareOut(
    waiting.map((row) => ({ ...row, articleId: row.variant_id, wanted: row.waiting })),
    shelves.filter(sells).map((shelf) => ({
      articleId: shelf.variant_id,
      locationId: shelf.location_id,
      available: lotted.has(shelf.variant_id) ? freeAt(lots, shelf) : shelf.available,
    })),
  )
  if (shares.length === 0) return
  const sold = shares.map(({ row, locationId, quantity }) => ({
    order_id: row.order_id,
    variant_id: row.variant_id,
    location_id: locationId,
    quantity,
  }))
  const ended = placesOfOrders(shares.map(({ row, quantity }) => ({ ...row, quantity })))
  assertAll((await endWaiting(tx, ended)).changes, ended.length)
  await giveTerms(tx, sumByArticle(sold))
  await handOver(ctx, tx, { sold, lots, lotted, tracked: trackedIn(shelves) })
  await enqueueAll(
    ctx,
    tx,
    shares.map(({ row, quantity }) => ({
      topic: 'stock.back_order_filled',
      payload: { order_id: row.order_id, variant_id: row.variant_id, quantity },
    })),
  )
}

const sells = ({ is_active }: ShelfRow): boolean => is_active === 1

function freeAt(lots: readonly LotRow[], place: Omit<Demand, 'quantity'>): number {
  const here = lots.filter(
    (lot) => lot.variant_id === place.variant_id && lot.location_id === place.location_id,
  )
  return sumOf(here.map(({ on_hand, reserved }) => on_hand - reserved))
}

export interface SoldRow extends Demand {
  readonly order_id: string
  readonly waiting?: number
  readonly promised_at?: number | null
}

/** One row for each order, article and place, as statements want them. */
function placesOfOrders<Row extends SoldRow>(rows: readonly Row[]): SoldRow[] {
  const sums = new Map<string, SoldRow>()
  for (const { order_id, variant_id, location_id, quantity, ...rest } of rows) {
    const key = `${order_id} ${variant_id} ${location_id}`
    const known = sums.get(key)
    sums.set(key, {
      order_id,
      variant_id,
      location_id,
      quantity: (known?.quantity ?? 0) + quantity,
      waiting: (known?.waiting ?? 0) + (rest.waiting ?? 0),
      promised_at: known?.promised_at ?? rest.promised_at ?? null,
    })
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}

function sumByArticle(rows: readonly Demand[]): { variant_id: string; quantity: number }[] {
  const sums = new Map<string, number>()
  for (const { variant_id, quantity } of rows) {
    sums.set(variant_id, (sums.get(variant_id) ?? 0) + quantity)
  }
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([variant_id, quantity]) => ({ variant_id, quantity }))
}

interface HandingOver {
  readonly sold: readonly SoldRow[]
  /** What may be taken of articles that are kept by lots. */
  readonly lots: readonly LotRow[]
  readonly lotted: ReadonlySet<string>
  /** Articles of which every piece has a serial number. */
  readonly tracked: ReadonlySet<string>
}

/** Sells from the shelf to orders that count already: shelves, ledger and what they have bought. */
export async function handOver(
  ctx: Context,
  tx: Tx,
  { sold: given, lots, lotted, tracked }: HandingOver,
): Promise<void> {
  const [now, status] = [ctx.clock.now(), 'sold' as const]
  const sold = placesOfOrders(given)
  const rows = sold.map((row) => ({
    ...row,
    status,
    expires_at: now,
    waiting: row.waiting ?? 0,
    promised_at: row.promised_at ?? null,
    has_lots: lotted.has(row.variant_id) && row.quantity > 0 ? (1 as const) : (0 as const),
  }))
  // Those that are there are counted up first, so that what is missing can only be new.
  const { changes } = await addToSold(tx, rows)
  if (changes < rows.length) await insertMissingSold(tx, rows)
  const places = placesOf(
    sold.filter(({ quantity }) => quantity > 0),
    ({ quantity }) => quantity,
  )
  assertAll((await takeRows(tx, places)).changes, places.length)
  const lotPieces = await handOverLots(tx, { sold, lots, lotted })
  await handOverUnits(ctx, tx, { sold, tracked })
  const plain = sold.filter(({ variant_id, quantity }) => quantity > 0 && !lotted.has(variant_id))
  await insertMovements(
    tx,
    [...plain.map((row) => ({ ...row, lot_id: undefined })), ...lotPieces].map((row) =>
      movement(ctx, {
        variantId: row.variant_id,
        locationId: row.location_id,
        quantity: -row.quantity,
        kind: 'sale',
        orderId: row.order_id,
        lotId: row.lot_id,
      }),
    ),
  )
}

/** Gives each order its units, by their serial numbers. */
async function handOverUnits(
  ctx: Context,
  tx: Tx,
  { sold, tracked }: Pick<HandingOver, 'sold' | 'tracked'>,
): Promise<void> {
  const items = sold.filter((row) => row.quantity > 0 && tracked.has(row.variant_id))
  // One order at a time: to hand tracked goods to several at once is rare.
  for (const [orderId, own] of Map.groupBy(items, ({ order_id }) => order_id)) {
    if (!(await sellUnits(ctx, tx, { orderId, items: own }))) {
      throw new Error(`order ${orderId}: fewer units than the shelf says`)
    }
  }
}

async function handOverLots(tx: Tx, { sold, lots, lotted }: Omit<HandingOver, 'tracked'>) {
  const pieces: (SoldRow & { lot_id: string; is_sold: 1 })[] = []
  const left = new Map(lots.map((lot) => [lot.id, lot]))
  for (const row of sold.filter(({ variant_id }) => lotted.has(variant_id))) {
    for (const { lot_id, quantity } of lotsOf([row], [...left.values()], lotted)) {
      const lot = left.get(lot_id)
      if (lot) left.set(lot_id, { ...lot, on_hand: lot.on_hand - quantity })
      pieces.push({ ...row, lot_id, quantity, is_sold: 1 })
    }
  }
  if (pieces.length === 0) return pieces
  const sums = new Map<string, number>()
  for (const { lot_id, quantity } of pieces) {
    sums.set(lot_id, (sums.get(lot_id) ?? 0) - quantity)
  }
  const taken = [...sums].map(([lot_id, quantity]) => ({ lot_id, quantity }))
  assertAll((await adjustLots(tx, taken)).changes, taken.length)
  const { changes } = await addToLotHolds(tx, pieces)
  if (changes < pieces.length) await insertMissingLotHolds(tx, pieces)
  return pieces
}

const fillBatch = 100

/**
 * Fills back-orders from what came free without having arrived: reservations that ran out, places
 * that were opened. Returns for how many articles it looked.
 */
export async function fillBackorders(ctx: Context): Promise<number> {
  const articles = await listFillable(ctx.db.read, { limit: fillBatch })
  for (const article of articles) {
    await ctx.db.transaction((tx) => fillArticles(ctx, tx, [article.variant_id]))
  }
  return articles.length
}

/** The same for some articles, where something has just become free. */
export async function fillArticles(
  ctx: Context,
  tx: Tx,
  variantIds: readonly string[],
): Promise<void> {
  const owed = await listBackordered(tx, { ids: asIds(variantIds) })
  if (owed.length === 0) return
  const waiting = await lockWaiting(tx, { ids: idsOf(owed), limit: waitingMax })
  if (waiting.length > 0) await fill(ctx, tx, { waiting, owed })
}
