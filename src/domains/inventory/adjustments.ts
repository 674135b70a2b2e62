import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import type { Tx } from '../../db/database.ts'
import { record } from '../audit/log.ts'
import { arrive, fillArticles } from './arrivals.ts'
import { assertAll } from './inventory.ts'
import { findDefaultLocation, findLocation } from './location-queries.ts'
import { adjustLots, findLot, type LotRow } from './lot-queries.ts'
import { movement } from './movements.ts'
import { trackedIn } from './plan.ts'
import {
  asIds,
  listIngredients,
  lockShelves,
  type Ingredient,
  type ShelfRow,
} from './plan-queries.ts'
import {
  adjustRows,
  insertMovements,
  listStockOfSku,
  listStockOfVariant,
  setRow,
  withholdRows,
  type StockRow,
} from './queries.ts'

/** Why stock was corrected; the ledger keeps it. */
export const adjustmentReasons = [
  ...['damaged', 'lost', 'found', 'stolen', 'expired', 'sample', 'own_use', 'data_entry'],
  ...['supplier_return', 'other'],
] as const

export interface LotName {
  readonly code: string
  /** UTC milliseconds; null: it keeps; undefined: as the lot that is there. */
  readonly expiresAt?: number | null | undefined
}

export interface Adjustment {
  readonly variantId: string
  /** Signed change. */
  readonly quantity: number
  readonly kind: 'receipt' | 'adjustment' | 'return' | 'scrap'
  readonly note?: string | undefined
  readonly reason?: string | undefined
  /** The default location if it is not said. */
  readonly locationId?: string | undefined
  readonly lot?: LotName | undefined
}

/**
 * Books a change of stock. Refuses to go below what is reserved (INSUFFICIENT_STOCK), a bundle,
 * which has no stock of its own, and an article kept by lots without its lot (VALIDATION_ERROR).
 */
export async function adjustStock(
  ctx: Context,
  tx: Tx,
  adjustment: Adjustment,
): Promise<StockRow[]> {
  const { variantId, quantity, kind, note, reason } = adjustment
  if (kind === 'scrap' && quantity > 0) throw invalid('quantity', 'must be below 0 for scrap')
  const article = await lockArticle(tx, variantId)
  assertLot(article, adjustment.lot)
  const locationId = await placeOf(tx, adjustment.locationId)
  const booked = { ...adjustment, locationId }
  if (quantity > 0) await putIn(ctx, tx, booked)
  else await takeOut(ctx, tx, booked)
  const after = { location_id: locationId, quantity, kind, note, reason }
  await record(ctx, tx, { action: 'stock.adjusted', subject: ['variant', variantId], after })
  return listStockOfVariant(tx, { variantId })
}

/**
 * An article with counted stock of its own; how it is kept cannot change from here on. Refuses what
 * has serial numbers (TRACKED_BY_UNIT): that is booked unit by unit.
 */
async function lockArticle(tx: Tx, variantId: string): Promise<Ingredient> {
  const shelves = await lockShelves(tx, { ids: asIds([variantId]) })
  const [found] = await listIngredients(tx, { ids: asIds([variantId]) })
  if (!found) throw notFound('Variant')
  if (found.is_part === 1) {
    throw invalid('variant_id', 'is a bundle: what there is of it is counted in its parts')
  }
  refuseTracked(shelves, [found])
  return found
}

/** Refuses to count pieces that have serial numbers (TRACKED_BY_UNIT). */
export function refuseTracked(
  shelves: readonly ShelfRow[],
  articles: Iterable<Pick<Ingredient, 'variant_id' | 'sku'>>,
): void {
  const tracked = trackedIn(shelves)
  for (const { variant_id, sku } of articles) {
    if (tracked.has(variant_id)) throw new ShopError('TRACKED_BY_UNIT', { sku })
  }
}

export function assertLot({ supply }: Ingredient, lot: LotName | undefined): void {
  if (supply === 'lots' && lot === undefined) {
    throw invalid('lot', 'is required: this article is kept by lots')
  }
  if (supply !== 'lots' && lot !== undefined) {
    throw invalid('lot', 'must not be there: this article is not kept by lots')
  }
}

async function placeOf(tx: Tx, locationId: string | undefined): Promise<string> {
  if (locationId === undefined) return (await findDefaultLocation(tx)) ?? ''
  if (!(await findLocation(tx, locationId))) throw notFound('Location')
  return locationId
}

type Booked = Adjustment & { readonly locationId: string }

async function putIn(ctx: Context, tx: Tx, booked: Booked): Promise<void> {
  const { variantId, locationId, quantity, kind, note, reason, lot } = booked
  const known = lot && (await knownLot(tx, booked))
  const expiresAt = lot && (lot.expiresAt === undefined ? known?.expires_at : lot.expiresAt)
  if (lot && expiresAt === undefined) {
    throw invalid('lot.expires_at', 'is required for a new lot (null: it keeps)')
  }
  const named = lot && { code: lot.code, expiresAt: expiresAt ?? null }
  const arrival = { variantId, locationId, quantity, kind, note, reason, lot: named }
  await arrive(ctx, tx, { arrivals: [arrival] })
}

async function knownLot(
  tx: Tx,
  { variantId, locationId, lot }: Booked,
): Promise<LotRow | undefined> {
  return (await findLot(tx, { variantId, locationId, code: lot?.code ?? '' }))[0]
}

async function takeOut(ctx: Context, tx: Tx, booked: Booked): Promise<void> {
  const { variantId, locationId, quantity, kind, note, reason, lot } = booked
  const known = lot && (await knownLot(tx, booked))
  if (lot && !known) throw notFound('Lot')
  const row = { variant_id: variantId, location_id: locationId, quantity }
  const refused = async () => {
    const shelf = (await listStockOfVariant(tx, { variantId })).find(
      ({ location_id }) => location_id === locationId,
    )
    const available = known ? known.on_hand - known.reserved : (shelf?.available ?? 0)
    return new ShopError('INSUFFICIENT_STOCK', { sku: shelf?.sku ?? '', available })
  }
  if (known && known.on_hand + quantity < known.reserved) throw await refused()
  // What has expired is withheld: it has to be let go before it can leave.
  if (known?.is_withheld === 1) assertAll((await withholdRows(tx, [row])).changes, 1)
  if ((await adjustRows(tx, [row])).changes !== 1) throw await refused()
  if (known) {
    const pieces = [{ lot_id: known.id, quantity }]
    assertAll((await adjustLots(tx, pieces)).changes, 1)
  }
  const facts = { variantId, locationId, quantity, kind, note, reason, lotId: known?.id }
  await insertMovements(tx, [movement(ctx, facts)])
}

export interface Level {
  readonly variantId: string
  readonly locationId: string | undefined
  readonly onHand: number
  /** What the caller believes to be on hand. */
  readonly expected: number
  readonly reason: string | undefined
  readonly note: string | undefined
}

/**
 * Sets what is on hand, if it is what the caller believes it to be; otherwise STOCK_CHANGED, since
 * a number that was counted before a sale would undo the sale. Refuses to go below what is
 * reserved (INSUFFICIENT_STOCK).
 */
export async function setLevel(ctx: Context, tx: Tx, level: Level): Promise<StockRow[]> {
  const { variantId, onHand, expected, reason, note } = level
  const article = await lockArticle(tx, variantId)
  if (article.supply === 'lots') {
    throw invalid('variant_id', 'is kept by lots: adjust each lot, or count them')
  }
  const locationId = await placeOf(tx, level.locationId)
  const target = { variant_id: variantId, location_id: locationId, target: onHand, expected }
  if ((await setRow(tx, [target])).changes !== 1) throw await levelRefusal(tx, target, article)
  const quantity = onHand - expected
  if (quantity !== 0) {
    const facts = { variantId, locationId, quantity, kind: 'adjustment' as const, reason, note }
    await insertMovements(tx, [movement(ctx, facts)])
    const after = { location_id: locationId, on_hand: onHand, expected, note, reason }
    await record(ctx, tx, { action: 'stock.set', subject: ['variant', variantId], after })
  }
  if (quantity > 0) await fillArticles(ctx, tx, [variantId])
  return listStockOfVariant(tx, { variantId })
}

async function levelRefusal(
  tx: Tx,
  target: { variant_id: string; location_id: string; expected: number },
  { sku }: Ingredient,
): Promise<ShopError> {
  const rows = await listStockOfVariant(tx, { variantId: target.variant_id })
  const row = rows.find(({ location_id }) => location_id === target.location_id)
  const current = row?.on_hand ?? 0
  const { expected } = target
  if (!row || current !== expected)
    return new ShopError('STOCK_CHANGED', { sku, current, expected })
  return new ShopError('INSUFFICIENT_STOCK', { sku, available: row.available })
}

/** Stock levels of one variant, by its id or SKU. */
export async function getStock(
  ctx: Context,
  by: { variantId: string } | { sku: string },
): Promise<StockRow[]> {
  const rows =
    'sku' in by ? await listStockOfSku(ctx.db.read, by) : await listStockOfVariant(ctx.db.read, by)
  if (rows.length === 0) throw notFound('Variant')
  return rows
}
