import type { Context } from '../context.ts'
import type { QueuedSubscriber } from '../db/subscriber.ts'
import { mailTopics, type MailMaker } from './topics.ts'

/** Writes to people about what happened. A mail has its event's id, so a repetition is the same. */
export const mailSubscriber: QueuedSubscriber = {
  name: 'mail',
  parallelMax: 5,
  wants: (ctx, topic) => ctx.drivers.mail.code !== 'none' && makerOf(topic) !== undefined,
  async hear(ctx: Context, { id, topic, payload }) {
    const mail = await makerOf(topic)?.(ctx, JSON.parse(payload) as never)
    if (mail) await ctx.drivers.mail.send({ id, ...mail })
  },
}

function makerOf(topic: string): MailMaker | undefined {
  if (!Object.hasOwn(mailTopics, topic)) return undefined
  return mailTopics[topic as keyof typeof mailTopics]
}
