import type { Context } from '../context.ts'
import { reviveDeliveries } from '../db/deliveries.ts'
import { reviveEvents } from '../db/outbox.ts'

/** Puts back what was given up, or refused for good; running servers deliver it within seconds. */
export async function retryCommand(ctx: Context): Promise<void> {
  const now = ctx.clock.now()
  const [events, deliveries] = await ctx.db.transaction(async (tx) => [
    await reviveEvents(tx, { now }),
    await reviveDeliveries(tx, { now }),
  ])
  process.stdout.write(
    `${events.changes} events and ${deliveries.changes} deliveries are tried again\n`,
  )
}
