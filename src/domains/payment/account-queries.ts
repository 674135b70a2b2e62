import type { Db } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'

export interface PaymentAccountRow {
  readonly provider: string
  readonly customer_id: string
  readonly reference: string
}

const accountOf = preparedQuery<{ provider: string; customerId: string }, PaymentAccountRow>(
  (db, param) =>
    db
      .selectFrom('payment_accounts')
      .select(['provider', 'customer_id', 'reference'])
      .where('provider', '=', param('provider'))
      .where('customer_id', '=', param('customerId')),
)

export async function findPaymentAccount(
  db: Db,
  by: { provider: string; customerId: string },
): Promise<PaymentAccountRow | undefined> {
  return (await accountOf(db, by))[0]
}

export const deletePaymentAccount = preparedWrite<{ provider: string; customerId: string }>(
  (db, param) =>
    db
      .deleteFrom('payment_accounts')
      .where('provider', '=', param('provider'))
      .where('customer_id', '=', param('customerId')),
)
