import type { Context } from '../../context.ts'
import type { Minor } from '../../core/money.ts'
import { lowestPriorPrice, type PriceRecord } from '../../core/pricing/price-lists.ts'
import type { Db, Tx } from '../../db/database.ts'
import { insertRecords, listRecordsOf, type ListRow, type RecordRow } from './list-queries.ts'

export interface OwnPrice {
  readonly variantId: string
  readonly priceMinor: Minor
  readonly currency: string
}

/** Notes what articles cost by themselves from now on. */
export async function recordOwnPrices(
  ctx: Context,
  tx: Tx,
  prices: readonly OwnPrice[],
): Promise<void> {
  if (prices.length === 0) return
  const now = ctx.clock.now()
  const rows = prices.map(({ variantId, priceMinor, currency }) => ({
    id: ctx.newId(),
    variant_id: variantId,
    list_id: null,
    currency,
    price_minor: priceMinor,
    priority: 0,
    starts_at: null,
    ends_at: null,
    created_at: now,
  }))
  await insertRecords(tx, rows)
}

/**
 * Notes what single pieces cost on a list from now on; `null` where they are off it. Lists of a
 * customer group are not for everybody and leave no trace.
 */
export async function recordListPrices(
  ctx: Context,
  tx: Tx,
  { list, prices }: { list: ListRow; prices: ReadonlyMap<string, Minor | null> },
): Promise<void> {
  if (list.group_id !== null || prices.size === 0) return
  const now = ctx.clock.now()
  const rows = [...prices].map(([variant_id, price_minor]) => ({
    id: ctx.newId(),
    variant_id,
    list_id: list.id,
    currency: list.currency,
    price_minor: list.is_active === 1 ? price_minor : null,
    priority: list.priority,
    starts_at: list.starts_at,
    ends_at: list.ends_at,
    created_at: now,
  }))
  await insertRecords(tx, rows)
}

export interface PriceHistory {
  readonly records: readonly RecordRow[]
  /** The prior price to name with a reduction; undefined for what had no price before. */
  readonly lowestPriorMinor: Minor | undefined
}

/** The history of articles in one currency, by their ids. */
export async function priceHistories(
  ctx: Context,
  db: Db,
  { variantIds, currency }: { variantIds: readonly string[]; currency: string },
): Promise<Map<string, PriceHistory>> {
  const ids = JSON.stringify(variantIds.map((id) => ({ id })))
  const rows = await listRecordsOf(db, { ids, currency })
  const byVariant = Map.groupBy(rows, ({ variant_id }) => variant_id)
  const now = ctx.clock.now()
  return new Map(
    variantIds.map((id) => {
      const records = byVariant.get(id) ?? []
      return [id, { records, lowestPriorMinor: lowestPriorPrice(records.map(coreRecord), now) }]
    }),
  )
}

const coreRecord = (row: RecordRow): PriceRecord => ({
  listId: row.list_id ?? undefined,
  priceMinor: row.price_minor ?? undefined,
  recordedAt: row.created_at,
  priority: row.priority,
  from: row.starts_at ?? undefined,
  until: row.ends_at ?? undefined,
})
