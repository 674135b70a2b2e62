import type { Context } from '../../context.ts'
import { invalid, ShopError } from '../../core/errors.ts'
import type { Tx } from '../../db/database.ts'
import { changeShelf } from '../inventory/tracked.ts'
import { sellInstead } from './sale-queries.ts'
import { getUnit, noteChange, type UnitMove, type UnitRow } from './units.ts'

export interface Replacement extends UnitMove {
  /** The unit that the order has by its books: its id or serial number. */
  readonly insteadOf: string
}

/**
 * Gives an order this unit instead of the one that it has: somebody picked another piece than the
 * one that was named. The other goes back on the shelf, where this one was. Refuses units that are
 * not on the shelf and not sold (UNIT_STATE), and another article (VALIDATION_ERROR).
 */
export async function replaceUnit(
  ctx: Context,
  tx: Tx,
  { name, insteadOf, note }: Replacement,
): Promise<UnitRow> {
  const [unit, other] = [await getUnit(tx, name), await getUnit(tx, insteadOf)]
  if (unit.state !== 'available' && unit.state !== 'reserved') throw wrongState(unit)
  if (other.state !== 'sold') throw wrongState(other)
  const { id, version, variant_id: variantId, location_id: locationId } = unit
  if (variantId !== other.variant_id) throw invalid('instead_of', 'is a unit of another article')
  // The shelf is locked even where its counts stay: nobody sells from it meanwhile.
  const aside = unit.state === 'reserved' ? -1 : 0
  await changeShelf(ctx, tx, { variantId, locationId, quantity: 0, aside })
  const { order_id, order_line_id } = other
  const back = { serial: other.serial, state: 'available' as const, locationId }
  await noteChange(ctx, tx, { unit: other, after: back, kind: 'replaced', note })
  const taking = { id, version, orderId: order_id, lineId: order_line_id, now: ctx.clock.now() }
  const sold = { serial: unit.serial, state: 'sold' as const, locationId }
  const by = () => sellInstead(tx, taking)
  await noteChange(ctx, tx, { unit, after: sold, kind: 'sold', note, by })
  return getUnit(tx, id)
}

const wrongState = ({ serial, state }: UnitRow) => new ShopError('UNIT_STATE', { serial, state })
