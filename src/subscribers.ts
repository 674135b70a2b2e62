import type { Context } from './context.ts'
import type { EventTopic } from './db/events.ts'
import type { OutboxEvent } from './db/outbox.ts'
import type { QueuedSubscriber, Subscriber } from './db/subscriber.ts'
import { takeResetRequest } from './domains/customer/password-reset.ts'
import { takeRegistration } from './domains/customer/registration.ts'
import { documentSubscriber } from './domains/document/subscriber.ts'
import { payerSubscriber } from './domains/payment/payer-subscriber.ts'
import { finishErasure, finishOrder } from './domains/privacy/erasure.ts'
import { mailSubscriber } from './mail/subscriber.ts'

type Handler<T extends EventTopic = EventTopic> = (
  ctx: Context,
  payload: OutboxEvent<T>['payload'],
  id: string,
) => Promise<void>

type WithOrder = OutboxEvent<'order.refunded'>['payload']

const orderSettled = (ctx: Context, { order_id: id }: WithOrder) => finishOrder(ctx, String(id))

/** What is done as soon as something has happened, when the request it happened in is over. */
const handlers: { readonly [T in EventTopic]?: Handler<T> } = {
  'account.reset_requested': (ctx, { sealed_email: sealed }, id) =>
    takeResetRequest(ctx, { id, sealed }),
  'account.registration_requested': (ctx, { sealed_registration: sealed }, id) =>
    takeRegistration(ctx, { id, sealed }),
  'account.erased': finishErasure,
  'order.placed': orderSettled,
  'order.payment_failed': orderSettled,
  'order.refund_due': orderSettled,
}

/** What is told of every event as soon as it is delivered; search will be a further entry. */
export const subscribers: readonly Subscriber[] = [
  (ctx, { id, topic, payload }) => {
    ctx.log.debug({ eventId: id, topic, payload }, 'event')
    return Promise.resolve()
  },
  async (ctx, { id, topic, payload }) => {
    const handle = Object.hasOwn(handlers, topic) ? handlers[topic as EventTopic] : undefined
    await handle?.(ctx, JSON.parse(payload) as never, id)
  },
]

/** What crosses the network and may be slow; webhooks will be a further entry. */
export const queuedSubscribers: readonly QueuedSubscriber[] = [
  mailSubscriber,
  documentSubscriber,
  payerSubscriber,
]
