import type { Context } from '../../context.ts'
import { sumOf } from '../../core/stock-choice.ts'
import type { Tx } from '../../db/database.ts'
import {
  deleteLotHolds,
  insertLotHolds,
  lockExpiredLots,
  lockHeldLots,
  lockSellableLots,
  releaseLots,
  reserveLots,
  sellLotHolds,
  sellReservedLots,
  withholdLots,
  type HeldLot,
} from './lot-queries.ts'
import { movement } from './movements.ts'
import { lotsOf } from './plan.ts'
import { asIds } from './plan-queries.ts'
import { insertMovements, withholdRows, type Demand } from './queries.ts'

/** Turns what an order holds of lots into a sale; the ledger names each lot. */
export async function sellHeldLots(ctx: Context, tx: Tx, orderId: string): Promise<void> {
  const held = await lockHeldLots(tx, { orderId, isSold: 0 })
  const pieces = held.map(({ lot_id, quantity }) => ({ lot_id, quantity }))
  await insertMovements(
    tx,
    held.map((lot) =>
      movement(ctx, {
        variantId: lot.variant_id,
        locationId: lot.location_id,
        quantity: -lot.quantity,
        kind: 'sale',
        orderId,
        lotId: lot.lot_id,
      }),
    ),
  )
  await sellLotHolds(tx, { orderId })
  assertLots((await sellReservedLots(tx, pieces)).changes, pieces.length)
}

/** Gives back what an order holds of lots; pieces of expired ones are withheld from then on. */
export async function releaseHeldLots(tx: Tx, orderId: string): Promise<void> {
  const held = await lockHeldLots(tx, { orderId, isSold: 0 })
  await deleteLotHolds(tx, { orderId })
  const pieces = held.map(({ lot_id, quantity }) => ({ lot_id, quantity }))
  assertLots((await releaseLots(tx, pieces)).changes, pieces.length)
  const expired = held.filter(({ is_withheld }) => is_withheld === 1)
  if (expired.length > 0)
    await withholdRows(
      tx,
      placesOf(expired, ({ quantity }) => quantity),
    )
}

/**
 * Chooses lots anew for a reservation that had run out and has just been renewed; false if what is
 * left has expired.
 */
export async function rechooseLots(
  ctx: Context,
  tx: Tx,
  { orderId, holds }: { orderId: string; holds: readonly Demand[] },
): Promise<boolean> {
  const lotted = new Set(holds.map(({ variant_id }) => variant_id))
  const lots = await lockSellableLots(tx, { ids: asIds(lotted), now: ctx.clock.now() })
  const chosen = lotsOf(holds, lots, lotted)
  const [wanted, found] = [holds, chosen].map((all) => sumOf(all.map(({ quantity }) => quantity)))
  if (wanted !== found) return false
  await insertLotHolds(
    tx,
    chosen.map((lot) => ({ ...lot, order_id: orderId, is_sold: 0 as const })),
  )
  assertLots((await reserveLots(tx, chosen)).changes, chosen.length)
  return true
}

const expiryBatch = 200

/**
 * Takes lots that have expired out of what can be sold; returns how many. Their pieces stay on
 * hand, withheld, until somebody scraps them. What buyers hold of them already is theirs.
 */
export async function withholdExpired(ctx: Context): Promise<number> {
  return ctx.db.transaction(async (tx) => {
    const lots = await lockExpiredLots(tx, { now: ctx.clock.now(), limit: expiryBatch })
    if (lots.length === 0) return 0
    assertLots((await withholdLots(tx, lots)).changes, lots.length)
    const free = lots.filter(({ on_hand, reserved }) => on_hand > reserved)
    if (free.length > 0) {
      await withholdRows(
        tx,
        placesOf(free, ({ on_hand, reserved }) => on_hand - reserved),
      )
    }
    return lots.length
  })
}

/** Lots summed per place, in the order of the locks. */
export function placesOf<Lot extends Pick<HeldLot, 'variant_id' | 'location_id'>>(
  lots: readonly Lot[],
  quantityOf: (lot: Lot) => number,
): Demand[] {
  const places = new Map<string, Demand>()
  for (const lot of lots) {
    const { variant_id, location_id } = lot
    const key = `${variant_id} ${location_id}`
    const quantity = (places.get(key)?.quantity ?? 0) + quantityOf(lot)
    places.set(key, { variant_id, location_id, quantity })
  }
  return [...places].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, place]) => place)
}

function assertLots(changes: number, expected: number): void {
  if (changes !== expected) throw new Error(`lots: ${changes} of ${expected} rows changed`)
}
