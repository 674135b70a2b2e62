import type { Minor } from '../../core/money.ts'
import type { Db, Tx } from '../../db/database.ts'
import { preparedQuery } from '../../db/prepared.ts'

export interface ShippingMethod {
  readonly code: string
  readonly name: string
  readonly description: string
  readonly price_minor: Minor
  readonly free_from_minor: Minor | null
  readonly days_min: number
  readonly days_max: number
}

const activeMethods = preparedQuery<object, ShippingMethod>((db) =>
  db
    .selectFrom('shipping_methods')
    .select(['code', 'name', 'description', 'price_minor', 'free_from_minor'])
    .select(['days_min', 'days_max'])
    .where('is_active', '=', 1)
    .orderBy('position')
    .orderBy('code'),
)

/** What a shopper can choose from, in the order in which it is offered. */
export const listActiveMethods = (db: Db): Promise<ShippingMethod[]> => activeMethods(db, {})

export interface NewShippingMethod extends ShippingMethod {
  readonly id: string
  readonly position: number
  readonly is_active: 0 | 1
}

export function insertMethod(tx: Tx, method: NewShippingMethod): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'shipping_methods', { ...method })
}
