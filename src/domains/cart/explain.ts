import type { Context } from '../../context.ts'
import { notFound } from '../../core/errors.ts'
import { explanation } from '../pricing/explain.ts'
import { priceStored } from './pricing.ts'
import { findCartById, listCartLines } from './queries.ts'

/** How a cart is priced now, with every rule that was tried. Nothing is changed. */
export async function explainCart(ctx: Context, id: string) {
  const db = ctx.db.read
  const row = await findCartById(db, id)
  if (!row) throw notFound('Cart')
  const stored = await listCartLines(db, { cartId: id })
  return explanation(await priceStored(ctx, db, { row, stored }))
}
