import type { Generated } from 'kysely'
import type { Minor } from '../../core/money.ts'

export interface PricingStateTable {
  id: 1
  version: number
}

export interface PriceListTable {
  id: string
  code: string
  name: string
  currency: string
  priority: number
  group_id: string | null
  starts_at: number | null
  ends_at: number | null
  is_active: 0 | 1
  version: Generated<number>
  created_at: number
  updated_at: number
}

export interface PriceTable {
  variant_id: string
  list_id: string
  min_quantity: number
  price_minor: Minor
  compare_at_minor: Minor | null
}

export interface PriceRecordTable {
  id: string
  variant_id: string
  /** null: the article's own price. */
  list_id: string | null
  currency: string
  /** null: from then on there was none. */
  price_minor: Minor | null
  priority: number
  starts_at: number | null
  ends_at: number | null
  created_at: number
}

export interface PricingTables {
  pricing_state: PricingStateTable
  price_lists: PriceListTable
  prices: PriceTable
  price_records: PriceRecordTable
}
