import type { Generated } from 'kysely'
import type { Minor } from '../../core/money.ts'

/**
 * `open`: waits for somebody to pay it. `pending`: sent to the provider, whose answer is not known.
 * `due`: to be collected outside of this system. `voided`: not to be collected any more.
 * `refund_due`: money came for an order that could not be kept any more, and is on its way back.
 */
export type PaymentStatus =
  | 'open'
  | 'pending'
  | 'due'
  | 'authorised'
  | 'captured'
  | 'failed'
  | 'voided'
  | 'refund_due'
  | 'refunded'

export interface PaymentTable {
  id: string
  order_id: string
  position: number
  replaces_id: string | null
  method: string
  provider_key: string
  provider_reference: string | null
  status: PaymentStatus
  amount_minor: Minor
  authorised_minor: Generated<Minor>
  captured_minor: Generated<Minor>
  capturing_minor: Generated<Minor>
  refunded_minor: Generated<Minor>
  refunding_minor: Generated<Minor>
  released_minor: Generated<Minor>
  currency: string
  failure_code: string | null
  created_at: number
  updated_at: number
  check_at: number
}

export type OperationKind = 'capture' | 'void' | 'refund'
export type OperationStatus = 'pending' | 'done' | 'failed'

export interface OperationTable {
  id: string
  payment_id: string
  order_id: string
  kind: OperationKind
  provider_key: string
  provider_reference: string | null
  amount_minor: Minor
  status: OperationStatus
  reason: string | null
  failure_code: string | null
  attempts: Generated<number>
  check_at: number
  created_at: number
  updated_at: number
}

export type InboxStatus = 'received' | 'handled' | 'ignored' | 'failed'

export interface PaymentEventTable {
  id: string
  provider: string
  event_id: string
  type: string
  /** JSON: PaymentEvent */
  content: string
  status: InboxStatus
  failure: string | null
  attempts: Generated<number>
  available_at: number
  received_at: number
  handled_at: number | null
}

export interface PaymentAccountTable {
  provider: string
  customer_id: string
  reference: string
  created_at: number
}

export interface PaymentTables {
  payments: PaymentTable
  payment_operations: OperationTable
  payment_events: PaymentEventTable
  payment_accounts: PaymentAccountTable
}
