import type { Generated } from 'kysely'
import type { Minor } from '../../core/money.ts'

export type CartStatus = 'open' | 'checkout' | 'completed' | 'merged'

export interface CartTable {
  id: string
  session_key: string | null
  customer_id: string | null
  status: CartStatus
  currency: string
  /** JSON: string[] */
  codes: Generated<string | null>
  /** JSON: Destination */
  destination: Generated<string | null>
  vat_id: Generated<string | null>
  version: Generated<number>
  created_at: number
  updated_at: number
  expires_at: number
}

export interface CartLineTable {
  number: Generated<number>
  id: string
  cart_id: string
  variant_id: string
  quantity: number
  price_minor: Minor
  /** What staff have agreed on instead of the price of the lists. */
  custom_minor: Generated<Minor | null>
  created_at: number
  updated_at: number
}

export interface CartTables {
  carts: CartTable
  cart_lines: CartLineTable
}
