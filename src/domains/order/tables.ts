import type { Generated } from 'kysely'
import type { Minor } from '../../core/money.ts'
import type { OrderState } from '../../core/order-states.ts'

export type OrderStatus = OrderState

export interface OrderTable {
  number: Generated<number>
  id: string
  cart_id: string
  live_cart_id: string | null
  customer_id: string | null
  email: string
  status: OrderStatus
  currency: string
  subtotal_minor: Minor
  discount_minor: Minor
  shipping_minor: Minor
  tax_minor: Minor
  tax_inclusive: 0 | 1
  total_minor: Minor
  item_count: number
  shipping_method: string
  shipping_name: string
  /** JSON: Address */
  shipping_address: string
  /** JSON: Address */
  billing_address: string
  shipping_discount_minor: Generated<Minor>
  shipping_tax_minor: Generated<Minor>
  /** Paid by gift cards and store credit. */
  credit_minor: Generated<Minor>
  gift_card_count: Generated<number>
  payment_count: Generated<number>
  vat_id: Generated<string | null>
  /** JSON: how it was priced. */
  pricing: Generated<string | null>
  /** By which orders are searched: see core/order-search.ts. */
  email_key: Generated<string>
  name_key: Generated<string>
  /** What cancellations and returns have taken off its worth. */
  given_back_minor: Generated<Minor>
  version: Generated<number>
  created_at: number
  updated_at: number
}

export interface OrderLineTable {
  id: string
  order_id: string
  position: number
  variant_id: string
  product_id: string
  product_number: number
  sku: string
  name: string
  options: string
  quantity: number
  price_minor: Minor
  subtotal_minor: Minor
  tax_minor: Minor
  total_minor: Minor
  discount_minor: Generated<Minor>
  is_gift: Generated<0 | 1>
  kind: Generated<string>
  cancelled_quantity: Generated<number>
  /** In parcels, whether they have left or not. */
  fulfilled_quantity: Generated<number>
  shipped_quantity: Generated<number>
  /** Asked to be returned, and not received yet. */
  returning_quantity: Generated<number>
  returned_quantity: Generated<number>
  /** The return for which it went out in exchange. */
  return_id: Generated<string | null>
}

export interface OrderEventTable {
  id: string
  order_id: string
  type: string
  /** JSON */
  data: string
  created_at: number
  actor_kind: Generated<EventActorKind>
  actor_id: Generated<string | null>
  actor_name: Generated<string | null>
}

/** Who did something to an order; `key` and `command` act for the shop. */
export type EventActorKind = 'customer' | 'staff' | 'key' | 'command' | 'system'

export interface CancellationTable {
  id: string
  order_id: string
  reason: string
  note: string | null
  /** What was taken off the order's worth, shipping included. */
  amount_minor: Minor
  shipping_minor: Minor
  created_at: number
}

export interface CancellationLineTable {
  cancellation_id: string
  line_id: string
  quantity: number
  amount_minor: Minor
}

export type FulfilmentStatus = 'pending' | 'shipped' | 'delivered' | 'cancelled'

export interface FulfilmentTable {
  id: string
  order_id: string
  position: number
  status: FulfilmentStatus
  carrier: string | null
  tracking_number: string | null
  tracking_url: string | null
  version: Generated<number>
  created_at: number
  shipped_at: number | null
  delivered_at: number | null
  cancelled_at: number | null
}

export interface FulfilmentLineTable {
  fulfilment_id: string
  line_id: string
  quantity: number
}

export type ReturnStatus = 'requested' | 'approved' | 'refused' | 'withdrawn' | 'received'

export interface ReturnTable {
  number: Generated<number>
  id: string
  order_id: string
  status: ReturnStatus
  note: string | null
  answer: string | null
  amount_minor: Generated<Minor>
  shipping_minor: Generated<Minor>
  deduction_minor: Generated<Minor>
  /** Of the amount, what other goods were given for instead of money. */
  offset_minor: Generated<Minor>
  version: Generated<number>
  created_at: number
  updated_at: number
  received_at: number | null
}

export interface ReturnLineTable {
  return_id: string
  line_id: string
  reason: string
  quantity: number
  received_quantity: Generated<number>
  restocked_quantity: Generated<number>
  amount_minor: Generated<Minor>
}

export interface OrderTagTable {
  order_id: string
  tag: string
  created_at: number
}

export interface OrderNoteTable {
  id: string
  order_id: string
  /** 1: the customer can read it. */
  is_public: 0 | 1
  body: string
  author: string
  created_at: number
}

export interface OrderTables {
  order_tags: OrderTagTable
  order_notes: OrderNoteTable
  orders: OrderTable
  order_lines: OrderLineTable
  order_events: OrderEventTable
  cancellations: CancellationTable
  cancellation_lines: CancellationLineTable
  fulfilments: FulfilmentTable
  fulfilment_lines: FulfilmentLineTable
  order_returns: ReturnTable
  return_lines: ReturnLineTable
}
