import type { Generated } from 'kysely'
import type { Minor } from '../../core/money.ts'

/**
 * `refund_due`: money came for an order that could not be kept any more, and is on its way back.
 */
export type PaymentStatus = 'pending' | 'due' | 'captured' | 'failed' | 'refund_due' | 'refunded'

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
