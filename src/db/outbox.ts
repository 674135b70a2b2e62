import { sql, type Generated } from 'kysely'
import type { Context } from '../context.ts'
import { bulkInsert, bulkUpdate } from './bulk.ts'
import type { Tx } from './database.ts'
import { personalTopics, type EventTopic, type eventTopics } from './events.ts'
import { preparedQuery, preparedWrite } from './prepared.ts'

export interface OutboxTables {
  outbox: {
    id: string
    topic: string
    /** JSON */
    payload: string
    status: 'pending' | 'delivered' | 'failed'
    attempts: Generated<number>
    available_at: number
    created_at: number
    delivered_at: number | null
  }
}

export type OutboxEvent<T extends EventTopic = EventTopic> = {
  readonly topic: T
  readonly payload: Readonly<Record<(typeof eventTopics)[T]['payload'][number], unknown>>
}

interface NewEvent {
  readonly id: string
  readonly topic: string
  readonly payload: string
  readonly now: number
}

const insertEvent = preparedWrite<NewEvent>((db, param) =>
  db.insertInto('outbox').values({
    id: param('id'),
    topic: param('topic'),
    payload: param('payload'),
    status: 'pending',
    available_at: param('now'),
    created_at: param('now'),
    delivered_at: null,
  }),
)

/** Records that something happened, in the same transaction in which it happens. */
export async function enqueue<T extends EventTopic>(
  ctx: Context,
  tx: Tx,
  event: OutboxEvent<T>,
): Promise<void> {
  const payload = JSON.stringify(event.payload)
  await insertEvent(tx, { id: ctx.newId(), topic: event.topic, payload, now: ctx.clock.now() })
}

const insertEvents = bulkInsert<{
  id: string
  topic: string
  payload: string
  status: 'pending'
  available_at: number
  created_at: number
}>('outbox', {
  id: 'uuid',
  topic: 'text',
  payload: 'json',
  status: 'text',
  available_at: 'integer',
  created_at: 'integer',
})

/** The same for many events in one statement. */
export async function enqueueAll<T extends EventTopic>(
  ctx: Context,
  tx: Tx,
  events: readonly OutboxEvent<T>[],
): Promise<void> {
  if (events.length === 0) return
  const now = ctx.clock.now()
  const rows = events.map(({ topic, payload }) => ({
    id: ctx.newId(),
    topic,
    payload: JSON.stringify(payload),
    status: 'pending' as const,
    available_at: now,
    created_at: now,
  }))
  await insertEvents(tx, rows)
}

export interface PendingEvent {
  readonly id: string
  readonly topic: string
  readonly payload: string
  /** How often it has been tried in vain. */
  readonly attempts: number
}

/** The oldest events that are due. */
export const listPendingEvents = preparedQuery<{ now: number; limit: number }, PendingEvent>(
  (db, param) =>
    db
      .selectFrom('outbox')
      .select(['id', 'topic', 'payload', 'attempts'])
      .where('status', '=', 'pending')
      .where('available_at', '<=', param('now'))
      .orderBy('available_at')
      .limit(param('limit')),
)

/** Takes events for delivering them; as many changed rows as events mean that all are taken. */
export const takeEvents = bulkUpdate<{ id: string; due_at: number; until_at: number }>({
  table: 'outbox',
  columns: { id: 'uuid', due_at: 'integer', until_at: 'integer' },
  set: sql`available_at = d.until_at`,
  where: sql<boolean>`outbox.id = d.id and coalesce(outbox.status, '') = 'pending'
    and outbox.available_at <= d.due_at`,
})

export const markDelivered = bulkUpdate<{ id: string; at: number }>({
  table: 'outbox',
  columns: { id: 'uuid', at: 'integer' },
  set: sql`status = 'delivered', delivered_at = d.at`,
  where: sql<boolean>`outbox.id = d.id and coalesce(outbox.status, '') = 'pending'`,
})

/** Puts an event that could not be delivered back for later. */
export const postpone = preparedWrite<{ id: string; at: number }>((db, param) =>
  db
    .updateTable('outbox')
    .set((set) => ({ attempts: set('attempts', '+', 1), available_at: param('at') }))
    .where('id', '=', param('id'))
    .where('status', '=', 'pending'),
)

/** Puts an event aside that could not be delivered for too long. */
export const failEvent = preparedWrite<{ id: string }>((db, param) =>
  db
    .updateTable('outbox')
    .set((set) => ({ status: 'failed', attempts: set('attempts', '+', 1) }))
    .where('id', '=', param('id'))
    .where('status', '=', 'pending'),
)

/** Has every event that was put aside tried again. */
export const reviveEvents = preparedWrite<{ now: number }>((db, param) =>
  db
    .updateTable('outbox')
    .set({ status: 'pending', attempts: 0, available_at: param('now') })
    .where('status', '=', 'failed'),
)

const deleteHeardEvents = preparedWrite<{ ids: string }>(
  (db, param) => sql`delete from outbox where status = 'delivered'
    and id in (select d.id from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d)
    and not exists (select 1 from deliveries q where q.event_id = outbox.id)`,
)

/** Forgets those of the events that hold something of a person and that everybody has heard of. */
export async function forgetPersonal(
  tx: Tx,
  events: readonly Pick<PendingEvent, 'id' | 'topic'>[],
): Promise<void> {
  const personal = events.filter(({ topic }) => isPersonal(topic))
  if (personal.length === 0) return
  const ids = JSON.stringify(personal.map(({ id }) => ({ id })))
  await deleteHeardEvents(tx, { ids })
}

export function isPersonal(topic: string): boolean {
  return (personalTopics as readonly string[]).includes(topic)
}
