import type { Context } from '../../context.ts'
import type { PlaceKey } from '../../core/paging.ts'
import { withUnits } from '../unit/sale.ts'
import {
  countOrders,
  listOrderIds,
  listOrdersById,
  listTagsOf,
  type OrderFilter,
} from './list-queries.ts'
import { listLinesOf, type OrderRow } from './queries.ts'
import { paymentsOfMany, type OrderSummary } from './orders.ts'

/** An order as staff see it in a list. */
export interface ListedOrder extends OrderSummary {
  readonly tags: readonly string[]
}

export interface OrdersWanted {
  readonly filter: OrderFilter
  readonly sort: string
  readonly after: readonly PlaceKey[] | undefined
  readonly limit: number
}

/**
 * Orders of all customers, by any of their sides. On the connection for long reads, so that no
 * list, however rare what it looks for, holds up a shopper. Without lines where nobody shows them.
 */
export async function searchOrders(
  ctx: Context,
  { filter, sort, after, limit }: OrdersWanted,
  { hasLines }: { readonly hasLines: boolean },
): Promise<{ row: ListedOrder; place: readonly PlaceKey[] }[]> {
  const db = ctx.db.long
  const found = await listOrderIds(db, { filter, sort }, { after, limit })
  const ids = JSON.stringify(found.map(({ id }) => ({ id })))
  const [rows, tags, lines] = await Promise.all([
    listOrdersById(db, { ids }),
    listTagsOf(db, { ids }),
    hasLines ? listLinesOf(db, { ids }).then((rows) => withUnits(db, rows)) : [],
  ])
  const payments = await paymentsOfMany(db, rows)
  const byId = new Map(rows.map((row) => [row.id, row]))
  const tagsOf = Map.groupBy(tags, ({ order_id }) => order_id)
  const linesOf = Map.groupBy(lines, ({ order_id }) => order_id)
  return found.flatMap(({ id, place }) => {
    const order = byId.get(id)
    if (!order) return []
    const own = tagsOf.get(id)?.map(({ tag }) => tag) ?? []
    const parts = { lines: linesOf.get(id) ?? [], payments: payments(order), tags: own }
    return [{ row: { order, ...parts }, place }]
  })
}

/** How many orders a filter lets through, counted to one more than is ever reported. */
export function countFound(ctx: Context, filter: OrderFilter): Promise<number> {
  return countOrders(ctx.db.long, filter)
}

export type { OrderFilter, OrderRow }
