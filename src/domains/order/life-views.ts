import type { Minor } from '../../core/money.ts'
import { mayDo } from '../../core/order-states.ts'
import { moneyView, timeView } from '../catalog/views.ts'
import type { Aftermath, Fulfilment, OrderReturn } from './aftermath.ts'
import type { OrderEventRow, OrderLineRow, OrderRow } from './orders.ts'

const timeOrNull = (at: number | null) => (at === null ? null : timeView(at))

export function lineProgressView(line: OrderLineRow) {
  return {
    cancelled_quantity: line.cancelled_quantity,
    packed_quantity: line.fulfilled_quantity,
    shipped_quantity: line.shipped_quantity,
    returning_quantity: line.returning_quantity,
    returned_quantity: line.returned_quantity,
  }
}

function fulfilmentView({ row, lines }: Fulfilment) {
  return {
    id: row.id,
    position: row.position,
    status: row.status,
    carrier: row.carrier,
    tracking_number: row.tracking_number,
    tracking_url: row.tracking_url,
    items: lines.map(({ line_id, quantity }) => ({ line_id, quantity })),
    created_at: timeView(row.created_at),
    shipped_at: timeOrNull(row.shipped_at),
    delivered_at: timeOrNull(row.delivered_at),
    cancelled_at: timeOrNull(row.cancelled_at),
  }
}

function returnView({ row, lines }: OrderReturn, currency: string) {
  const money = (amount: Minor) => moneyView(amount, currency)
  return {
    id: row.id,
    number: row.number,
    status: row.status,
    note: row.note,
    answer: row.answer,
    items: lines.map((line) => ({
      line_id: line.line_id,
      reason: line.reason,
      quantity: line.quantity,
      received: line.received_quantity,
      restocked: line.restocked_quantity,
      amount: money(line.amount_minor),
    })),
    amount: money(row.amount_minor),
    shipping: money(row.shipping_minor),
    deduction: money(row.deduction_minor),
    offset: money(row.offset_minor),
    created_at: timeView(row.created_at),
    received_at: timeOrNull(row.received_at),
  }
}

export function aftermathView({ fulfilments, returns }: Aftermath, currency: string) {
  return {
    fulfilments: fulfilments.map(fulfilmentView),
    returns: returns.map((found) => returnView(found, currency)),
  }
}

/** Who did something, for the customer: of the shop's people nobody is named. */
const partyOf = ({ actor_kind: kind }: OrderEventRow) =>
  kind === 'customer' || kind === 'system' ? kind : 'staff'

export function eventView(event: OrderEventRow) {
  const { type, created_at, data } = event
  return {
    type,
    at: timeView(created_at),
    actor: partyOf(event),
    data: JSON.parse(data) as Record<string, unknown>,
  }
}

/** The same for staff. */
export function staffEventView(event: OrderEventRow) {
  const { actor_kind: kind, actor_id: id, actor_name: name } = event
  return { ...eventView(event), actor: { kind, id, name } }
}

/** What its customer may do next about an order, at the door that begins with `base`. */
export function orderLinks({ number, status }: OrderRow, base: string): Record<string, string> {
  const self = `${base}/${number}`
  return {
    self,
    ...(mayDo(status, 'cancel', 'customer') ? { cancel: `${self}/cancellation` } : {}),
    ...(mayDo(status, 'request_return', 'customer') ? { return: `${self}/returns` } : {}),
  }
}
