import type { Context } from '../../context.ts'
import type { Tx } from '../../db/database.ts'
import { deleteNotesOf } from './note-queries.ts'
import { recordEvent } from './orders.ts'
import { forgetReturnTexts } from './return-queries.ts'
import {
  findOrder,
  insertEvents,
  listEvents,
  listOrdersOf,
  writeWithoutName,
  type OrderRow,
  type WithoutName,
} from './queries.ts'

const pageSize = 500
/** On the timeline of an order that loses its person as soon as its payment is decided. */
const erasureDue = 'erasure_due'

export interface Anonymised {
  /** What there may still be something to do about. */
  readonly orderIds: readonly string[]
  /** Where the shop wrote to about the orders, each once. */
  readonly emails: readonly string[]
}

/**
 * Takes the person out of all orders of a customer; what the books need stays: number, lines,
 * totals, payment, and of the addresses country, state and postal code, by which tax is told.
 * Orders that wait for their payment are marked instead, and returned with those made `since`.
 * The caller has locked the account, so that no order can be added.
 */
export async function anonymiseOrdersOf(
  ctx: Context,
  tx: Tx,
  { customerId, since }: { customerId: string; since: number },
): Promise<Anonymised> {
  const orderIds: string[] = []
  const emails = new Set<string>()
  let before: number | undefined
  // A page of rows at a time: two statements for 500 orders.
  for (;;) {
    const page = { customerId, before, limit: pageSize, offset: 0 }
    const rows = await listOrdersOf(tx, page)
    await anonymise(ctx, tx, rows)
    const isNoted = (row: OrderRow) => isPending(row) || row.created_at > since
    orderIds.push(...rows.filter(isNoted).map(({ id }) => id))
    for (const { email } of rows) emails.add(email)
    if (rows.length < pageSize) return { orderIds, emails: [...emails] }
    before = rows.at(-1)?.number
  }
}

async function anonymise(ctx: Context, tx: Tx, rows: readonly OrderRow[]): Promise<void> {
  if (rows.length === 0) return
  const settled = rows.filter((row) => !isPending(row))
  if (settled.length > 0) {
    await writeWithoutName(tx, settled.map(withoutName))
    await forgetReturnTexts(
      tx,
      settled.map(({ id }) => ({ of_order: id })),
    )
  }
  // Who has written to somebody, or of them, may have named them.
  await deleteNotesOf(tx, { ids: JSON.stringify(rows.map(({ id }) => ({ id }))) })
  const created_at = ctx.clock.now()
  const events = rows.map((row) => ({
    id: ctx.newId(),
    order_id: row.id,
    type: isPending(row) ? erasureDue : 'anonymised',
    data: '{}',
    created_at,
  }))
  await insertEvents(tx, events)
}

const isPending = ({ status }: OrderRow) => status === 'pending_payment'

function withoutName(row: OrderRow): WithoutName {
  return {
    id: row.id,
    new_email: erasedEmail(row.number),
    new_email_key: erasedEmail(row.number),
    new_shipping: regionOf(row.shipping_address),
    new_billing: regionOf(row.billing_address),
  }
}

/** No mail can get there: RFC 2606 §2 reserves `.invalid`. */
const erasedEmail = (orderNumber: number) => `erased-${orderNumber}@invalid`

/** Whether an order has lost its person, and so nobody to write to. */
export function isErased({ email }: Pick<OrderRow, 'email'>): boolean {
  return /^erased-\d+@invalid$/.test(email)
}

const erased = 'erased'

function regionOf(address: string): string {
  const { country, state, postal_code } = JSON.parse(address) as Readonly<Record<string, string>>
  return JSON.stringify({
    name: erased,
    address: erased,
    city: erased,
    state,
    postal_code,
    country,
  })
}

/**
 * Takes the person out of an order that was marked, once its payment is decided. Says whether the
 * order is without its person now.
 */
export async function anonymiseIfDue(ctx: Context, orderId: string): Promise<boolean> {
  // Of all the orders that are placed hardly one is marked: this is a read of a few rows.
  const events = await listEvents(ctx.db.read, { orderId })
  if (!events.some(({ type }) => type === erasureDue)) return false
  return ctx.db.transaction(async (tx) => {
    const row = await findOrder(tx, { by: 'id', id: orderId })
    if (!row || isPending(row)) return false
    if (isErased(row)) return true
    const { changes } = await writeWithoutName(tx, [withoutName(row)])
    if (changes === 1) await recordEvent(ctx, tx, { orderId, type: 'anonymised' })
    return true
  })
}
