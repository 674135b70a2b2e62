import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import type { QueuedSubscriber } from '../../db/subscriber.ts'
import { issueInvoice } from './documents.ts'

/**
 * Issues invoices without being asked, where the shop wants that. From a queue of its own: what
 * cannot be invoiced today is tried again, and holds up no order. A repetition finds the invoice
 * that is there, and issues none.
 */
export const documentSubscriber: QueuedSubscriber = {
  name: 'documents',
  parallelMax: 1,
  wants: ({ config }, topic) =>
    config.documents.issue !== 'demand' && (topic === 'order.placed' || topic === 'order.paid'),
  async hear(ctx, { topic, payload }) {
    const { order_id: id, status } = JSON.parse(payload) as { order_id: string; status: string }
    const isPaid = topic === 'order.paid' || status === 'paid'
    if (ctx.config.documents.issue === 'placed' || isPaid) await invoiceIfMissing(ctx, id)
  },
}

/** Nothing is left to invoice where somebody else was faster. */
export async function invoiceIfMissing(ctx: Context, orderId: string): Promise<void> {
  try {
    await ctx.db.transaction((tx) => issueInvoice(ctx, tx, orderId))
  } catch (error) {
    const isDone = error instanceof ShopError && error.code === 'NOTHING_TO_INVOICE'
    if (!isDone) throw error
  }
}
