import type { Context } from '../../context.ts'
import { allocate } from '../../core/allocate.ts'
import { ShopError } from '../../core/errors.ts'
import { minor, type Minor } from '../../core/money.ts'
import type { Tx } from '../../db/database.ts'
import type { QueuedSubscriber } from '../../db/subscriber.ts'
import { listOrderLines, type OrderLineRow } from '../order/orders.ts'
import { shippingPart } from './content.ts'
import { issueCreditNote } from './credit-notes.ts'
import { issueInvoice } from './documents.ts'
import {
  listCancelledPieces,
  listParts,
  listReturnedPieces,
  type PartState,
  type TakenBack,
} from './queries.ts'

const invoicing = ['order.placed', 'order.paid', 'order.changed']
const crediting = ['order.cancelled', 'order.lines_cancelled', 'return.received']

/**
 * Issues invoices and credit notes without being asked, where the shop wants that. From a queue of
 * its own: what cannot be issued today is tried again, and holds up no order. A repetition finds
 * what is there, and issues nothing.
 */
export const documentSubscriber: QueuedSubscriber = {
  name: 'documents',
  parallelMax: 1,
  wants: ({ config }, topic) =>
    config.documents.issue !== 'demand' && [...invoicing, ...crediting].includes(topic),
  async hear(ctx, { topic, payload }) {
    const event = JSON.parse(payload) as OrderEvent
    if (invoicing.includes(topic)) {
      const isPaid = topic === 'order.paid' || event.status === 'paid'
      if (ctx.config.documents.issue === 'placed' || isPaid) await invoiceRest(ctx, event.order_id)
    } else if (event.subject_id) {
      const { subject_id: id } = event
      await ctx.db.transaction((tx) => creditFor(ctx, tx, { topic, id }))
    }
  },
}

interface OrderEvent {
  readonly order_id: string
  readonly status?: string
  readonly subject_id?: string | null
}

/** Nothing is left to invoice where somebody else was faster. */
async function invoiceRest(ctx: Context, orderId: string): Promise<void> {
  try {
    await ctx.db.transaction((tx) => issueInvoice(ctx, tx, orderId))
  } catch (error) {
    const isDone = error instanceof ShopError && error.code === 'NOTHING_TO_INVOICE'
    if (!isDone) throw error
  }
}

/** Credits what a cancellation or a return has taken back, as far as it had been invoiced. */
async function creditFor(
  ctx: Context,
  tx: Tx,
  { topic, id }: { readonly topic: string; readonly id: string },
): Promise<void> {
  const isReturn = topic === 'return.received'
  const taken = await (isReturn ? listReturnedPieces(tx, { id }) : listCancelledPieces(tx, { id }))
  const [first] = taken
  if (!first) return
  const { order_id: orderId } = first
  const states = new Map((await listParts(tx, { orderId })).map((one) => [one.part, one]))
  const lines = new Map((await listOrderLines(tx, orderId)).map((line) => [line.id, line]))
  const items = withoutDeduction(taken).flatMap((piece) => {
    const [state, line] = [states.get(piece.line_id), lines.get(piece.line_id)]
    // What was cancelled before the invoice is not on it.
    const due = state && line ? goneOf(line) - (line.quantity - state.quantity) : 0
    const quantity = Math.min(piece.quantity, due - (state?.credited_quantity ?? 0))
    if (quantity <= 0) return []
    const amountMinor = quantity === piece.quantity ? within(state, piece.amount_minor) : undefined
    return [{ lineId: piece.line_id, quantity, amountMinor }]
  })
  if (items.length === 0) return
  const shippingMinor = within(states.get(shippingPart), first.shipping_minor)
  const onceKey = `${isReturn ? 'return' : 'cancellation'}:${id}`
  const reason = isReturn ? 'Goods returned' : `Cancelled: ${first.reason.replaceAll('_', ' ')}`
  await issueCreditNote(ctx, tx, { orderId, reason, items, shippingMinor, onceKey })
}

/** At most what is left to credit: staff may have credited some of it by hand. */
function within(state: PartState | undefined, amount: Minor): Minor {
  const left = state ? state.total_minor - state.credited_minor : 0
  return minor(Math.min(amount, left))
}

const goneOf = ({ cancelled_quantity, returned_quantity }: OrderLineRow) =>
  cancelled_quantity + returned_quantity

/** What was kept for wear lowers what is credited, in proportion to the lines. */
function withoutDeduction(taken: readonly TakenBack[]): readonly TakenBack[] {
  const deduction = taken[0]?.deduction_minor ?? 0
  if (deduction === 0) return taken
  const amounts = taken.map(({ amount_minor }) => amount_minor)
  const whole = amounts.reduce((sum, one) => sum + one, 0)
  const left = allocate(
    minor(Math.max(whole - deduction, 0)),
    amounts,
    taken.map(({ line_id }) => line_id),
  )
  return taken.map((piece, index) => ({ ...piece, amount_minor: left[index] ?? minor(0) }))
}
