import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import { chooseLots, chooseStock, sumOf, type StockChoice } from '../../core/stock-choice.ts'
import type { Tx } from '../../db/database.ts'
import { lockSellableLots, type LotPieces, type LotRow } from './lot-queries.ts'
import {
  asIds,
  listIngredients,
  lockShelves,
  lockTerms,
  type Ingredient,
  type OrderPart,
  type ShelfRow,
  type TermsRow,
} from './plan-queries.ts'
import type { Demand } from './queries.ts'

export interface Wanted {
  readonly variantId: string
  readonly quantity: number
  /** Counted pieces and nothing else; where it is not said, it is looked up. */
  readonly isPlain?: boolean
}

/** Pieces that are sold before they are there. */
export interface Later {
  readonly variant_id: string
  readonly quantity: number
  /** UTC milliseconds */
  readonly promised_at: number | null
}

/** Where everything that was asked for is taken from. */
export interface Plan {
  readonly picks: readonly Demand[]
  readonly later: readonly Later[]
  readonly lots: readonly LotPieces[]
  /** Articles of which lots are taken. */
  readonly lotted: ReadonlySet<string>
  /** Articles of which every piece has a serial number. */
  readonly tracked: ReadonlySet<string>
  readonly parts: readonly Omit<OrderPart, 'order_id'>[]
}

interface Base {
  readonly quantity: number
  /** Asked for itself, not as a part of a bundle. */
  readonly direct: number
  readonly ingredient: Ingredient
}

/**
 * Chooses where goods come from: what is read for it is locked, so that the writes that follow find
 * it as it was. Demand is summed per article, bundles are their parts, and of lots the first to
 * expire goes first. Throws INSUFFICIENT_STOCK naming every short article; nothing is written.
 */
export async function planStock(
  ctx: Context,
  tx: Tx,
  { wanted, locations }: { wanted: readonly Wanted[]; locations: readonly string[] },
): Promise<Plan> {
  const asked = asIds(wanted.map(({ variantId }) => variantId))
  const ingredients = await listIngredients(tx, { ids: asked })
  const bases = basesOf(wanted, ingredients)
  const idsWhere = (isWanted: (base: Base) => boolean) =>
    [...bases.values()].filter(isWanted).map(({ ingredient }) => ingredient.variant_id)
  const later = idsWhere(({ ingredient, direct }) => ingredient.may_backorder === 1 && direct > 0)
  const lotted = new Set(idsWhere(({ ingredient }) => ingredient.supply === 'lots'))
  const terms = later.length > 0 ? await lockTerms(tx, { ids: asIds(later) }) : []
  const shelves = await lockShelves(tx, { ids: asIds(bases.keys()) })
  const now = ctx.clock.now()
  const lots = lotted.size > 0 ? await lockSellableLots(tx, { ids: asIds(lotted), now }) : []
  const onShelf = shelves.map(({ variant_id: variantId, location_id: locationId, available }) => {
    const place = { variantId, locationId }
    return { ...place, available: lotted.has(variantId) ? freeIn(lots, place) : available }
  })
  const choice = chooseStock(wantsOf(bases, terms), onShelf, locations)
  refuseShort(choice, bases)
  const picks = choice.picks.map(demandOf).sort(byPlace)
  return {
    picks,
    later: choice.later.map(({ variantId, quantity }) => ({
      variant_id: variantId,
      quantity,
      promised_at: terms.find((row) => row.variant_id === variantId)?.promised_at ?? null,
    })),
    lots: lotsOf(picks, lots, lotted),
    lotted,
    tracked: trackedIn(shelves),
    parts: partsOf(ingredients),
  }
}

/** Articles of which every piece has a serial number. */
export const trackedIn = (shelves: readonly ShelfRow[]): ReadonlySet<string> =>
  new Set(shelves.filter(({ is_tracked }) => is_tracked === 1).map(({ variant_id }) => variant_id))

function basesOf(wanted: readonly Wanted[], ingredients: readonly Ingredient[]): Map<string, Base> {
  const asked = new Map<string, number>()
  for (const { variantId, quantity } of wanted) {
    asked.set(variantId, (asked.get(variantId) ?? 0) + quantity)
  }
  const bases = new Map<string, Base>()
  for (const ingredient of ingredients) {
    const { variant_id: id, asked_id, per_one, is_part } = ingredient
    const pieces = (asked.get(asked_id) ?? 0) * per_one
    const known = bases.get(id)
    bases.set(id, {
      quantity: (known?.quantity ?? 0) + pieces,
      direct: (known?.direct ?? 0) + (is_part === 1 ? 0 : pieces),
      ingredient,
    })
  }
  return bases
}

function wantsOf(bases: ReadonlyMap<string, Base>, terms: readonly TermsRow[]) {
  const rooms = new Map(terms.map(({ variant_id, room }) => [variant_id, room]))
  return [...bases].map(([variantId, { quantity, direct }]) => ({
    variantId,
    quantity,
    laterMax: Math.min(direct, rooms.get(variantId) ?? 0),
  }))
}

/** Refuses what cannot be had, by the article that is short: of a bundle, its part. */
function refuseShort({ short }: StockChoice, bases: ReadonlyMap<string, Base>): void {
  const items = short.map(({ variantId, available, requested }) => {
    const sku = bases.get(variantId)?.ingredient.sku ?? ''
    return { sku, variant_id: variantId, available, requested }
  })
  const first = items[0]
  if (first) throw new ShopError('INSUFFICIENT_STOCK', { ...first, items })
}

interface Place {
  readonly variantId: string
  readonly locationId: string
}

const freeIn = (lots: readonly LotRow[], place: Place): number =>
  sumOf(lotsAt(lots, place).map(({ on_hand, reserved }) => on_hand - reserved))

const lotsAt = (lots: readonly LotRow[], { variantId, locationId }: Place): LotRow[] =>
  lots.filter(
    ({ variant_id, location_id }) => variant_id === variantId && location_id === locationId,
  )

/** Which lots the picks are taken from. */
export function lotsOf(
  picks: readonly Demand[],
  lots: readonly LotRow[],
  lotted: ReadonlySet<string>,
): LotPieces[] {
  return picks
    .filter(({ variant_id }) => lotted.has(variant_id))
    .flatMap(({ variant_id: variantId, location_id: locationId, quantity }) => {
      const onShelf = lotsAt(lots, { variantId, locationId }).map((lot) => ({
        lotId: lot.id,
        expiresAt: lot.expires_at,
        available: lot.on_hand - lot.reserved,
      }))
      return chooseLots(quantity, onShelf)
    })
    .map(({ lotId: lot_id, quantity }) => ({ lot_id, quantity }))
    .sort((a, b) => (a.lot_id < b.lot_id ? -1 : 1))
}

function partsOf(ingredients: readonly Ingredient[]): Plan['parts'] {
  return ingredients
    .filter(({ is_part }) => is_part === 1)
    .map(({ asked_id, variant_id, per_one }) => ({
      variant_id: asked_id,
      part_id: variant_id,
      quantity: per_one,
    }))
}

const demandOf = (pick: Place & { readonly quantity: number }): Demand => ({
  variant_id: pick.variantId,
  location_id: pick.locationId,
  quantity: pick.quantity,
})

/** The order in which everybody takes the locks of the stock. */
export const byPlace = (a: Demand, b: Demand): number =>
  keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0

const keyOf = ({ variant_id, location_id }: Demand) => `${variant_id} ${location_id}`
