import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import { formatMinor } from '../../core/money.ts'
import type { Tx } from '../../db/database.ts'
import { together } from '../../db/together.ts'
import type { PricedBasket } from '../pricing/basket.ts'
import { findCart, type Shopper } from './cart.ts'
import {
  codeStates,
  linesOf,
  priceStored,
  problemsOf,
  type BasketTerms,
  type CartLineRow,
  type StoredLine,
} from './pricing.ts'
import { closeCart, listArticlesOf, listCartLines, moveCart, writeToldPrices } from './queries.ts'
import type { CartRow } from './queries.ts'

export interface TakenCart {
  readonly row: CartRow
  readonly lines: readonly CartLineRow[]
  readonly basket: PricedBasket<StoredLine>
}

/** A refusal for changed prices; the caller accepts them for the next try by `acceptCartPrices`. */
export class PriceChangedError extends ShopError {
  readonly cartId: string
  readonly changed: readonly CartLineRow[]

  constructor(cartId: string, changed: readonly CartLineRow[]) {
    const items = changed.map((line) => ({
      sku: line.sku,
      cart_item_id: line.number,
      seen: formatMinor(line.seen_minor, line.currency),
      current: formatMinor(line.price_minor, line.currency),
    }))
    super('PRICE_CHANGED', { ...items[0], items })
    this.cartId = cartId
    this.changed = changed
  }
}

export interface Taking {
  readonly shopper: Shopper
  readonly version: number | undefined
  /** What the order says besides: its address decides on taxes and shipping. */
  readonly terms: BasketTerms
}

/**
 * Takes a cart for checkout: from here on it cannot change and cannot be taken again. Refuses an
 * empty cart, unavailable articles, changed prices and codes without effect; stock and limits are
 * left to the writes that take them.
 */
export async function takeCart(
  ctx: Context,
  tx: Tx,
  { shopper, version, terms }: Taking,
): Promise<TakenCart> {
  const row = await findCart(tx, shopper)
  if (!row) throw new ShopError('CART_EMPTY')
  if (version !== undefined && row.version !== version) {
    throw new ShopError('VERSION_CONFLICT', { current: row.version })
  }
  const now = ctx.clock.now()
  const [{ changes }, stored] = await together(tx, [
    () => moveCart(tx, { id: row.id, from: 'open', to: 'checkout', now }),
    () => listCartLines(tx, { cartId: row.id }),
  ])
  if (changes !== 1) throw new ShopError('CART_LOCKED')
  if (version !== undefined) await assertMovedFrom(tx, { shopper, version })
  if (stored.length === 0) throw new ShopError('CART_EMPTY')
  const basket = await priceStored(ctx, tx, { row, stored, terms })
  const lines = linesOf(row, basket)
  assertBuyable(row, lines)
  const refused = codeStates(basket).find(({ reason }) => reason !== undefined)
  if (refused) {
    throw new ShopError('COUPON_INVALID', { code: refused.code, reason: refused.reason })
  }
  return { row, lines, basket }
}

/** From now on nobody else can change the cart; until now somebody may have. */
async function assertMovedFrom(
  tx: Tx,
  { shopper, version }: { shopper: Shopper; version: number },
): Promise<void> {
  const row = await findCart(tx, shopper)
  if (row?.version === version + 1) return
  throw new ShopError('VERSION_CONFLICT', { current: (row?.version ?? 1) - 1 })
}

function assertBuyable(row: CartRow, lines: readonly CartLineRow[]): void {
  const problems = lines.flatMap(problemsOf)
  const gone = problems.find(({ code }) => code === 'PRODUCT_UNAVAILABLE')
  if (gone) {
    throw new ShopError('PRODUCT_UNAVAILABLE', {
      sku: gone.line.sku,
      cart_item_id: gone.line.number,
    })
  }
  const changed = problems.filter(({ code }) => code === 'PRICE_CHANGED')
  if (changed.length > 0) {
    throw new PriceChangedError(
      row.id,
      changed.map(({ line }) => line),
    )
  }
}

/** The articles a shopper is about to buy, read without any lock. */
export async function articlesOf(ctx: Context, shopper: Shopper): Promise<string[]> {
  const articles = await listArticlesOf(ctx.db.read, shopper)
  return articles.map(({ variant_id }) => variant_id)
}

/**
 * Notes that the shopper has been told the prices of the refusal: the next checkout accepts them,
 * and them alone. What has changed since then is told again.
 */
export async function acceptCartPrices(
  ctx: Context,
  { cartId, changed }: PriceChangedError,
): Promise<void> {
  const now = ctx.clock.now()
  const told = changed.map(({ number, price_minor }) => ({
    cart_id: cartId,
    number,
    told_minor: price_minor,
    told_at: now,
  }))
  await ctx.db.transaction((tx) => writeToldPrices(tx, told))
}

/** The cart has become an order. */
export async function completeCart(ctx: Context, tx: Tx, id: string): Promise<void> {
  const now = ctx.clock.now()
  const { changes } = await closeCart(tx, { id, from: 'checkout', to: 'completed', now })
  if (changes !== 1) throw new Error(`cart ${id} was not in checkout`)
}

/** The payment failed: the shopper has the cart back as it was. */
export async function reopenCart(ctx: Context, tx: Tx, id: string): Promise<void> {
  const now = ctx.clock.now()
  const { changes } = await moveCart(tx, { id, from: 'checkout', to: 'open', now })
  if (changes !== 1) throw new Error(`cart ${id} was not in checkout`)
}
