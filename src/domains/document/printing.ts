import type { Context } from '../../context.ts'
import { getOrderRow, listOrderLines } from '../order/orders.ts'
import { orderReference } from '../order/reference.ts'
import { readContent, type DocumentRow } from './documents.ts'
import { printed } from './print/printer.ts'
import { slipOf } from './slip.ts'

/** A document as PDF; made anew each time, and each time the same bytes. */
export function documentPdf(ctx: Context, row: DocumentRow): Promise<Buffer> {
  return printed({ kind: 'document', content: readContent(row) }, ctx.config.documents.fonts)
}

/** The packing slips of orders in one PDF, in the order in which they are named. */
export async function packingSlipsPdf(ctx: Context, orderIds: readonly string[]): Promise<Buffer> {
  const { seller, fonts } = ctx.config.documents
  const sender = { name: seller.name, address: seller.address }
  const slips = await Promise.all(
    orderIds.map(async (id) => {
      const order = await getOrderRow(ctx.db.read, id)
      const lines = await listOrderLines(ctx.db.read, id)
      return slipOf({ order, lines, sender, reference: orderReference(ctx, order) })
    }),
  )
  return printed({ kind: 'slips', slips }, fonts)
}
