import type { Context } from '../context.ts'
import {
  listPendingEvents,
  markDelivered,
  postpone,
  takeEvent,
  type PendingEvent,
} from './outbox.ts'

/** Hears of what happened. May be told the same thing twice, so its effect must be idempotent. */
export type Subscriber = (ctx: Context, event: PendingEvent) => Promise<void>

const batchSize = 500
const retryAfterMs = 10_000
/** What a node took and did not deliver, because it died, is taken by another after this. */
const leaseMs = 30_000

/** Writes every event to the log; mail, webhooks and search will be further entries here. */
const subscribers: readonly Subscriber[] = [
  (ctx, { id, topic, payload }) => {
    ctx.log.debug({ eventId: id, topic, payload }, 'event')
    return Promise.resolve()
  },
]

/** Hands the oldest pending events to the subscribers, each at least once; says how many. */
export async function deliverPending(ctx: Context): Promise<number> {
  const now = ctx.clock.now()
  const events = await takePending(ctx, now)
  if (events.length === 0) return 0
  const failed = new Set<string>()
  for (const event of events) if (!(await deliver(ctx, event))) failed.add(event.id)
  await ctx.db.transaction(async (tx) => {
    for (const { id } of events) {
      if (failed.has(id)) await postpone(tx, { id, at: now + retryAfterMs })
      else await markDelivered(tx, { id, now })
    }
  })
  return events.length
}

/** The oldest pending events, each taken by one node only. */
async function takePending(ctx: Context, now: number): Promise<PendingEvent[]> {
  const events = await listPendingEvents(ctx.db.read, { now, limit: batchSize })
  if (events.length === 0) return []
  // In the same order everywhere, so that nodes that want the same events cannot deadlock.
  const inOrder = events.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  return ctx.db.transaction(async (tx) => {
    const taken: PendingEvent[] = []
    for (const event of inOrder) {
      const { changes } = await takeEvent(tx, { id: event.id, now, until: now + leaseMs })
      if (changes === 1) taken.push(event)
    }
    return taken
  })
}

async function deliver(ctx: Context, event: PendingEvent): Promise<boolean> {
  try {
    for (const subscriber of subscribers) await subscriber(ctx, event)
    return true
  } catch (error) {
    ctx.log.warn({ err: error, eventId: event.id }, 'event not delivered; it is tried again')
    return false
  }
}
