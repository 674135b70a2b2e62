import { sql, type Generated } from 'kysely'
import { bulkInsert, bulkUpdate } from './bulk.ts'
import type { PendingEvent } from './outbox.ts'
import { preparedQuery, preparedWrite } from './prepared.ts'

export interface DeliveryTables {
  /** What a subscriber has still to do; the row goes when it is done. */
  deliveries: {
    event_id: string
    subscriber: string
    /** `refused`: nothing will ever come of it; `failed`: it was tried for too long. */
    status: 'pending' | 'refused' | 'failed'
    attempts: Generated<number>
    available_at: number
    created_at: number
  }
}

interface NewDelivery {
  readonly event_id: string
  readonly subscriber: string
  readonly status: 'pending'
  readonly available_at: number
  readonly created_at: number
}

export const insertDeliveries = bulkInsert<NewDelivery>('deliveries', {
  event_id: 'uuid',
  subscriber: 'text',
  status: 'text',
  available_at: 'integer',
  created_at: 'integer',
})

/** The events that a subscriber has to hear of now; those that are due for longest first. */
export const listDueDeliveries = preparedQuery<
  { subscriber: string; now: number; limit: number },
  PendingEvent
>((db, param) =>
  db
    .selectFrom('deliveries as d')
    .innerJoin('outbox as o', 'o.id', 'd.event_id')
    .select(['o.id', 'o.topic', 'o.payload', 'd.attempts'])
    .where('d.subscriber', '=', param('subscriber'))
    .where('d.status', '=', 'pending')
    .where('d.available_at', '<=', param('now'))
    .orderBy('d.available_at')
    .limit(param('limit')),
)

interface Taking {
  readonly event_id: string
  readonly subscriber: string
  readonly due_at: number
  readonly until_at: number
}

/** Takes deliveries until a time; as many changed rows as asked for mean that all are taken. */
export const takeDeliveries = bulkUpdate<Taking>({
  table: 'deliveries',
  columns: { event_id: 'uuid', subscriber: 'text', due_at: 'integer', until_at: 'integer' },
  set: sql`available_at = d.until_at`,
  where: sql<boolean>`deliveries.event_id = d.event_id and deliveries.subscriber = d.subscriber
    and coalesce(deliveries.status, '') = 'pending' and deliveries.available_at <= d.due_at`,
})

export const deleteDelivery = preparedWrite<{ id: string; subscriber: string }>((db, param) =>
  db
    .deleteFrom('deliveries')
    .where('event_id', '=', param('id'))
    .where('subscriber', '=', param('subscriber')),
)

/** Puts a delivery that did not work back for later, or aside for good. */
export const putBackDelivery = preparedWrite<{
  id: string
  subscriber: string
  status: DeliveryTables['deliveries']['status']
  at: number
}>((db, param) =>
  db
    .updateTable('deliveries')
    .set((set) => ({
      status: param('status'),
      attempts: set('attempts', '+', 1),
      available_at: param('at'),
    }))
    .where('event_id', '=', param('id'))
    .where('subscriber', '=', param('subscriber'))
    .where('status', '=', 'pending'),
)

/** Has everything that was given up tried again. */
export const reviveDeliveries = preparedWrite<{ now: number }>((db, param) =>
  db
    .updateTable('deliveries')
    .set({ status: 'pending', attempts: 0, available_at: param('now') })
    .where('status', 'in', ['refused', 'failed']),
)
