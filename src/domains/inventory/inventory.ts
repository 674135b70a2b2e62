import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import type { Db, Tx } from '../../db/database.ts'
import { StaleReadError } from '../../db/errors.ts'
import { together } from '../../db/together.ts'
import { sellUnits } from '../unit/sale.ts'
import { findDefaultLocation, insertLocation, listServing } from './location-queries.ts'
import { insertLotHolds, reserveLots } from './lot-queries.ts'
import { releaseHeldLots, rechooseLots, sellHeldLots } from './lots.ts'
import { movement } from './movements.ts'
import { byPlace, planStock, type Plan, type Wanted } from './plan.ts'
import { giveTerms, insertOrderParts, takeTerms } from './plan-queries.ts'
import {
  expireHolds,
  insertHolds,
  insertMovements,
  insertPlannedHolds,
  insertStockRows,
  listAvailable,
  listExpiredOrders,
  listHolds,
  releaseHolds,
  releaseReservedRows,
  reserveRows,
  sellHolds,
  sellReservedRows,
  type Demand,
  type Hold,
  type PlannedHold,
} from './queries.ts'

/** The one location of a shop that has not made others. */
export async function ensureDefaultLocation(ctx: Context, tx: Tx): Promise<string> {
  const known = await findDefaultLocation(tx)
  if (known) return known
  const id = ctx.newId()
  await insertLocation(tx, { id, code: 'main', name: 'Main warehouse', is_default: 1 })
  return (await findDefaultLocation(tx)) ?? id
}

export interface NewStock {
  readonly variantId: string
  readonly productId: string
  readonly quantity: number
}

/** Opens the stock of new variants; what is there at once is booked as received. */
export async function receiveNewStock(
  ctx: Context,
  tx: Tx,
  stock: readonly NewStock[],
): Promise<void> {
  const locationId = await ensureDefaultLocation(ctx, tx)
  await insertStockRows(
    tx,
    stock.map(({ variantId, productId, quantity }) => ({
      variant_id: variantId,
      location_id: locationId,
      product_id: productId,
      on_hand: quantity,
      reserved: 0,
    })),
  )
  const received = stock.filter(({ quantity }) => quantity > 0)
  await insertMovements(
    tx,
    received.map(({ variantId, quantity }) =>
      movement(ctx, { variantId, locationId, quantity, kind: 'receipt' }),
    ),
  )
}

/** The locations that orders are served from, in the order in which they are asked. */
export const servingLocations = (db: Db): Promise<string[]> => listServing(db)

export interface Reservation {
  readonly orderId: string
  /** From `servingLocations`. */
  readonly locations: readonly string[]
  readonly wanted: readonly Wanted[]
}

/**
 * Reserves stock for an order or throws INSUFFICIENT_STOCK naming every short article. Demand is
 * summed per variant and taken in sorted order, so that two orders can never wait for each other.
 * Where there is nothing to choose, because there is one location and all is counted pieces, this
 * is one conditional write; otherwise it is planned first, under lock.
 */
export async function reserveStock(
  ctx: Context,
  tx: Tx,
  { orderId, locations, wanted }: Reservation,
): Promise<void> {
  const [first = ''] = locations
  const isPlain = locations.length === 1 && wanted.every((item) => item.isPlain === true)
  if (isPlain) return reservePlain(ctx, tx, { orderId, demand: demandOf(wanted, first) })
  const plan = await planStock(ctx, tx, { wanted, locations })
  await reservePlanned(ctx, tx, { orderId, plan, first })
}

const heldUntil = (ctx: Context) => ctx.clock.now() + ctx.config.lifetimes.holdMs

async function reservePlain(
  ctx: Context,
  tx: Tx,
  { orderId, demand }: { orderId: string; demand: readonly Demand[] },
): Promise<void> {
  const expiresAt = heldUntil(ctx)
  const holds = demand.map((row) => ({
    ...row,
    order_id: orderId,
    status: 'active' as const,
    expires_at: expiresAt,
  }))
  const [, { changes }] = await together(tx, [
    () => insertHolds(tx, holds),
    () => reserveRows(tx, demand),
  ])
  if (changes !== demand.length) throw await shortageOf(tx, orderId, demand)
}

interface Planned {
  readonly orderId: string
  readonly plan: Plan
  /** The location of which a back-order is noted that has nothing anywhere yet. */
  readonly first: string
}

/** Writes a plan down as what an order holds, or, as far as `together` is told, has bought. */
export function holdsOf(ctx: Context, { orderId, plan, first }: Planned): PlannedHold[] {
  const shared = { order_id: orderId, status: 'active' as const, expires_at: heldUntil(ctx) }
  const holds = new Map<string, PlannedHold>()
  for (const pick of plan.picks) {
    const has_lots = plan.lotted.has(pick.variant_id) ? 1 : 0
    const rest = { waiting: 0, promised_at: null, has_lots } as const
    holds.set(`${pick.variant_id} ${pick.location_id}`, { ...shared, ...pick, ...rest })
  }
  for (const { variant_id, quantity: waiting, promised_at } of plan.later) {
    const near = plan.picks.find((pick) => pick.variant_id === variant_id)
    const location_id = near?.location_id ?? first
    const key = `${variant_id} ${location_id}`
    const base = { ...shared, variant_id, location_id, quantity: 0, has_lots: 0 as const }
    holds.set(key, { ...(holds.get(key) ?? base), waiting, promised_at })
  }
  return [...holds.values()].sort(byPlace)
}

async function reservePlanned(ctx: Context, tx: Tx, planned: Planned): Promise<void> {
  const { orderId, plan } = planned
  const { picks, later, lots, parts } = plan
  await insertPlannedHolds(tx, holdsOf(ctx, planned))
  if (parts.length > 0) {
    await insertOrderParts(
      tx,
      parts.map((part) => ({ ...part, order_id: orderId })),
    )
  }
  if (later.length > 0) assertAll((await takeTerms(tx, later)).changes, later.length)
  if (picks.length > 0) assertAll((await reserveRows(tx, picks)).changes, picks.length)
  if (lots.length === 0) return
  const held = lots.map((lot) => ({ ...lot, order_id: orderId, is_sold: 0 as const }))
  await insertLotHolds(tx, held)
  assertAll((await reserveLots(tx, lots)).changes, lots.length)
}

function demandOf(wanted: readonly Wanted[], locationId: string): Demand[] {
  const sums = new Map<string, number>()
  for (const { variantId, quantity } of wanted) {
    sums.set(variantId, (sums.get(variantId) ?? 0) + quantity)
  }
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([variant_id, quantity]) => ({ variant_id, location_id: locationId, quantity }))
}

async function shortageOf(tx: Tx, orderId: string, demand: readonly Demand[]): Promise<ShopError> {
  const rows = await listAvailable(tx, { orderId, rows: JSON.stringify(demand) })
  const wanted = new Map(demand.map((row) => [row.variant_id, row.quantity]))
  const items = rows
    .map(({ variant_id, sku, available }) => ({
      sku,
      variant_id,
      available,
      requested: wanted.get(variant_id) ?? 0,
    }))
    .filter(({ available, requested }) => available < requested)
  // Somebody may have given stock back since the refusal: the demand still stands refused.
  const first = items[0] ?? { sku: 'the item', available: 0 }
  return new ShopError('INSUFFICIENT_STOCK', { sku: first.sku, available: first.available, items })
}

/** What an order has reserved; it does not run out while the transaction lasts. */
export function lockHeldStock(tx: Tx, orderId: string): Promise<Hold[]> {
  return listHolds(tx, { orderId })
}

interface Held {
  readonly orderId: string
  readonly holds: readonly Hold[]
}

/**
 * Turns an order's reservation into a sale. What has run out meanwhile is reserved again first;
 * false if it is gone: the transaction must then be rolled back. Where pieces have serial numbers,
 * the order gets units.
 */
export async function sellHeldStock(ctx: Context, tx: Tx, held: Held): Promise<boolean> {
  const { orderId, holds } = held
  if (!(await reserveAgain(ctx, tx, held))) return false
  const pieces = holds.filter(hasPieces)
  const hasLots = pieces.some(({ has_lots }) => has_lots === 1)
  const movements = pieces
    .filter(({ has_lots }) => has_lots === 0)
    .map(({ variant_id, location_id, quantity }) =>
      movement(ctx, {
        variantId: variant_id,
        locationId: location_id,
        quantity: -quantity,
        kind: 'sale',
        orderId,
      }),
    )
  const [ended, sold] = await together(tx, [
    () => sellHolds(tx, { orderId }),
    () => sellReservedRows(tx, pieces),
    () => insertMovements(tx, movements),
  ])
  assertAll(ended.changes, holds.length)
  if (sold.changes !== pieces.length) throw new StaleReadError('the stock is kept another way now')
  if (hasLots) await sellHeldLots(ctx, tx, orderId)
  const tracked = pieces.filter(isTracked)
  return tracked.length === 0 || sellUnits(ctx, tx, { orderId, items: tracked })
}

/** Whether every piece of a hold has a serial number. */
export const isTracked = ({ was_tracked }: Hold): boolean => was_tracked === 1

/** Reserves what had run out; false if it is gone. */
async function reserveAgain(ctx: Context, tx: Tx, { orderId, holds }: Held): Promise<boolean> {
  const released = holds.filter(({ status }) => status === 'released')
  if (released.length === 0) return true
  const later = waitingOf(released)
  if (later.length > 0 && (await takeTerms(tx, later)).changes !== later.length) return false
  const pieces = released.filter(hasPieces)
  if ((await reserveRows(tx, pieces)).changes !== pieces.length) return false
  const lotted = pieces.filter(({ has_lots }) => has_lots === 1)
  return lotted.length === 0 || rechooseLots(ctx, tx, { orderId, holds: lotted })
}

const hasPieces = ({ quantity }: Hold): boolean => quantity > 0

/** What an order has on back-order, per article. */
function waitingOf(holds: readonly Hold[]): { variant_id: string; quantity: number }[] {
  return holds
    .filter(({ waiting }) => waiting > 0)
    .map(({ variant_id, waiting }) => ({ variant_id, quantity: waiting }))
}

/** Gives back what is left of an order's reservation. */
export async function releaseHeldStock(tx: Tx, { orderId, holds }: Held): Promise<void> {
  const active = holds.filter(isActive)
  assertAll((await releaseHolds(tx, { orderId })).changes, active.length)
  await giveBack(tx, { orderId, holds: active })
}

const isActive = ({ status }: Hold): boolean => status === 'active'

async function giveBack(tx: Tx, { orderId, holds }: Held): Promise<void> {
  const later = waitingOf(holds)
  if (later.length > 0) assertAll((await giveTerms(tx, later)).changes, later.length)
  const pieces = holds.filter(hasPieces)
  assertAll((await releaseReservedRows(tx, pieces)).changes, pieces.length)
  if (pieces.some(({ has_lots }) => has_lots === 1)) await releaseHeldLots(tx, orderId)
}

/** Orders whose reservation has run out. */
export async function listExpired(ctx: Context, limit: number): Promise<string[]> {
  const rows = await listExpiredOrders(ctx.db.read, { now: ctx.clock.now(), limit })
  return rows.map(({ order_id }) => order_id)
}

/** Gives back what an order reserved and did not pay in time; false if it was settled meanwhile. */
export async function expireStock(ctx: Context, tx: Tx, orderId: string): Promise<boolean> {
  const holds = (await listHolds(tx, { orderId })).filter(isActive)
  const { changes } = await expireHolds(tx, { orderId, now: ctx.clock.now() })
  if (changes === 0) return false
  assertAll(changes, holds.length)
  await giveBack(tx, { orderId, holds })
  return true
}

/** Holds and reservations move together; if they do not, the transaction must not commit. */
export function assertAll(changes: number, expected: number): void {
  if (changes !== expected) throw new Error(`stock: ${changes} of ${expected} rows changed`)
}

export type { Hold, Wanted }
