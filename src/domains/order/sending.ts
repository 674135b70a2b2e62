import type { Context } from '../../context.ts'
import type { Address } from '../../core/address.ts'
import { ShopError } from '../../core/errors.ts'
import { minor, type Minor } from '../../core/money.ts'
import { nameKey } from '../../core/order-search.ts'
import type { Tx } from '../../db/database.ts'
import { record } from '../audit/log.ts'
import { refuseWrongAddress } from '../customer/addresses.ts'
import { priceArticles } from '../pricing/articles.ts'
import {
  assertSameTax,
  chargeMore,
  destinationOf,
  notEditable,
  termsOf,
  type Charge,
} from './edits.ts'
import { giveBack, shippingLeft } from './giving-back.ts'
import { raiseTotals, writeAddresses, writeShippingMethod } from './life-queries.ts'
import { assertAction, lockOrder, moveOrder } from './life.ts'
import { getOrderRow, listOrderLines, type OrderLineRow, type OrderRow } from './orders.ts'

export interface Readdressing {
  readonly orderId: string
  readonly version: number | undefined
  /** undefined: it stays. */
  readonly shipping: Address | undefined
  readonly billing: Address | undefined
}

/**
 * Sends an order elsewhere, or bills it to somebody else, before any of it is sent. Refuses by the
 * table of states, with VERSION_CONFLICT, and with ORDER_NOT_EDITABLE a place with other taxes or
 * where its shipping method costs something else or cannot be had.
 */
export async function readdress(ctx: Context, tx: Tx, change: Readdressing): Promise<void> {
  const { orderId, version, shipping, billing } = change
  if (shipping) refuseWrongAddress('shipping_info', shipping)
  if (billing) refuseWrongAddress('billing_info', billing)
  const order = await lockOrder(tx, { id: orderId, version })
  assertAction(order, 'edit', 'staff')
  if (shipping) await assertSendable(ctx, tx, { order, address: JSON.stringify(shipping) })
  await writeAddresses(tx, {
    id: orderId,
    shipping: shipping ? JSON.stringify(shipping) : order.shipping_address,
    billing: billing ? JSON.stringify(billing) : order.billing_address,
    nameKey: nameKey((shipping ?? (JSON.parse(order.shipping_address) as Address)).name ?? ''),
  })
  const changed = [
    ...(shipping ? ['shipping_address'] : []),
    ...(billing ? ['billing_address'] : []),
  ]
  await moveOrder(ctx, tx, { order, action: 'edit', data: { changed } })
  await record(ctx, tx, {
    action: 'order.changed',
    subject: ['order', orderId],
    after: { changed },
  })
}

async function assertSendable(
  ctx: Context,
  tx: Tx,
  { order, address }: { order: OrderRow; address: string },
): Promise<void> {
  const lines = await listOrderLines(tx, order.id)
  const [here, there] = [
    await quoted(ctx, tx, { order, lines, address: order.shipping_address }),
    await quoted(ctx, tx, { order, lines, address }),
  ]
  if (here.tax.zone.code !== there.tax.zone.code || here.tax.exemption !== there.tax.exemption) {
    throw notEditable('other taxes apply there')
  }
  const cost = (basket: typeof here) =>
    basket.priced.quotes.find(({ method }) => method.code === order.shipping_method)?.priceMinor
  if (cost(here) !== cost(there)) {
    throw notEditable('its shipping method costs something else there, or cannot be had')
  }
}

interface ToQuote {
  readonly order: OrderRow
  readonly lines: readonly OrderLineRow[]
  readonly address: string
}

/** What the goods of an order that are still to be sent would cost at an address. */
async function quoted(ctx: Context, tx: Tx, { order, lines, address }: ToQuote) {
  const sums = new Map<string, number>()
  for (const { variant_id, quantity, cancelled_quantity } of lines) {
    const left = quantity - cancelled_quantity
    if (left > 0) sums.set(variant_id, (sums.get(variant_id) ?? 0) + left)
  }
  const items = [...sums].map(([variantId, quantity]) => ({ variantId, quantity }))
  const terms = { ...(await termsOf(tx, order)), destination: destinationOf(address) }
  return priceArticles(ctx, tx, { ...terms, items })
}

export interface Resending {
  readonly orderId: string
  readonly version: number | undefined
  readonly shippingMethod: string
  /** How the difference is paid; needed if it costs more. */
  readonly paymentMethod: string | undefined
}

/**
 * Sends an order another way, before any of it is sent: what it costs more is one more payment,
 * what it costs less goes back. Refuses by the table of states, with VERSION_CONFLICT,
 * UNKNOWN_SHIPPING_METHOD and ORDER_NOT_EDITABLE.
 */
export async function resend(ctx: Context, tx: Tx, change: Resending): Promise<Charge | undefined> {
  const { orderId, version, shippingMethod: code, paymentMethod: method } = change
  const order = await lockOrder(tx, { id: orderId, version })
  assertAction(order, 'edit', 'staff')
  const lines = await listOrderLines(tx, orderId)
  const quotes = (await quoted(ctx, tx, { order, lines, address: order.shipping_address })).priced
    .quotes
  const chosen = quotes.find((quote) => quote.method.code === code)
  if (chosen?.priceMinor === undefined) {
    const offered = quotes.filter(({ priceMinor }) => priceMinor !== undefined)
    const available = offered.map((quote) => quote.method.code).join(', ')
    throw new ShopError('UNKNOWN_SHIPPING_METHOD', { code, available })
  }
  const priced = { order, lines, priceMinor: chosen.priceMinor }
  const { order: changed, addedMinor } = await priceShipping(ctx, tx, priced)
  await writeShippingMethod(tx, { id: orderId, code, name: chosen.method.name })
  const data = { changed: ['shipping_method'], shipping_method: code }
  const charge = await chargeMore(ctx, tx, { order: changed, amountMinor: addedMinor, method })
  await moveOrder(ctx, tx, { order: changed, action: charge ? 'edit_owing' : 'edit', data })
  await record(ctx, tx, { action: 'order.changed', subject: ['order', orderId], after: data })
  return charge
}

interface NewShipping {
  readonly order: OrderRow
  readonly lines: readonly OrderLineRow[]
  readonly priceMinor: Minor
}

/** Raises the order by what shipping costs more, or gives back what it costs less. */
async function priceShipping(
  ctx: Context,
  tx: Tx,
  { order, lines, priceMinor }: NewShipping,
): Promise<{ order: OrderRow; addedMinor: Minor }> {
  const paid = minor(order.shipping_minor - order.shipping_discount_minor)
  const difference = minor(priceMinor - paid)
  const cost = await taxedShipping(ctx, tx, { order, priceMinor: minor(Math.abs(difference)) })
  if (difference < 0) {
    const amountMinor = minor(Math.min(cost.totalMinor, shippingLeft(order, lines)))
    const reason = 'another shipping method'
    const given = await giveBack(ctx, tx, { order, amountMinor, reason })
    return { order: given.order, addedMinor: minor(0) }
  }
  const { id } = order
  const none = { subtotalMinor: minor(0), itemCount: 0, giftCardCount: 0 }
  await raiseTotals(tx, { id, ...none, ...cost })
  return { order: await getOrderRow(tx, id), addedMinor: cost.totalMinor }
}

/** An amount of shipping with its tax. */
async function taxedShipping(
  ctx: Context,
  tx: Tx,
  { order, priceMinor: shippingMinor }: Pick<NewShipping, 'order' | 'priceMinor'>,
) {
  const terms = await termsOf(tx, order)
  const basket = await priceArticles(ctx, tx, { ...terms, items: [], shippingMinor })
  assertSameTax(order, basket)
  const { taxMinor, shippingTaxMinor, totalMinor } = basket.priced
  return { shippingMinor, taxMinor, shippingTaxMinor, totalMinor }
}
