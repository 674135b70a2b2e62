import type { Generated } from 'kysely'
import type { Minor } from '../../core/money.ts'

export type OrderStatus = 'pending_payment' | 'placed' | 'paid' | 'cancelled'

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
}

export interface OrderEventTable {
  id: string
  order_id: string
  type: string
  /** JSON */
  data: string
  created_at: number
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
}
