import type { Minor } from '../../core/money.ts'
import { bulkInsert } from '../../db/bulk.ts'
import type { Db } from '../../db/database.ts'
import { guardStatus } from '../../db/guard.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { OperationKind, OperationStatus } from './tables.ts'

export interface OperationRow {
  readonly id: string
  readonly payment_id: string
  readonly order_id: string
  readonly kind: OperationKind
  readonly provider_key: string
  readonly provider_reference: string | null
  readonly amount_minor: Minor
  readonly status: OperationStatus
  readonly reason: string | null
  readonly failure_code: string | null
  readonly attempts: number
  readonly created_at: number
}

const operations = (db: Db) =>
  db
    .selectFrom('payment_operations')
    .select(['id', 'payment_id', 'order_id', 'kind', 'provider_key', 'provider_reference'])
    .select(['amount_minor', 'status', 'reason', 'failure_code', 'attempts', 'created_at'])

export interface NewOperation extends Omit<OperationRow, 'attempts'> {
  readonly check_at: number
  readonly updated_at: number
}

/** Ids and keys are made by the caller; the same key a second time is refused by its UNIQUE. */
export const insertOperations = bulkInsert<NewOperation>('payment_operations', {
  id: 'uuid',
  payment_id: 'uuid',
  order_id: 'uuid',
  kind: 'text',
  provider_key: 'text',
  provider_reference: 'text',
  amount_minor: 'integer',
  status: 'text',
  reason: 'text',
  failure_code: 'text',
  check_at: 'integer',
  created_at: 'integer',
  updated_at: 'integer',
})

export const listOperationsOf = preparedQuery<{ orderId: string }, OperationRow>((db, param) =>
  operations(db).where('order_id', '=', param('orderId')).orderBy('created_at').orderBy('id'),
)

const operationById = preparedQuery<{ id: string }, OperationRow>((db, param) =>
  operations(db).where('id', '=', param('id')),
)
const operationByKey = preparedQuery<{ key: string }, OperationRow>((db, param) =>
  operations(db).where('provider_key', '=', param('key')),
)
const operationByReference = preparedQuery<{ reference: string }, OperationRow>((db, param) =>
  operations(db)
    .where('provider_reference', '=', param('reference'))
    .where('kind', '=', 'refund')
    .limit(1),
)

export async function findOperation(
  db: Db,
  by: { readonly id: string } | { readonly key: string } | { readonly reference: string },
): Promise<OperationRow | undefined> {
  if ('id' in by) return (await operationById(db, by))[0]
  if ('key' in by) return (await operationByKey(db, by))[0]
  return (await operationByReference(db, by))[0]
}

const status = guardStatus<OperationStatus>()

interface OperationEnd {
  readonly id: string
  readonly from: OperationStatus
  readonly status: OperationStatus
  readonly reference: string | null
  readonly failureCode: string | null
  readonly now: number
}

/** Ends an operation once: one changed row means that this caller did it. */
export const endOperation = preparedWrite<OperationEnd>((db, param) =>
  db
    .updateTable('payment_operations')
    .set({
      status: param('status'),
      provider_reference: param('reference'),
      failure_code: param('failureCode'),
      updated_at: param('now'),
    })
    .where('id', '=', param('id'))
    .where(status, '=', param('from')),
)

/** Operations that are not done and that it is time to do again, oldest first. */
export const listDueOperations = preparedQuery<{ now: number; limit: number }, OperationRow>(
  (db, param) =>
    operations(db)
      .where('status', '=', 'pending')
      .where('check_at', '<=', param('now'))
      .orderBy('check_at')
      .limit(param('limit')),
)

/** Takes an operation for doing it; one changed row means that nobody else did. */
export const postponeOperation = preparedWrite<{ id: string; now: number; until: number }>(
  (db, param) =>
    db
      .updateTable('payment_operations')
      .set((set) => ({ check_at: param('until'), attempts: set('attempts', '+', 1) }))
      .where('id', '=', param('id'))
      .where('check_at', '<=', param('now')),
)
