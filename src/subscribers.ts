import type { QueuedSubscriber, Subscriber } from './db/subscriber.ts'
import { mailSubscriber } from './mail/subscriber.ts'

/** What is told of every event as soon as it is delivered; search will be a further entry. */
export const subscribers: readonly Subscriber[] = [
  (ctx, { id, topic, payload }) => {
    ctx.log.debug({ eventId: id, topic, payload }, 'event')
    return Promise.resolve()
  },
]

/** What crosses the network and may be slow; webhooks will be a further entry. */
export const queuedSubscribers: readonly QueuedSubscriber[] = [mailSubscriber]
