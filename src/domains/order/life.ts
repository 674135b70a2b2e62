import type { Context } from '../../context.ts'
import { notFound, ShopError } from '../../core/errors.ts'
import { nextState, type OrderAction, type Party } from '../../core/order-states.ts'
import type { Tx } from '../../db/database.ts'
import type { EventTopic } from '../../db/events.ts'
import { enqueue } from '../../db/outbox.ts'
import { freeCart, lockOrderRow, moveOrderRow } from './life-queries.ts'
import { getOrderRow, recordEvent, type OrderRow } from './orders.ts'

/**
 * The order, with everybody else who wants to change it waiting. Taken before anything else that
 * belongs to an order, so that no two can wait for each other: order, payments, promotions, gift
 * cards, stock last. Refuses an order that is not there (NOT_FOUND) or is at another version than
 * the caller has seen (VERSION_CONFLICT).
 */
export async function lockOrder(
  tx: Tx,
  { id, version }: { readonly id: string; readonly version?: number | undefined },
): Promise<OrderRow> {
  if (!(await lockOrderRow(tx, id))) throw notFound('Order')
  const order = await getOrderRow(tx, id)
  if (version !== undefined && order.version !== version) {
    throw new ShopError('VERSION_CONFLICT', { current: order.version })
  }
  return order
}

type LifeTopic = Extract<EventTopic, `order.${string}` | `return.${string}`>

interface Announcement {
  /** On the order's timeline. */
  readonly type: string
  readonly topic?: Exclude<LifeTopic, 'order.payment_failed' | 'order.refund_due'>
}

/** What is told of an action: on the timeline, and to whoever listens. */
const announcements: Readonly<Record<OrderAction, Announcement>> = {
  place: { type: 'placed' },
  pay: { type: 'paid' },
  fail: { type: 'payment_failed' },
  start: { type: 'processing', topic: 'order.processing' },
  cancel: { type: 'cancelled', topic: 'order.cancelled' },
  cancel_part: { type: 'lines_cancelled', topic: 'order.lines_cancelled' },
  cancel_rest: { type: 'lines_cancelled', topic: 'order.lines_cancelled' },
  cancel_rest_delivered: { type: 'lines_cancelled', topic: 'order.lines_cancelled' },
  cancel_rest_returned: { type: 'lines_cancelled', topic: 'order.lines_cancelled' },
  edit: { type: 'changed', topic: 'order.changed' },
  edit_owing: { type: 'changed', topic: 'order.changed' },
  exchange: { type: 'exchanged', topic: 'order.changed' },
  pack: { type: 'packed' },
  unpack: { type: 'unpacked' },
  ship_part: { type: 'shipped', topic: 'order.shipped' },
  ship_rest: { type: 'shipped', topic: 'order.shipped' },
  deliver_part: { type: 'delivered', topic: 'order.delivered' },
  deliver_rest: { type: 'delivered', topic: 'order.delivered' },
  request_return: { type: 'return_requested', topic: 'return.requested' },
  decide_return: { type: 'return_decided', topic: 'return.decided' },
  return_part: { type: 'return_received', topic: 'return.received' },
  return_rest: { type: 'return_received', topic: 'return.received' },
  refund_part: { type: 'refund_granted' },
  refund_rest: { type: 'refund_granted' },
}

export interface OrderMove {
  /** As it was read after `lockOrder`. */
  readonly order: OrderRow
  readonly action: OrderAction
  /** For the timeline; snake case, amounts as decimals. */
  readonly data?: object
  /** The cancellation, fulfilment or return that it is about. */
  readonly subjectId?: string
  /** Who asks; without it whoever acts in `ctx`: the shop itself, or its staff. */
  readonly by?: Party
}

/**
 * One step of an order's life, by the table of states: refused with the code of the table, or one
 * guarded write, an entry on the timeline with who did it, and an event. Returns the order as it is
 * then. Throws VERSION_CONFLICT if the order was not locked and has moved in between.
 */
export async function moveOrder(ctx: Context, tx: Tx, move: OrderMove): Promise<OrderRow> {
  const { order, action, data = {}, subjectId = null } = move
  const party = move.by ?? partyOf(ctx)
  const status = assertAction(order, action, party)
  const { id, number, version } = order
  const now = ctx.clock.now()
  const { changes } = await moveOrderRow(tx, { id, from: order.status, to: status, now })
  if (changes !== 1) throw new ShopError('VERSION_CONFLICT', { current: version + 1 })
  if (status === 'cancelled') await freeCart(tx, { id })
  const { type, topic } = announcements[action]
  const by = party === 'customer' ? { by: party } : {}
  await recordEvent(ctx, tx, { orderId: id, type, data, ...by })
  if (topic !== undefined) {
    const payload = { order_id: id, number, status, subject_id: subjectId }
    await enqueue(ctx, tx, { topic, payload })
  }
  return { ...order, status, version: version + 1 }
}

const partyOf = ({ actor }: Context): Party => (actor.kind === 'system' ? 'system' : 'staff')

/** The state an action leads to; throws the refusal of the table of states. */
export function assertAction(order: OrderRow, action: OrderAction, party: Party) {
  const next = nextState(order.status, action, party)
  if ('state' in next) return next.state
  const { number, status } = order
  const details = { number, status, action, permission: 'order:write' }
  throw new ShopError(next.refusal, details)
}
