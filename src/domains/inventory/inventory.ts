import type { Context } from '../../context.ts'
import { notFound, ShopError } from '../../core/errors.ts'
import type { Db, Tx } from '../../db/database.ts'
import { StaleReadError } from '../../db/errors.ts'
import { together } from '../../db/together.ts'
import { record } from '../audit/log.ts'
import { sellUnits } from '../unit/sale.ts'
import { assertUntracked } from './tracked.ts'
import {
  adjustOnHand,
  expireHolds,
  findDefaultLocation,
  insertHolds,
  insertLocation,
  insertMovements,
  insertStockRows,
  listAvailable,
  listExpiredOrders,
  listHolds,
  listStockOfSku,
  listStockOfVariant,
  releaseHolds,
  releaseReservedRows,
  reserveRows,
  sellHolds,
  sellReservedRows,
  type Demand,
  type Hold,
  type StockRow,
} from './queries.ts'
import type { MovementKind } from './tables.ts'

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

interface MovementFacts {
  readonly variantId: string
  readonly locationId: string
  readonly quantity: number
  readonly kind: MovementKind
  readonly orderId?: string
  readonly note?: string | undefined
}

function movement(ctx: Context, facts: MovementFacts) {
  return {
    id: ctx.newId(),
    variant_id: facts.variantId,
    location_id: facts.locationId,
    quantity: facts.quantity,
    kind: facts.kind,
    order_id: facts.orderId ?? null,
    note: facts.note ?? null,
    created_at: ctx.clock.now(),
  }
}

export interface Wanted {
  readonly variantId: string
  readonly quantity: number
}

/** The location that orders are served from. */
export async function servingLocation(db: Db): Promise<string> {
  return (await findDefaultLocation(db)) ?? ''
}

export interface Reservation {
  readonly orderId: string
  readonly locationId: string
  readonly wanted: readonly Wanted[]
}

/**
 * Reserves stock for an order or throws INSUFFICIENT_STOCK naming every short article. Demand is
 * summed per variant and taken in sorted order, so that two orders can never wait for each other.
 */
export async function reserveStock(
  ctx: Context,
  tx: Tx,
  { orderId, locationId, wanted }: Reservation,
): Promise<void> {
  const demand = demandOf(wanted, locationId)
  const expiresAt = ctx.clock.now() + ctx.config.lifetimes.holdMs
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

/**
 * Turns an order's reservation into a sale. What has run out meanwhile is reserved again first;
 * false if it is gone: the transaction must then be rolled back. Where pieces have serial numbers,
 * the order gets units.
 */
export async function sellHeldStock(
  ctx: Context,
  tx: Tx,
  { orderId, holds }: { orderId: string; holds: readonly Hold[] },
): Promise<boolean> {
  const released = holds.filter(({ status }) => status === 'released')
  if (released.length > 0) {
    const { changes } = await reserveRows(tx, released)
    if (changes !== released.length) return false
  }
  const movements = holds.map(({ variant_id, location_id, quantity }) =>
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
    () => sellReservedRows(tx, holds),
    () => insertMovements(tx, movements),
  ])
  assertAll(ended.changes, holds.length)
  if (sold.changes !== holds.length) throw new StaleReadError('the stock is kept another way now')
  const tracked = holds.filter(isTracked)
  return tracked.length === 0 || sellUnits(ctx, tx, { orderId, items: tracked })
}

/** Whether every piece of a hold has a serial number. */
export const isTracked = ({ was_tracked }: Hold): boolean => was_tracked === 1

/** Gives back what is left of an order's reservation. */
export async function releaseHeldStock(
  tx: Tx,
  { orderId, holds }: { orderId: string; holds: readonly Hold[] },
): Promise<void> {
  const active = holds.filter(isActive)
  assertAll((await releaseHolds(tx, { orderId })).changes, active.length)
  assertAll((await releaseReservedRows(tx, active)).changes, active.length)
}

const isActive = ({ status }: Hold): boolean => status === 'active'

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
  assertAll((await releaseReservedRows(tx, holds)).changes, holds.length)
  return true
}

/** Holds and reservations move together; if they do not, the transaction must not commit. */
function assertAll(changes: number, expected: number): void {
  if (changes !== expected) throw new Error(`stock: ${changes} of ${expected} rows changed`)
}

export interface Adjustment {
  readonly variantId: string
  /** Signed change. */
  readonly quantity: number
  readonly kind: 'receipt' | 'adjustment' | 'return'
  readonly note?: string | undefined
}

/** Books a change of stock. Refuses to go below what is reserved (INSUFFICIENT_STOCK). */
export async function adjustStock(
  ctx: Context,
  tx: Tx,
  { variantId, quantity, kind, note }: Adjustment,
): Promise<StockRow[]> {
  const [row] = await listStockOfVariant(tx, { variantId })
  if (!row) throw notFound('Variant')
  const locationId = row.location_id
  const { changes } = await adjustOnHand(tx, { variantId, locationId, quantity })
  if (changes !== 1) {
    await assertUntracked(tx, variantId)
    throw new ShopError('INSUFFICIENT_STOCK', { sku: row.sku, available: row.available })
  }
  await insertMovements(tx, [movement(ctx, { variantId, locationId, quantity, kind, note })])
  const after = { location_id: locationId, quantity, kind, note }
  await record(ctx, tx, { action: 'stock.adjusted', subject: ['variant', variantId], after })
  return listStockOfVariant(tx, { variantId })
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

export type { Hold }
