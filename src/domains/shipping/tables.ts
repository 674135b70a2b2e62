import type { Minor } from '../../core/money.ts'

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
}

export interface ShippingTables {
  shipping_methods: ShippingMethodTable
}
