import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import type { Db, Tx } from '../../db/database.ts'
import { servingLocation, type Wanted } from './inventory.ts'
import { adjustOnHand, insertMovements } from './queries.ts'

export interface Restocking {
  readonly orderId: string
  readonly items: readonly Wanted[]
  readonly kind: 'cancellation' | 'return'
  readonly locationId?: string | undefined
}

interface Moving {
  readonly orderId: string
  readonly items: readonly Wanted[]
  readonly kind: string
}

async function move(ctx: Context, tx: Tx, { orderId, items, kind }: Moving): Promise<void> {
  const locationId = await servingLocation(tx)
  for (const { variantId, quantity } of items) {
    const { changes } = await adjustOnHand(tx, { variantId, locationId, quantity })
    if (changes !== 1) throw new ShopError('INSUFFICIENT_STOCK', { sku: variantId, available: 0 })
    await insertMovements(tx, [
      {
        id: ctx.newId(),
        variant_id: variantId,
        location_id: locationId,
        quantity,
        kind,
        order_id: orderId,
        note: null,
        created_at: ctx.clock.now(),
      },
    ])
  }
}

export function restock(ctx: Context, tx: Tx, { orderId, items }: Restocking): Promise<void> {
  return move(ctx, tx, { orderId, items, kind: 'return' })
}

export function sellMore(
  ctx: Context,
  tx: Tx,
  { orderId, items }: { readonly orderId: string; readonly items: readonly Wanted[] },
): Promise<void> {
  const taken = items.map(({ variantId, quantity }) => ({ variantId, quantity: -quantity }))
  return move(ctx, tx, { orderId, items: taken, kind: 'sale' })
}

export function backorderedOf(_db: Db, _orderId: string): Promise<Wanted[]> {
  return Promise.resolve([])
}
