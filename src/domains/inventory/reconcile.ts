import type { Context } from '../../context.ts'
import { record } from '../audit/log.ts'
import { countShelves, listDifferences, type DifferenceRow } from './reconcile-queries.ts'

export interface Reconciliation {
  readonly shelves: number
  readonly differences: DifferenceRow[]
}

const differencesMax = 1_000

/**
 * Compares every shelf with its ledger and its holds, and notes in the log that it was done. It
 * reports and corrects nothing: a difference is a mistake of this program or of whoever wrote past
 * it, and which of the two numbers is right only a count can tell.
 */
export async function reconcileStock(ctx: Context): Promise<Reconciliation> {
  const differences = await listDifferences(ctx.db.long, { limit: differencesMax })
  const [shelves] = await countShelves(ctx.db.long, {})
  await ctx.db.transaction((tx) =>
    record(ctx, tx, {
      action: 'inventory.reconciled',
      subject: ['inventory', 'all'],
      after: { differences: differences.length },
    }),
  )
  return { shelves: shelves?.count ?? 0, differences }
}
