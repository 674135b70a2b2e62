import type { Context } from '../../context.ts'
import type { Tx } from '../../db/database.ts'
import { listOrderLines, type OrderRow } from '../order/orders.ts'
import { issueGiftCards } from './credit.ts'

/**
 * Issues the gift cards that a paid order has bought: one for each piece, worth what was paid for
 * it. Runs in the transaction that settles the order, and thus once.
 */
export async function issueOrderedCards(ctx: Context, tx: Tx, order: OrderRow): Promise<void> {
  if (order.gift_card_count === 0) return
  const lines = await listOrderLines(tx, order.id)
  const cards = lines
    .filter(({ kind, price_minor }) => kind === 'gift_card' && price_minor > 0)
    .flatMap(({ quantity, price_minor: amountMinor }) =>
      Array.from({ length: quantity }, () => ({
        currency: order.currency,
        amountMinor,
        expiresAt: null,
        orderId: order.id,
        note: null,
      })),
    )
  await issueGiftCards(ctx, tx, cards)
}
