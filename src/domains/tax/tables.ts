import type { Generated } from 'kysely'
import type { Rounding } from '../../core/ratio.ts'

export interface TaxZoneTable {
  id: string
  code: string
  name: string
  /** JSON: string[], or null for everywhere; so are regions and postcodes. */
  countries: string | null
  regions: string | null
  postcodes: string | null
  is_inclusive: 0 | 1
  rounding: Rounding
  round_per: 'total' | 'line'
  shipping_class: string | null
  has_reverse_charge: 0 | 1
  version: Generated<number>
  created_at: number
  updated_at: number
}

export interface TaxRateTable {
  id: string
  zone_id: string
  tax_class: string
  name: string
  /** An exact percentage: '9.975'. */
  percent: string
  is_compound: 0 | 1
  position: number
  starts_at: number | null
  ends_at: number | null
}

export interface TaxTables {
  tax_zones: TaxZoneTable
  tax_rates: TaxRateTable
}
