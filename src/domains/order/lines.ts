import type { Context } from '../../context.ts'
import { minor, sumMinor, type Minor } from '../../core/money.ts'
import { nextShare } from '../../core/shares.ts'
import type { Tx } from '../../db/database.ts'
import { nextPosition, raiseTotals } from './life-queries.ts'
import { insertOrderLines, type NewOrderLine, type OrderLineRow } from './queries.ts'
import type { OrderRow } from './queries.ts'

export type AddedLine = Omit<NewOrderLine, 'id' | 'order_id' | 'position'>

/**
 * Adds lines to an order that counts, and exactly their amounts to its totals. Their goods and
 * their money are the caller's to take (`sellMore`, `addPayment`). The caller has locked the order.
 */
export async function addLines(
  ctx: Context,
  tx: Tx,
  { order, lines }: { readonly order: OrderRow; readonly lines: readonly AddedLine[] },
): Promise<OrderRow> {
  const first = await nextPosition(tx, order.id)
  const rows = lines.map((line, index) => ({
    ...line,
    id: ctx.newId(),
    order_id: order.id,
    position: first + index,
  }))
  await insertOrderLines(tx, rows)
  const sum = (field: 'subtotal_minor' | 'tax_minor' | 'total_minor') =>
    sumMinor(lines.map((line) => line[field]))
  const itemCount = lines.reduce((count, { quantity }) => count + quantity, 0)
  const cards = lines.filter(({ kind }) => kind === 'gift_card')
  const giftCardCount = cards.reduce((count, { quantity }) => count + quantity, 0)
  const [subtotalMinor, taxMinor] = [sum('subtotal_minor'), sum('tax_minor')]
  const totalMinor = sum('total_minor')
  await raiseTotals(tx, {
    ...{ id: order.id, subtotalMinor, taxMinor, totalMinor, itemCount, giftCardCount },
    ...{ shippingMinor: minor(0), shippingTaxMinor: minor(0) },
  })
  return {
    ...order,
    subtotal_minor: minor(order.subtotal_minor + subtotalMinor),
    tax_minor: minor(order.tax_minor + taxMinor),
    total_minor: minor(order.total_minor + totalMinor),
    item_count: order.item_count + itemCount,
    gift_card_count: order.gift_card_count + giftCardCount,
  }
}

export interface LineShares {
  readonly subtotalMinor: Minor
  readonly discountMinor: Minor
  readonly taxMinor: Minor
  /** What was paid for these pieces, and is given back for them. */
  readonly totalMinor: Minor
}

/**
 * What the next `count` pieces of a line are worth when they go back. All pieces of a line, in
 * whatever portions, add up to the line.
 */
export function lineShares(line: OrderLineRow, count: number): LineShares {
  const before = line.cancelled_quantity + line.returned_quantity
  const share = (amount: Minor) => nextShare(amount, line.quantity, { before, count })
  return {
    subtotalMinor: share(line.subtotal_minor),
    discountMinor: share(line.discount_minor),
    taxMinor: share(line.tax_minor),
    totalMinor: share(line.total_minor),
  }
}
