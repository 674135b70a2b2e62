import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import type { Db, Tx } from '../../db/database.ts'
import { differences, record } from '../audit/log.ts'
import { refuseTracked } from './adjustments.ts'
import { fillArticles } from './arrivals.ts'
import { asIds, listIngredients, lockShelves, lockTerms } from './plan-queries.ts'
import {
  closeTerms,
  deleteParts,
  findSupply,
  insertParts,
  insertTerms,
  listParts,
  listTies,
  lockVariant,
  markProduct,
  setTerms,
  updateSupply,
  type PartRow,
  type SupplyRow,
} from './supply-queries.ts'

/** How an article is kept and sold. */
export interface Supply {
  readonly row: SupplyRow
  readonly parts: readonly PartRow[]
}

export interface SupplyChange {
  readonly tracksLots?: boolean | undefined
  /** null: it is sold only while it is there. */
  readonly backOrders?: { readonly limit: number; readonly promisedAt: number | null } | null
  readonly lowStockThreshold?: number | null | undefined
  /** What one of it is made of; none: it is no bundle. */
  readonly parts?: readonly { readonly variantId: string; readonly quantity: number }[] | undefined
}

export async function getSupply(db: Db, id: string): Promise<Supply> {
  const row = await findSupply(db, id)
  if (!row) throw notFound('Variant')
  return { row, parts: row.supply === 'bundle' ? await listParts(db, { variantId: id }) : [] }
}

/**
 * Changes how an article is kept and sold. What is counted, counted by lot or counted in its parts
 * can only be changed while nothing of it is there, on its way or promised (IN_USE). Lowering a
 * limit below what is on back-order is refused.
 */
export async function changeSupply(
  ctx: Context,
  tx: Tx,
  { id, change }: { id: string; change: SupplyChange },
): Promise<Supply> {
  if (!(await lockVariant(tx, id))) throw notFound('Variant')
  const before = await getSupply(tx, id)
  const supply = supplyOf(before.row, change)
  await lockTerms(tx, { ids: asIds([id]) })
  const shelves = await lockShelves(tx, { ids: asIds([id]) })
  if (supply !== 'stock') refuseTracked(shelves, [{ variant_id: id, sku: before.row.sku }])
  if (supply !== before.row.supply)
    await assertFree(tx, { id, from: before.row.supply, to: supply })
  if (change.parts !== undefined) await setParts(tx, { id, parts: change.parts })
  const mayBackorder = await setBackorders(tx, { row: before.row, supply, change })
  const { lowStockThreshold = before.row.low_stock_threshold } = change
  await updateSupply(tx, { id, supply, mayBackorder, threshold: lowStockThreshold })
  if (supply !== before.row.supply) await markProduct(tx, { productId: before.row.product_id })
  const after = await getSupply(tx, id)
  const [old, now] = differences(factsOf(before), factsOf(after))
  const subject = ['variant', id] as const
  await record(ctx, tx, { action: 'variant.supply_changed', subject, before: old, after: now })
  await fillArticles(ctx, tx, [id])
  return after
}

function supplyOf(row: SupplyRow, { parts, tracksLots }: SupplyChange): SupplyRow['supply'] {
  const isBundle = parts === undefined ? row.supply === 'bundle' : parts.length > 0
  const hasLots = tracksLots ?? (row.supply === 'lots' && !isBundle)
  if (isBundle && hasLots) throw invalid('tracks_lots', 'cannot be said of a bundle')
  if (isBundle) return 'bundle'
  return hasLots ? 'lots' : 'stock'
}

async function assertFree(
  tx: Tx,
  { id, from, to }: { id: string; from: SupplyRow['supply']; to: SupplyRow['supply'] },
): Promise<void> {
  const [ties] = await listTies(tx, { id })
  if (!ties) return
  const isFree = ties.pieces === 0 && ties.transfers === 0 && ties.waiting === 0
  const keepsLots = from === 'lots' && ties.lots > 0
  const isPart = to === 'bundle' && ties.bundles > 0
  if (!isFree || keepsLots || isPart) {
    throw new ShopError('IN_USE', { resource: 'Stock, lots or bundles of this article' })
  }
}

interface Parts {
  readonly id: string
  readonly parts: NonNullable<SupplyChange['parts']>
}

async function setParts(tx: Tx, { id, parts }: Parts): Promise<void> {
  const ids = parts.map(({ variantId }) => variantId)
  if (new Set(ids).size !== ids.length) throw invalid('parts', 'name an article twice')
  if (ids.includes(id)) throw invalid('parts', 'name the bundle itself')
  const found = ids.length === 0 ? [] : await listIngredients(tx, { ids: asIds(ids) })
  if (found.some(({ is_part }) => is_part === 1)) throw invalid('parts', 'name another bundle')
  if (found.length !== ids.length) throw notFound('Variant')
  // A part must not become a bundle itself while this one is being put together.
  for (const part of ids.toSorted()) await lockVariant(tx, part)
  await deleteParts(tx, { variantId: id })
  if (parts.length === 0) return
  await insertParts(
    tx,
    parts.map(({ variantId: part_id, quantity }) => ({ variant_id: id, part_id, quantity })),
  )
}

interface Backorders {
  readonly row: SupplyRow
  readonly supply: SupplyRow['supply']
  readonly change: SupplyChange
}

async function setBackorders(tx: Tx, { row, supply, change }: Backorders): Promise<0 | 1> {
  const { backOrders } = change
  const { id: variantId } = row
  if (supply === 'bundle') {
    if (backOrders) throw invalid('back_orders', 'cannot be had of a bundle, only of its parts')
    return 0
  }
  if (backOrders === undefined) return row.may_backorder
  if (backOrders === null) {
    await closeTerms(tx, { variantId })
    return 0
  }
  await insertTerms(tx, variantId)
  const { limit, promisedAt } = backOrders
  if ((await setTerms(tx, { variantId, limit, promisedAt })).changes !== 1) {
    const least = row.backordered ?? 0
    throw invalid('back_orders.limit', `must be at least the ${least} that are on back-order`)
  }
  return 1
}

const factsOf = ({ row, parts }: Supply) => ({
  supply: row.supply,
  may_backorder: row.may_backorder,
  backorder_limit: row.limit_quantity,
  promised_at: row.promised_at,
  low_stock_threshold: row.low_stock_threshold,
  parts: parts.map(({ sku, quantity }) => ({ sku, quantity })),
})
