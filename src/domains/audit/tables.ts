export interface AuditEntryTable {
  id: string
  created_at: number
  actor_kind: ActorKind
  actor_id: string | null
  actor_name: string
  action: string
  subject_kind: string
  subject_id: string
  /** JSON of what was changed, before and after; null where there was or is nothing. */
  before_change: string | null
  after_change: string | null
  request_id: string | null
  ip: string | null
}

/** Somebody signed in, a program with a key, the command line, or the shop by itself. */
export type ActorKind = 'account' | 'key' | 'command' | 'system'

export interface AuditTables {
  audit_entries: AuditEntryTable
}
