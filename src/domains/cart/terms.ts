import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import { isCurrency } from '../../core/money.ts'
import type { Destination } from '../../core/pricing/destination.ts'
import { readVatId } from '../../core/pricing/vat-id.ts'
import type { Tx } from '../../db/database.ts'
import { findCodes, normalCode } from '../promotion/coupons.ts'
import {
  loadCart,
  lockOpenCart,
  openCart,
  reloadCart,
  type Cart,
  type CartRow,
  type Shopper,
} from './cart.ts'
import { setTerms, writeToldPrices, type CartTerms } from './queries.ts'

export interface Change {
  readonly shopper: Shopper
  /** The cart version the caller has seen, from If-Match. */
  readonly version: number | undefined
}

const codesMax = 20

async function lockedCart(ctx: Context, tx: Tx, change: Change): Promise<CartRow> {
  const { row, isNew } = await openCart(ctx, tx, change.shopper)
  const version = isNew && change.version === 0 ? undefined : change.version
  await lockOpenCart(ctx, tx, { row, version })
  return row
}

async function changed(
  ctx: Context,
  tx: Tx,
  { row, terms }: { row: CartRow; terms: CartTerms },
): Promise<Cart> {
  await setTerms(tx, row.id, terms)
  return reloadCart(ctx, tx, row)
}

const codesOf = (row: CartRow): string[] =>
  row.codes === null ? [] : (JSON.parse(row.codes) as string[])

const jsonOf = (codes: readonly string[]): string | null =>
  codes.length === 0 ? null : JSON.stringify(codes)

/**
 * Enters a code. One that does not exist, or is used up, is refused (COUPON_INVALID); one whose
 * conditions do not hold yet stays in the cart, which says so.
 */
export async function addCode(
  ctx: Context,
  tx: Tx,
  { code: text, ...change }: Change & { readonly code: string },
): Promise<Cart> {
  const code = normalCode(text)
  const [found] = await findCodes(ctx, tx, [code])
  if (found?.problem !== undefined) {
    throw new ShopError('COUPON_INVALID', { code, reason: found.problem })
  }
  const row = await lockedCart(ctx, tx, change)
  const codes = codesOf(row)
  if (codes.includes(code)) return reloadCart(ctx, tx, row)
  if (codes.length >= codesMax) throw invalid('code', `cannot be one more than ${codesMax}`)
  return changed(ctx, tx, { row, terms: { codes: jsonOf([...codes, code]) } })
}

/** Takes a code out of the cart. Refuses one that is not in it (NOT_FOUND). */
export async function removeCode(
  ctx: Context,
  tx: Tx,
  { code: text, ...change }: Change & { readonly code: string },
): Promise<Cart> {
  const row = await lockedCart(ctx, tx, change)
  const code = normalCode(text)
  const codes = codesOf(row)
  if (!codes.includes(code)) throw notFound('Code')
  const rest = codes.filter((known) => known !== code)
  return changed(ctx, tx, { row, terms: { codes: jsonOf(rest) } })
}

/** Says where the goods go, as far as is known: taxes and shipping are estimated by it. */
export async function setDestination(
  ctx: Context,
  tx: Tx,
  given: Change & { readonly destination: Destination; readonly vatId: string | undefined },
): Promise<Cart> {
  const { destination, ...change } = given
  const vat_id = given.vatId === undefined ? null : checkedVatId(given.vatId)
  const row = await lockedCart(ctx, tx, change)
  return changed(ctx, tx, { row, terms: { destination: JSON.stringify(destination), vat_id } })
}

/** A VAT id as it is kept. Throws VALIDATION_ERROR for what has not the form of one. */
export function checkedVatId(text: string): string {
  const vatId = readVatId(text)
  if (!vatId) throw invalid('vat_id', 'has not the form of a VAT id with its country')
  return vatId.text
}

/**
 * Changes the currency of a cart: every line gets its price in it, which the answer shows. Refuses
 * where one has none (CURRENCY_UNAVAILABLE): amounts are never converted, and never mixed.
 */
export async function setCurrency(
  ctx: Context,
  tx: Tx,
  { currency, ...change }: Change & { readonly currency: string },
): Promise<Cart> {
  if (!isCurrency(currency)) throw invalid('currency', 'is no currency of ISO 4217')
  const row = await lockedCart(ctx, tx, change)
  const cart = await changed(ctx, tx, { row, terms: { currency } })
  const without = cart.lines.find(({ hasPrice }) => !hasPrice)
  if (without) throw new ShopError('CURRENCY_UNAVAILABLE', { sku: without.sku, currency })
  const now = ctx.clock.now()
  const told = cart.lines.map(({ number, price_minor }) => ({
    cart_id: row.id,
    number,
    told_minor: price_minor,
    told_at: now,
  }))
  await writeToldPrices(tx, told)
  return loadCart(ctx, tx, { ...row, currency, version: cart.version })
}
