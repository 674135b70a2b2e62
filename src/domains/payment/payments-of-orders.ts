import type { Db } from '../../db/database.ts'
import { listPaymentsOf as listOf, listPaymentsOfOrders as listOfMany } from './queries.ts'
import type { PaymentRow } from './queries.ts'

/** What is shown of a payment to whoever may read its order. */
export type PaymentFacts = Pick<
  PaymentRow,
  | 'id'
  | 'order_id'
  | 'position'
  | 'method'
  | 'status'
  | 'amount_minor'
  | 'authorised_minor'
  | 'captured_minor'
  | 'refunded_minor'
  | 'refunding_minor'
  | 'released_minor'
  | 'failure_code'
>

/** The payments of an order, in the order in which they were made. */
export function listPaymentsOf(db: Db, orderId: string): Promise<PaymentRow[]> {
  return listOf(db, { orderId })
}

/** The payments of several orders, in one statement. */
export function listPaymentsOfOrders(
  db: Db,
  orders: readonly { readonly id: string }[],
): Promise<PaymentRow[]> {
  return listOfMany(db, { ids: JSON.stringify(orders.map(({ id }) => ({ id }))) })
}
