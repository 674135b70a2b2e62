import type { Context } from '../context.ts'
import { listPendingEvents, markDelivered, postpone, type PendingEvent } from './outbox.ts'

/** Hears of what happened. May be told the same thing twice, so its effect must be idempotent. */
export type Subscriber = (ctx: Context, event: PendingEvent) => Promise<void>

const batchSize = 500
const retryAfterMs = 10_000

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
  const events = await listPendingEvents(ctx.db.read, { now, limit: batchSize })
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

async function deliver(ctx: Context, event: PendingEvent): Promise<boolean> {
  try {
    for (const subscriber of subscribers) await subscriber(ctx, event)
    return true
  } catch (error) {
    ctx.log.warn({ err: error, eventId: event.id }, 'event not delivered; it is tried again')
    return false
  }
}
