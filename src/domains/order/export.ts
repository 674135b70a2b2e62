import type { Context } from '../../context.ts'
import { withUnits } from '../unit/sale.ts'
import { aftermathOf, noAftermath } from './aftermath.ts'
import { paymentsOfMany, type Order } from './orders.ts'
import { listEventsOf, listLinesOf, listOrdersOf } from './queries.ts'

const pageSize = 100

/** All orders of a customer with their lines and timelines, newest first, a page at a time. */
export async function* ordersOf(
  { db }: Context,
  customerId: string,
): AsyncGenerator<readonly Order[]> {
  let before: number | undefined
  for (;;) {
    const page = { customerId, before, limit: pageSize, offset: 0 }
    const rows = await listOrdersOf(db.long, page)
    const ids = JSON.stringify(rows.map(({ id }) => ({ id })))
    const found = await withUnits(db.long, await listLinesOf(db.long, { ids }))
    const lines = Map.groupBy(found, ({ order_id }) => order_id)
    const events = Map.groupBy(await listEventsOf(db.long, { ids }), ({ order_id }) => order_id)
    const payments = await paymentsOfMany(db.long, rows)
    const after = await aftermathOf(db.long, rows)
    yield rows.map((order) => ({
      order,
      payments: payments(order),
      lines: lines.get(order.id) ?? [],
      events: events.get(order.id) ?? [],
      ...(after.get(order.id) ?? noAftermath),
    }))
    if (rows.length < pageSize) return
    before = rows.at(-1)?.number
  }
}
