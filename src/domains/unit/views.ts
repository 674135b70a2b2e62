import { timeView } from '../catalog/views.ts'
import type { NamedUnit, UnitEventRow, UnitRow } from './queries.ts'
import type { Tracking } from './tracking.ts'
import type { UnitWithHistory } from './units.ts'

const orderRef = (row: { order_id: string | null; order_number: number | null }) =>
  row.order_id === null ? null : { id: row.order_id, number: row.order_number ?? 0 }

export function unitView(row: UnitRow) {
  return {
    id: row.id,
    serial_number: row.serial,
    state: row.state,
    variant_id: row.variant_id,
    sku: row.sku,
    product: { id: row.product_id, number: row.product_number, name: row.product_name },
    location: { id: row.location_id, code: row.location_code },
    order: orderRef(row),
    version: row.version,
    created_at: timeView(row.created_at),
    updated_at: timeView(row.updated_at),
  }
}

function eventView(event: UnitEventRow) {
  const { version, kind, state, serial, location_code, actor, note, created_at } = event
  return {
    ...{ version, kind, state, serial_number: serial, location: location_code },
    ...{ order: orderRef(event), actor, note, at: timeView(created_at) },
  }
}

export function unitHistoryView({ unit, history }: UnitWithHistory) {
  return { ...unitView(unit), history: history.map(eventView) }
}

export function receivedView(units: readonly NamedUnit[]) {
  const named = units.map(({ id, serial }) => ({ id, serial_number: serial }))
  return { received: units.length, units: named }
}

export function trackingView(variantId: string, { sku, isTracked, onHand }: Tracking) {
  return { variant_id: variantId, sku, is_tracked: isTracked, on_hand: onHand }
}
