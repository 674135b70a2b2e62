import type { Db } from '../../db/database.ts'
import { preparedWrite } from '../../db/prepared.ts'
import type { AuditEntryTable } from './tables.ts'

export const insertEntry = preparedWrite<AuditEntryTable>((db, param) =>
  db.insertInto('audit_entries').values({
    id: param('id'),
    created_at: param('created_at'),
    actor_kind: param('actor_kind'),
    actor_id: param('actor_id'),
    actor_name: param('actor_name'),
    action: param('action'),
    subject_kind: param('subject_kind'),
    subject_id: param('subject_id'),
    before_change: param('before_change'),
    after_change: param('after_change'),
    request_id: param('request_id'),
    ip: param('ip'),
  }),
)

export interface EntryFilter {
  readonly actorId?: string | undefined
  /** An action, or the beginning of one that ends with a dot: `account.`. */
  readonly action?: string | undefined
  readonly subjectKind?: string | undefined
  readonly subjectId?: string | undefined
  readonly requestId?: string | undefined
  /** UTC milliseconds, the first included, the second not. */
  readonly from?: number | undefined
  readonly to?: number | undefined
}

/** Newest first; `before` is the id of the last entry of the page before. */
export function listEntries(
  db: Db,
  filter: EntryFilter,
  { before, limit }: { before: string | undefined; limit: number },
): Promise<AuditEntryTable[]> {
  const { actorId, action, subjectKind, subjectId, requestId, from, to } = filter
  let query = db.selectFrom('audit_entries').selectAll().orderBy('id', 'desc').limit(limit)
  if (actorId !== undefined) query = query.where('actor_id', '=', actorId)
  if (action !== undefined) {
    query = action.endsWith('.')
      ? query.where('action', '>=', action).where('action', '<', `${action.slice(0, -1)}/`)
      : query.where('action', '=', action)
  }
  if (subjectKind !== undefined) query = query.where('subject_kind', '=', subjectKind)
  if (subjectId !== undefined) query = query.where('subject_id', '=', subjectId)
  if (requestId !== undefined) query = query.where('request_id', '=', requestId)
  if (from !== undefined) query = query.where('created_at', '>=', from)
  if (to !== undefined) query = query.where('created_at', '<', to)
  if (before !== undefined) query = query.where('id', '<', before)
  return query.execute()
}
