import { sql } from 'kysely'
import type { Minor } from '../../core/money.ts'
import { guardStatus } from '../../db/guard.ts'
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

const status = guardStatus<PaymentStatus>()

interface Decision {
  readonly orderId: string
  readonly from: PaymentStatus
  readonly status: PaymentStatus
  /** 1 if all of the amount has been captured, 0 if nothing has. */
  readonly isCaptured: 0 | 1
  readonly reference: string | null
  readonly failureCode: string | null
  readonly now: number
  readonly checkAt: number
}

/** Decides a payment once: whoever moves the row out of `from` has won, all others have not. */
export const decidePayment = preparedWrite<Decision>((db, param) =>
  db
    .updateTable('payments')
    .set({
      status: param('status'),
      captured_minor: sql<Minor>`amount_minor * ${param('isCaptured')}`,
      provider_reference: param('reference'),
      failure_code: param('failureCode'),
      updated_at: param('now'),
      check_at: param('checkAt'),
    })
    .where('order_id', '=', param('orderId'))
    .where(status, '=', param('from')),
)

/** Notes that a refund has been made; one changed row means that this caller noted it. */
export const finishRefund = preparedWrite<{ orderId: string; now: number; checkAt: number }>(
  (db, param) =>
    db
      .updateTable('payments')
      .set((set) => ({
        status: 'refunded',
        refunded_minor: set.ref('captured_minor'),
        updated_at: param('now'),
        check_at: param('checkAt'),
      }))
      .where('order_id', '=', param('orderId'))
      .where(status, '=', 'refund_due'),
)

/** Payments that are not settled for good and that it is time to look at, oldest first. */
export const listDuePayments = preparedQuery<{ now: number; limit: number }, PaymentRow>(
  (db, param) =>
    db
      .selectFrom('payments')
      .select(paymentColumns)
      .where('status', 'in', ['pending', 'failed', 'refund_due'])
      .where('check_at', '<=', param('now'))
      .orderBy('check_at')
      .limit(param('limit')),
)

/** Asks no more about a payment, unless it has come after all and is to be refunded. */
export const stopAsking = preparedWrite<{ id: string; until: number }>((db, param) =>
  db
    .updateTable('payments')
    .set({ check_at: param('until') })
    .where('id', '=', param('id'))
    .where(status, '=', 'failed'),
)

/** Takes a payment for looking at it; one changed row means that nobody else did. */
export const postponeCheck = preparedWrite<{ id: string; now: number; until: number }>(
  (db, param) =>
    db
      .updateTable('payments')
      .set({ check_at: param('until') })
      .where('id', '=', param('id'))
      .where('check_at', '<=', param('now')),
)
