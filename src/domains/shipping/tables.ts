import type { Generated } from 'kysely'
import type { Minor } from '../../core/money.ts'
import type { ShippingKind } from '../../core/pricing/shipping.ts'

export interface ShippingMethodTable {
  id: string
  code: string
  name: string
  description: string
  price_minor: Minor
  /** The method is free from this subtotal on. */
  free_from_minor: Minor | null
  days_min: number
  days_max: number
  position: number
  is_active: 0 | 1
  kind: Generated<ShippingKind>
  zone_id: Generated<string | null>
  /** JSON: tariffs by currency. */
  tariffs: Generated<string | null>
  weight_max_grams: Generated<number | null>
  version: Generated<number>
}

export interface ShippingZoneTable {
  id: string
  code: string
  name: string
  /** JSON: string[] or null; so are regions and postcodes. */
  countries: string | null
  regions: string | null
  postcodes: string | null
  version: Generated<number>
  created_at: number
  updated_at: number
}

export interface ShippingTables {
  shipping_methods: ShippingMethodTable
  shipping_zones: ShippingZoneTable
}
