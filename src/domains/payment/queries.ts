import type { Minor } from '../../core/money.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { PaymentStatus } from './tables.ts'

export interface PaymentRow {
  readonly id: string
  readonly order_id: string
  readonly method: string
  readonly provider_key: string
  readonly status: PaymentStatus
  readonly amount_minor: Minor
  readonly captured_minor: Minor
  readonly currency: string
  readonly failure_code: string | null
}

const paymentColumns = [
  'id',
  'order_id',
  'method',
  'provider_key',
  'status',
  'amount_minor',
  'captured_minor',
  'currency',
  'failure_code',
] as const

export interface NewPayment {
  readonly id: string
  readonly orderId: string
  readonly method: string
  readonly providerKey: string
  readonly amountMinor: Minor
  readonly currency: string
  readonly now: number
  readonly checkAt: number
}

export const insertPayment = preparedWrite<NewPayment>((db, param) =>
  db.insertInto('payments').values({
    id: param('id'),
    order_id: param('orderId'),
    method: param('method'),
    provider_key: param('providerKey'),
    provider_reference: null,
    status: 'pending',
    amount_minor: param('amountMinor'),
    currency: param('currency'),
    failure_code: null,
    created_at: param('now'),
    updated_at: param('now'),
    check_at: param('checkAt'),
  }),
)

const paymentOfOrder = preparedQuery<{ orderId: string }, PaymentRow>((db, param) =>
  db.selectFrom('payments').select(paymentColumns).where('order_id', '=', param('orderId')),
)

export { paymentOfOrder }

/** Decides a payment once: whoever changes the row from `pending` has won, all others have not. */
export const decidePayment = preparedWrite<{
  orderId: string
  status: PaymentStatus
  capturedMinor: Minor
  reference: string | null
  failureCode: string | null
  now: number
}>((db, param) =>
  db
    .updateTable('payments')
    .set({
      status: param('status'),
      captured_minor: param('capturedMinor'),
      provider_reference: param('reference'),
      failure_code: param('failureCode'),
      updated_at: param('now'),
    })
    .where('order_id', '=', param('orderId'))
    .where('status', '=', 'pending'),
)

/** Payments that have been pending for long enough to ask their provider. */
export const listDuePayments = preparedQuery<{ now: number; limit: number }, PaymentRow>(
  (db, param) =>
    db
      .selectFrom('payments')
      .select(paymentColumns)
      .where('status', '=', 'pending')
      .where('check_at', '<=', param('now'))
      .orderBy('check_at')
      .limit(param('limit')),
)

/** Takes a pending payment for asking about it; one changed row means that nobody else did. */
export const postponeCheck = preparedWrite<{ id: string; now: number; until: number }>(
  (db, param) =>
    db
      .updateTable('payments')
      .set({ check_at: param('until') })
      .where('id', '=', param('id'))
      .where('status', '=', 'pending')
      .where('check_at', '<=', param('now')),
)
