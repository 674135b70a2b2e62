import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import { referenceOf } from '../../core/reference.ts'
import type { Db, Tx } from '../../db/database.ts'
import { arrive } from './arrivals.ts'
import { movement } from './movements.ts'
import { insertMovements } from './queries.ts'
import { findSupply } from './supply-queries.ts'
import {
  adjustTracked,
  findPlace,
  listStockPlaces,
  switchTracking,
  type TrackedStock,
} from './tracked-queries.ts'

/** The stock of an article at every place. NOT_FOUND for an article that is not there. */
export async function stockPlaces(db: Db, variantId: string): Promise<TrackedStock[]> {
  const places = await listStockPlaces(db, { variantId })
  if (places.length === 0) throw notFound('Variant')
  return places
}

/** The place that is named by its id or code, or the default one. Refuses what names none. */
export async function placeNamed(tx: Tx, name: string | undefined): Promise<string> {
  const by = name === undefined ? undefined : referenceOf(name)
  const id = await findPlace(tx, by?.by === 'id' ? by : by && { code: name ?? '' })
  if (id === undefined) throw invalid('location', 'names no location')
  return id
}

/** Refuses an article whose pieces are only counted (NOT_TRACKED_BY_UNIT). */
async function assertTracked(db: Db, variantId: string): Promise<void> {
  const places = await stockPlaces(db, variantId)
  const isTracked = places.some(({ is_tracked }) => is_tracked === 1)
  if (!isTracked) throw new ShopError('NOT_TRACKED_BY_UNIT', { sku: places[0]?.sku })
}

export interface UnitArrival {
  readonly variantId: string
  readonly locationId: string
  readonly quantity: number
  readonly kind: 'receipt' | 'return'
  readonly note: string | undefined
  /** Writes the units themselves, when their shelf is locked and before they are sold. */
  readonly name: () => Promise<void>
}

/** Books units onto a shelf; what is owed to somebody goes to them at once. */
export async function unitsArrive(
  ctx: Context,
  tx: Tx,
  { name, ...arrival }: UnitArrival,
): Promise<void> {
  const { variantId } = arrival
  await assertTracked(tx, variantId)
  await arrive(ctx, tx, {
    arrivals: [arrival],
    name: async () => {
      // Until the shelf was locked, somebody may have gone back to counting.
      await assertTracked(tx, variantId)
      await name()
    },
  })
}

export interface ShelfChange {
  readonly variantId: string
  readonly locationId: string
  /** Signed change of how many units are on the shelf. */
  readonly quantity: number
  /** Signed change of how many of them are set aside. */
  readonly aside: number
  readonly note?: string | undefined
}

/**
 * Takes units off a shelf or sets them aside, before the units themselves are written: whoever
 * holds the row of the stock may change them. Refuses what is reserved (INSUFFICIENT_STOCK).
 */
export async function changeShelf(ctx: Context, tx: Tx, change: ShelfChange): Promise<void> {
  if ((await adjustTracked(tx, change)).changes !== 1) throw await shelfRefusal(tx, change)
  if (change.quantity === 0) return
  const { variantId, locationId, quantity, note } = change
  await insertMovements(tx, [
    movement(ctx, { variantId, locationId, quantity, kind: 'scrap', note }),
  ])
}

async function shelfRefusal(tx: Tx, { variantId, locationId }: ShelfChange): Promise<ShopError> {
  await assertTracked(tx, variantId)
  const places = await stockPlaces(tx, variantId)
  const place = places.find(({ location_id }) => location_id === locationId)
  const available = place ? place.on_hand - place.reserved - place.withheld : 0
  return new ShopError('INSUFFICIENT_STOCK', { sku: places[0]?.sku, available })
}

/**
 * Has an article tracked by unit at every place, or no longer; its rows are locked from then on.
 * Returns what is there; undefined if it was so already. Refuses bundles and what is kept by lots
 * (IN_USE).
 */
export async function setTracking(
  tx: Tx,
  { variantId, to }: { variantId: string; to: 0 | 1 },
): Promise<TrackedStock[] | undefined> {
  const { changes } = await switchTracking(tx, { variantId, to })
  const article = await findSupply(tx, variantId)
  if (to === 1 && article && article.supply !== 'stock') {
    throw new ShopError('IN_USE', { resource: 'A bundle, or an article kept by lots,' })
  }
  const places = await stockPlaces(tx, variantId)
  return changes === 0 ? undefined : places
}

export type { TrackedStock }
