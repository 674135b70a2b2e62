import { sql } from 'kysely'
import type { Tx } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { InboxStatus, PaymentEventTable } from './tables.ts'

export type NewInboxEvent = Omit<PaymentEventTable, 'attempts' | 'failure' | 'handled_at'>

/** Stores an event unless it is there already; says whether it did. */
export function insertInboxEvent(tx: Tx, row: NewInboxEvent): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'payment_events', { ...row })
}

export interface InboxRow {
  readonly id: string
  readonly provider: string
  readonly type: string
  /** JSON */
  readonly content: string
  readonly attempts: number
}

/** Events that have not been handled and that it is time to handle, in the order they came. */
export const listDueEvents = preparedQuery<{ now: number; limit: number }, InboxRow>((db, param) =>
  db
    .selectFrom('payment_events')
    .select(['id', 'provider', 'type', 'content', 'attempts'])
    .where('status', '=', 'received')
    .where('available_at', '<=', param('now'))
    .orderBy('available_at')
    .orderBy('id')
    .limit(param('limit')),
)

/** Takes an event for handling it; one changed row means that nobody else did. */
export const takeInboxEvent = preparedWrite<{ id: string; now: number; until: number }>(
  (db, param) =>
    db
      .updateTable('payment_events')
      .set((set) => ({ attempts: set('attempts', '+', 1), available_at: param('until') }))
      .where('id', '=', param('id'))
      .where('available_at', '<=', param('now'))
      .where(sql<boolean>`coalesce(status, '') = 'received'`),
)

/** Forgets events that were dealt with before. */
export const deleteOldEvents = preparedWrite<{ before: number }>((db, param) =>
  db
    .deleteFrom('payment_events')
    .where('status', 'in', ['handled', 'ignored'])
    .where('available_at', '<', param('before')),
)

interface InboxEnd {
  readonly id: string
  readonly status: InboxStatus
  readonly failure: string | null
  readonly now: number
}

/** Ends an event, once. */
export const endInboxEvent = preparedWrite<InboxEnd>((db, param) =>
  db
    .updateTable('payment_events')
    .set({
      status: param('status'),
      failure: param('failure'),
      handled_at: param('now'),
    })
    .where('id', '=', param('id'))
    .where(sql<boolean>`coalesce(status, '') = 'received'`),
)
