import type { Context } from '../../context.ts'
import type { Tx } from '../../db/database.ts'
import { record, type AuditFacts } from '../audit/log.ts'
import { countVersionUp, insertState } from './version-queries.ts'

/**
 * Says that carts are priced differently from now on, and who has seen to it. Whatever changes
 * price lists, taxes, shipping or promotions calls it in its transaction: every node then loads
 * them anew before it prices.
 */
export async function pricingChanged(ctx: Context, tx: Tx, facts: AuditFacts): Promise<void> {
  await record(ctx, tx, facts)
  if ((await countVersionUp(tx, {})).changes === 1) return
  await insertState(tx)
  await countVersionUp(tx, {})
}
