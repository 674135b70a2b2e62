import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import { sumOf, takeInTurn } from '../../core/stock-choice.ts'
import type { Db, Tx } from '../../db/database.ts'
import {
  listWaitingOf,
  lockSold,
  markReturned,
  type Returned,
  type SoldHold,
} from './arrival-queries.ts'
import { arrive, handOver, type Arrival } from './arrivals.ts'
import { returnUnits } from '../unit/sale.ts'
import { assertAll, servingLocations, type Wanted } from './inventory.ts'
import {
  lockHeldLots,
  lockSellableLots,
  markLotHoldsReturned,
  type HeldLot,
} from './lot-queries.ts'
import { byPlace, planStock, type Plan } from './plan.ts'
import {
  asIds,
  giveTerms,
  insertOrderParts,
  listIngredients,
  listOrderParts,
  takeTerms,
  type Ingredient,
  type OrderPart,
} from './plan-queries.ts'

export interface Restocking {
  readonly orderId: string
  readonly items: readonly Wanted[]
  readonly kind: 'cancellation' | 'return'
  /** Where the goods are put; without it, where they were sold from. */
  readonly locationId?: string | undefined
}

/**
 * Puts goods of an order back on the shelf. A bundle gives its parts back, a lot gets its own
 * pieces, and a cancellation first takes what was only on back-order. Refuses more than the order
 * has (STOCK_NOT_SOLD). One statement per table, however many items.
 */
export async function restock(ctx: Context, tx: Tx, restocking: Restocking): Promise<void> {
  const { orderId, kind } = restocking
  const wanted = expand(restocking.items, await listOrderParts(tx, { orderId }))
  const sold = await lockSold(tx, { orderId })
  const returns = [...wanted].flatMap(([variantId, quantity]) =>
    returnsOf({ variantId, quantity }, sold, kind),
  )
  const articles = await listIngredients(tx, { ids: asIds(wanted.keys()) })
  refuseUnsold(wanted, returns, articles)
  const rows = returns.toSorted(byPlace)
  assertAll((await markReturned(tx, rows)).changes, rows.length)
  const dropped = rows.filter((row) => row.given_up > 0)
  if (dropped.length > 0) await giveTerms(tx, droppedOf(dropped))
  const arrivals = await arrivalsOf(tx, { restocking, rows, sold, articles })
  const name = () => returnUnits(ctx, tx, { orderId, items: arrivals })
  await arrive(ctx, tx, { arrivals, name })
}

/** What is asked for in terms of what left the warehouse: bundles of the order are their parts. */
function expand(items: readonly Wanted[], parts: readonly OrderPart[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { variantId, quantity } of items) {
    const own = parts.filter(({ variant_id }) => variant_id === variantId)
    const pieces =
      own.length === 0
        ? [[variantId, quantity] as const]
        : own.map((part) => [part.part_id, part.quantity * quantity] as const)
    for (const [id, count] of pieces) sums.set(id, (sums.get(id) ?? 0) + count)
  }
  return sums
}

/** From which of its places an article comes back: as much as there is, in their order. */
function returnsOf(
  { variantId, quantity }: { variantId: string; quantity: number },
  sold: readonly SoldHold[],
  kind: Restocking['kind'],
): Returned[] {
  const own = sold.filter(({ variant_id }) => variant_id === variantId)
  const keyed = (available: (hold: SoldHold) => number) =>
    own.map((hold) => ({ key: hold.location_id, available: available(hold) }))
  const dropped =
    kind === 'return'
      ? []
      : takeInTurn(
          quantity,
          keyed(({ waiting }) => waiting),
        )
  const left = quantity - sumOf(dropped.map((row) => row.quantity))
  const back = takeInTurn(
    left,
    keyed((hold) => hold.quantity - hold.returned),
  )
  return own
    .map(({ order_id, variant_id, location_id }) => ({
      order_id,
      variant_id,
      location_id,
      quantity: at(back, location_id),
      given_up: at(dropped, location_id),
    }))
    .filter((row) => row.quantity + row.given_up > 0)
}

const at = (taken: readonly { key: string; quantity: number }[], locationId: string): number =>
  taken.find(({ key }) => key === locationId)?.quantity ?? 0

function refuseUnsold(
  wanted: ReadonlyMap<string, number>,
  returns: readonly Returned[],
  articles: readonly Ingredient[],
): void {
  for (const [variantId, requested] of wanted) {
    const own = returns.filter(({ variant_id }) => variant_id === variantId)
    const available = sumOf(own.map(({ quantity, given_up }) => quantity + given_up))
    if (available === requested) continue
    const sku = articles.find(({ asked_id }) => asked_id === variantId)?.asked_sku ?? 'this'
    throw new ShopError('STOCK_NOT_SOLD', { sku, available, requested })
  }
}

function droppedOf(rows: readonly Returned[]): { variant_id: string; quantity: number }[] {
  const byArticle = Map.groupBy(rows, ({ variant_id }) => variant_id)
  return [...byArticle].map(([variant_id, own]) => ({
    variant_id,
    quantity: sumOf(own.map(({ given_up }) => given_up)),
  }))
}

interface Returning {
  readonly restocking: Restocking
  readonly rows: readonly Returned[]
  readonly sold: readonly SoldHold[]
  readonly articles: readonly Ingredient[]
}

/** Where pieces go that were sold before their article was kept by lots. */
const unmarkedLot = { code: 'unmarked', expiresAt: null }

async function arrivalsOf(tx: Tx, returning: Returning): Promise<Arrival[]> {
  const { restocking, rows, sold, articles } = returning
  const { orderId, kind, locationId } = restocking
  const isLotted = (variantId: string) =>
    articles.some(({ variant_id, supply }) => variant_id === variantId && supply === 'lots')
  const lotted = new Set(
    sold.filter(({ has_lots }) => has_lots === 1).map(({ variant_id }) => variant_id),
  )
  const back = rows.filter(({ quantity }) => quantity > 0)
  const plain = back
    .filter(({ variant_id }) => !lotted.has(variant_id))
    .map(({ variant_id: variantId, location_id, quantity }) => ({
      ...{ variantId, quantity, kind, orderId },
      locationId: locationId ?? location_id,
      lot: isLotted(variantId) ? unmarkedLot : undefined,
    }))
  const inLots = back.filter(({ variant_id }) => lotted.has(variant_id))
  if (inLots.length === 0) return plain
  const chosen = chooseLots(inLots, await lockHeldLots(tx, { orderId, isSold: 1 }))
  const marks = chosen.map(({ lot, quantity }) => ({
    order_id: orderId,
    lot_id: lot.lot_id,
    quantity,
  }))
  assertAll((await markLotHoldsReturned(tx, marks)).changes, marks.length)
  const lots = chosen.map(({ lot, quantity }) => ({
    ...{ variantId: lot.variant_id, quantity, kind, orderId },
    locationId: locationId ?? lot.location_id,
    lot: { code: lot.code, expiresAt: lot.expires_at },
  }))
  return [...plain, ...lots]
}

/** Which lots of an order the pieces belong to: those that were bought there, in their order. */
function chooseLots(
  rows: readonly Returned[],
  held: readonly HeldLot[],
): { readonly lot: HeldLot; readonly quantity: number }[] {
  return rows.flatMap(({ variant_id, location_id, quantity }) => {
    const here = held.filter(
      (lot) => lot.variant_id === variant_id && lot.location_id === location_id,
    )
    const sources = here.map((lot) => ({ key: lot.lot_id, available: lot.quantity }))
    return takeInTurn(quantity, sources).flatMap((taken) => {
      const lot = here.find(({ lot_id }) => lot_id === taken.key)
      return lot ? [{ lot, quantity: taken.quantity }] : []
    })
  })
}

export interface MoreSold {
  readonly orderId: string
  readonly items: readonly Wanted[]
}

/**
 * Sells further articles to an order that counts, or throws INSUFFICIENT_STOCK and nothing is
 * changed. They leave the shelf at once: there is no payment to wait for.
 */
export async function sellMore(ctx: Context, tx: Tx, { orderId, items }: MoreSold): Promise<void> {
  const locations = await servingLocations(tx)
  const plan = await planStock(ctx, tx, { wanted: items, locations })
  await noteParts(tx, { orderId, plan })
  const { later, picks, lotted, tracked } = plan
  if (later.length > 0) assertAll((await takeTerms(tx, later)).changes, later.length)
  const now = ctx.clock.now()
  const lots = lotted.size > 0 ? await lockSellableLots(tx, { ids: asIds(lotted), now }) : []
  const waiting = later.map(({ variant_id, quantity, promised_at }) => {
    const near = picks.find((pick) => pick.variant_id === variant_id)
    const location_id = near?.location_id ?? locations[0] ?? ''
    return {
      order_id: orderId,
      variant_id,
      location_id,
      quantity: 0,
      waiting: quantity,
      promised_at,
    }
  })
  const sold = picks.map((pick) => ({ ...pick, order_id: orderId }))
  await handOver(ctx, tx, { sold: [...sold, ...waiting], lots, lotted, tracked })
}

/** A bundle of an order has the parts it was first bought with, or it cannot be bought again. */
async function noteParts(
  tx: Tx,
  { orderId, plan }: { orderId: string; plan: Plan },
): Promise<void> {
  if (plan.parts.length === 0) return
  const known = await listOrderParts(tx, { orderId })
  const bundles = new Set(plan.parts.map(({ variant_id }) => variant_id))
  const before = known.filter(({ variant_id }) => bundles.has(variant_id))
  const isNew = ({ variant_id }: { variant_id: string }) =>
    !before.some((part) => part.variant_id === variant_id)
  const again = plan.parts.filter((part) => !isNew(part))
  const same = again.filter(({ variant_id, part_id, quantity }) =>
    before.some(
      (part) =>
        part.variant_id === variant_id && part.part_id === part_id && part.quantity === quantity,
    ),
  )
  if (same.length !== again.length || same.length !== before.length) {
    const [changed] = before
    const [found] = await listIngredients(tx, { ids: asIds([changed?.variant_id ?? '']) })
    throw new ShopError('BUNDLE_CHANGED', { sku: found?.asked_sku ?? '' })
  }
  const fresh = plan.parts.filter(isNew).map((part) => ({ ...part, order_id: orderId }))
  if (fresh.length > 0) await insertOrderParts(tx, fresh)
}

/** What an order that counts still waits for: it cannot be shipped before it has come. */
export async function backorderedOf(db: Db, orderId: string): Promise<Wanted[]> {
  const rows = await listWaitingOf(db, { orderId })
  return rows.map(({ variant_id: variantId, quantity }) => ({ variantId, quantity }))
}
