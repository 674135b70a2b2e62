import type { Generated } from 'kysely'

export interface LocationTable {
  id: string
  code: string
  name: string
  is_default: 0 | 1
  is_active: Generated<0 | 1>
  /** The smaller is asked first. */
  priority: Generated<number>
  version: Generated<number>
}

export interface StockTable {
  variant_id: string
  location_id: string
  product_id: string
  on_hand: number
  reserved: Generated<number>
  /** Of what is on hand, unreserved pieces of lots that may not be sold any more. */
  withheld: Generated<number>
  /** As its location. */
  is_active: Generated<0 | 1>
  /** Every piece has a serial number: `on_hand` is how many units are on the shelf. */
  is_tracked: Generated<0 | 1>
}

export type MovementKind =
  | 'receipt'
  | 'adjustment'
  | 'sale'
  | 'return'
  | 'cancellation'
  | 'transfer'
  | 'scrap'
  | 'stock_take'

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
  reason: Generated<string | null>
  lot_id: Generated<string | null>
  /** The transfer or the stock-take that it belongs to. */
  source_id: Generated<string | null>
}

export interface StockHoldTable {
  order_id: string
  variant_id: string
  location_id: string
  quantity: number
  status: 'active' | 'sold' | 'released'
  expires_at: number
  /** Pieces on back-order, beside `quantity`. */
  waiting: Generated<number>
  /** Pieces that were on back-order when they were cancelled. */
  dropped: Generated<number>
  promised_at: Generated<number | null>
  /** Of `quantity`, what came back. */
  returned: Generated<number>
  has_lots: Generated<0 | 1>
}

export interface StockLotTable {
  id: string
  variant_id: string
  location_id: string
  code: string
  expires_at: number | null
  on_hand: number
  reserved: Generated<number>
  /** Expired: its unreserved pieces are counted in `stock.withheld`. */
  is_withheld: Generated<0 | 1>
  created_at: number
}

export interface StockLotHoldTable {
  order_id: string
  lot_id: string
  quantity: number
  returned: Generated<number>
  is_sold: Generated<0 | 1>
}

export interface BackorderTermsTable {
  variant_id: string
  limit_quantity: number
  backordered: Generated<number>
  promised_at: number | null
}

export interface BundlePartTable {
  variant_id: string
  part_id: string
  quantity: number
}

export interface OrderBundlePartTable extends BundlePartTable {
  order_id: string
}

export type TransferStatus = 'in_transit' | 'partly_received' | 'received' | 'cancelled'

export interface StockTransferTable {
  id: string
  from_id: string
  to_id: string
  status: TransferStatus
  note: string | null
  version: Generated<number>
  created_at: number
  updated_at: number
}

export interface StockTransferLineTable {
  transfer_id: string
  position: number
  variant_id: string
  lot_id: string | null
  quantity: number
  received: Generated<number>
  taken_back: Generated<number>
}

export interface StockTakeTable {
  id: string
  location_id: string
  status: 'open' | 'posted' | 'cancelled'
  note: string | null
  version: Generated<number>
  created_at: number
  updated_at: number
}

export interface StockTakeLineTable {
  stock_take_id: string
  /** The lot that was counted, or the article where it has none. */
  counted_id: string
  variant_id: string
  lot_id: string | null
  counted: number
  expected: number
  counted_at: number
}

export interface StockAlertTable {
  id: string
  variant_id: string
  open_variant_id: string | null
  threshold: number
  available: number
  created_at: number
  ended_at: number | null
}

export interface StockSubscriptionTable {
  id: string
  variant_id: string
  customer_id: string | null
  email: string
  open_key: string | null
  status: 'unconfirmed' | 'waiting' | 'notified' | 'ended'
  created_at: number
  ended_at: number | null
}

export interface InventoryTables {
  locations: LocationTable
  stock: StockTable
  stock_movements: StockMovementTable
  stock_holds: StockHoldTable
  stock_lots: StockLotTable
  stock_lot_holds: StockLotHoldTable
  backorder_terms: BackorderTermsTable
  bundle_parts: BundlePartTable
  order_bundle_parts: OrderBundlePartTable
  stock_transfers: StockTransferTable
  stock_transfer_lines: StockTransferLineTable
  stock_takes: StockTakeTable
  stock_take_lines: StockTakeLineTable
  stock_alerts: StockAlertTable
  stock_subscriptions: StockSubscriptionTable
}
