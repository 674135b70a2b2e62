import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import type { Db, Tx } from '../../db/database.ts'
import { openShelves } from './arrival-queries.ts'
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

/** Refuses what counts pieces where each has a serial number (TRACKED_BY_UNIT). */
export async function assertUntracked(db: Db, variantId: string): Promise<void> {
  const tracked = (await stockPlaces(db, variantId)).find(({ is_tracked }) => is_tracked === 1)
  if (tracked) throw new ShopError('TRACKED_BY_UNIT', { sku: tracked.sku })
}

/** The place that is named by its code, or the default one. Refuses a code that names none. */
export async function placeNamed(tx: Tx, code: string | undefined): Promise<string> {
  const id = await findPlace(tx, code)
  if (id === undefined) throw invalid('location', 'names no location')
  return id
}

export interface UnitBooking {
  readonly variantId: string
  readonly locationId: string
  /** Signed change of what is on the shelf. */
  readonly quantity: number
  readonly kind: 'receipt' | 'adjustment' | 'return'
  readonly note: string | undefined
}

/**
 * Books units onto the shelf or off it, before the units themselves are written: whoever holds the
 * row of the stock may change them. Refuses to go below what is reserved (INSUFFICIENT_STOCK), and
 * an article whose pieces are only counted (NOT_TRACKED_BY_UNIT).
 */
export async function bookUnits(ctx: Context, tx: Tx, booking: UnitBooking): Promise<void> {
  const { variantId, locationId, quantity, kind, note } = booking
  const { changes } = await adjustTracked(tx, { variantId, locationId, quantity })
  if (changes !== 1) return bookElsewhere(ctx, tx, booking)
  await insertMovements(tx, [
    {
      id: ctx.newId(),
      variant_id: variantId,
      location_id: locationId,
      quantity,
      kind,
      order_id: null,
      note: note ?? null,
      created_at: ctx.clock.now(),
    },
  ])
}

/** The place may be new for the article; else the booking is refused. */
async function bookElsewhere(ctx: Context, tx: Tx, booking: UnitBooking): Promise<void> {
  const { variantId, locationId } = booking
  const places = await stockPlaces(tx, variantId)
  const [first] = places
  const tracked = places.find(({ is_tracked }) => is_tracked === 1)
  if (!tracked) throw new ShopError('NOT_TRACKED_BY_UNIT', { sku: first?.sku })
  const place = places.find(({ location_id }) => location_id === locationId)
  if (place) {
    const available = place.on_hand - place.reserved
    throw new ShopError('INSUFFICIENT_STOCK', { sku: place.sku, available })
  }
  const fresh = { variant_id: variantId, location_id: locationId }
  await openShelves(tx, { places: JSON.stringify([fresh]) })
  return bookUnits(ctx, tx, booking)
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
