import type { Context } from '../context.ts'
import { retryDelayMs } from '../core/backoff.ts'
import { queuedSubscribers, subscribers } from '../subscribers.ts'
import type { Change, Tx } from './database.ts'
import { insertDeliveries } from './deliveries.ts'
import {
  failEvent,
  forgetPersonal,
  listPendingEvents,
  markDelivered,
  postpone,
  takeEvents,
  type PendingEvent,
} from './outbox.ts'
import { takeEachOnce } from './take.ts'

const batchSize = 500
/** What a node took and did not deliver, because it died, is taken by another after this. */
const leaseMs = 30_000

/**
 * Tells the subscribers of the oldest pending events, each at least once, and puts them into the
 * queues of those that take their time; says how many.
 */
export async function deliverPending(ctx: Context): Promise<number> {
  const now = ctx.clock.now()
  const due = await listPendingEvents(ctx.db.read, { now, limit: batchSize })
  const events = await takeEachOnce(ctx, due, (tx, items) =>
    takeEvents(
      tx,
      items.map(({ id }) => ({ id, due_at: now, until_at: now + leaseMs })),
    ),
  )
  const failed = new Set<PendingEvent>()
  for (const event of events) if (!(await tell(ctx, event))) failed.add(event)
  const told = events.filter((event) => !failed.has(event))
  await takeEachOnce(ctx, told, (tx, items) => finish(ctx, tx, items))
  for (const event of failed) await putBack(ctx, event)
  return events.length
}

async function tell(ctx: Context, event: PendingEvent): Promise<boolean> {
  try {
    for (const subscriber of subscribers) await subscriber(ctx, event)
    return true
  } catch (error) {
    ctx.log.warn({ err: error, eventId: event.id }, 'event not delivered')
    return false
  }
}

/** An event is delivered when it stands in every queue it belongs to: one transaction. */
async function finish(ctx: Context, tx: Tx, events: readonly PendingEvent[]): Promise<Change> {
  const now = ctx.clock.now()
  const marked = await markDelivered(
    tx,
    events.map(({ id }) => ({ id, at: now })),
  )
  // Otherwise some have been delivered by another node, and all is tried again one by one.
  if (marked.changes === events.length) {
    await fillQueues(ctx, tx, events)
    await forgetPersonal(tx, events)
  }
  return marked
}

async function fillQueues(ctx: Context, tx: Tx, events: readonly PendingEvent[]): Promise<void> {
  const now = ctx.clock.now()
  const rows = queuedSubscribers.flatMap((subscriber) =>
    events
      .filter(({ topic }) => subscriber.wants(ctx, topic))
      .map(({ id }) => ({
        event_id: id,
        subscriber: subscriber.name,
        status: 'pending' as const,
        available_at: now,
        created_at: now,
      })),
  )
  if (rows.length > 0) await insertDeliveries(tx, rows)
}

async function putBack(ctx: Context, { id, attempts }: PendingEvent): Promise<void> {
  const delayMs = retryDelayMs(attempts + 1)
  if (delayMs === undefined) ctx.log.error({ eventId: id }, 'event given up; see "retry"')
  await ctx.db.transaction((tx) =>
    delayMs === undefined
      ? failEvent(tx, { id })
      : postpone(tx, { id, at: ctx.clock.now() + delayMs }),
  )
}
