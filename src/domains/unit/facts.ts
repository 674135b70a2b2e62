import type { Context } from '../../context.ts'
import type { UnitEventKind } from './tables.ts'

const actorLengthMax = 200

/** What the history says of a change besides what the unit has become, as JSON for its queries. */
export function factsOf(ctx: Context, kind: UnitEventKind, note?: string): string {
  const { actor, clock } = ctx
  const [who, created_at] = [actor.name.slice(0, actorLengthMax), clock.now()]
  return JSON.stringify([{ kind, actor: who, note: note ?? null, created_at }])
}
