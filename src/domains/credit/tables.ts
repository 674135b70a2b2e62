import type { Generated } from 'kysely'
import type { Minor } from '../../core/money.ts'

export type CreditKind = 'gift_card' | 'store_credit'
export type CreditEntryKind = 'issue' | 'spend' | 'release' | 'refund' | 'adjustment' | 'expiry'

export interface CreditAccountTable {
  id: string
  kind: CreditKind
  code_hash: string | null
  code_hint: string | null
  owner_key: string | null
  customer_id: string | null
  currency: string
  balance_minor: Minor
  is_active: 0 | 1
  expires_at: number | null
  order_id: string | null
  version: Generated<number>
  created_at: number
  updated_at: number
}

export interface CreditEntryTable {
  id: string
  account_id: string
  kind: CreditEntryKind
  /** Signed. */
  amount_minor: Minor
  order_id: string | null
  note: string | null
  created_at: number
}

export interface OrderCreditTable {
  order_id: string
  account_id: string
  amount_minor: Minor
  refunded_minor: Generated<Minor>
  status: 'spent' | 'released'
}

export interface CreditTables {
  credit_accounts: CreditAccountTable
  credit_entries: CreditEntryTable
  order_credits: OrderCreditTable
}
