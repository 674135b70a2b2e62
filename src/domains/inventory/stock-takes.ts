import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import type { Db, Tx } from '../../db/database.ts'
import { record } from '../audit/log.ts'
import { refuseTracked } from './adjustments.ts'
import { arrive } from './arrivals.ts'
import { lockLotsByCode } from './arrival-queries.ts'
import { assertAll } from './inventory.ts'
import { findLocation } from './location-queries.ts'
import { adjustLots } from './lot-queries.ts'
import { placesOf } from './lots.ts'
import { movement } from './movements.ts'
import { asIds, listIngredients, lockShelves, type Ingredient } from './plan-queries.ts'
import { adjustRows, insertMovements, withholdRows } from './queries.ts'
import {
  findStockTake,
  insertCounts,
  insertStockTake,
  listCounts,
  moveStockTake,
  recount,
  type StockTakeLineRow,
  type StockTakeRow,
} from './stock-take-queries.ts'

export interface StockTake {
  readonly take: StockTakeRow
  readonly lines: readonly StockTakeLineRow[]
}

/** Begins to count what there is at a location. */
export async function openStockTake(
  ctx: Context,
  tx: Tx,
  { locationId, note }: { locationId: string; note: string | undefined },
): Promise<StockTake> {
  if (!(await findLocation(tx, locationId))) throw notFound('Location')
  const [id, now] = [ctx.newId(), ctx.clock.now()]
  await insertStockTake(tx, { id, locationId, note: note ?? null, now })
  const subject = ['stock_take', id] as const
  await record(ctx, tx, {
    action: 'stock_take.opened',
    subject,
    after: { location_id: locationId },
  })
  return getStockTake(tx, id)
}

export async function getStockTake(db: Db, id: string): Promise<StockTake> {
  const take = await findStockTake(db, id)
  if (!take) throw notFound('Stock-take')
  return { take, lines: await listCounts(db, { id }) }
}

async function lockOpen(
  ctx: Context,
  tx: Tx,
  { id, to }: { id: string; to: StockTakeRow['status'] },
): Promise<StockTake> {
  const { changes } = await moveStockTake(tx, { id, to, now: ctx.clock.now() })
  const found = await getStockTake(tx, id)
  if (changes === 1) return found
  const { status } = found.take
  throw new ShopError('ALREADY_CLOSED', { resource: 'The stock-take', status })
}

export interface Count {
  readonly variantId: string
  /** Of an article kept by lots. */
  readonly lotCode?: string | undefined
  readonly counted: number
}

/**
 * Notes what was counted, each article against what is on hand by the books at this moment: what is
 * sold before the counts are posted does not distort them. Counting again replaces a count.
 */
export async function countStock(
  ctx: Context,
  tx: Tx,
  { id, counts }: { id: string; counts: readonly Count[] },
): Promise<StockTake> {
  const { take } = await lockOpen(ctx, tx, { id, to: 'open' })
  const ids = asIds(counts.map(({ variantId }) => variantId))
  const articles = new Map(
    (await listIngredients(tx, { ids })).map((article) => [article.asked_id, article]),
  )
  // Nothing is sold between looking at the books and writing down what they say.
  refuseTracked(await lockShelves(tx, { ids }), articles.values())
  const lots = await lotsOf(tx, take, { counts, articles })
  const now = ctx.clock.now()
  const rows = counts.map(({ variantId, lotCode, counted }) => {
    const lotId = lotCode === undefined ? null : (lots.get(`${variantId} ${lotCode}`) ?? null)
    if (lotCode !== undefined && lotId === null) throw notFound('Lot')
    return {
      ...{ stock_take_id: id, counted_id: lotId ?? variantId, variant_id: variantId },
      ...{ location_id: take.location_id, lot_id: lotId, pieces: counted, at: now },
    }
  })
  if (new Set(rows.map(({ counted_id }) => counted_id)).size !== rows.length) {
    throw invalid('lines', 'count the same twice')
  }
  await recount(tx, rows)
  await insertCounts(tx, { rows: JSON.stringify(rows) })
  return getStockTake(tx, id)
}

/** The lots that were counted, by article and code; refuses lots where there are none. */
async function lotsOf(
  tx: Tx,
  take: StockTakeRow,
  { counts, articles }: { counts: readonly Count[]; articles: ReadonlyMap<string, Ingredient> },
): Promise<Map<string, string>> {
  for (const { variantId, lotCode } of counts) {
    const article = articles.get(variantId)
    if (!article) throw notFound('Variant')
    if (article.is_part === 1) throw invalid('lines', 'count a bundle: count its parts')
    if ((article.supply === 'lots') !== (lotCode !== undefined)) {
      throw invalid('lines', 'must name the lot of what is kept by lots, and of nothing else')
    }
  }
  const named = counts.flatMap(({ variantId, lotCode }) =>
    lotCode === undefined
      ? []
      : [{ variant_id: variantId, location_id: take.location_id, code: lotCode }],
  )
  if (named.length === 0) return new Map()
  const found = await lockLotsByCode(tx, { lots: JSON.stringify(named) })
  return new Map(found.map((lot) => [`${lot.variant_id} ${lot.code}`, lot.id]))
}

/**
 * Books the differences, as differences: what was sold or received since the counting stays so.
 * Refuses as a whole what would take pieces that buyers have reserved (INSUFFICIENT_STOCK).
 */
export async function postStockTake(ctx: Context, tx: Tx, id: string): Promise<StockTake> {
  const { take, lines } = await lockOpen(ctx, tx, { id, to: 'posted' })
  await refuseTrackedSince(tx, lines)
  const changed = lines.filter(({ counted, expected }) => counted !== expected)
  const missing = changed.filter(({ counted, expected }) => counted < expected)
  await takeMissing(ctx, tx, { take, missing })
  const found = changed.filter(({ counted, expected }) => counted > expected)
  const arrivals = found.map((line) => ({
    ...{ variantId: line.variant_id, locationId: take.location_id, kind: 'stock_take' as const },
    quantity: line.counted - line.expected,
    sourceId: take.id,
    lot: line.lot_code === null ? undefined : { code: line.lot_code, expiresAt: line.expires_at },
  }))
  await arrive(ctx, tx, { arrivals })
  const differences = changed.map(({ sku, counted, expected }) => ({ sku, counted, expected }))
  const subject = ['stock_take', id] as const
  await record(ctx, tx, { action: 'stock_take.posted', subject, after: { differences } })
  return getStockTake(tx, id)
}

/** What was counted and has got serial numbers since is not booked by a number. */
async function refuseTrackedSince(tx: Tx, lines: readonly StockTakeLineRow[]): Promise<void> {
  const ids = asIds(lines.map(({ variant_id }) => variant_id))
  refuseTracked(await lockShelves(tx, { ids }), lines)
}

interface Missing {
  readonly take: StockTakeRow
  readonly missing: readonly StockTakeLineRow[]
}

async function takeMissing(ctx: Context, tx: Tx, { take, missing }: Missing): Promise<void> {
  if (missing.length === 0) return
  const place = (line: StockTakeLineRow) => ({ ...line, location_id: take.location_id })
  const change = ({ counted, expected }: StockTakeLineRow) => counted - expected
  const withheld = missing.filter(({ is_withheld }) => is_withheld === 1).map(place)
  if (withheld.length > 0) await withholdRows(tx, placesOf(withheld, change))
  const rows = placesOf(missing.map(place), change)
  const shelves = await lockShelves(tx, { ids: asIds(rows.map(({ variant_id }) => variant_id)) })
  const short = rows.find(({ variant_id, quantity }) =>
    shelves.some(
      (shelf) =>
        shelf.variant_id === variant_id &&
        shelf.location_id === take.location_id &&
        shelf.available + quantity < 0,
    ),
  )
  if (short) {
    const line = missing.find(({ variant_id }) => variant_id === short.variant_id)
    const shelf = shelves.find(
      ({ variant_id, location_id }) =>
        variant_id === short.variant_id && location_id === take.location_id,
    )
    const available = shelf?.available ?? 0
    throw new ShopError('INSUFFICIENT_STOCK', { sku: line?.sku ?? '', available })
  }
  assertAll((await adjustRows(tx, rows)).changes, rows.length)
  const lots = missing.flatMap((line) =>
    line.lot_id === null ? [] : [{ lot_id: line.lot_id, quantity: change(line), sku: line.sku }],
  )
  if (lots.length > 0 && (await adjustLots(tx, lots)).changes !== lots.length) {
    throw new ShopError('INSUFFICIENT_STOCK', { sku: lots[0]?.sku ?? '', available: 0 })
  }
  await insertMovements(
    tx,
    missing.map((line) =>
      movement(ctx, {
        ...{ variantId: line.variant_id, locationId: take.location_id, kind: 'stock_take' },
        ...{ quantity: change(line), sourceId: take.id },
        ...(line.lot_id === null ? {} : { lotId: line.lot_id }),
      }),
    ),
  )
}

/** Gives a stock-take up: nothing that was counted is booked. */
export async function cancelStockTake(ctx: Context, tx: Tx, id: string): Promise<StockTake> {
  await lockOpen(ctx, tx, { id, to: 'cancelled' })
  await record(ctx, tx, { action: 'stock_take.cancelled', subject: ['stock_take', id] })
  return getStockTake(tx, id)
}
