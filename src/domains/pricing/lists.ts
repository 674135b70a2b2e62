import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import { isCurrency, type Minor } from '../../core/money.ts'
import type { Db, Tx } from '../../db/database.ts'
import { refersToNothing } from '../../db/faults.ts'
import { recordListPrices } from './history.ts'
import {
  deleteList,
  deletePrice,
  findList,
  insertList,
  insertPrices,
  listListRows,
  listPricesOf,
  listPricesOn,
  listSinglePrices,
  updateList,
  updatePrices,
  type ListedPrice,
  type ListRow,
} from './list-queries.ts'
import { listVariantIds } from './queries.ts'
import { pricingChanged } from './version.ts'

export interface NewPriceList {
  readonly code: string
  readonly name: string
  readonly currency: string
  readonly priority: number
  readonly groupId: string | null
  readonly startsAt: number | null
  readonly endsAt: number | null
  readonly isActive: boolean
}

const rowOf = (list: Omit<NewPriceList, 'code' | 'currency'>) => ({
  name: list.name,
  priority: list.priority,
  group_id: list.groupId,
  starts_at: list.startsAt,
  ends_at: list.endsAt,
  is_active: list.isActive ? (1 as const) : (0 as const),
})

export function listPriceLists(db: Db): Promise<ListRow[]> {
  return listListRows(db, {})
}

export async function getPriceList(db: Db, id: string): Promise<ListRow> {
  const list = await findList(db, id)
  if (!list) throw notFound('Price list')
  return list
}

function assertDates({ startsAt, endsAt }: Pick<NewPriceList, 'startsAt' | 'endsAt'>): void {
  if (startsAt !== null && endsAt !== null && endsAt <= startsAt) {
    throw invalid('ends_at', 'must come after starts_at')
  }
}

/** Creates a price list. Refuses with ALREADY_EXISTS, VALIDATION_ERROR. */
export async function createPriceList(ctx: Context, list: NewPriceList): Promise<ListRow> {
  if (!isCurrency(list.currency)) throw invalid('currency', 'is no currency of ISO 4217')
  assertDates(list)
  const [id, now] = [ctx.newId(), ctx.clock.now()]
  const { code, currency } = list
  return groupNamed(ctx, () =>
    ctx.db.transaction(async (tx) => {
      const times = { created_at: now, updated_at: now }
      if (!(await insertList(tx, { id, code, currency, ...rowOf(list), ...times }))) {
        throw new ShopError('ALREADY_EXISTS', { resource: 'price list', field: 'code' })
      }
      await pricingChanged(ctx, tx, {
        action: 'price_list.created',
        subject: ['price_list', id],
        after: list,
      })
      return getPriceList(tx, id)
    }),
  )
}

async function groupNamed<T>(ctx: Context, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!refersToNothing(ctx.db.dialect, error)) throw error
    throw invalid('group_id', 'names no customer group')
  }
}

/** Replaces a list, but for its code and currency. Refuses with NOT_FOUND, VERSION_CONFLICT. */
export async function changePriceList(
  ctx: Context,
  { id, version }: { id: string; version: number | undefined },
  list: Omit<NewPriceList, 'code' | 'currency'>,
): Promise<ListRow> {
  assertDates(list)
  return groupNamed(ctx, () =>
    ctx.db.transaction(async (tx) => {
      const known = await getPriceList(tx, id)
      const row = { ...rowOf(list), updated_at: ctx.clock.now() }
      if (!(await updateList(tx, { id, version }, row))) {
        throw new ShopError('VERSION_CONFLICT', { current: known.version })
      }
      const changed = await getPriceList(tx, id)
      await recordChange(ctx, tx, { known, changed })
      await pricingChanged(ctx, tx, {
        action: 'price_list.changed',
        subject: ['price_list', id],
        before: known,
        after: list,
      })
      return changed
    }),
  )
}

/** What everybody is asked changes with the list: from its dates, or since it is for a group. */
async function recordChange(
  ctx: Context,
  tx: Tx,
  { known, changed }: { known: ListRow; changed: ListRow },
): Promise<void> {
  const singles = await listSinglePrices(tx, { listId: known.id })
  const prices = new Map(singles.map(({ variant_id, price_minor }) => [variant_id, price_minor]))
  if (changed.group_id === null) await recordListPrices(ctx, tx, { list: changed, prices })
  else if (known.group_id === null) {
    const gone = new Map([...prices.keys()].map((id) => [id, null]))
    await recordListPrices(ctx, tx, { list: known, prices: gone })
  }
}

/** Deletes a list with its prices. */
export async function removePriceList(ctx: Context, id: string): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    const list = await getPriceList(tx, id)
    const singles = await listSinglePrices(tx, { listId: id })
    const gone = new Map(singles.map(({ variant_id }) => [variant_id, null]))
    await recordListPrices(ctx, tx, { list, prices: gone })
    await deleteList(tx, id)
    await pricingChanged(ctx, tx, {
      action: 'price_list.deleted',
      subject: ['price_list', id],
      before: list,
    })
  })
}

export interface NewPrice {
  readonly sku: string
  readonly minQuantity: number
  readonly priceMinor: Minor
  readonly compareAtMinor: Minor | null
}

/**
 * Sets prices on a list, new ones and known ones, in a fixed number of statements. Refuses a SKU
 * that does not exist and one that is named twice for a quantity.
 */
export async function setPrices(
  ctx: Context,
  id: string,
  prices: readonly NewPrice[],
): Promise<ListRow> {
  const places = new Set(prices.map(({ sku, minQuantity }) => `${minQuantity} ${sku}`))
  if (places.size !== prices.length) throw invalid('prices', 'name an article and quantity twice')
  return ctx.db.transaction(async (tx) => {
    const list = await getPriceList(tx, id)
    const rows = await priceRows(tx, id, prices)
    const ids = JSON.stringify([...new Set(rows.map(({ variant_id }) => variant_id))].map(asId))
    const known = new Set(
      (await listPricesOf(tx, { ids }))
        .filter(({ list_id }) => list_id === id)
        .map(({ variant_id, min_quantity }) => `${min_quantity} ${variant_id}`),
    )
    const isKnown = (row: (typeof rows)[number]) =>
      known.has(`${row.min_quantity} ${row.variant_id}`)
    const fresh = rows.filter((row) => !isKnown(row))
    if (fresh.length > 0) await insertPrices(tx, fresh)
    const changes = rows.filter(isKnown).map((row) => ({
      of_variant: row.variant_id,
      of_list: id,
      from_quantity: row.min_quantity,
      new_minor: row.price_minor,
      new_compare_minor: row.compare_at_minor,
    }))
    if (changes.length > 0) await updatePrices(tx, changes)
    const single = rows.filter(({ min_quantity }) => min_quantity === 1)
    const singles = new Map(single.map((row) => [row.variant_id, row.price_minor]))
    await recordListPrices(ctx, tx, { list, prices: singles })
    await pricingChanged(ctx, tx, {
      action: 'price_list.prices_set',
      subject: ['price_list', id],
      after: { count: rows.length },
    })
    return list
  })
}

const asId = (id: string) => ({ id })

async function priceRows(tx: Tx, listId: string, prices: readonly NewPrice[]) {
  const skus = [...new Set(prices.map(({ sku }) => sku))]
  const found = await listVariantIds(tx, { skus: JSON.stringify(skus.map((sku) => ({ sku }))) })
  const bySku = new Map(found.map(({ sku, id }) => [sku, id]))
  return prices.map((price) => {
    const variantId = bySku.get(price.sku)
    if (variantId === undefined) throw invalid('prices', `there is no SKU ${price.sku}`)
    return {
      variant_id: variantId,
      list_id: listId,
      min_quantity: price.minQuantity,
      price_minor: price.priceMinor,
      compare_at_minor: price.compareAtMinor,
    }
  })
}

/** Takes a price off a list. Refuses one that is not on it (NOT_FOUND). */
export async function removePrice(
  ctx: Context,
  { listId, sku, minQuantity }: { listId: string; sku: string; minQuantity: number },
): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    const list = await getPriceList(tx, listId)
    const [variant] = await listVariantIds(tx, { skus: JSON.stringify([{ sku }]) })
    const variantId = variant?.id
    const isDone =
      variantId !== undefined && (await deletePrice(tx, { listId, variantId, minQuantity }))
    if (!isDone) throw notFound('Price')
    if (minQuantity === 1) {
      await recordListPrices(ctx, tx, { list, prices: new Map([[variantId, null]]) })
    }
    await pricingChanged(ctx, tx, {
      action: 'price_list.price_removed',
      subject: ['price_list', listId],
      before: { sku, minQuantity },
    })
  })
}

/** One page of the prices on a list, by SKU. */
export async function pricesOn(
  ctx: Context,
  page: { listId: string; limit: number; offset: number },
): Promise<{ list: ListRow; prices: ListedPrice[] }> {
  const list = await getPriceList(ctx.db.read, page.listId)
  return { list, prices: await listPricesOn(ctx.db.read, page) }
}

export type { ListedPrice, ListRow }
