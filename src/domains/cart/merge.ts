import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import type { Tx } from '../../db/database.ts'
import { takenColumn } from '../../db/faults.ts'
import { assertAccount } from '../customer/account.ts'
import {
  closeCart,
  findCartByCustomer,
  findCartBySession,
  giveCartTo,
  mergeSharedLines,
  moveOtherLines,
  setTerms,
  touchCart,
  type CartRow,
} from './queries.ts'

interface Merge {
  readonly sessionKey: string
  readonly customerId: string
}

/**
 * Gives a session's cart to a customer, in one transaction. Where both have an article the
 * quantities add up, even beyond the stock: that is a problem to show, not a piece to lose. Codes
 * that were entered move too; the currency is that of the customer's cart.
 */
export async function mergeCarts(ctx: Context, merge: Merge): Promise<void> {
  const run = () => ctx.db.transaction((tx) => mergeIn(ctx, tx, merge))
  try {
    await run()
  } catch (error) {
    if (takenColumn(ctx.db.dialect, error) !== 'customer_id') throw error
    // The customer has got a cart in the meantime: now there are two to merge.
    await run()
  }
}

/** Moving the session's cart out of `open` first makes a second merge of it find nothing. */
async function mergeIn(ctx: Context, tx: Tx, { sessionKey, customerId }: Merge): Promise<void> {
  const guest = await findCartBySession(tx, sessionKey)
  if (guest?.status !== 'open') return
  const now = ctx.clock.now()
  const own = await findCartByCustomer(tx, customerId)
  if (!own) {
    await assertAccount(tx, customerId)
    await giveCartTo(tx, { id: guest.id, customerId, now })
    return
  }
  const closed = await closeCart(tx, { id: guest.id, from: 'open', to: 'merged', now })
  if (closed.changes !== 1) return
  const expiresAt = now + ctx.config.lifetimes.cartMs
  const locked = await touchCart(tx, { id: own.id, now, expiresAt })
  if (locked.changes !== 1) throw new ShopError('CART_LOCKED')
  await mergeSharedLines(tx, { from: guest.id, into: own.id, now })
  await moveOtherLines(tx, { from: guest.id, into: own.id })
  const codes = new Set([...codesOf(own), ...codesOf(guest)])
  if (guest.codes !== null) await setTerms(tx, own.id, { codes: JSON.stringify([...codes]) })
}

const codesOf = ({ codes }: CartRow): string[] =>
  codes === null ? [] : (JSON.parse(codes) as string[])
