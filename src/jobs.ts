import type { Context } from './context.ts'
import { deleteExpiredClaims } from './db/idempotency.ts'
import { workQueue } from './db/queue.ts'
import { deliverPending } from './db/relay.ts'
import { rotateWhenDue } from './domains/access/signing-keys.ts'
import { forgetOldSessions } from './domains/access/sessions.ts'
import { forgetExpiredCarts } from './domains/cart/cart.ts'
import { handlePaymentEvents } from './domains/checkout/inbox.ts'
import { expireDue, reconcileDue } from './domains/checkout/reconcile.ts'
import { forgetOldTokens } from './domains/customer/one-time-tokens.ts'
import { watchStock } from './domains/inventory/alerts.ts'
import { fillBackorders } from './domains/inventory/arrivals.ts'
import { withholdExpired } from './domains/inventory/lots.ts'
import { forgetOldSubscriptions, notifyWaiting } from './domains/inventory/subscriptions.ts'
import { queuedSubscribers } from './subscribers.ts'
import { forgetOldEvents } from './domains/payment/inbox.ts'
import { expireCredit } from './domains/credit/credit.ts'

interface Job {
  readonly name: string
  readonly everyMs: number
  /** After `stopping` is aborted it ends soon, with what it has begun. */
  run(ctx: Context, stopping: AbortSignal): Promise<unknown>
}

/** What runs beside the requests, in every node; each piece of work is taken by one of them. */
const jobs: readonly Job[] = [
  { name: 'relay', everyMs: 1_000, run: deliverPending },
  { name: 'reconcile', everyMs: 1_000, run: reconcileDue },
  { name: 'payment events', everyMs: 500, run: handlePaymentEvents },
  { name: 'expire', everyMs: 5_000, run: expireDue },
  { name: 'back-orders', everyMs: 5_000, run: fillBackorders },
  { name: 'expired lots', everyMs: 30_000, run: withholdExpired },
  { name: 'stock alerts', everyMs: 10_000, run: watchStock },
  { name: 'back in stock', everyMs: 10_000, run: notifyWaiting },
  { name: 'expire credit', everyMs: 60_000, run: expireCredit },
  { name: 'sweep', everyMs: 600_000, run: sweep },
  { name: 'signing keys', everyMs: 3_600_000, run: rotateWhenDue },
  // One for each, so that a mail server that hangs keeps nothing else from being done.
  ...queuedSubscribers.map((subscriber) => ({
    name: subscriber.name,
    everyMs: 1_000,
    run: (ctx: Context, stopping: AbortSignal) => workQueue(ctx, subscriber, stopping),
  })),
]

function sweep(ctx: Context): Promise<void> {
  const now = ctx.clock.now()
  return ctx.db.transaction(async (tx) => {
    await deleteExpiredClaims(tx, { now })
    await forgetExpiredCarts(ctx, tx)
    await forgetOldSessions(ctx, tx)
    await forgetOldTokens(ctx, tx)
    await forgetOldSubscriptions(ctx, tx)
    await forgetOldEvents(ctx, tx)
  })
}

/** Starts the jobs. Disposing stops them and waits for the one that is running. */
export function startJobs(ctx: Context): AsyncDisposable {
  const stops = jobs.map((job) => startJob(ctx, job))
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(stops.map((stop) => stop()))
    },
  }
}

function startJob(ctx: Context, job: Job): () => Promise<void> {
  const stopping = new AbortController()
  let running: Promise<void> = Promise.resolve()
  let busy = false
  const timer = setInterval(() => {
    if (busy) return
    busy = true
    running = runJob(ctx, job, stopping.signal).finally(() => {
      busy = false
    })
  }, job.everyMs)
  timer.unref()
  return () => {
    clearInterval(timer)
    stopping.abort()
    return running
  }
}

async function runJob(ctx: Context, job: Job, stopping: AbortSignal): Promise<void> {
  try {
    await job.run(ctx, stopping)
  } catch (error) {
    ctx.log.error({ err: error, job: job.name }, 'job failed; it runs again')
  }
}
