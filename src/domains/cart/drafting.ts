import type { Context } from '../../context.ts'
import { notFound, ShopError } from '../../core/errors.ts'
import type { Minor } from '../../core/money.ts'
import type { Destination } from '../../core/pricing/destination.ts'
import { multiply, ratio, type Ratio } from '../../core/ratio.ts'
import type { Db, Tx } from '../../db/database.ts'
import { refersToNothing } from '../../db/faults.ts'
import { loadCart, lockOpenCart, type Cart, type CartRow } from './cart.ts'
import {
  closeCart,
  deleteLines,
  findCartById,
  insertCart,
  insertDraftLines,
  setTerms,
  writeCustomPrices,
  writeToldPrices,
} from './queries.ts'

export interface DraftLineWanted {
  readonly variantId: string
  readonly quantity: number
  /** Instead of the price of the lists. */
  readonly priceMinor?: Minor | undefined
  /** Or so much off it, as a share. */
  readonly off?: Ratio | undefined
}

export interface DraftContents {
  readonly lines: readonly DraftLineWanted[]
  readonly codes: readonly string[]
  readonly currency: string
  readonly destination: Destination | undefined
  readonly vatId: string | undefined
}

interface OneDraft {
  readonly cartId: string
  /** Whose prices it has. */
  readonly customerId: string | undefined
}

/** A cart that belongs to nobody, for a draft. */
export async function makeDraftCart(ctx: Context, tx: Tx, currency: string): Promise<string> {
  const now = ctx.clock.now()
  const id = ctx.newId()
  const owner = { session_key: null, customer_id: null, status: 'open' as const, currency }
  const expires_at = now + ctx.config.lifetimes.cartMs
  await insertCart(tx, { id, ...owner, created_at: now, updated_at: now, expires_at })
  return id
}

/**
 * Fills the cart of a draft anew. Everything is priced as for a shopper, but for what staff have
 * agreed on. Refuses articles that are not there or not for sale, and those without a price in this
 * currency; stock is looked at when it is ordered.
 */
export async function fillDraftCart(
  ctx: Context,
  tx: Tx,
  { draft, contents }: { readonly draft: OneDraft; readonly contents: DraftContents },
): Promise<Cart> {
  const { cartId } = draft
  const row = await findCartById(tx, cartId)
  if (!row) throw notFound('Draft')
  await lockOpenCart(ctx, tx, { row, version: undefined })
  await deleteLines(tx, { cartId })
  await setTerms(tx, cartId, {
    currency: contents.currency,
    codes: contents.codes.length === 0 ? null : JSON.stringify(contents.codes),
    destination: contents.destination === undefined ? null : JSON.stringify(contents.destination),
    vat_id: contents.vatId ?? null,
  })
  await writeLines(ctx, tx, { cartId, lines: contents.lines })
  const listed = await loadDraftCart(ctx, tx, draft)
  assertBuyable(listed, contents.lines)
  const agreed = agreedOn(listed, contents.lines)
  if (agreed.length > 0) await writeCustomPrices(tx, agreed)
  return tellPrices(ctx, tx, draft)
}

/** An article that is not there is refused by the key that refers to it. */
async function writeLines(
  ctx: Context,
  tx: Tx,
  { cartId, lines }: { readonly cartId: string; readonly lines: readonly DraftLineWanted[] },
): Promise<void> {
  try {
    await insertDraftLines(
      tx,
      lines.map((line) => storedLine(ctx, cartId, line)),
    )
  } catch (error) {
    throw refersToNothing(ctx.db.dialect, error) ? notFound('Variant') : error
  }
}

function storedLine(ctx: Context, cartId: string, line: DraftLineWanted) {
  const now = ctx.clock.now()
  return {
    id: ctx.newId(),
    cart_id: cartId,
    variant_id: line.variantId,
    quantity: line.quantity,
    price_minor: 0 as Minor,
    custom_minor: line.priceMinor ?? null,
    created_at: now,
    updated_at: now,
  }
}

function assertBuyable(cart: Cart, wanted: readonly DraftLineWanted[]): void {
  const there = new Map(cart.lines.map((line) => [line.variant_id, line]))
  for (const { variantId } of wanted) {
    const line = there.get(variantId)
    if (!line || line.status === 'draft') throw notFound('Variant')
    const { sku, status, hasPrice, currency } = line
    if (status !== 'active') throw new ShopError('PRODUCT_UNAVAILABLE', { sku })
    if (!hasPrice) throw new ShopError('CURRENCY_UNAVAILABLE', { sku, currency })
  }
}

/** A share off is off the price of the lists, rounded for the piece. */
function agreedOn(cart: Cart, wanted: readonly DraftLineWanted[]) {
  return cart.lines.flatMap((line) => {
    const off = wanted.find(({ variantId }) => variantId === line.variant_id)?.off
    if (!off) return []
    const left = ratio(off.denominator - off.numerator, off.denominator)
    const agreed_minor = multiply(line.price_minor, left, 'half-even')
    return [{ cart_id: cart.id ?? '', number: line.number, agreed_minor }]
  })
}

/** Staff are shown the prices: an order at others is refused until they have seen them. */
async function tellPrices(ctx: Context, tx: Tx, draft: OneDraft): Promise<Cart> {
  const { lines } = await loadDraftCart(ctx, tx, draft)
  const told_at = ctx.clock.now()
  const told = lines.map(({ number, price_minor }) => ({
    cart_id: draft.cartId,
    number,
    told_minor: price_minor,
    told_at,
  }))
  await writeToldPrices(tx, told)
  return loadDraftCart(ctx, tx, draft)
}

/** The cart of a draft with everything to show it. */
export async function loadDraftCart(ctx: Context, db: Db, draft: OneDraft): Promise<Cart> {
  const row = await findCartById(db, draft.cartId)
  if (!row) throw notFound('Draft')
  return loadCart(ctx, db, { ...row, customer_id: draft.customerId ?? null })
}

/** Nothing will come of this draft; false if it is being ordered, or was. */
export async function closeDraftCart(ctx: Context, tx: Tx, cartId: string): Promise<boolean> {
  const now = ctx.clock.now()
  const { changes } = await closeCart(tx, { id: cartId, from: 'open', to: 'merged', now })
  return changes === 1
}

export type { CartRow }
