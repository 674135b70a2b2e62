import type { Context } from '../../context.ts'

/**
 * How many transactions of this process may want the same article at once. More of them only queue
 * for its row lock, each holding a connection that others could use.
 */
const perArticleMax = 8

interface Gate {
  running: number
  readonly waiting: (() => void)[]
}

const gates = new WeakMap<Context['db'], Map<string, Gate>>()

/** Runs `work` when few enough others work on the same articles. No effect without row locks. */
export async function takingTurns<T>(
  ctx: Context,
  variantIds: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  if (!ctx.db.dialect.can.rowLocks) return work()
  const known = gates.get(ctx.db) ?? new Map<string, Gate>()
  gates.set(ctx.db, known)
  // Always in the same order: two carts with the same articles cannot wait for each other.
  const keys = [...new Set(variantIds)].toSorted()
  for (const key of keys) await enter(known, key)
  try {
    return await work()
  } finally {
    for (const key of keys) leave(known, key)
  }
}

async function enter(known: Map<string, Gate>, key: string): Promise<void> {
  const gate = known.get(key) ?? { running: 0, waiting: [] }
  known.set(key, gate)
  if (gate.running < perArticleMax) gate.running += 1
  else await new Promise<void>((resolve) => gate.waiting.push(resolve))
}

/** Hands the place to the next in line, or gives it back. */
function leave(known: Map<string, Gate>, key: string): void {
  const gate = known.get(key)
  const next = gate?.waiting.shift()
  if (next) next()
  else if (gate && --gate.running === 0) known.delete(key)
}
