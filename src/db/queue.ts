import type { Context } from '../context.ts'
import { retryDelayMs } from '../core/backoff.ts'
import {
  deleteDelivery,
  listDueDeliveries,
  putBackDelivery,
  takeDeliveries,
  type DeliveryTables,
} from './deliveries.ts'
import { forgetPersonal, isPersonal, type PendingEvent } from './outbox.ts'
import { RefusedError, type QueuedSubscriber } from './subscriber.ts'
import { takeEachOnce } from './take.ts'

/** In a run, and so in a second: what comes in a rush does not take the processor from requests. */
const batchSize = 50
/** What a node took and did not do, because it died, is taken by another after this. */
const leaseMs = 300_000
/** After this no further one is begun: each must end within its lease. */
const workMaxMs = 120_000

/**
 * Tells a subscriber of what has been in its queue for longest; says how many it took. When
 * `stopping` is aborted nothing further is begun, and what was not is free for others at once.
 */
export async function workQueue(
  ctx: Context,
  subscriber: QueuedSubscriber,
  stopping?: AbortSignal,
): Promise<number> {
  const now = ctx.clock.now()
  const { name } = subscriber
  const due = await listDueDeliveries(ctx.db.read, { subscriber: name, now, limit: batchSize })
  const taken = await takeEachOnce(ctx, due, (tx, items) =>
    takeDeliveries(tx, takings(name, items, { due_at: now, until_at: now + leaseMs })),
  )
  const waiting = [...taken]
  const mayBegin = () => !stopping?.aborted && ctx.clock.now() < now + workMaxMs
  const work = async () => {
    while (mayBegin()) {
      const event = waiting.shift()
      if (!event) return
      await tell(ctx, subscriber, event)
    }
  }
  await allEnded(Array.from({ length: subscriber.parallelMax }, work))
  if (waiting.length > 0) {
    const release = { due_at: now + leaseMs, until_at: now }
    await ctx.db.transaction((tx) => takeDeliveries(tx, takings(name, waiting, release)))
  }
  return taken.length
}

function takings(
  subscriber: string,
  events: readonly PendingEvent[],
  times: { readonly due_at: number; readonly until_at: number },
) {
  return events.map(({ id }) => ({ event_id: id, subscriber, ...times }))
}

/** Unlike Promise.all, nothing goes on in the background when one has failed. */
async function allEnded(work: readonly Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(work)
  const failed = ends.find((end) => end.status === 'rejected')
  if (failed) throw failed.reason
}

async function tell(
  ctx: Context,
  subscriber: QueuedSubscriber,
  event: PendingEvent,
): Promise<void> {
  try {
    await subscriber.hear(ctx, event)
  } catch (error) {
    await putBack(ctx, subscriber, { event, error })
    return
  }
  await finish(ctx, subscriber, event)
}

async function finish(
  ctx: Context,
  { name }: QueuedSubscriber,
  event: PendingEvent,
): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    await deleteDelivery(tx, { id: event.id, subscriber: name })
    await forgetPersonal(tx, [event])
  })
}

async function putBack(
  ctx: Context,
  subscriber: QueuedSubscriber,
  { event, error }: { event: PendingEvent; error: unknown },
): Promise<void> {
  const delayMs = retryDelayMs(event.attempts + 1)
  const status = statusAfter(error, delayMs)
  const { name } = subscriber
  const about = { err: error, subscriber: name, eventId: event.id, topic: event.topic }
  if (status === 'failed') ctx.log.error(about, 'delivery given up; see "retry"')
  else if (status === 'refused') ctx.log.warn(about, 'delivery refused for good')
  else ctx.log.warn({ ...about, retryAfterMs: delayMs }, 'not delivered; it is tried again')
  // Nobody is to find an address in the books that no mail can get to.
  if (status === 'refused' && isPersonal(event.topic)) return finish(ctx, subscriber, event)
  const at = ctx.clock.now() + (delayMs ?? 0)
  await ctx.db.transaction((tx) =>
    putBackDelivery(tx, { id: event.id, subscriber: name, status, at }),
  )
}

function statusAfter(
  error: unknown,
  delayMs: number | undefined,
): DeliveryTables['deliveries']['status'] {
  if (error instanceof RefusedError) return 'refused'
  return delayMs === undefined ? 'failed' : 'pending'
}
