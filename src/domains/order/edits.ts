import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import { formatMinor, minor, type Minor } from '../../core/money.ts'
import type { Destination } from '../../core/pricing/destination.ts'
import type { Tx } from '../../db/database.ts'
import { record } from '../audit/log.ts'
import type { Wanted } from '../inventory/inventory.ts'
import { sellMore } from '../inventory/returns.ts'
import { addPayment } from '../payment/additional.ts'
import { priceArticles, type ArticleLine } from '../pricing/articles.ts'
import type { PricedBasket } from '../pricing/basket.ts'
import { assertAction, lockOrder, moveOrder } from './life.ts'
import { addLines, type AddedLine } from './lines.ts'
import type { OrderRow } from './orders.ts'
import { findVatId } from './queries.ts'

export interface NewArticles {
  /** Each variant once. */
  readonly items: readonly Wanted[]
  /** How the difference is paid; needed if there is one. */
  readonly paymentMethod: string | undefined
}

/** What is to be paid for a change of an order, after it has been saved. */
export interface Charge {
  readonly orderId: string
  readonly paymentId: string
}

interface Adding {
  /** As it was read after `lockOrder`. */
  readonly order: OrderRow
  readonly items: readonly Wanted[]
  /** The return for which they go out in exchange. */
  readonly returnId: string | null
}

export interface Grown {
  readonly order: OrderRow
  /** What the order costs more. */
  readonly addedMinor: Minor
  /** For the timeline. */
  readonly items: readonly object[]
}

/**
 * Adds articles to an order at today's prices and taxes. Their goods are the caller's to take, last
 * (`sellMore`), and their money too (`chargeMore`). Refuses what is not for sale (NOT_FOUND,
 * PRODUCT_UNAVAILABLE), gift cards, and an order that was taxed another way (ORDER_NOT_EDITABLE).
 */
export async function addArticles(ctx: Context, tx: Tx, adding: Adding): Promise<Grown> {
  const { order } = adding
  const lines = await pricedLines(ctx, tx, adding)
  const grown = await addLines(ctx, tx, { order, lines })
  const items = lines.map(({ sku, quantity, total_minor }) => ({
    ...{ sku, quantity, total: formatMinor(total_minor, order.currency) },
  }))
  return { order: grown, addedMinor: minor(grown.total_minor - order.total_minor), items }
}

interface MoreToPay {
  readonly order: OrderRow
  readonly amountMinor: Minor
  readonly method: string | undefined
}

/** One more payment for what an order costs more than before, if it does. */
export async function chargeMore(
  ctx: Context,
  tx: Tx,
  { order, amountMinor, method }: MoreToPay,
): Promise<Charge | undefined> {
  if (amountMinor === 0) return undefined
  if (method === undefined) {
    const due = `${formatMinor(amountMinor, order.currency)} ${order.currency}`
    throw invalid('payment_method', `is required: ${due} are to be paid`)
  }
  const { id } = await addPayment(ctx, tx, { orderId: order.id, method, amountMinor })
  return { orderId: order.id, paymentId: id }
}

interface ToPrice {
  readonly order: OrderRow
  readonly items: readonly Wanted[]
  readonly returnId: string | null
}

async function pricedLines(
  ctx: Context,
  tx: Tx,
  { order, items, returnId }: ToPrice,
): Promise<AddedLine[]> {
  if (new Set(items.map(({ variantId }) => variantId)).size !== items.length) {
    throw invalid('items', 'name a variant more than once')
  }
  const basket = await priceArticles(ctx, tx, {
    ...(await termsOf(tx, order)),
    items,
    shippingMinor: minor(0),
  })
  if (basket.rows.length !== items.length) throw notFound('Variant')
  assertSameTax(order, basket)
  return basket.rows.map((article, index) => {
    const { prices, priced } = basket
    const line = priced.lines[index]
    if (article.status !== 'active' || !prices[index] || !line) {
      throw new ShopError('PRODUCT_UNAVAILABLE', { sku: article.sku })
    }
    if (article.kind === 'gift_card') throw notEditable('gift cards are sold at the checkout')
    return {
      ...lineOf(article),
      quantity: line.quantity,
      price_minor: line.unitPriceMinor,
      subtotal_minor: line.subtotalMinor,
      tax_minor: line.taxMinor,
      total_minor: line.totalMinor,
      discount_minor: line.discountMinor,
      return_id: returnId,
    }
  })
}

const lineOf = (article: ArticleLine) => ({
  variant_id: article.variant_id,
  product_id: article.product_id,
  product_number: article.product_number,
  sku: article.sku,
  name: article.name,
  options: article.options,
  is_gift: 0 as const,
  kind: article.kind,
})

export const notEditable = (reason: string) => new ShopError('ORDER_NOT_EDITABLE', { reason })

/** Refuses to mix prices with tax and prices without in one order (ORDER_NOT_EDITABLE). */
export function assertSameTax(order: OrderRow, { priced }: PricedBasket<ArticleLine>): void {
  if (priced.isTaxInclusive === (order.tax_inclusive === 1)) return
  throw notEditable('prices contain the tax in one of the two, and not in the other')
}

/** By what an order is priced, besides its articles. */
export async function termsOf(tx: Tx, order: OrderRow) {
  return {
    currency: order.currency,
    customerId: order.customer_id ?? undefined,
    destination: destinationOf(order.shipping_address),
    vatId: await findVatId(tx, order.id),
  }
}

export function destinationOf(address: string): Destination {
  const { country, state, postal_code } = JSON.parse(address) as Readonly<
    Record<string, string | undefined>
  >
  return { country, region: state, postcode: postal_code }
}

export interface Growing extends NewArticles {
  readonly orderId: string
  readonly version: number | undefined
}

/**
 * Adds articles to an order before any of it is sent; the difference is one more payment, made
 * after the commit. Refuses by the table of states, with VERSION_CONFLICT, INSUFFICIENT_STOCK and
 * what `addArticles` refuses.
 */
export async function growOrder(
  ctx: Context,
  tx: Tx,
  growing: Growing,
): Promise<Charge | undefined> {
  const { orderId, version, items } = growing
  const order = await lockOrder(tx, { id: orderId, version })
  assertAction(order, 'edit', 'staff')
  const {
    order: grown,
    addedMinor,
    items: added,
  } = await addArticles(ctx, tx, {
    ...{ order, items, returnId: null },
  })
  const { paymentMethod: method } = growing
  const charge = await chargeMore(ctx, tx, { order: grown, amountMinor: addedMinor, method })
  const action = charge ? 'edit_owing' : 'edit'
  await moveOrder(ctx, tx, { order: grown, action, data: { items: added } })
  await record(ctx, tx, { action: 'order.changed', subject: ['order', orderId], after: { items } })
  await sellMore(ctx, tx, { orderId, items })
  return charge
}
