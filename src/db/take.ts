import type { Context } from '../context.ts'
import type { Change, Tx } from './database.ts'

/** Writes that the items are taken; one that another node has taken is not changed. */
export type Take<T> = (tx: Tx, items: readonly T[]) => Promise<Change>

/** Of what several nodes want at the same time, what falls to this one. */
export async function takeEachOnce<T extends { readonly id: string }>(
  ctx: Context,
  items: readonly T[],
  take: Take<T>,
): Promise<readonly T[]> {
  if (items.length === 0) return []
  // In the same order everywhere, so that nodes that want the same items cannot deadlock.
  const inOrder = items.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  return (await takeAll(ctx, inOrder, take)) ? inOrder : takeOneByOne(ctx, inOrder, take)
}

/** All of them, or none if another node has taken one meanwhile. */
async function takeAll<T>(ctx: Context, items: readonly T[], take: Take<T>): Promise<boolean> {
  try {
    await ctx.db.transaction(async (tx) => {
      const { changes } = await take(tx, items)
      if (changes !== items.length) throw new TakenError()
    })
    return true
  } catch (error) {
    if (error instanceof TakenError) return false
    throw error
  }
}

/** Undoes what was taken: which of the items another node has, one statement cannot tell. */
class TakenError extends Error {}

function takeOneByOne<T>(ctx: Context, items: readonly T[], take: Take<T>): Promise<T[]> {
  return ctx.db.transaction(async (tx) => {
    const taken: T[] = []
    for (const item of items) {
      const { changes } = await take(tx, [item])
      if (changes === 1) taken.push(item)
    }
    return taken
  })
}
