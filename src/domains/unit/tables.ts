import type { Generated } from 'kysely'

/**
 * Available and reserved units are on the shelf; sold ones are with a customer; returned ones have
 * come back and wait to be looked at; scrapped ones are gone for good, or followed no longer.
 */
export type UnitState = 'available' | 'reserved' | 'sold' | 'returned' | 'scrapped'

export interface UnitTable {
  number: Generated<number>
  id: string
  variant_id: string
  serial: string
  /** In capitals: two serial numbers that differ in case alone are one. */
  serial_key: string
  state: UnitState
  location_id: string
  /** The order that has it, or had it last. */
  order_id: string | null
  order_line_id: string | null
  version: Generated<number>
  created_at: number
  updated_at: number
}

export type UnitEventKind =
  | 'received'
  | 'tracked'
  | 'untracked'
  | 'reserved'
  | 'released'
  | 'sold'
  | 'replaced'
  | 'returned'
  | 'restocked'
  | 'scrapped'
  | 'corrected'

/** What happened to a unit, and what it was from then on. */
export interface UnitEventTable {
  unit_id: string
  /** The version of the unit that this has made. */
  version: number
  kind: UnitEventKind
  state: UnitState
  serial: string
  location_id: string
  order_id: string | null
  order_line_id: string | null
  /** Who did it, for people to read. */
  actor: string
  note: string | null
  created_at: number
}

export interface UnitTables {
  units: UnitTable
  unit_events: UnitEventTable
}
