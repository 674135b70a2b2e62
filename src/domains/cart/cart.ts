import type { Context } from '../../context.ts'
import { notFound, ShopError } from '../../core/errors.ts'
import type { PricedCart } from '../../core/pricing/cart.ts'
import type { Destination } from '../../core/pricing/destination.ts'
import { priceCart } from '../../core/pricing/price-cart.ts'
import { taxRulesOf } from '../../core/pricing/tax.ts'
import type { Reference } from '../../core/reference.ts'
import type { Db, Tx } from '../../db/database.ts'
import { together } from '../../db/together.ts'
import { assertAccount } from '../customer/account.ts'
import type { PricedBasket } from '../pricing/basket.ts'
import { defaultTax } from '../pricing/settings.ts'
import {
  addToLine,
  closeCart,
  deleteExpiredCarts,
  deleteLine,
  deleteLines,
  findCartByCustomer,
  findCartById,
  findCartBySession,
  insertCart,
  insertLine,
  listCartLines as listStoredLines,
  listSellablesByNumber,
  listSellablesByProduct,
  listSellablesByVariant,
  setLine,
  touchCart,
  touchCartAt,
  writeToldPrices,
  type CartLineRow as StoredLine,
  type CartRow,
  type Sellable,
} from './queries.ts'
import { mergeCarts } from './merge.ts'
import {
  codeStates,
  destinationOf,
  linesOf,
  optionsOf,
  priceStored,
  problemsOf,
  sellableOf,
  type CartLineRow,
  type CodeState,
  type Problem,
  type ShippingOption,
} from './pricing.ts'

/** Whose cart it is: a signed-in customer's, a session's, or both until they are merged. */
export interface Shopper {
  readonly customerId: string | undefined
  readonly sessionKey: string | undefined
  /** The cart of an order that staff have drafted, for the customer or a guest. */
  readonly draftCartId?: string | undefined
}

export interface Cart {
  readonly id: string | undefined
  readonly version: number
  readonly status: CartRow['status']
  readonly currency: string
  readonly expiresAt: number | undefined
  readonly lines: readonly CartLineRow[]
  readonly priced: PricedCart<number>
  readonly shippingOptions: readonly ShippingOption[]
  readonly codes: readonly CodeState[]
  readonly gifts: PricedBasket<StoredLine>['gifts']
  readonly destination: Destination | undefined
  readonly vatId: string | undefined
  readonly problems: readonly Problem[]
}

/** The shopper's cart with everything to show it. Somebody without a cart has an empty one. */
export async function getCart(ctx: Context, shopper: Shopper): Promise<Cart> {
  await mergeIfPossible(ctx, shopper)
  const row = await findCart(ctx.db.read, shopper)
  return row ? loadCart(ctx, ctx.db.read, row) : emptyCart(ctx)
}

/** Reading is never refused: while the customer's cart is being paid for, the session's waits. */
async function mergeIfPossible(ctx: Context, shopper: Shopper): Promise<void> {
  try {
    await mergeIfNeeded(ctx, shopper)
  } catch (error) {
    if (!(error instanceof ShopError && error.code === 'CART_LOCKED')) throw error
  }
}

/** Gives what a session collected to the customer who signed in; loses nothing. */
export async function mergeIfNeeded(ctx: Context, shopper: Shopper): Promise<void> {
  const { customerId, sessionKey } = shopper
  if (customerId === undefined || sessionKey === undefined) return
  const guest = await findCartBySession(ctx.db.read, sessionKey)
  if (guest?.status !== 'open') return
  await mergeCarts(ctx, { sessionKey, customerId })
}

export async function findCart(db: Db, shopper: Shopper): Promise<CartRow | undefined> {
  const { customerId, draftCartId } = shopper
  if (draftCartId !== undefined) return findDraftCart(db, { cartId: draftCartId, customerId })
  if (customerId !== undefined) return findCartByCustomer(db, customerId)
  return shopper.sessionKey === undefined ? undefined : findCartBySession(db, shopper.sessionKey)
}

/** It belongs to nobody, so that the customer keeps their own; it is priced as theirs. */
async function findDraftCart(
  db: Db,
  { cartId, customerId }: { readonly cartId: string; readonly customerId: string | undefined },
): Promise<CartRow | undefined> {
  const row = await findCartById(db, cartId)
  return row && { ...row, customer_id: customerId ?? null }
}

export function emptyCart(ctx: Context): Cart {
  const { currency } = ctx.config.store
  const tax = taxRulesOf(defaultTax(ctx), ctx.clock.now())
  const priced = priceCart<number>({ currency, lines: [], tax })
  return {
    id: undefined,
    version: 0,
    status: 'open',
    currency,
    expiresAt: undefined,
    lines: [],
    priced,
    shippingOptions: [],
    codes: [],
    gifts: [],
    destination: undefined,
    vatId: undefined,
    problems: [],
  }
}

export async function loadCart(ctx: Context, db: Db, row: CartRow): Promise<Cart> {
  return pricedCart(ctx, db, { row, stored: await listStoredLines(db, { cartId: row.id }) })
}

interface Contents {
  readonly row: CartRow
  readonly stored: readonly StoredLine[]
}

async function pricedCart(ctx: Context, db: Db, { row, stored }: Contents): Promise<Cart> {
  const basket = await priceStored(ctx, db, { row, stored })
  const lines = linesOf(row, basket)
  return {
    id: row.id,
    version: row.version,
    status: row.status,
    currency: row.currency,
    expiresAt: row.expires_at,
    lines,
    priced: basket.priced,
    shippingOptions: optionsOf(basket),
    codes: codeStates(basket),
    gifts: basket.gifts,
    destination: destinationOf(row),
    vatId: row.vat_id ?? undefined,
    problems: lines.flatMap(problemsOf),
  }
}

/** What to add: a variant, or a product that has one (or, if `anyVariant`, its first in stock). */
export type Article =
  { readonly variantId: string } | { readonly product: Reference; readonly anyVariant: boolean }

export interface AddItem {
  readonly article: Article
  readonly quantity: number
  /** The cart version the caller has seen, from If-Match. */
  readonly version: number | undefined
}

/** Adds to the cart, on top of what is in it already; creates the cart if there is none. */
export async function addItem(
  ctx: Context,
  tx: Tx,
  { shopper, item }: { shopper: Shopper; item: AddItem },
): Promise<{ cart: Cart; line: CartLineRow }> {
  const [sellable, known] = await together(tx, [
    () => findSellable(tx, item.article),
    () => findCart(tx, shopper),
  ])
  // A draft is nobody's business yet; what was for sale once may be named.
  if (sellable.status === 'draft') throw notFound('Product')
  if (sellable.status !== 'active') {
    throw new ShopError('PRODUCT_UNAVAILABLE', { sku: sellable.sku })
  }
  const { row, isNew } = known ? { row: known, isNew: false } : await openCart(ctx, tx, shopper)
  // Who has seen that there is no cart has seen version 0.
  const version = isNew && item.version === 0 ? undefined : item.version
  const line = {
    id: ctx.newId(),
    cartId: row.id,
    variantId: sellable.variant_id,
    quantity: item.quantity,
    priceMinor: sellable.price_minor,
    now: ctx.clock.now(),
  }
  const [, { changes }] = await together(tx, [
    () => lockOpenCart(ctx, tx, { row, version }),
    // A cart that this transaction has made has no line to add to.
    () => (isNew ? insertLine(tx, line) : addToLine(tx, line)),
  ])
  if (changes === 0) await insertLine(tx, line)
  const cart = await seenCart(ctx, tx, { row, variantId: sellable.variant_id })
  return { cart, line: checkedLine(cart, sellable.variant_id) }
}

/**
 * The cart after a line was written. The answer shows its price, which may depend on the quantity:
 * from then on the shopper has seen it.
 */
async function seenCart(
  ctx: Context,
  tx: Tx,
  { row, variantId }: { row: CartRow; variantId: string },
): Promise<Cart> {
  const cart = await reloadCart(ctx, tx, row)
  const isTold = (line: CartLineRow) =>
    line.variant_id !== variantId || line.seen_minor === line.price_minor
  if (cart.lines.every(isTold)) return cart
  const lines = cart.lines.map((line) =>
    isTold(line) ? line : { ...line, seen_minor: line.price_minor },
  )
  const [told_at, cart_id] = [ctx.clock.now(), row.id]
  const told = lines
    .filter((line) => line.variant_id === variantId)
    .map(({ number, price_minor }) => ({ cart_id, number, told_minor: price_minor, told_at }))
  await writeToldPrices(tx, told)
  return { ...cart, lines, problems: lines.flatMap(problemsOf) }
}

async function findSellable(tx: Tx, article: Article): Promise<Sellable> {
  if ('variantId' in article) {
    const [found] = await listSellablesByVariant(tx, { id: article.variantId })
    if (!found) throw notFound('Variant')
    return found
  }
  const choices = await listSellables(tx, article.product)
  const [first] = choices
  if (!first) throw notFound('Product')
  if (choices.length > 1 && !article.anyVariant) throw new ShopError('VARIANT_REQUIRED')
  return choices.find(({ available }) => available > 0) ?? first
}

function listSellables(tx: Tx, by: Reference): Promise<Sellable[]> {
  if (by.by === 'number') return listSellablesByNumber(tx, by)
  return by.by === 'id' ? listSellablesByProduct(tx, by) : Promise.resolve([])
}

/** The shopper's cart, which is made if there is none. */
export async function openCart(
  ctx: Context,
  tx: Tx,
  shopper: Shopper,
): Promise<{ row: CartRow; isNew: boolean }> {
  if (shopper.customerId !== undefined) await assertAccount(tx, shopper.customerId)
  const now = ctx.clock.now()
  const row = {
    id: ctx.newId(),
    session_key: shopper.customerId === undefined ? (shopper.sessionKey ?? null) : null,
    customer_id: shopper.customerId ?? null,
    status: 'open' as const,
    currency: ctx.config.store.currency,
    created_at: now,
    updated_at: now,
    expires_at: now + ctx.config.lifetimes.cartMs,
  }
  if (await insertCart(tx, row)) {
    const terms = { codes: null, destination: null, vat_id: null, pricing_version: 0 }
    return { row: { ...row, ...terms, version: 1 }, isNew: true }
  }
  // Another request of the same shopper was faster: its cart is the cart.
  const other = await findCart(tx, shopper)
  if (!other) throw new ShopError('CART_LOCKED')
  return { row: other, isNew: false }
}

/**
 * Every change goes through here: it locks the row, counts the version and refuses closed carts.
 */
export async function lockOpenCart(
  ctx: Context,
  tx: Tx,
  { row, version }: { row: CartRow; version: number | undefined },
): Promise<void> {
  const now = ctx.clock.now()
  const touch = { id: row.id, now, expiresAt: now + ctx.config.lifetimes.cartMs }
  const { changes } =
    version === undefined
      ? await touchCart(tx, touch)
      : await touchCartAt(tx, { ...touch, version })
  if (changes === 1) return
  // Nobody asked for a version, so it is the status that has changed, perhaps since it was read.
  if (version === undefined || row.status !== 'open') throw new ShopError('CART_LOCKED')
  throw new ShopError('VERSION_CONFLICT', { current: row.version })
}

/** The cart as it is after a change in this transaction. */
export async function reloadCart(ctx: Context, tx: Tx, { id, ...owner }: CartRow): Promise<Cart> {
  const shopper = {
    customerId: owner.customer_id ?? undefined,
    sessionKey: owner.session_key ?? undefined,
  }
  const [row, stored] = await together(tx, [
    () => findCart(tx, shopper),
    () => listStoredLines(tx, { cartId: id }),
  ])
  if (!row || row.id !== id) throw new ShopError('CART_LOCKED')
  return pricedCart(ctx, tx, { row, stored })
}

/** The line just written, refused if it asks for more than there is. */
function checkedLine(cart: Cart, variantId: string): CartLineRow {
  const line = cart.lines.find(({ variant_id }) => variant_id === variantId)
  if (!line) throw notFound('Cart item')
  const { sku, quantity } = line
  const available = sellableOf(line)
  if (!line.hasPrice) throw new ShopError('PRODUCT_UNAVAILABLE', { sku })
  if (quantity > available) {
    const items = [{ sku, variant_id: variantId, available, requested: quantity }]
    throw new ShopError('INSUFFICIENT_STOCK', { sku, available, items })
  }
  return line
}

/** How a line is named: by its own number or id, or by a product of which there is one line. */
export type LineReference = { readonly line: Reference } | { readonly product: Reference }

export interface ChangeItem {
  readonly at: LineReference
  /** 0 removes the line. */
  readonly quantity: number
  readonly version: number | undefined
}

/** Sets the quantity of a line. The line in the result is as it was if it was removed. */
export async function setItem(
  ctx: Context,
  tx: Tx,
  { shopper, item }: { shopper: Shopper; item: ChangeItem },
): Promise<{ cart: Cart; line: CartLineRow }> {
  const row = await findCart(tx, shopper)
  if (!row) throw notFound('Cart item')
  const [, stored] = await together(tx, [
    () => lockOpenCart(ctx, tx, { row, version: item.version }),
    () => listStoredLines(tx, { cartId: row.id }),
  ])
  const priced = linesOf(row, await priceStored(ctx, tx, { row, stored }))
  const line = findLine(priced, item.at)
  const at = { cartId: row.id, id: line.id }
  if (item.quantity === 0) {
    await deleteLine(tx, at)
    return { cart: await reloadCart(ctx, tx, row), line }
  }
  const { quantity } = item
  await setLine(tx, { ...at, quantity, priceMinor: line.price_minor, now: ctx.clock.now() })
  const cart = await seenCart(ctx, tx, { row, variantId: line.variant_id })
  return { cart, line: checkedLine(cart, line.variant_id) }
}

function findLine(lines: readonly CartLineRow[], at: LineReference): CartLineRow {
  const found = lines.filter((line) =>
    'line' in at ? isLine(line, at.line) : isOf(line, at.product),
  )
  const [first] = found
  if (!first) throw notFound('Cart item')
  if (found.length > 1) throw new ShopError('AMBIGUOUS_ITEM')
  return first
}

const isLine = (line: CartLineRow, by: Reference): boolean =>
  by.by === 'number' ? line.number === by.number : by.by === 'id' && line.id === by.id

const isOf = (line: CartLineRow, by: Reference): boolean =>
  by.by === 'number'
    ? line.product_number === by.number
    : by.by === 'id' && (line.product_id === by.id || line.variant_id === by.id)

/** Removes every line. A shopper without a cart has nothing to clear, which is fine. */
export async function clearCart(
  ctx: Context,
  tx: Tx,
  { shopper, version }: { shopper: Shopper; version: number | undefined },
): Promise<Cart> {
  const row = await findCart(tx, shopper)
  if (!row) return emptyCart(ctx)
  await together(tx, [
    () => lockOpenCart(ctx, tx, { row, version }),
    () => deleteLines(tx, { cartId: row.id }),
  ])
  return reloadCart(ctx, tx, row)
}

/** Forgets carts nobody has touched for CART_DAYS; carts that became orders stay with them. */
export async function forgetExpiredCarts(ctx: Context, tx: Tx): Promise<void> {
  await deleteExpiredCarts(tx, { now: ctx.clock.now() })
}

export type { CartLineRow, CartRow, Problem, StoredLine }

/** Empties and closes the open cart of somebody who leaves; one that is being paid for stays. */
export async function discardCart(ctx: Context, tx: Tx, customerId: string): Promise<void> {
  const cart = await findCartByCustomer(tx, customerId)
  if (cart?.status !== 'open') return
  const now = ctx.clock.now()
  const closed = await closeCart(tx, { id: cart.id, from: 'open', to: 'merged', now })
  if (closed.changes === 1) await deleteLines(tx, { cartId: cart.id })
}
