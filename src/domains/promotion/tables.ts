import type { Generated } from 'kysely'
import type { Minor } from '../../core/money.ts'

export interface PromotionTable {
  id: string
  name: string
  is_active: 0 | 1
  priority: number
  stack_group: string | null
  is_exclusive: 0 | 1
  currency: string | null
  starts_at: number | null
  ends_at: number | null
  /** JSON: { kind, …parameters }[] */
  conditions: string
  /** JSON: { kind, …parameters } */
  benefit: string
  limit_total: number | null
  limit_per_customer: number | null
  budget_minor: Minor | null
  uses: Generated<number>
  spent_minor: Generated<Minor>
  version: Generated<number>
  created_at: number
  updated_at: number
}

export interface CouponTable {
  id: string
  promotion_id: string
  code: string
  limit_total: number | null
  uses: Generated<number>
  is_active: 0 | 1
  expires_at: number | null
  created_at: number
}

export interface PromotionUseTable {
  order_id: string
  promotion_id: string
  coupon_id: string | null
  amount_minor: Minor
  status: 'used' | 'released'
  created_at: number
}

export interface PromotionSlotTable {
  promotion_id: string
  customer_key: string
  slot: number
  order_id: string
}

export interface PromotionTables {
  promotions: PromotionTable
  coupons: CouponTable
  promotion_uses: PromotionUseTable
  promotion_slots: PromotionSlotTable
}
