import type { Db, Tx } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { ApiKeyTable, SessionTable, SignInMethod, SigningKeyTable } from './tables.ts'

export interface SessionPrincipalRow {
  readonly id: string
  readonly customer_id: string
  readonly email: string
  readonly role: string
  /** JSON list, of a role that the shop has made. */
  readonly permissions: string | null
  readonly method: SignInMethod
  /** When the account showed the first code of its second factor; null if it has none. */
  readonly factor_confirmed_at: number | null
  readonly created_at: number
  readonly last_used_at: number
}

/** Who a session stands for; nothing if it has ended, run out, or its account is blocked. */
export const findSessionPrincipal = preparedQuery<{ id: string; now: number }, SessionPrincipalRow>(
  (db, param) =>
    db
      .selectFrom('sessions as s')
      .innerJoin('customers as c', 'c.id', 's.customer_id')
      .leftJoin('roles as r', 'r.code', 'c.role')
      .leftJoin('second_factors as f', 'f.customer_id', 'c.id')
      .select(['s.id', 's.customer_id', 'c.email', 'c.role', 'r.permissions'])
      .select(['s.method', 'f.confirmed_at as factor_confirmed_at'])
      .select(['s.created_at', 's.last_used_at'])
      .where('s.id', '=', param('id'))
      .where('s.ended_at', 'is', null)
      .where('s.expires_at', '>', param('now'))
      .where('c.disabled_at', 'is', null),
)

export interface KeyPrincipalRow {
  readonly id: string
  readonly owner_id: string
  readonly name: string
  /** JSON list: what the key may do at most. */
  readonly scopes: string
  readonly role: string
  readonly permissions: string | null
  readonly last_used_at: number | null
}

export const findKeyPrincipal = preparedQuery<{ hash: string; now: number }, KeyPrincipalRow>(
  (db, param) =>
    db
      .selectFrom('api_keys as k')
      .innerJoin('customers as c', 'c.id', 'k.owner_id')
      .leftJoin('roles as r', 'r.code', 'c.role')
      .select(['k.id', 'k.owner_id', 'k.name', 'k.permissions as scopes'])
      .select(['c.role', 'r.permissions', 'k.last_used_at'])
      .where('k.hash', '=', param('hash'))
      .where('k.revoked_at', 'is', null)
      .where((where) =>
        where.or([where('k.expires_at', 'is', null), where('k.expires_at', '>', param('now'))]),
      )
      .where('c.disabled_at', 'is', null),
)

interface NewSession {
  readonly id: string
  readonly customer_id: string
  readonly method: SignInMethod
  readonly refresh_hash: string
  readonly user_agent: string
  readonly ip: string
  readonly now: number
  readonly expires_at: number
}

export const insertSession = preparedWrite<NewSession>((db, param) =>
  db.insertInto('sessions').values({
    id: param('id'),
    customer_id: param('customer_id'),
    method: param('method'),
    refresh_hash: param('refresh_hash'),
    user_agent: param('user_agent'),
    ip: param('ip'),
    rotated_at: param('now'),
    created_at: param('now'),
    last_used_at: param('now'),
    expires_at: param('expires_at'),
    ended_at: null,
    end_reason: null,
  }),
)

export type SessionRow = Omit<SessionTable, 'generation'> & { readonly generation: number }

export interface OwnedSession extends SessionRow {
  /** Of the account. */
  readonly number: number
  readonly disabled_at: number | null
}

const sessionById = preparedQuery<{ id: string }, OwnedSession>((db, param) =>
  db
    .selectFrom('sessions as s')
    .innerJoin('customers as c', 'c.id', 's.customer_id')
    .selectAll('s')
    .select(['c.number', 'c.disabled_at'])
    .where('s.id', '=', param('id')),
)

export async function findSession(db: Db, id: string): Promise<OwnedSession | undefined> {
  return (await sessionById(db, { id }))[0]
}

interface Rotation {
  readonly id: string
  readonly generation: number
  readonly old_hash: string
  readonly new_hash: string
  readonly now: number
  readonly expires_at: number
}

/** The next refresh token takes the place of this one, once; one changed row = this call did it. */
export const rotateSession = preparedWrite<Rotation>((db, param) =>
  db
    .updateTable('sessions')
    .set((set) => ({
      generation: set('generation', '+', 1),
      refresh_hash: param('new_hash'),
      rotated_at: param('now'),
      last_used_at: param('now'),
      expires_at: param('expires_at'),
    }))
    .where('id', '=', param('id'))
    .where('generation', '=', param('generation'))
    .where('refresh_hash', '=', param('old_hash'))
    .where('ended_at', 'is', null)
    .where('expires_at', '>', param('now')),
)

/** Notes that a session was used, unless that was noted a moment ago. */
export const touchSession = preparedWrite<{
  id: string
  before: number
  now: number
  expires_at: number
}>((db, param) =>
  db
    .updateTable('sessions')
    .set({ last_used_at: param('now'), expires_at: param('expires_at') })
    .where('id', '=', param('id'))
    .where('ended_at', 'is', null)
    .where('last_used_at', '<', param('before')),
)

interface End {
  readonly id: string
  readonly customer_id: string
  readonly reason: string
  readonly now: number
}

export const endSessionRow = preparedWrite<End>((db, param) =>
  db
    .updateTable('sessions')
    .set({ ended_at: param('now'), end_reason: param('reason') })
    .where('id', '=', param('id'))
    .where('customer_id', '=', param('customer_id'))
    .where('ended_at', 'is', null),
)

/** Ends every session of an account but the one named, which may be none. */
export const endSessionsOf = preparedWrite<Omit<End, 'id'> & { except: string }>((db, param) =>
  db
    .updateTable('sessions')
    .set({ ended_at: param('now'), end_reason: param('reason') })
    .where('customer_id', '=', param('customer_id'))
    .where('ended_at', 'is', null)
    .where('id', '!=', param('except')),
)

/** The id of no session. */
export const noSession = '00000000-0000-0000-0000-000000000000'

export const listLiveSessions = preparedQuery<{ customer_id: string; now: number }, SessionRow>(
  (db, param) =>
    db
      .selectFrom('sessions')
      .selectAll()
      .where('customer_id', '=', param('customer_id'))
      .where('ended_at', 'is', null)
      .where('expires_at', '>', param('now'))
      .orderBy('created_at', 'desc')
      .limit(100),
)

export const deleteOldSessions = preparedWrite<{ before: number }>((db, param) =>
  db.deleteFrom('sessions').where('expires_at', '<', param('before')),
)

export function listSigningKeys(db: Db, now: number): Promise<SigningKeyTable[]> {
  return db
    .selectFrom('signing_keys')
    .selectAll()
    .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', now)]))
    .orderBy('turn', 'desc')
    .execute()
}

/** True if this call made the key of that turn; another node may have been faster. */
export function insertSigningKey(tx: Tx, row: SigningKeyTable): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'signing_keys', { ...row })
}

/** Keys before this one sign no more, and are forgotten when what they signed has run out. */
export async function retireSigningKeys(
  tx: Tx,
  { before, now, expiresAt }: { before: number; now: number; expiresAt: number },
): Promise<void> {
  await tx
    .updateTable('signing_keys')
    .set({ retired_at: now, expires_at: expiresAt })
    .where('turn', '<', before)
    .where('retired_at', 'is', null)
    .execute()
  await tx.deleteFrom('signing_keys').where('expires_at', '<', now).execute()
}

export type ApiKeyRow = Omit<ApiKeyTable, 'hash'>

const keyColumns = [
  'id',
  'owner_id',
  'name',
  'prefix',
  'permissions',
  'created_at',
  'expires_at',
  'last_used_at',
  'revoked_at',
] as const

export async function insertApiKey(tx: Tx, row: ApiKeyTable): Promise<void> {
  await tx.insertInto('api_keys').values(row).execute()
}

export function findApiKey(db: Db, id: string): Promise<ApiKeyRow | undefined> {
  return db.selectFrom('api_keys').select(keyColumns).where('id', '=', id).executeTakeFirst()
}

export function listApiKeys(
  db: Db,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<ApiKeyRow[]> {
  return db
    .selectFrom('api_keys')
    .select(keyColumns)
    .$if(after !== undefined, (query) => query.where('id', '<', after ?? ''))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
}

export const revokeApiKeyRow = preparedWrite<{ id: string; now: number }>((db, param) =>
  db
    .updateTable('api_keys')
    .set({ revoked_at: param('now') })
    .where('id', '=', param('id'))
    .where('revoked_at', 'is', null),
)

export const touchApiKey = preparedWrite<{ id: string; now: number }>((db, param) =>
  db
    .updateTable('api_keys')
    .set({ last_used_at: param('now') })
    .where('id', '=', param('id')),
)

export interface RoleRow {
  readonly code: string
  readonly name: string
  readonly description: string
  readonly permissions: string
  readonly version: number
  readonly created_at: number
  readonly updated_at: number
}

export function listRoleRows(db: Db): Promise<RoleRow[]> {
  return db.selectFrom('roles').selectAll().orderBy('code').limit(200).execute()
}

export function findRole(db: Db, code: string): Promise<RoleRow | undefined> {
  return db.selectFrom('roles').selectAll().where('code', '=', code).executeTakeFirst()
}

export function insertRole(tx: Tx, row: Omit<RoleRow, 'version'>): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'roles', { ...row })
}

export async function updateRole(
  tx: Tx,
  { code, version, now }: { code: string; version: number | undefined; now: number },
  change: { name?: string; description?: string; permissions?: string },
): Promise<boolean> {
  const result = await tx
    .updateTable('roles')
    .set((set) => ({ ...change, version: set('version', '+', 1), updated_at: now }))
    .where('code', '=', code)
    .$if(version !== undefined, (query) => query.where('version', '=', version ?? 0))
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** False if there is an account that has it, or no such role. */
export async function deleteUnusedRole(tx: Tx, code: string): Promise<boolean> {
  const result = await tx
    .deleteFrom('roles')
    .where('code', '=', code)
    .where((where) =>
      where.not(where.exists(where.selectFrom('customers').select('id').where('role', '=', code))),
    )
    .executeTakeFirst()
  return result.numDeletedRows === 1n
}
