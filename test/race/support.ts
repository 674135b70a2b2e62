import assert from 'node:assert/strict'
import { stockOf, type StockLevel } from '../api/support.ts'
import type { Answer, TestShop } from '../support/shop.ts'

/** Runs `work` for 0 … count-1, so many at once; the results stand in the order of the numbers. */
export async function inParallel<T>(
  count: number,
  width: number,
  work: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const worker = async () => {
    while (next < count) {
      const index = next++
      results[index] = await work(index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker))
  return results
}

/** How often each outcome came: `201`, `201 again` for a replay, `409 INSUFFICIENT_STOCK`. */
export function tally(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const answer of answers) {
    const name = outcomeOf(answer)
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

function outcomeOf({ status, body, headers }: Answer): string {
  const code = (body as { error?: { code: string } } | undefined)?.error?.code
  if (code !== undefined) return `${status} ${code}`
  return headers.has('idempotent-replayed') ? `${status} again` : String(status)
}

export async function countOf(
  { ctx }: TestShop,
  table: 'orders' | 'payments' | 'customers' | 'carts' | 'order_lines',
): Promise<number> {
  const rows = await ctx.db.read.selectFrom(table).select('id').execute()
  return rows.length
}

export async function assertStock(
  { ctx }: TestShop,
  variantId: string,
  expected: StockLevel,
): Promise<void> {
  assert.deepEqual({ ...(await stockOf(ctx, variantId)) }, expected)
}
