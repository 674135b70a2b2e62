import { Tx, type Db } from './database.ts'

type Steps = readonly (() => Promise<unknown>)[]
type Results<S extends Steps> = { -readonly [K in keyof S]: Awaited<ReturnType<S[K]>> }

/**
 * Runs steps of which none needs what another brings, and returns their results. Their statements
 * are sent in this order, on PostgreSQL without waiting for each answer: a network is crossed once
 * instead of once for each. Elsewhere every step waits for the one before, because an error there
 * can end the transaction, and what is already on its way would be written outside of it.
 */
export async function together<const S extends Steps>(db: Db, steps: S): Promise<Results<S>> {
  const isPipelined = db.dialect.can.pipeline && db instanceof Tx
  return (await (isPipelined ? atOnce(steps) : inTurn(steps))) as Results<S>
}

async function inTurn(steps: Steps): Promise<unknown[]> {
  const results: unknown[] = []
  for (const step of steps) results.push(await step())
  return results
}

/** The first in order has failed for a reason of its own, those behind it because it has failed. */
async function atOnce(steps: Steps): Promise<unknown[]> {
  const outcomes = await Promise.allSettled(steps.map((step) => step()))
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  })
}
