import type { Generated } from 'kysely'

export interface DraftOrderTable {
  number: Generated<number>
  id: string
  cart_id: string
  customer_id: string | null
  email: string
  /** JSON: Address */
  shipping_address: string | null
  /** JSON: Address */
  billing_address: string | null
  shipping_method: string | null
  note: string | null
  author: string
  version: Generated<number>
  created_at: number
  updated_at: number
  expires_at: number
  cancelled_at: number | null
}

export interface DraftTables {
  draft_orders: DraftOrderTable
}
