import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import { formatMinor, minor, parseDecimal, type Minor } from '../../core/money.ts'
import type { Db, Tx } from '../../db/database.ts'
import { record } from '../audit/log.ts'
import { noteGrant } from '../order/giving-back.ts'
import { recordEvent } from '../order/orders.ts'
import { collected } from './collecting.ts'
import { listOperationsOf, type OperationRow } from './operation-queries.ts'
import { newOperation, saveOperations, voidKeyOf } from './operations.ts'
import {
  findPayment,
  listPaymentsOf,
  lockPaymentsOf,
  receiveMoney,
  reserveCapture,
  voidByStaff,
  type PaymentRow,
} from './queries.ts'
import { exceeded, refundParts } from './refunds.ts'

export interface StaffPayment {
  readonly payment: PaymentRow
  readonly operations: readonly OperationRow[]
}

/** All payments of an order with what was done to each. */
export async function paymentsForStaff(db: Db, orderId: string): Promise<StaffPayment[]> {
  const payments = await listPaymentsOf(db, { orderId })
  const operations = await listOperationsOf(db, { orderId })
  return payments.map((payment) => ({ payment, operations }))
}

/** A payment by its id (NOT_FOUND). */
export async function getPaymentById(db: Db, id: string): Promise<PaymentRow> {
  const payment = await findPayment(db, { id })
  if (!payment) throw notFound('Payment')
  return payment
}

async function forStaff(db: Db, { id, order_id: orderId }: PaymentRow): Promise<StaffPayment> {
  const operations = await listOperationsOf(db, { orderId })
  return { payment: await getPaymentById(db, id), operations }
}

/** The payment as it is now, with everybody else waiting who wants to change its order. */
async function lockPayment(tx: Tx, { id, order_id: orderId }: PaymentRow): Promise<PaymentRow> {
  const payments = await lockPaymentsOf(tx, { orderId })
  const payment = payments.find((row) => row.id === id)
  if (!payment) throw notFound('Payment')
  return payment
}

/** An amount that somebody writes, more than 0; without one what is `open`. */
export function amountOf({ currency }: PaymentRow, text: string | undefined, open: Minor): Minor {
  if (text === undefined) return open
  const amount = parseDecimal(text, currency)
  if (amount === undefined || amount <= 0) throw invalid('amount', `is no amount of ${currency}`)
  return amount
}

const refusal = ({ status }: PaymentRow, action: string) =>
  new ShopError('PAYMENT_STATE', { status, action })

interface Change {
  readonly payment: PaymentRow
  /** As it was written; without it all that there is. */
  readonly amount?: string | undefined
}

/**
 * Decides to collect what is authorised, or a part of it; the rest is then given up. It is made by
 * `makeRefunds` after the commit. Refuses with PAYMENT_STATE, PAYMENT_IN_PROGRESS and
 * CAPTURE_EXCEEDS_AUTHORISED.
 */
export async function capturePayment(
  ctx: Context,
  tx: Tx,
  { payment: known, amount }: Change,
): Promise<StaffPayment> {
  const payment = await lockPayment(tx, known)
  const openMinor = minor(payment.amount_minor - payment.released_minor)
  const amountMinor = amountOf(payment, amount, openMinor)
  if (payment.status !== 'authorised') throw refusal(payment, 'captured')
  if (payment.capturing_minor > 0) throw new ShopError('PAYMENT_IN_PROGRESS')
  const now = ctx.clock.now()
  const { changes } = await reserveCapture(tx, { id: payment.id, amountMinor, now })
  if (changes !== 1) throw tooMuch(payment, openMinor)
  await saveOperations(tx, [
    newOperation(ctx, { payment, kind: 'capture', amountMinor, reason: null }),
  ])
  await noteStaff(ctx, tx, { payment, action: 'payment.captured', after: { amountMinor } })
  return forStaff(tx, payment)
}

function tooMuch({ currency }: PaymentRow, openMinor: Minor): ShopError {
  const available = `${formatMinor(openMinor, currency)} ${currency}`
  return new ShopError('CAPTURE_EXCEEDS_AUTHORISED', { available })
}

/**
 * Decides that nothing of a payment is collected any more; the provider is told by `makeRefunds`
 * after the commit. The order stays as it is: somebody can still pay it another way.
 */
export async function voidPayment(
  ctx: Context,
  tx: Tx,
  { payment: known, reason }: Change & { readonly reason: string | null },
): Promise<StaffPayment> {
  const payment = await lockPayment(tx, known)
  if (payment.capturing_minor > 0) throw new ShopError('PAYMENT_IN_PROGRESS')
  const { changes } = await voidByStaff(tx, { id: payment.id, now: ctx.clock.now() })
  if (changes !== 1) throw refusal(payment, 'voided')
  if (payment.status === 'authorised') {
    const providerKey = voidKeyOf(payment)
    const facts = { payment, kind: 'void', amountMinor: minor(0), reason, providerKey } as const
    await saveOperations(tx, [newOperation(ctx, facts)])
  }
  const orderId = payment.order_id
  await recordEvent(ctx, tx, { orderId, type: 'payment_voided', data: { payment_id: payment.id } })
  await noteStaff(ctx, tx, { payment, action: 'payment.voided', after: { reason } })
  return forStaff(tx, payment)
}

/**
 * Books money that came by transfer or at the door. Refuses more than is due
 * (CAPTURE_EXCEEDS_AUTHORISED) and payments that are not due (PAYMENT_STATE).
 */
export async function receivePayment(
  ctx: Context,
  tx: Tx,
  { payment: known, amount, note }: Change & { readonly note: string | null },
): Promise<StaffPayment> {
  const payment = await lockPayment(tx, known)
  const openMinor = minor(payment.amount_minor - payment.captured_minor - payment.released_minor)
  const amountMinor = amountOf(payment, amount, openMinor)
  if (payment.status !== 'due') throw refusal(payment, 'marked as received')
  const { id, order_id: orderId } = payment
  const { changes } = await receiveMoney(tx, { id, amountMinor, now: ctx.clock.now() })
  if (changes !== 1) throw tooMuch(payment, openMinor)
  const data = { payment_id: id, amount_minor: amountMinor }
  await recordEvent(ctx, tx, { orderId, type: 'payment_captured', data })
  await noteStaff(ctx, tx, { payment, action: 'payment.received', after: { amountMinor, note } })
  await collected(ctx, tx, orderId)
  return forStaff(tx, payment)
}

/**
 * Decides to give money of one payment back, all or a part; it is made by `makeRefunds` after the
 * commit. Refuses more than was captured and has not gone back (REFUND_EXCEEDS_CAPTURED).
 */
export async function refundPayment(
  ctx: Context,
  tx: Tx,
  { payment: known, amount, reason }: Change & { readonly reason: string },
): Promise<StaffPayment> {
  const payment = await lockPayment(tx, known)
  const openMinor = minor(payment.captured_minor - payment.refunded_minor - payment.refunding_minor)
  const amountMinor = amountOf(payment, amount, openMinor)
  if (amountMinor > openMinor || openMinor === 0) throw exceeded([payment], openMinor)
  const { order_id: orderId } = payment
  await noteGrant(ctx, tx, { orderId, amountMinor, reason })
  const parts = [{ id: payment.id, amountMinor }]
  await refundParts(ctx, tx, { payments: [payment], parts, reason })
  await noteStaff(ctx, tx, { payment, action: 'payment.refunded', after: { amountMinor, reason } })
  return forStaff(tx, payment)
}

interface Noted {
  readonly payment: PaymentRow
  readonly action: string
  readonly after: object
}

function noteStaff(ctx: Context, tx: Tx, { payment, action, after }: Noted): Promise<void> {
  return record(ctx, tx, { action, subject: ['payment', payment.id], after })
}
