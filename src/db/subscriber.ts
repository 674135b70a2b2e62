import type { Context } from '../context.ts'
import type { PendingEvent } from './outbox.ts'

/**
 * Hears of what happened, at once and beside all others. May be told the same thing twice, so its
 * effect must be idempotent, and must be quick: every other event waits.
 */
export type Subscriber = (ctx: Context, event: PendingEvent) => Promise<void>

/**
 * Hears of what happened from a queue of its own, and may take its time or fail for hours: nobody
 * else waits or is told again. Its effect must be idempotent too.
 */
export interface QueuedSubscriber {
  /** Names its queue in the database. */
  readonly name: string
  /** How many events it is told of at the same time. */
  readonly parallelMax: number
  wants(ctx: Context, topic: string): boolean
  /** One that throws is told again, later and later; after RefusedError it is not. */
  hear(ctx: Context, event: PendingEvent): Promise<void>
}

/** Trying again would not help: a mailbox that does not exist, an address that is none. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}
