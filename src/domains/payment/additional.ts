import type { Context } from '../../context.ts'
import { notFound, ShopError } from '../../core/errors.ts'
import { isCounting } from '../../core/order-states.ts'
import { minor, type Minor } from '../../core/money.ts'
import type { Tx } from '../../db/database.ts'
import { enqueue } from '../../db/outbox.ts'
import type { DecidedOutcome, PaymentOutcome } from '../../drivers/payment/driver.ts'
import { getOrderRow, recordEvent } from '../order/orders.ts'
import { payerOf } from './cards.ts'
import { collected } from './collecting.ts'
import {
  charge,
  choosePayment,
  createPayment,
  decideOutcome,
  driverOf,
  giveUpLate,
  returnLateMoney,
  type PaymentData,
  type PaymentRow,
} from './payments.ts'
import { closeOpen, findPayment, lockPaymentsOf, nextPosition, startPayment } from './queries.ts'
import type { PaymentStatus } from './tables.ts'

export interface Additional {
  readonly orderId: string
  readonly method: string
  readonly amountMinor: Minor
  /** The payment that came to nothing, which this one is instead of; once for each. */
  readonly replacesId?: string | null
}

/**
 * One more payment for an order, such as the difference of an edit: due at once where the method
 * needs no provider, else open until somebody pays it by `payAdditional`. Refuses a method that is
 * not offered (UNKNOWN_PAYMENT_METHOD).
 */
export async function addPayment(
  ctx: Context,
  tx: Tx,
  { orderId, method, amountMinor, replacesId = null }: Additional,
): Promise<PaymentRow> {
  const driver = choosePaymentMethod(ctx, method)
  const position = await nextPosition(tx, orderId)
  const { currency } = await getOrderRow(tx, orderId)
  const status = driver.offline ? 'due' : 'open'
  const place = { position, replacesId, status } as const
  const payment = await createPayment(ctx, tx, { orderId, method, amountMinor, currency, ...place })
  const data = { payment_id: payment.id, amount_minor: amountMinor, method }
  await recordEvent(ctx, tx, { orderId, type: 'payment_added', data })
  return payment
}

function choosePaymentMethod(ctx: Context, code: string) {
  const driver = driverOf(ctx, code)
  if (driver) return driver
  const available = [...ctx.drivers.payment.keys()].join(', ')
  throw new ShopError('UNKNOWN_PAYMENT_METHOD', { code, available })
}

export interface Paying {
  readonly orderId: string
  readonly paymentId: string
  /** Left out: the method that the payment was made for. */
  readonly method?: string | undefined
  readonly data: PaymentData
  /** Whose saved cards may be used. */
  readonly customerId?: string | undefined
}

/**
 * Pays what is open of an order. After a payment that came to nothing another one is made in its
 * place, once. Refuses what is not to be paid (PAYMENT_STATE), data that the method cannot use, and
 * PAYMENT_UNAVAILABLE if the provider does not answer: then the reconciler finds out.
 */
export async function payAdditional(
  ctx: Context,
  paying: Paying,
): Promise<{ payment: PaymentRow; outcome: PaymentOutcome }> {
  const { orderId, data } = paying
  const known = await findPayment(ctx.db.read, { id: paying.paymentId })
  if (!known || known.order_id !== orderId) throw notFound('Payment')
  const driver = choosePayment(ctx, paying.method ?? known.method, data)
  const payer = await payerOf(ctx, { driver, customerId: paying.customerId, data })
  const payment = await ctx.db.transaction((tx) => start(ctx, tx, { ...paying, known }))
  const outcome = await charge(ctx, { driver, payment, data, payer })
  if (outcome === undefined) throw new ShopError('PAYMENT_UNAVAILABLE')
  if (outcome.kind !== 'action_required') await settleAdditional(ctx, payment, outcome)
  return { payment: (await findPayment(ctx.db.read, { id: payment.id })) ?? payment, outcome }
}

/** Takes the payment that is to be made now, for one caller. */
async function start(
  ctx: Context,
  tx: Tx,
  { orderId, known, method = known.method }: Paying & { readonly known: PaymentRow },
): Promise<PaymentRow> {
  const payments = await lockPaymentsOf(tx, { orderId })
  const current = payments.find(({ id }) => id === known.id) ?? known
  const isReplaced = payments.some(({ replaces_id }) => replaces_id === known.id)
  const order = await getOrderRow(tx, orderId)
  const amountMinor = minor(current.amount_minor - current.released_minor)
  const isPayable =
    payableStates.includes(current.status) && current.captured_minor === 0 && amountMinor > 0
  const refusal = new ShopError('PAYMENT_STATE', { status: current.status, action: 'paid' })
  if (!isPayable || isReplaced || !isCounting(order.status)) throw refusal
  const isSame = current.status === 'open' && method === current.method
  const open = isSame ? current : await replace(ctx, tx, { current, method, amountMinor })
  const now = ctx.clock.now()
  const checkAt = now + ctx.config.payment.reconcileAfterMs
  const { changes } = await startPayment(tx, { id: open.id, now, checkAt })
  if (changes !== 1) throw refusal
  return { ...open, status: 'pending' }
}

const payableStates: readonly PaymentStatus[] = ['open', 'due', 'failed', 'voided']

interface Replacement {
  readonly current: PaymentRow
  readonly method: string
  readonly amountMinor: Minor
}

/** Another try has a key of its own: under the old one the provider would say the same again. */
async function replace(
  ctx: Context,
  tx: Tx,
  { current, method, amountMinor }: Replacement,
): Promise<PaymentRow> {
  const { id: replacesId, order_id: orderId, currency } = current
  await closeOpen(tx, { id: replacesId, now: ctx.clock.now() })
  const position = await nextPosition(tx, orderId)
  const place = { position, replacesId, status: 'open' } as const
  return createPayment(ctx, tx, { orderId, method, amountMinor, currency, ...place })
}

/**
 * Writes down what became of a payment that is not the checkout's own, once. Money for an order
 * that is cancelled, or for a payment that was given up, goes back.
 */
export async function settleAdditional(
  ctx: Context,
  payment: PaymentRow,
  outcome: DecidedOutcome,
): Promise<void> {
  await ctx.db.transaction((tx) => settleIn(ctx, tx, { payment, outcome }))
}

async function settleIn(
  ctx: Context,
  tx: Tx,
  { payment, outcome }: { payment: PaymentRow; outcome: DecidedOutcome },
): Promise<void> {
  const { id, order_id: orderId, position } = payment
  const payments = await lockPaymentsOf(tx, { orderId })
  const current = payments.find((row) => row.id === id) ?? payment
  const order = await getOrderRow(tx, orderId)
  const place = { orderId, position }
  const isLate = current.status === 'failed' || current.status === 'voided'
  const isUnwanted = isLate || (current.status === 'pending' && !isCounting(order.status))
  if (outcome.kind === 'captured' && isUnwanted) {
    const { reference } = outcome
    return returnMoney(ctx, tx, { payment: current, reference, number: order.number })
  }
  const isFirst = await decideOutcome(ctx, tx, { ...place, outcome })
  const isOpenYet = outcome.kind === 'failed' && outcome.isOpen === true
  if (isOpenYet || (outcome.kind === 'authorised' && isUnwanted)) await giveUpLate(ctx, tx, place)
  if (!isFirst) return
  const data = { payment_id: id, amount_minor: current.amount_minor }
  await recordEvent(ctx, tx, { orderId, type: `payment_${outcome.kind}`, data })
  if (outcome.kind === 'captured') await collected(ctx, tx, orderId)
}

interface Returning {
  readonly payment: PaymentRow
  readonly reference: string
  readonly number: number
}

async function returnMoney(
  ctx: Context,
  tx: Tx,
  { payment, reference, number }: Returning,
): Promise<void> {
  const { order_id: orderId, position, status, failure_code: failureCode } = payment
  const from = status === 'voided' || status === 'failed' ? status : 'pending'
  if (!(await returnLateMoney(ctx, tx, { orderId, position, from, reference, failureCode }))) return
  await recordEvent(ctx, tx, { orderId, type: 'refund_due' })
  await enqueue(ctx, tx, { topic: 'order.refund_due', payload: { order_id: orderId, number } })
}
