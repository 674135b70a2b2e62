import type { Context } from '../../context.ts'
import type { Db, Tx } from '../../db/database.ts'
import type { Wanted } from './inventory.ts'

export interface Restocking {
  readonly orderId: string
  readonly items: readonly Wanted[]
  readonly kind: 'cancellation' | 'return'
  /** Where the goods are put; without it, where they were sold from. */
  readonly locationId?: string | undefined
}

/**
 * Puts goods of an order back on the shelf. A bundle gives its parts back, a lot gets its own
 * pieces, and a cancellation first takes what was only on back-order. Refuses more than the order
 * has (STOCK_NOT_SOLD). One statement per table, however many items.
 */
export function restock(_ctx: Context, _tx: Tx, _restocking: Restocking): Promise<void> {
  return Promise.reject(new Error('not here yet'))
}

/** Sells further articles to an order that counts, or throws INSUFFICIENT_STOCK. */
export function sellMore(
  _ctx: Context,
  _tx: Tx,
  _more: { readonly orderId: string; readonly items: readonly Wanted[] },
): Promise<void> {
  return Promise.reject(new Error('not here yet'))
}

/** What an order that counts still waits for: it cannot be shipped before it has come. */
export function backorderedOf(_db: Db, _orderId: string): Promise<Wanted[]> {
  return Promise.resolve([])
}
