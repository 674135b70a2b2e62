import type { Context } from '../../context.ts'
import { minor } from '../../core/money.ts'
import type { Tx } from '../../db/database.ts'
import { enqueue } from '../../db/outbox.ts'
import type {
  OperationOutcome,
  PaymentDriver,
  PaymentOutcome,
} from '../../drivers/payment/driver.ts'
import { getOrderRow, recordEvent, type OrderRow } from '../order/orders.ts'
import { collected } from './collecting.ts'
import { endOperation, type OperationRow } from './operation-queries.ts'
import { driverOf, referenceOf, returnLateMoney } from './payments.ts'
import { endCapture, endRefund, findPayment, lockPaymentsOf, type PaymentRow } from './queries.ts'

/** Makes operations, one after another; one that cannot be made is left to the reconciler. */
export async function performAll(ctx: Context, operations: readonly OperationRow[]): Promise<void> {
  for (const operation of operations) await perform(ctx, operation)
}

/**
 * Makes one operation at its provider and writes down what came of it. Whoever makes it twice makes
 * it with the same key, and writes it down once.
 */
async function perform(ctx: Context, operation: OperationRow): Promise<void> {
  try {
    const payment = await findPayment(ctx.db.read, { id: operation.payment_id })
    const driver = payment && driverOf(ctx, payment.method)
    if (!driver) throw new Error('its payment method is not offered any more')
    const outcome = await performAt(driver, operation, payment)
    await ctx.db.transaction((tx) => note(ctx, tx, { operation, outcome }))
  } catch (error) {
    if (ctx.db.dialect.readFault(error).kind === 'unavailable') throw error
    const { id: operationId, kind, order_id: orderId } = operation
    ctx.log.warn({ err: error, operationId, kind, orderId }, 'operation failed; it is tried again')
  }
}

type Outcome = OperationOutcome | { readonly kind: 'late'; readonly reference: string }

async function performAt(
  driver: PaymentDriver,
  operation: OperationRow,
  payment: PaymentRow,
): Promise<Outcome> {
  const request = {
    payment: referenceOf(payment),
    operationKey: operation.provider_key,
    amountMinor: operation.amount_minor,
  }
  if (operation.kind === 'capture') return driver.capture(request)
  if (operation.kind === 'refund') return driver.refund(request)
  return afterCancelling(await driver.cancel(request.payment))
}

/** A payment that was collected before it could be cancelled is money that came too late. */
function afterCancelling(outcome: PaymentOutcome): Outcome {
  if (outcome.kind === 'captured') return { kind: 'late', reference: outcome.reference }
  if (outcome.kind === 'failed') return { kind: 'done', reference: null }
  throw new Error(`the payment is still ${outcome.kind}`)
}

interface Noted {
  readonly operation: OperationRow
  readonly outcome: Outcome
}

/** Writes down what came of an operation, once; whoever comes later changes nothing. */
export async function note(ctx: Context, tx: Tx, { operation, outcome }: Noted): Promise<boolean> {
  const { id, order_id: orderId } = operation
  const payments = await lockPaymentsOf(tx, { orderId })
  const payment = payments.find((row) => row.id === operation.payment_id)
  if (!payment) throw new Error(`operation ${id} has no payment`)
  const { changes } = await endOperation(tx, {
    id,
    from: 'pending',
    status: outcome.kind === 'failed' ? 'failed' : 'done',
    reference: outcome.kind === 'failed' ? operation.provider_reference : outcome.reference,
    failureCode: outcome.kind === 'failed' ? outcome.code.slice(0, 100) : null,
    now: ctx.clock.now(),
  })
  if (changes !== 1) return false
  const order = await getOrderRow(tx, orderId)
  const end = { operation, payment, order, isDone: outcome.kind === 'done' }
  if (operation.kind === 'capture') await noteCapture(ctx, tx, end)
  if (operation.kind === 'refund') await noteRefund(ctx, tx, end)
  if (operation.kind === 'void') await noteVoid(ctx, tx, { ...end, outcome })
  return true
}

interface End {
  readonly operation: OperationRow
  readonly payment: PaymentRow
  readonly order: OrderRow
  readonly isDone: boolean
}

const factsOf = ({ operation, payment }: End) => ({
  payment_id: payment.id,
  operation_id: operation.id,
  amount_minor: operation.amount_minor,
})

async function noteCapture(ctx: Context, tx: Tx, end: End): Promise<void> {
  const { operation, payment, order, isDone } = end
  const { changes } = await endCapture(tx, {
    id: payment.id,
    reservedMinor: operation.amount_minor,
    capturedMinor: isDone ? operation.amount_minor : minor(0),
    now: ctx.clock.now(),
  })
  if (changes !== 1) throw new Error(`capture ${operation.id} does not fit its payment`)
  const type = isDone ? 'payment_captured' : 'capture_failed'
  await recordEvent(ctx, tx, { orderId: order.id, type, data: factsOf(end) })
  if (isDone) await collected(ctx, tx, order.id)
}

async function noteRefund(ctx: Context, tx: Tx, end: End): Promise<void> {
  const { operation, payment, isDone } = end
  const { changes } = await endRefund(tx, {
    id: payment.id,
    reservedMinor: operation.amount_minor,
    refundedMinor: isDone ? operation.amount_minor : minor(0),
    now: ctx.clock.now(),
  })
  if (changes !== 1) throw new Error(`refund ${operation.id} does not fit its payment`)
  await announceRefund(ctx, tx, end)
}

/** The buyer hears of money that goes back; staff of money that cannot. */
export async function announceRefund(ctx: Context, tx: Tx, end: End): Promise<void> {
  const { payment, order, isDone } = end
  const { id: orderId, number } = order
  if (isDone && payment.status === 'refund_due') {
    await recordEvent(ctx, tx, { orderId, type: 'refunded' })
    return enqueue(ctx, tx, { topic: 'order.refunded', payload: { order_id: orderId, number } })
  }
  const type = isDone ? 'payment_refunded' : 'refund_failed'
  await recordEvent(ctx, tx, { orderId, type, data: factsOf(end) })
  await enqueue(ctx, tx, {
    topic: isDone ? 'payment.refunded' : 'payment.refund_failed',
    payload: { order_id: orderId, number, ...factsOf(end) },
  })
}

async function noteVoid(ctx: Context, tx: Tx, end: End & { outcome: Outcome }): Promise<void> {
  const { payment, order, outcome } = end
  if (outcome.kind !== 'late') return
  const { id: orderId } = order
  const from = payment.status === 'voided' ? 'voided' : 'failed'
  const { position, failure_code: failureCode } = payment
  const { reference } = outcome
  if (!(await returnLateMoney(ctx, tx, { orderId, position, from, reference, failureCode }))) return
  await recordEvent(ctx, tx, { orderId, type: 'refund_due' })
  const payload = { order_id: orderId, number: order.number }
  await enqueue(ctx, tx, { topic: 'order.refund_due', payload })
}
