import type { Context } from '../../context.ts'
import { invalid, ShopError } from '../../core/errors.ts'
import type { Db, Tx } from '../../db/database.ts'
import { record } from '../audit/log.ts'
import { setTracking, stockPlaces, type TrackedStock } from '../inventory/tracked.ts'
import { factsOf } from './facts.ts'
import { dropUnits, noteByVariant } from './queries.ts'
import { newSerials, shelve } from './units.ts'

/** More at once would take too long; receive the rest afterwards. */
export const unitsAtOnceMax = 1_000

export interface Tracking {
  readonly sku: string
  readonly isTracked: boolean
  readonly onHand: number
}

/** Whether the pieces of an article have serial numbers. Throws NOT_FOUND. */
export async function getTracking(db: Db, variantId: string): Promise<Tracking> {
  const places = await stockPlaces(db, variantId)
  return {
    sku: places[0]?.sku ?? '',
    isTracked: places.some(({ is_tracked }) => is_tracked === 1),
    onHand: places.reduce((sum, { on_hand }) => sum + on_hand, 0),
  }
}

/**
 * Serial numbers of what is on hand, by the code or id of the place (undefined: the only one where
 * there is any); or to be made up for all of it.
 */
export type FirstSerials = SerialsByPlace | 'generated'
type SerialsByPlace = ReadonlyMap<string | undefined, readonly string[]>

/**
 * Has every piece of an article tracked by its serial number from now on. What is on hand needs
 * one for each piece, at the place where it is (SERIALS_MISSING). Nothing happens to an article
 * that is tracked already.
 */
export async function startTracking(
  ctx: Context,
  tx: Tx,
  { variantId, serials }: { variantId: string; serials: FirstSerials },
): Promise<Tracking> {
  const places = await setTracking(tx, { variantId, to: 1 })
  if (places) {
    for (const [place, own] of serialsOf(places, serials)) {
      const locationId = place.location_id
      await shelve(ctx, tx, {
        ...{ variantId, locationId, serials: own, kind: 'tracked' as const, note: undefined },
      })
    }
    await record(ctx, tx, { action: 'variant.tracked_by_unit', subject: ['variant', variantId] })
  }
  return getTracking(tx, variantId)
}

function serialsOf(
  places: readonly TrackedStock[],
  serials: FirstSerials,
): [TrackedStock, readonly string[]][] {
  const given = serials === 'generated' ? generatedFor(places) : placed(places, serials)
  return places.map((place) => {
    const { sku, on_hand, location_code: location } = place
    const own = given.get(location) ?? []
    if (own.length === on_hand) return [place, own]
    throw new ShopError('SERIALS_MISSING', { sku, on_hand, location, given: own.length })
  })
}

function generatedFor(places: readonly TrackedStock[]): Map<string, readonly string[]> {
  const total = places.reduce((sum, { on_hand }) => sum + on_hand, 0)
  if (total > unitsAtOnceMax) return new Map()
  return new Map(places.map(({ location_code, on_hand }) => [location_code, newSerials(on_hand)]))
}

/** Refuses a place where there is none of the article, and no place where there are several. */
function placed(
  places: readonly TrackedStock[],
  serials: SerialsByPlace,
): Map<string, readonly string[]> {
  const filled = places.filter(({ on_hand }) => on_hand > 0)
  const given = new Map<string, readonly string[]>()
  for (const [name, own] of serials) {
    if (name === undefined && filled.length > 1) throw invalid('units', 'must name a location')
    const place = filled.find(
      ({ location_id, location_code }) =>
        name === undefined || name === location_code || name.toLowerCase() === location_id,
    )
    if (!place) throw invalid('units', 'name pieces that are not on hand; receive them afterwards')
    const { location_code: code } = place
    given.set(code, [...(given.get(code) ?? []), ...own])
  }
  return given
}

/**
 * Counts the pieces of an article again, without their serial numbers. Refuses while units are on
 * the shelf (IN_USE), unless `discard` lets go of them: they are then followed no longer.
 */
export async function stopTracking(
  ctx: Context,
  tx: Tx,
  { variantId, discard }: { variantId: string; discard: boolean },
): Promise<Tracking> {
  const places = await setTracking(tx, { variantId, to: 0 })
  if (places) {
    if (!discard && places.some(({ on_hand }) => on_hand > 0)) {
      throw new ShopError('IN_USE', { resource: 'The tracking of units' })
    }
    await dropUnits(tx, { variantId, now: ctx.clock.now() })
    await noteByVariant(tx, { variantId, facts: factsOf(ctx, 'untracked') })
    await record(ctx, tx, { action: 'variant.counted_again', subject: ['variant', variantId] })
  }
  return getTracking(tx, variantId)
}
