import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
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
import type {
  DecidedOutcome,
  PaymentAction,
  PaymentDriver,
  PaymentOutcome,
} from '../../drivers/payment/driver.ts'
import { mergeIfNeeded } from '../cart/cart.ts'
import { acceptCartPrices, articlesOf, PriceChangedError, takeCart } from '../cart/checkout.ts'
import { creditSum, noteCredit, planCredit, takeCredit } from '../credit/credit.ts'
import { chooseAddresses } from '../customer/addresses.ts'
import { takingTurns } from '../inventory/hot.ts'
import { reserveStock, servingLocations } from '../inventory/inventory.ts'
import {
  createOrder,
  getOrderRow,
  hasOrder,
  loadOrder,
  orderToken,
  type Order,
} from '../order/orders.ts'
import { payerOf } from '../payment/cards.ts'
import {
  askProvider,
  charge,
  choosePayment,
  createPayment,
  getPayment,
  neverArrived,
  providerError,
  soldOut,
  type PaymentRow,
} from '../payment/payments.ts'
import { isSlotTaken, noteUses, takeUses } from '../promotion/uses.ts'
import type { CheckoutCommand } from './command.ts'
import {
  assertPayable,
  assertTotal,
  draftOf,
  emailOf,
  redemptionOf,
  sendingOf,
  termsOf,
  wantedOf,
} from './draft.ts'
import { settle, settling } from './settle.ts'

/** What a checkout answers: the order, and the token with which a guest can read it again. */
export interface PlacedOrder extends Order {
  readonly token: string
  /** What the payer has to do first; the order waits for it. */
  readonly action?: PaymentAction
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
 * COUPON_INVALID, PROMOTION_USED_UP, TOTAL_CHANGED, GIFT_CARD_INVALID, CREDIT_SPENT,
 * NOTHING_TO_PAY_WITH, UNKNOWN_SHIPPING_METHOD, UNKNOWN_PAYMENT_METHOD, EMAIL_REQUIRED,
 * INSUFFICIENT_STOCK, PAYMENT_DECLINED, PAYMENT_REFUNDED; PAYMENT_UNAVAILABLE leaves it to a
 * repetition.
 */
export async function checkout(
  ctx: Context,
  command: CheckoutCommand,
  once: Once,
): Promise<CheckoutReply> {
  const driver = choosePayment(ctx, command.paymentMethod, command.paymentData)
  const { paymentData: data } = command
  const { customerId } = command.shopper
  // Before anything is written: this may refuse, and may have to ask the provider.
  const payer = await payerOf(ctx, { driver, customerId, data })
  await mergeIfNeeded(ctx, command.shopper)
  const begun = await begin(ctx, { command, once, driver })
  if (begun.kind === 'answered') return begun
  const { payment } = begun
  const outcome = payment
    ? await charge(ctx, { driver, payment, data, payer })
    : await outcomeOfEarlierTry(ctx, begun.orderId)
  if (outcome === undefined) throw new ShopError('PAYMENT_UNAVAILABLE')
  const { orderId } = begun
  if (outcome.kind !== 'action_required') return finish(ctx, { orderId, outcome, once })
  return waitForPayer(ctx, { orderId, action: outcome.action, once })
}

interface Waiting {
  readonly orderId: string
  readonly action: PaymentAction
  readonly once: Once
}

/**
 * The order waits for its payer, such as for 3-D Secure. This answer is not kept: a repetition
 * asks the provider, and is told what has become of it.
 */
async function waitForPayer(
  ctx: Context,
  { orderId, action, once }: Waiting,
): Promise<CheckoutReply> {
  const order = await loadOrder(ctx.db.read, await getOrderRow(ctx.db.read, orderId))
  const reply = once.render({ ...order, token: orderToken(ctx, orderId), action })
  return { reply, replayed: false }
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
    if (isSlotTaken(ctx, error)) throw new ShopError('PROMOTION_USED_UP')
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
  const isCovered = payment.amount_minor === 0
  if (!driver.offline && !isCovered) return { kind: 'pending', orderId, payment }
  const { paymentData: data } = command
  const outcome = isCovered ? covered : await charge(ctx, { driver, payment, data })
  if (!outcome || outcome.kind === 'action_required') {
    throw new Error(`the offline payment method ${driver.code} gave no outcome`)
  }
  const order = await settle(ctx, tx, { orderId, outcome })
  return { kind: 'answered', ...(await storedAnswer(ctx, tx, { order, once })) }
}

/** Nothing is left to charge, so that nobody has to be asked. */
const covered: DecidedOutcome = { kind: 'captured', reference: 'nothing to charge' }

/**
 * The order in its first state, with its payment attempt and its stock, all or nothing. Locks are
 * taken in one order by everybody: cart, promotions, gift cards, order and payment, stock last.
 */
async function placeOrder(
  ctx: Context,
  tx: Tx,
  { command, orderId }: { command: CheckoutCommand; orderId: string },
): Promise<PaymentRow> {
  const { shopper, version, paymentMethod } = command
  const addresses = await chooseAddresses(tx, shopper.customerId, command.addresses)
  const ordered = { ...command, addresses }
  const [cart, locations] = await together(tx, [
    () => takeCart(ctx, tx, { shopper, version, terms: termsOf(ordered) }),
    () => servingLocations(tx),
  ])
  sendingOf(cart, command.shippingMethod)
  emailOf(ordered)
  const { totalMinor, currency } = cart.basket.priced
  assertTotal(command.expectedTotal, { totalMinor, currency })
  const { customerId } = shopper
  const credit = await planCredit(ctx, tx, { ...command, customerId, currency, totalMinor })
  const creditMinor = creditSum(credit)
  const amountMinor = minor(totalMinor - creditMinor)
  assertPayable(command, { amountMinor, currency })
  const redemption = redemptionOf(orderId, cart)
  await takeUses(ctx, tx, redemption)
  await takeCredit(ctx, tx, credit)
  const [, , , payment] = await together(tx, [
    () => createOrder(ctx, tx, draftOf({ orderId, command: ordered, cart, creditMinor })),
    () => noteUses(ctx, tx, redemption),
    () => noteCredit(ctx, tx, { orderId, parts: credit }),
    () => createPayment(ctx, tx, { orderId, method: paymentMethod, amountMinor, currency }),
    () => reserveStock(ctx, tx, { orderId, locations, wanted: wantedOf(cart) }),
  ])
  return payment
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
  readonly outcome: DecidedOutcome
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
  const isCancelled = order.order.status === 'cancelled'
  const isLate = status === 'refund_due' || (status === 'refunded' && isCancelled)
  if (isLate || failure === soldOut) {
    return once.refuse(new ShopError('PAYMENT_REFUNDED'))
  }
  if (status === 'failed') {
    const isOurs = failure === providerError || failure === neverArrived
    return once.refuse(new ShopError(isOurs ? 'PAYMENT_UNAVAILABLE' : 'PAYMENT_DECLINED'))
  }
  return once.render({ ...order, token: orderToken(ctx, order.order.id) })
}
