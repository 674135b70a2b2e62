import type { Generated } from 'kysely'
import type { Minor } from '../../core/money.ts'

export type PaymentStatus = 'pending' | 'due' | 'captured' | 'failed'

export interface PaymentTable {
  id: string
  order_id: string
  method: string
  provider_key: string
  provider_reference: string | null
  status: PaymentStatus
  amount_minor: Minor
  captured_minor: Generated<Minor>
  refunded_minor: Generated<Minor>
  currency: string
  failure_code: string | null
  created_at: number
  updated_at: number
  check_at: number
}

export interface PaymentTables {
  payments: PaymentTable
}
