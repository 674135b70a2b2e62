import type { Generated } from 'kysely'

export interface LocationTable {
  id: string
  code: string
  name: string
  is_default: 0 | 1
}

export interface StockTable {
  variant_id: string
  location_id: string
  product_id: string
  on_hand: number
  reserved: Generated<number>
  /** Every piece has a serial number: `on_hand` is how many units are on the shelf. */
  is_tracked: Generated<0 | 1>
}

export type MovementKind = 'receipt' | 'adjustment' | 'sale' | 'return'

export interface StockMovementTable {
  id: string
  variant_id: string
  location_id: string
  /** Signed change of `on_hand`. */
  quantity: number
  kind: MovementKind
  order_id: string | null
  note: string | null
  created_at: number
}

export interface StockHoldTable {
  order_id: string
  variant_id: string
  location_id: string
  quantity: number
  status: 'active' | 'sold' | 'released'
  expires_at: number
}

export interface InventoryTables {
  locations: LocationTable
  stock: StockTable
  stock_movements: StockMovementTable
  stock_holds: StockHoldTable
}
