import type { Context } from '../../context.ts'
import { enqueue } from '../../db/outbox.ts'
import {
  endAlert,
  findAlert,
  insertAlert,
  listAlerts,
  listCrossed,
  type AlertRow,
  type CrossedRow,
} from './notice-queries.ts'

const batchSize = 200

/**
 * Opens an alert for each article that has come down to its threshold, and ends those of articles
 * that are above it again: staff hear of each crossing once, whichever way the pieces went and
 * however many nodes look. It is not asked at each sale, so that none has to wait for it. Returns
 * how many articles had crossed.
 */
export async function watchStock(ctx: Context): Promise<number> {
  const crossed = await listCrossed(ctx.db.read, { limit: batchSize })
  for (const row of crossed) await noteCrossing(ctx, row)
  return crossed.length
}

async function noteCrossing(ctx: Context, row: CrossedRow): Promise<void> {
  const { variant_id, sku, threshold, available, alert_id } = row
  const now = ctx.clock.now()
  await ctx.db.transaction(async (tx) => {
    if (alert_id !== null) return void (await endAlert(tx, { id: alert_id, now }))
    const id = ctx.newId()
    const isFirst = await insertAlert(tx, {
      ...{ id, variant_id, open_variant_id: variant_id, threshold: threshold ?? 0, available },
      ...{ created_at: now, ended_at: null },
    })
    if (!isFirst) return
    const payload = { alert_id: id, variant_id, sku, available, threshold: threshold ?? 0 }
    await enqueue(ctx, tx, { topic: 'stock.low', payload })
  })
}

export { findAlert, listAlerts, type AlertRow }
