import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import type { Minor } from '../../core/money.ts'
import type { Tx } from '../../db/database.ts'
import { listOrderLines, type OrderRow } from '../order/orders.ts'
import { issueGiftCards, revokeCards } from './credit.ts'
import { listCardsOfOrder } from './queries.ts'

/**
 * Issues the gift cards that a paid order has bought: one for each piece, worth what was paid for
 * it. Runs in the transaction that settles the order, and thus once.
 */
export async function issueOrderedCards(ctx: Context, tx: Tx, order: OrderRow): Promise<void> {
  if (order.gift_card_count === 0) return
  // An order that grew is paid a second time.
  if ((await listCardsOfOrder(tx, { orderId: order.id })).length > 0) return
  const lines = await listOrderLines(tx, order.id)
  const cards = lines
    .filter(({ kind, price_minor }) => kind === 'gift_card' && price_minor > 0)
    .flatMap(({ quantity, cancelled_quantity: less, price_minor: amountMinor }) =>
      Array.from({ length: quantity - less }, () => ({
        currency: order.currency,
        amountMinor,
        expiresAt: null,
        orderId: order.id,
        note: null,
      })),
    )
  await issueGiftCards(ctx, tx, cards)
}

/** Gift cards of one worth. */
export interface CardsOfWorth {
  readonly amountMinor: Minor
  readonly count: number
}

/**
 * Takes back gift cards that an order has bought, if they were issued: they are worth nothing from
 * then on. Refuses if too few of them are untouched (GIFT_CARD_SPENT).
 */
export async function revokeOrderedCards(
  ctx: Context,
  tx: Tx,
  { orderId, cards }: { orderId: string; cards: readonly CardsOfWorth[] },
): Promise<void> {
  if (cards.length === 0) return
  const issued = await listCardsOfOrder(tx, { orderId })
  if (issued.length === 0) return
  const left = new Map(cards.map(({ amountMinor }) => [amountMinor, 0]))
  for (const { amountMinor, count } of cards) {
    left.set(amountMinor, (left.get(amountMinor) ?? 0) + count)
  }
  const chosen = issued.filter(({ balance_minor, is_active }) => {
    const wanted = left.get(balance_minor) ?? 0
    if (is_active === 0 || wanted === 0) return false
    left.set(balance_minor, wanted - 1)
    return true
  })
  const isShort = [...left.values()].some((wanted) => wanted > 0)
  if (isShort || !(await revokeCards(ctx, tx, { orderId, cards: chosen }))) {
    throw new ShopError('GIFT_CARD_SPENT')
  }
}
