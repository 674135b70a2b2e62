import type { Context } from '../../context.ts'
import { invalid, ShopError } from '../../core/errors.ts'
import { minor, type Minor } from '../../core/money.ts'
import type { Db, Tx } from '../../db/database.ts'
import { creditPayment } from '../../drivers/payment/credit.ts'
import type { PaymentDriver, PaymentOutcome } from '../../drivers/payment/driver.ts'
import {
  decidePayment,
  finishRefund,
  insertPayment,
  listDuePayments,
  paymentOfOrder,
  postponeCheck,
  stopAsking,
  type PaymentRow,
} from './queries.ts'

/** The code under which a provider reports that it failed without charging. */
export const providerError = 'provider_error'
/** The code of a payment that its provider had not seen when it was asked. */
export const neverArrived = 'never_arrived'

type PaymentData = Readonly<Record<string, unknown>>

/** The driver for a method, with the client's data for it checked. */
export function choosePayment(ctx: Context, code: string, data: PaymentData): PaymentDriver {
  const driver = code === creditPayment.code ? creditPayment : ctx.drivers.payment.get(code)
  if (!driver) {
    const available = [...ctx.drivers.payment.keys()].join(', ')
    throw new ShopError('UNKNOWN_PAYMENT_METHOD', { code, available })
  }
  const problem = driver.check(data)
  if (problem) throw invalid(problem.field, problem.issue)
  return driver
}

export function listPaymentMethods(ctx: Context): { code: string; name: string }[] {
  return [...ctx.drivers.payment.values()].map(({ code, name }) => ({ code, name }))
}

interface NewCharge {
  readonly orderId: string
  readonly method: string
  readonly amountMinor: Minor
  readonly currency: string
}

/** Records the attempt, with the key the provider will see, before anything leaves this system. */
export async function createPayment(ctx: Context, tx: Tx, charge: NewCharge): Promise<PaymentRow> {
  const now = ctx.clock.now()
  const [id, providerKey] = [ctx.newId(), charge.orderId]
  const checkAt = now + ctx.config.payment.reconcileAfterMs
  await insertPayment(tx, { id, ...charge, providerKey, now, checkAt })
  return {
    id,
    order_id: charge.orderId,
    method: charge.method,
    provider_key: providerKey,
    status: 'pending',
    amount_minor: charge.amountMinor,
    captured_minor: minor(0),
    currency: charge.currency,
    failure_code: null,
  }
}

export async function getPayment(db: Db, orderId: string): Promise<PaymentRow> {
  const [payment] = await paymentOfOrder(db, { orderId })
  if (!payment) throw new Error(`order ${orderId} has no payment`)
  return payment
}

/** No money will come of it any more, and none is there: nothing is left to look at. */
const never = 8_640_000_000_000_000

/** Writes the outcome of a pending payment down, once: true for the caller that did it. */
export async function decideOutcome(
  ctx: Context,
  tx: Tx,
  { orderId, outcome }: { orderId: string; outcome: PaymentOutcome },
): Promise<boolean> {
  const now = ctx.clock.now()
  const isAbsent = outcome.kind === 'failed' && outcome.code === neverArrived
  const { changes } = await decidePayment(tx, {
    orderId,
    from: 'pending',
    status: outcome.kind,
    isCaptured: outcome.kind === 'captured' ? 1 : 0,
    reference: outcome.kind === 'captured' ? outcome.reference : null,
    failureCode: outcome.kind === 'failed' ? outcome.code : null,
    now,
    // A charge the provider has never seen may still be under way: it is asked once more.
    checkAt: isAbsent ? now + ctx.config.lifetimes.holdMs : never,
  })
  return changes === 1
}

export interface OwedRefund {
  readonly orderId: string
  readonly from: 'pending' | 'failed'
  readonly reference: string
  /** Why the payment had failed before, which stays on record. */
  readonly failureCode: string | null
}

/**
 * Writes down that money has come for an order that cannot be kept, out of `from`, once. The
 * reconciler gives it back.
 */
export async function oweRefund(
  ctx: Context,
  tx: Tx,
  { orderId, from, reference, failureCode }: OwedRefund,
): Promise<boolean> {
  const now = ctx.clock.now()
  const { changes } = await decidePayment(tx, {
    orderId,
    from,
    status: 'refund_due',
    isCaptured: 1,
    reference,
    failureCode,
    now,
    checkAt: now,
  })
  return changes === 1
}

/** Has the provider give the money back; false if it did not answer, to be tried again. */
export async function refundAtProvider(ctx: Context, payment: PaymentRow): Promise<boolean> {
  const driver = ctx.drivers.payment.get(payment.method)
  try {
    const { provider_key: key, captured_minor: amountMinor, currency } = payment
    await driver?.refund({ key, amountMinor, currency })
    return driver !== undefined
  } catch (error) {
    ctx.log.warn({ err: error, orderId: payment.order_id }, 'refund failed; it is tried again')
    return false
  }
}

/** Notes a refund that was made; true for the caller that noted it. */
export async function noteRefund(ctx: Context, tx: Tx, orderId: string): Promise<boolean> {
  const { changes } = await finishRefund(tx, { orderId, now: ctx.clock.now(), checkAt: never })
  return changes === 1
}

/**
 * A failed payment the provider still does not know: it never came, and is not asked about again.
 */
export async function giveUpOn(ctx: Context, { id }: PaymentRow): Promise<void> {
  await ctx.db.transaction((tx) => stopAsking(tx, { id, until: never }))
}

/** Asks the provider to charge. Undefined: it did not answer, so the outcome is not known. */
export async function charge(
  ctx: Context,
  { driver, payment, data }: { driver: PaymentDriver; payment: PaymentRow; data: PaymentData },
): Promise<PaymentOutcome | undefined> {
  try {
    return await driver.charge({
      key: payment.provider_key,
      amountMinor: payment.amount_minor,
      currency: payment.currency,
      data,
    })
  } catch (error) {
    ctx.log.warn({ err: error, orderId: payment.order_id }, 'payment outcome unknown')
    return undefined
  }
}

/** What the provider knows of a payment: an outcome, `absent`, or undefined if it cannot say. */
export async function askProvider(
  ctx: Context,
  payment: PaymentRow,
): Promise<PaymentOutcome | 'absent' | undefined> {
  const driver = ctx.drivers.payment.get(payment.method)
  try {
    return driver && ((await driver.find(payment.provider_key)) ?? 'absent')
  } catch (error) {
    ctx.log.warn({ err: error, orderId: payment.order_id }, 'payment provider cannot be asked')
    return undefined
  }
}

/** Payments that it is time to look at, each taken by one caller only. */
export async function takeDuePayments(ctx: Context, limit: number): Promise<PaymentRow[]> {
  const now = ctx.clock.now()
  const due = await listDuePayments(ctx.db.read, { now, limit })
  if (due.length === 0) return []
  const until = now + ctx.config.payment.reconcileAfterMs
  return ctx.db.transaction(async (tx) => {
    const taken: PaymentRow[] = []
    for (const payment of due) {
      const { changes } = await postponeCheck(tx, { id: payment.id, now, until })
      if (changes === 1) taken.push(payment)
    }
    return taken
  })
}

export type { PaymentRow }
