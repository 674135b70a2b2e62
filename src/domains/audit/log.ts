import type { Context } from '../../context.ts'
import type { Tx } from '../../db/database.ts'
import { insertEntry, listEntries, type EntryFilter } from './log-queries.ts'
import type { ActorKind, AuditEntryTable } from './tables.ts'

/** Who does something: named in the log of what staff and keys have done. */
export interface Actor {
  readonly kind: ActorKind
  readonly id: string | null
  readonly name: string
  readonly requestId: string | null
  readonly ip: string | null
}

/** The shop itself, by its jobs: what it does is in the ledgers, not in the log. */
export const systemActor: Actor = {
  kind: 'system',
  id: null,
  name: 'system',
  requestId: null,
  ip: null,
}

/** Whoever has the shop's own environment in hand. */
export const commandActor: Actor = { ...systemActor, kind: 'command', name: 'command line' }

export interface AuditFacts {
  /** A noun and a verb in the past: `product.changed`. */
  readonly action: string
  readonly subject: readonly [kind: string, id: string]
  readonly before?: object | undefined
  readonly after?: object | undefined
}

/**
 * Notes what the actor of `ctx` does, in the transaction in which it happens. Facts never hold
 * passwords, tokens or keys; of a customer's own data they say what was changed, not to what.
 */
export async function record(ctx: Context, tx: Tx, facts: AuditFacts): Promise<void> {
  const { actor } = ctx
  if (actor.kind === 'system') return
  await insertEntry(tx, {
    id: ctx.newId(),
    created_at: ctx.clock.now(),
    actor_kind: actor.kind,
    actor_id: actor.id,
    actor_name: actor.name.slice(0, nameLengthMax),
    action: facts.action,
    subject_kind: facts.subject[0],
    subject_id: facts.subject[1],
    before_change: facts.before === undefined ? null : JSON.stringify(facts.before),
    after_change: facts.after === undefined ? null : JSON.stringify(facts.after),
    request_id: actor.requestId,
    ip: actor.ip,
  })
}

const nameLengthMax = 200

/** Of two states of a thing, what differs: `[before, after]` with the same keys. */
export function differences<T extends object>(before: T, after: Partial<T>): [object, object] {
  const changed = Object.entries(after).filter(
    ([key, value]) => value !== undefined && !isEqual(value, before[key as keyof T]),
  )
  const old = changed.map(([key]) => [key, before[key as keyof T] ?? null])
  return [Object.fromEntries(old), Object.fromEntries(changed)]
}

const isEqual = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

export type AuditEntry = AuditEntryTable

export function searchLog(
  ctx: Context,
  filter: EntryFilter,
  page: { before: string | undefined; limit: number },
): Promise<AuditEntry[]> {
  return listEntries(ctx.db.long, filter, page)
}

const exportPage = 1_000

/** Every entry that the filter lets through, newest first, a page of rows at a time. */
export async function* exportLog(
  ctx: Context,
  filter: EntryFilter,
): AsyncGenerator<readonly AuditEntry[]> {
  let before: string | undefined
  for (;;) {
    const rows = await searchLog(ctx, filter, { before, limit: exportPage })
    if (rows.length > 0) yield rows
    if (rows.length < exportPage) return
    before = rows.at(-1)?.id
  }
}
