import type { Context } from '../../context.ts'
import { minor, type Minor } from '../../core/money.ts'
import type { Tx } from '../../db/database.ts'
import { insertOperations, type NewOperation, type OperationRow } from './operation-queries.ts'
import { listPaymentsOf, type PaymentRow } from './queries.ts'
import type { OperationKind } from './tables.ts'

interface OperationFacts {
  readonly payment: Pick<PaymentRow, 'id' | 'order_id'>
  readonly kind: OperationKind
  readonly amountMinor: Minor
  readonly reason: string | null
  /** Left out: the id. */
  readonly providerKey?: string
  /** When the reconciler makes it, unless it is made before. Left out: after a while. */
  readonly checkAt?: number
}

/** Something that is to be done at a provider, with the key under which it is done once. */
export function newOperation(ctx: Context, facts: OperationFacts): NewOperation {
  const now = ctx.clock.now()
  const id = ctx.newId()
  return {
    id,
    payment_id: facts.payment.id,
    order_id: facts.payment.order_id,
    kind: facts.kind,
    provider_key: facts.providerKey ?? id,
    provider_reference: null,
    amount_minor: facts.amountMinor,
    status: 'pending',
    reason: facts.reason,
    failure_code: null,
    check_at: facts.checkAt ?? now + ctx.config.payment.reconcileAfterMs,
    created_at: now,
    updated_at: now,
  }
}

interface LateOperation {
  readonly orderId: string
  readonly position: number
  readonly kind: 'refund' | 'void'
}

/** What follows from money that came too late; once for each payment, and without delay. */
export async function insertLateOperation(
  ctx: Context,
  tx: Tx,
  { orderId, position, kind }: LateOperation,
): Promise<void> {
  const payments = await listPaymentsOf(tx, { orderId })
  const payment = payments.find((row) => row.position === position)
  if (!payment) throw new Error(`order ${orderId} has no payment ${position}`)
  const row = newOperation(ctx, {
    payment,
    kind,
    amountMinor: kind === 'refund' ? payment.captured_minor : minor(0),
    reason: 'the order could not be kept',
    providerKey: kind === 'void' ? voidKeyOf(payment) : `${payment.id}-late`,
    checkAt: ctx.clock.now(),
  })
  await tx.dialect.insertOnce(tx, 'payment_operations', { ...row })
}

/** A payment is voided once. */
export const voidKeyOf = ({ id }: Pick<PaymentRow, 'id'>): string => `${id}-void`

/** Writes down what is to be done at providers, in one statement. */
export async function saveOperations(tx: Tx, rows: readonly NewOperation[]): Promise<void> {
  if (rows.length > 0) await insertOperations(tx, rows)
}

export type { NewOperation, OperationRow }
