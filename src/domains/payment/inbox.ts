import type { Context } from '../../context.ts'
import { retryDelayMs } from '../../core/backoff.ts'
import { notFound, ShopError } from '../../core/errors.ts'
import type { Tx } from '../../db/database.ts'
import type { PaymentEvent } from '../../drivers/payment/driver.ts'
import {
  deleteOldEvents,
  endInboxEvent,
  insertInboxEvent,
  listDueEvents,
  takeInboxEvent,
  type InboxRow,
} from './inbox-queries.ts'

export interface Arrival {
  readonly provider: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

/**
 * Takes what a provider tells: checked and stored, once for each of its ids, and handled by a job
 * afterwards. Returns whether it is new. Refuses providers that tell nothing (NOT_FOUND) and what
 * they have not signed (INVALID_SIGNATURE).
 */
export async function takeEvent(ctx: Context, { provider, ...arrival }: Arrival): Promise<boolean> {
  const driver = ctx.drivers.payment.get(provider)
  if (!driver?.readEvent) throw notFound('Payment provider')
  const now = ctx.clock.now()
  const event = await driver.readEvent({ ...arrival, now })
  if (!event) throw new ShopError('INVALID_SIGNATURE')
  if (event.id.length > idLengthMax) throw new ShopError('INVALID_SIGNATURE')
  return ctx.db.transaction((tx) =>
    insertInboxEvent(tx, {
      id: ctx.newId(),
      provider,
      event_id: event.id,
      type: event.type.slice(0, typeLengthMax),
      content: JSON.stringify(event.change),
      // What changes nothing here is kept too: it says that the provider can reach the shop.
      status: event.change.about === 'nothing' ? 'ignored' : 'received',
      available_at: now,
      received_at: now,
    }),
  )
}

const idLengthMax = 200
const typeLengthMax = 100

/** Does what an event says; false if it is about nothing that this shop knows. */
export type HandleChange = (
  ctx: Context,
  provider: string,
  change: PaymentEvent['change'],
) => Promise<boolean>

const batchSize = 100
const leaseMs = 60_000

/**
 * Handles the events that wait, each taken by one node. One that cannot be handled is tried again,
 * later and later, and given up after about a day, which the audit shows. Returns how many.
 */
export async function handleEvents(ctx: Context, handle: HandleChange): Promise<number> {
  const now = ctx.clock.now()
  const due = await listDueEvents(ctx.db.read, { now, limit: batchSize })
  for (const event of due) {
    const { id, attempts } = event
    const until = now + (retryDelayMs(attempts + 1) ?? leaseMs)
    const { changes } = await ctx.db.transaction((tx) => takeInboxEvent(tx, { id, now, until }))
    if (changes === 1) await handleOne(ctx, event, handle)
  }
  return due.length
}

async function handleOne(ctx: Context, event: InboxRow, handle: HandleChange): Promise<void> {
  const { id, provider, type, attempts } = event
  try {
    const change = JSON.parse(event.content) as PaymentEvent['change']
    const isKnown = await handle(ctx, provider, change)
    await end(ctx, { id, status: isKnown ? 'handled' : 'ignored', failure: null })
  } catch (error) {
    if (ctx.db.dialect.readFault(error).kind === 'unavailable') throw error
    ctx.log.warn({ err: error, provider, type }, 'payment event not handled; it is tried again')
    if (retryDelayMs(attempts + 1) !== undefined) return
    await end(ctx, { id, status: 'failed', failure: String(error).slice(0, failureLengthMax) })
  }
}

const failureLengthMax = 200

/** Longer than any provider tells the same event again. */
const keptMs = 90 * 24 * 3_600_000

/** Forgets events that were dealt with long ago. */
export async function forgetOldEvents(ctx: Context, tx: Tx): Promise<void> {
  await deleteOldEvents(tx, { before: ctx.clock.now() - keptMs })
}

async function end(
  ctx: Context,
  given: { id: string; status: 'handled' | 'ignored' | 'failed'; failure: string | null },
): Promise<void> {
  await ctx.db.transaction((tx) => endInboxEvent(tx, { ...given, now: ctx.clock.now() }))
}
