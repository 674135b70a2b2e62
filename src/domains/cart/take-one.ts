import type { Context } from '../../context.ts'
import { notFound } from '../../core/errors.ts'
import type { Tx } from '../../db/database.ts'
import { together } from '../../db/together.ts'
import { findCart, lockOpenCart, type Shopper } from './cart.ts'
import { deleteLine, listCartLines, setLine } from './queries.ts'

/** What is left of an article after one piece of it was taken out. */
export interface Remainder {
  readonly name: string
  readonly quantity: number
}

/**
 * Takes one piece of a product out of the cart, counted under the lock of the cart; with the last
 * one its line goes. The price that the shopper has seen stays. NOT_FOUND if there is none.
 */
export async function takeOneOut(
  ctx: Context,
  tx: Tx,
  { shopper, productNumber }: { shopper: Shopper; productNumber: number },
): Promise<Remainder> {
  const row = await findCart(tx, shopper)
  if (!row) throw notFound('Cart item')
  const [, lines] = await together(tx, [
    () => lockOpenCart(ctx, tx, { row, version: undefined }),
    () => listCartLines(tx, { cartId: row.id }),
  ])
  const line = lines.find(({ product_number }) => product_number === productNumber)
  if (!line) throw notFound('Cart item')
  const [at, quantity] = [{ cartId: row.id, id: line.id }, line.quantity - 1]
  if (quantity === 0) await deleteLine(tx, at)
  else await setLine(tx, { ...at, quantity, priceMinor: line.seen_minor, now: ctx.clock.now() })
  return { name: line.name, quantity }
}
