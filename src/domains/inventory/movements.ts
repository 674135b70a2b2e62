import type { Context } from '../../context.ts'
import type { NewMovement } from './queries.ts'
import type { MovementKind } from './tables.ts'

export interface MovementFacts {
  readonly variantId: string
  readonly locationId: string
  /** Signed change of what is on hand. */
  readonly quantity: number
  readonly kind: MovementKind
  readonly orderId?: string | undefined
  readonly note?: string | undefined
  readonly reason?: string | undefined
  readonly lotId?: string | undefined
  /** The transfer or the stock-take that it belongs to. */
  readonly sourceId?: string | undefined
}

/** An entry of the ledger that explains every number of the stock. */
export function movement(ctx: Context, facts: MovementFacts): NewMovement {
  const { reason, lotId, sourceId } = facts
  return {
    id: ctx.newId(),
    variant_id: facts.variantId,
    location_id: facts.locationId,
    quantity: facts.quantity,
    kind: facts.kind,
    order_id: facts.orderId ?? null,
    note: facts.note ?? null,
    created_at: ctx.clock.now(),
    // What most entries have not is not sent at all.
    ...(reason === undefined ? {} : { reason }),
    ...(lotId === undefined ? {} : { lot_id: lotId }),
    ...(sourceId === undefined ? {} : { source_id: sourceId }),
  }
}
