import type { Context } from '../context.ts'
import {
  listPendingEvents,
  markDelivered,
  postpone,
  takeEvents,
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
  const delivered = events.filter(({ id }) => !failed.has(id))
  await ctx.db.transaction(async (tx) => {
    await markDelivered(
      tx,
      delivered.map(({ id }) => ({ id, at: now })),
    )
    for (const id of failed) await postpone(tx, { id, at: now + retryAfterMs })
  })
  return events.length
}

/** The oldest pending events, each taken by one node only. */
async function takePending(ctx: Context, now: number): Promise<PendingEvent[]> {
  const events = await listPendingEvents(ctx.db.read, { now, limit: batchSize })
  if (events.length === 0) return []
  // In the same order everywhere, so that nodes that want the same events cannot deadlock.
  const inOrder = events.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  return (await takeAll(ctx, inOrder, now)) ? inOrder : takeEach(ctx, inOrder, now)
}

const taking = (id: string, now: number) => ({ id, due_at: now, until_at: now + leaseMs })

/** All of them, or none if another node has taken one meanwhile. */
async function takeAll(
  ctx: Context,
  events: readonly PendingEvent[],
  now: number,
): Promise<boolean> {
  const rows = events.map(({ id }) => taking(id, now))
  try {
    await ctx.db.transaction(async (tx) => {
      const { changes } = await takeEvents(tx, rows)
      if (changes !== rows.length) throw new TakenError()
    })
    return true
  } catch (error) {
    if (error instanceof TakenError) return false
    throw error
  }
}

/** Undoes what was taken: which of the events another node has, one statement cannot tell. */
class TakenError extends Error {}

function takeEach(
  ctx: Context,
  events: readonly PendingEvent[],
  now: number,
): Promise<PendingEvent[]> {
  return ctx.db.transaction(async (tx) => {
    const taken: PendingEvent[] = []
    for (const event of events) {
      const { changes } = await takeEvents(tx, [taking(event.id, now)])
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
