import type { Context } from '../../context.ts'
import { invalid, ShopError } from '../../core/errors.ts'
import { minor, type Minor } from '../../core/money.ts'
import type { Change, Db, Tx } from '../../db/database.ts'
import { creditPayment } from '../../drivers/payment/credit.ts'
import type {
  DecidedOutcome,
  PaymentDriver,
  PaymentOutcome,
  PaymentReference,
} from '../../drivers/payment/driver.ts'
import { listDueOperations, postponeOperation, type OperationRow } from './operation-queries.ts'
import { insertLateOperation } from './operations.ts'
import {
  decidePayment,
  findPayment,
  insertPayment,
  keepReference,
  listDuePayments,
  postponeCheck,
  stopAsking,
  type PaymentRow,
} from './queries.ts'

/** The code under which a provider reports that it failed without charging. */
export const providerError = 'provider_error'
/** The code of a payment that its provider had not seen when it was asked. */
export const neverArrived = 'never_arrived'
/** The code of a payment whose payer did not do what was asked in time. */
export const abandoned = 'abandoned'
/** The code of an authorisation that was let go, since the articles had been sold meanwhile. */
export const soldOut = 'sold_out'

export type PaymentData = Readonly<Record<string, unknown>>

/** The driver for a method, with the client's data for it checked. */
export function choosePayment(ctx: Context, code: string, data: PaymentData): PaymentDriver {
  const driver = driverOf(ctx, code)
  if (!driver) {
    const available = [...ctx.drivers.payment.keys()].join(', ')
    throw new ShopError('UNKNOWN_PAYMENT_METHOD', { code, available })
  }
  const problem = driver.check(data)
  if (problem) throw invalid(problem.field, problem.issue)
  return driver
}

/** The driver of a method; undefined if it is not offered (any more). */
export function driverOf(ctx: Context, code: string): PaymentDriver | undefined {
  return code === creditPayment.code ? creditPayment : ctx.drivers.payment.get(code)
}

export function listPaymentMethods(ctx: Context): { code: string; name: string }[] {
  return [...ctx.drivers.payment.values()].map(({ code, name }) => ({ code, name }))
}

export interface NewCharge {
  readonly orderId: string
  readonly method: string
  readonly amountMinor: Minor
  readonly currency: string
}

interface Place {
  /** The checkout's own payment is the first. */
  readonly position: number
  readonly replacesId: string | null
  readonly status: 'pending' | 'open' | 'due'
}

const ofCheckout: Place = { position: 1, replacesId: null, status: 'pending' }

/** Records the attempt, with the key the provider will see, before anything leaves this system. */
export async function createPayment(
  ctx: Context,
  tx: Tx,
  { position, replacesId, status, ...charge }: NewCharge & Partial<Place>,
): Promise<PaymentRow> {
  const now = ctx.clock.now()
  const id = ctx.newId()
  const place = {
    position: position ?? ofCheckout.position,
    replacesId: replacesId ?? null,
    status: status ?? ofCheckout.status,
  }
  const providerKey = place.position === ofCheckout.position ? charge.orderId : id
  const checkAt = now + ctx.config.payment.reconcileAfterMs
  await insertPayment(tx, { id, ...charge, ...place, providerKey, now, checkAt })
  return {
    id,
    order_id: charge.orderId,
    position: place.position,
    replaces_id: place.replacesId,
    method: charge.method,
    provider_key: providerKey,
    provider_reference: null,
    status: place.status,
    amount_minor: charge.amountMinor,
    ...nothingYet,
    currency: charge.currency,
    failure_code: null,
    created_at: now,
  }
}

const nothingYet = {
  authorised_minor: minor(0),
  captured_minor: minor(0),
  capturing_minor: minor(0),
  refunded_minor: minor(0),
  refunding_minor: minor(0),
  released_minor: minor(0),
} as const

/** The payment that an order was made with. */
export async function getPayment(db: Db, orderId: string): Promise<PaymentRow> {
  const payment = await findPayment(db, { firstOf: orderId })
  if (!payment) throw new Error(`order ${orderId} has no payment`)
  return payment
}

/** No money will come of it any more, and none is there: nothing is left to look at. */
export const never = 8_640_000_000_000_000

export interface Decided {
  readonly orderId: string
  /** Default: the one that the order was made with. */
  readonly position?: number
  readonly outcome: DecidedOutcome
}

/** Writes the outcome of a pending payment down, once: true for the caller that did it. */
export async function decideOutcome(
  ctx: Context,
  tx: Tx,
  { orderId, position = 1, outcome }: Decided,
): Promise<boolean> {
  const now = ctx.clock.now()
  const isAbsent = outcome.kind === 'failed' && outcome.code === neverArrived
  const isCaptured = outcome.kind === 'captured' ? 1 : 0
  const { changes } = await decidePayment(tx, {
    orderId,
    position,
    from: 'pending',
    status: outcome.kind,
    isAuthorised: outcome.kind === 'authorised' ? 1 : isCaptured,
    isCaptured,
    isRefunding: 0,
    reference: 'reference' in outcome ? outcome.reference : null,
    failureCode: outcome.kind === 'failed' ? outcome.code : null,
    now,
    // A charge the provider has never seen may still be under way: it is asked once more.
    checkAt: isAbsent ? now + ctx.config.lifetimes.holdMs : never,
  })
  return changes === 1
}

export interface LateMoney {
  readonly orderId: string
  readonly position?: number
  readonly from: 'pending' | 'failed' | 'voided'
  readonly reference: string
  /** Why the payment had failed before, which stays on record. */
  readonly failureCode: string | null
}

/**
 * Writes down that money has come for an order that cannot be kept, out of `from`, once. It is
 * given back by the operation that is made of it.
 */
export async function returnLateMoney(
  ctx: Context,
  tx: Tx,
  { orderId, position = 1, from, reference, failureCode }: LateMoney,
): Promise<boolean> {
  const { changes } = await decidePayment(tx, {
    ...{ orderId, position, from, reference, failureCode },
    status: 'refund_due',
    isAuthorised: 1,
    isCaptured: 1,
    isRefunding: 1,
    now: ctx.clock.now(),
    checkAt: never,
  })
  if (changes !== 1) return false
  await insertLateOperation(ctx, tx, { orderId, position, kind: 'refund' })
  return true
}

/**
 * Has an authorisation given up that came too late, or that the payer could still use at the
 * provider; once, however often it is said.
 */
export async function giveUpLate(
  ctx: Context,
  tx: Tx,
  { orderId, position = 1 }: { orderId: string; position?: number },
): Promise<void> {
  await insertLateOperation(ctx, tx, { orderId, position, kind: 'void' })
}

/**
 * A failed payment the provider still does not know: it never came, and is not asked about again.
 */
export async function giveUpOn(ctx: Context, { id }: PaymentRow): Promise<void> {
  await ctx.db.transaction((tx) => stopAsking(tx, { id, until: never }))
}

interface Charging {
  readonly driver: PaymentDriver
  readonly payment: PaymentRow
  readonly data: PaymentData
  readonly payer?: string | undefined
}

/** Asks the provider to charge. Undefined: it did not answer, so the outcome is not known. */
export async function charge(
  ctx: Context,
  { driver, payment, data, payer }: Charging,
): Promise<PaymentOutcome | undefined> {
  try {
    return await driver.authorise({
      key: payment.provider_key,
      amountMinor: minor(payment.amount_minor - payment.released_minor),
      currency: payment.currency,
      data,
      capture: ctx.config.payment.capture,
      payer,
      keep: (reference) => keep(ctx, payment, reference),
    })
  } catch (error) {
    ctx.log.warn({ err: error, orderId: payment.order_id }, 'payment outcome unknown')
    return undefined
  }
}

async function keep(ctx: Context, { id }: PaymentRow, reference: string): Promise<void> {
  const now = ctx.clock.now()
  const { changes } = await ctx.db.transaction((tx) => keepReference(tx, { id, reference, now }))
  if (changes !== 1) throw new Error(`payment ${id} was given up before it was sent`)
}

/** How a provider is told which payment is meant. */
export const referenceOf = (payment: PaymentRow): PaymentReference => ({
  key: payment.provider_key,
  reference: payment.provider_reference,
  amountMinor: minor(payment.amount_minor - payment.released_minor),
  currency: payment.currency,
})

/** What the provider knows of a payment: an outcome, `absent`, or undefined if it cannot say. */
export async function askProvider(
  ctx: Context,
  payment: PaymentRow,
): Promise<PaymentOutcome | 'absent' | undefined> {
  const driver = driverOf(ctx, payment.method)
  try {
    return driver && ((await driver.find(referenceOf(payment))) ?? 'absent')
  } catch (error) {
    ctx.log.warn({ err: error, orderId: payment.order_id }, 'payment provider cannot be asked')
    return undefined
  }
}

/** Ends a payment at the provider that waits for its payer; undefined if it does not answer. */
export async function cancelAtProvider(
  ctx: Context,
  payment: PaymentRow,
): Promise<PaymentOutcome | undefined> {
  const driver = driverOf(ctx, payment.method)
  try {
    return await driver?.cancel(referenceOf(payment))
  } catch (error) {
    ctx.log.warn({ err: error, orderId: payment.order_id }, 'payment cannot be cancelled yet')
    return undefined
  }
}

export interface Due {
  readonly payments: readonly PaymentRow[]
  readonly operations: readonly OperationRow[]
}

/** Payments and operations that it is time to look at, each taken by one caller only. */
export async function takeDue(ctx: Context, limit: number): Promise<Due> {
  const now = ctx.clock.now()
  const payments = await listDuePayments(ctx.db.read, { now, limit })
  const operations = await listDueOperations(ctx.db.read, { now, limit })
  if (payments.length + operations.length === 0) return { payments, operations }
  const soon = now + ctx.config.payment.reconcileAfterMs
  return ctx.db.transaction(async (tx) => ({
    payments: await taken(payments, ({ id }) => postponeCheck(tx, { id, now, until: soon })),
    operations: await taken(operations, ({ id, attempts }) => {
      // Money that is owed is tried for as long as it is owed.
      const until = attempts < soonAttemptsMax ? soon : now + laterMs
      return postponeOperation(tx, { id, now, until })
    }),
  }))
}

const soonAttemptsMax = 20
const laterMs = 3_600_000

async function taken<T>(due: readonly T[], take: (row: T) => Promise<Change>): Promise<T[]> {
  const rows: T[] = []
  for (const row of due) if ((await take(row)).changes === 1) rows.push(row)
  return rows
}

export { findPayment as findPaymentBy }
export type { PaymentRow }
