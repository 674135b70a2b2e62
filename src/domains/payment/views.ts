import type { Minor } from '../../core/money.ts'
import type { SavedCard } from '../../drivers/payment/driver.ts'
import { moneyView, timeView } from '../catalog/views.ts'
import type { OperationRow } from './operation-queries.ts'
import type { PaymentFacts } from './payments-of-orders.ts'
import type { PaymentRow } from './queries.ts'

/** A payment as whoever may read its order sees it. */
export function paymentView(payment: PaymentFacts, currency: string) {
  const money = (amount: Minor) => moneyView(amount, currency)
  return {
    id: payment.id,
    position: payment.position,
    method: payment.method,
    status: payment.status,
    amount: money(payment.amount_minor),
    authorised: money(payment.authorised_minor),
    captured: money(payment.captured_minor),
    refunding: money(payment.refunding_minor),
    refunded: money(payment.refunded_minor),
    released: money(payment.released_minor),
    failure: payment.failure_code,
  }
}

/** The same for staff, with all that was done to it. */
export function staffPaymentView(payment: PaymentRow, operations: readonly OperationRow[]) {
  const { currency } = payment
  return {
    ...paymentView(payment, currency),
    order_id: payment.order_id,
    reference: payment.provider_reference,
    replaces_id: payment.replaces_id,
    created_at: timeView(payment.created_at),
    operations: operations
      .filter(({ payment_id }) => payment_id === payment.id)
      .map((operation) => ({
        id: operation.id,
        kind: operation.kind,
        amount: moneyView(operation.amount_minor, currency),
        status: operation.status,
        reason: operation.reason,
        failure: operation.failure_code,
        reference: operation.provider_reference,
        created_at: timeView(operation.created_at),
      })),
  }
}

export const cardView = ({ id, brand, last4, expMonth, expYear }: SavedCard) => ({
  ...{ id, brand, last4 },
  exp_month: expMonth,
  exp_year: expYear,
})
