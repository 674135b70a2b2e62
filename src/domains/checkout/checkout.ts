import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import { priceCart, type PricedCart } from '../../core/price-cart.ts'
import { minor } from '../../core/money.ts'
import type { Tx } from '../../db/database.ts'
import { CommitUnknownError } from '../../db/errors.ts'
import {
  claimKey,
  releaseClaim,
  storeOrderReply,
  type Claim,
  type StoredReply,
} from '../../db/idempotency.ts'
import { runAgainIfUnknown } from '../../db/unknown-commit.ts'
import { together } from '../../db/together.ts'
import type { PaymentDriver, PaymentOutcome } from '../../drivers/payment/driver.ts'
import { mergeIfNeeded, type Shopper } from '../cart/cart.ts'
import {
  acceptCartPrices,
  articlesOf,
  PriceChangedError,
  takeCart,
  type TakenCart,
} from '../cart/checkout.ts'
import {
  chooseAddresses,
  type AddressChoices,
  type ChosenAddresses,
} from '../customer/addresses.ts'
import { takingTurns } from '../inventory/hot.ts'
import { reserveStock, servingLocation } from '../inventory/inventory.ts'
import { createOrder, hasOrder, orderToken, type Order, type OrderDraft } from '../order/orders.ts'
import {
  askProvider,
  charge,
  choosePayment,
  createPayment,
  getPayment,
  neverArrived,
  providerError,
  type PaymentRow,
} from '../payment/payments.ts'
import {
  chooseMethod,
  listShippingMethods,
  quoteMethods,
  type ShippingMethod,
} from '../shipping/shipping.ts'
import { settle, settling } from './settle.ts'

export interface CheckoutCommand {
  readonly shopper: Shopper
  readonly email: string | undefined
  readonly addresses: AddressChoices
  readonly shippingMethod: string | undefined
  readonly paymentMethod: string
  readonly paymentData: Readonly<Record<string, unknown>>
  /** The cart version the caller has seen, from If-Match. */
  readonly version: number | undefined
}

/** What a checkout answers: the order, and the token with which a guest can read it again. */
export interface PlacedOrder extends Order {
  readonly token: string
}

export interface Once {
  readonly claim: Claim | undefined
  readonly render: (placed: PlacedOrder) => StoredReply
  readonly refuse: (error: ShopError) => StoredReply
}

export interface CheckoutReply {
  readonly reply: StoredReply
  readonly replayed: boolean
}

type Begun =
  | { readonly kind: 'answered'; readonly reply: StoredReply; readonly replayed: boolean }
  /** `payment` is the one that this very request has made, and nobody has charged yet. */
  | { readonly kind: 'pending'; readonly orderId: string; readonly payment?: PaymentRow }

/**
 * Turns a cart into an order, once. Two short transactions with the payment provider between
 * them: the first claims the key, freezes the totals and reserves the stock; the second writes the
 * outcome down. Whatever dies in between is finished by a retry with the same Idempotency-Key, or
 * by the reconciler.
 *
 * Refuses with CART_EMPTY, CART_LOCKED, VERSION_CONFLICT, PRODUCT_UNAVAILABLE, PRICE_CHANGED,
 * UNKNOWN_SHIPPING_METHOD, UNKNOWN_PAYMENT_METHOD, EMAIL_REQUIRED, INSUFFICIENT_STOCK,
 * PAYMENT_DECLINED, PAYMENT_REFUNDED; PAYMENT_UNAVAILABLE leaves it to a repetition.
 */
export async function checkout(
  ctx: Context,
  command: CheckoutCommand,
  once: Once,
): Promise<CheckoutReply> {
  const driver = choosePayment(ctx, command.paymentMethod, command.paymentData)
  await mergeIfNeeded(ctx, command.shopper)
  const begun = await begin(ctx, { command, once, driver })
  if (begun.kind === 'answered') return begun
  const { payment } = begun
  const outcome = payment
    ? await charge(ctx, { driver, payment, data: command.paymentData })
    : await outcomeOfEarlierTry(ctx, begun.orderId)
  if (outcome === undefined) throw new ShopError('PAYMENT_UNAVAILABLE')
  return finish(ctx, { orderId: begun.orderId, outcome, once })
}

interface Attempt {
  readonly orderId: string
  readonly command: CheckoutCommand
  readonly once: Once
  readonly driver: PaymentDriver
}

async function begin(ctx: Context, attempt: Omit<Attempt, 'orderId'>): Promise<Begun> {
  const orderId = ctx.newId()
  const { shopper } = attempt.command
  const articles = ctx.db.dialect.can.rowLocks ? await articlesOf(ctx, shopper) : []
  try {
    return await takingTurns(ctx, articles, () =>
      ctx.db.transaction((tx) => beginIn(ctx, tx, { ...attempt, orderId })),
    )
  } catch (error) {
    // The refusal names the new prices, so the shopper knows them from now on.
    if (error instanceof PriceChangedError) await acceptCartPrices(ctx, error)
    // The answer to the COMMIT was lost: whether the order is there says whether it happened.
    const isThere = error instanceof CommitUnknownError && (await hasOrder(ctx.db.read, orderId))
    if (!isThere) throw error
    return { kind: 'pending', orderId, payment: await getPayment(ctx.db.read, orderId) }
  }
}

async function beginIn(ctx: Context, tx: Tx, attempt: Attempt): Promise<Begun> {
  const { command, once, driver, orderId } = attempt
  const earlier = once.claim && (await claimKey(ctx, tx, { ...once.claim, orderId }))
  if (earlier?.kind === 'replay') return { kind: 'answered', reply: earlier.reply, replayed: true }
  if (earlier?.kind === 'running') {
    if (earlier.orderId === null) throw new ShopError('REQUEST_IN_PROGRESS')
    return { kind: 'pending', orderId: earlier.orderId }
  }
  const payment = await placeOrder(ctx, tx, { command, orderId })
  if (!driver.offline) return { kind: 'pending', orderId, payment }
  const { paymentData: data } = command
  const outcome = await charge(ctx, { driver, payment, data })
  if (!outcome) throw new Error(`the offline payment method ${driver.code} gave no outcome`)
  const order = await settle(ctx, tx, { orderId, outcome })
  return { kind: 'answered', ...(await storedAnswer(ctx, tx, { order, once })) }
}

interface NewOrder {
  readonly orderId: string
  readonly command: CheckoutCommand
  readonly addresses: ChosenAddresses
  readonly cart: TakenCart
  readonly method: ShippingMethod
  readonly priced: PricedCart
}

/** The order in its first state, with its payment attempt and its stock, all or nothing. */
async function placeOrder(
  ctx: Context,
  tx: Tx,
  { command, orderId }: { command: CheckoutCommand; orderId: string },
): Promise<PaymentRow> {
  const { shopper, version, paymentMethod } = command
  const [addresses, cart, methods, locationId] = await together(tx, [
    () => chooseAddresses(tx, shopper.customerId, command.addresses),
    () => takeCart(ctx, tx, { shopper, version }),
    () => listShippingMethods(tx),
    () => servingLocation(tx),
  ])
  const method = chooseMethod(methods, command.shippingMethod)
  const priced = priceOrder(ctx, cart, method)
  const draft = draftOf(ctx, { orderId, command, addresses, cart, method, priced })
  const { totalMinor: amountMinor, currency } = priced
  const wanted = cart.lines.map(({ variant_id, quantity }) => ({ variantId: variant_id, quantity }))
  const [, payment] = await together(tx, [
    () => createOrder(ctx, tx, draft),
    () => createPayment(ctx, tx, { orderId, method: paymentMethod, amountMinor, currency }),
    () => reserveStock(ctx, tx, { orderId, locationId, wanted }),
  ])
  return payment
}

function draftOf(ctx: Context, given: NewOrder): OrderDraft {
  const { orderId, command, addresses, cart, method, priced } = given
  const linesById = new Map(priced.lines.map((line) => [line.id, line]))
  return {
    order: {
      id: orderId,
      cart_id: cart.row.id,
      live_cart_id: cart.row.id,
      customer_id: command.shopper.customerId ?? null,
      email: emailOf(command, addresses),
      currency: priced.currency,
      subtotal_minor: priced.subtotalMinor,
      discount_minor: priced.discountMinor,
      shipping_minor: priced.shippingMinor,
      tax_minor: priced.taxMinor,
      tax_inclusive: ctx.config.tax.inclusive ? 1 : 0,
      total_minor: priced.totalMinor,
      item_count: priced.itemCount,
      shipping_method: method.code,
      shipping_name: method.name,
      shipping_address: JSON.stringify(addresses.shipping),
      billing_address: JSON.stringify(addresses.billing),
    },
    lines: cart.lines.map((line) => ({
      variant_id: line.variant_id,
      product_id: line.product_id,
      product_number: line.product_number,
      sku: line.sku,
      name: line.name,
      options: line.options,
      quantity: line.quantity,
      price_minor: line.price_minor,
      subtotal_minor: linesById.get(line.number)?.subtotalMinor ?? minor(0),
      tax_minor: linesById.get(line.number)?.taxMinor ?? minor(0),
      total_minor: linesById.get(line.number)?.totalMinor ?? minor(0),
    })),
  }
}

function priceOrder(ctx: Context, cart: TakenCart, method: ShippingMethod): PricedCart {
  const lines = cart.lines.map((line) => ({
    id: line.number,
    quantity: line.quantity,
    unitPriceMinor: line.price_minor,
  }))
  const basket = { currency: cart.row.currency, lines, tax: ctx.config.tax }
  const goods = priceCart({ ...basket, shippingMinor: minor(0) })
  const [quote] = quoteMethods([method], goods.subtotalMinor)
  return priceCart({ ...basket, shippingMinor: quote?.priceMinor ?? minor(0) })
}

function emailOf(command: CheckoutCommand, addresses: ChosenAddresses): string {
  const email = command.email ?? addresses.shipping.email ?? addresses.billing.email
  if (email === undefined) throw new ShopError('EMAIL_REQUIRED')
  return email
}

/**
 * A retry found its order waiting for its payment: the first try may still be running, so only the
 * provider is asked, never charged again.
 */
async function outcomeOfEarlierTry(
  ctx: Context,
  orderId: string,
): Promise<PaymentOutcome | undefined> {
  const payment = await getPayment(ctx.db.read, orderId)
  if (payment.status !== 'pending') {
    // Settled already; the outcome given here loses against what is written down.
    return { kind: 'failed', code: 'settled' }
  }
  const answer = await askProvider(ctx, payment)
  if (answer === 'absent') throw new ShopError('REQUEST_IN_PROGRESS')
  return answer
}

interface Finish {
  readonly orderId: string
  readonly outcome: PaymentOutcome
  readonly once: Once
}

async function finish(ctx: Context, attempt: Finish): Promise<CheckoutReply> {
  const answer = await runAgainIfUnknown(() =>
    settling(ctx, attempt, async (tx, settleOnce) => {
      const order = await settleOnce(tx)
      return storedAnswer(ctx, tx, { order, once: attempt.once })
    }),
  )
  if (answer.reply.status >= 500) throw new ShopError('PAYMENT_UNAVAILABLE')
  return answer
}

/** Answers by what is written down, whoever wrote it; stores the answer with it. */
async function storedAnswer(
  ctx: Context,
  tx: Tx,
  { order, once }: { order: Order; once: Once },
): Promise<CheckoutReply> {
  const reply = answerOf(ctx, order, once)
  if (!once.claim) return { reply, replayed: false }
  const { claim } = once.claim
  const orderId = order.order.id
  if (reply.status < 500) return storeOrderReply(tx, { claim, orderId, ...reply })
  await releaseClaim(tx, { claim, orderId })
  return { reply, replayed: false }
}

function answerOf(ctx: Context, order: Order, once: Once): StoredReply {
  const { payment_status: status, payment_failure: failure } = order.order
  if (status === 'refund_due' || status === 'refunded') {
    return once.refuse(new ShopError('PAYMENT_REFUNDED'))
  }
  if (status === 'failed') {
    const isOurs = failure === providerError || failure === neverArrived
    return once.refuse(new ShopError(isOurs ? 'PAYMENT_UNAVAILABLE' : 'PAYMENT_DECLINED'))
  }
  return once.render({ ...order, token: orderToken(ctx, order.order.id) })
}
