import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import { isSame, stamp, tokenHash } from '../../sealing.ts'
import { permissionsOf, type Permission, type Permissions, type Principal } from './permissions.ts'
import {
  findKeyPrincipal,
  findSessionPrincipal,
  touchApiKey,
  type SessionPrincipalRow,
} from './queries.ts'
import { keepSession, lastUseMs } from './sessions.ts'
import { readAccessToken } from './tokens.ts'

/** Whoever presents these credentials; throws INVALID_TOKEN. Looked up anew at every request. */
export async function principalOfBearer(ctx: Context, token: string): Promise<Principal> {
  if (token.startsWith(keyMark)) return principalOfKey(ctx, token)
  const { sessionId, customerId } = await readAccessToken(ctx, token)
  const row = await sessionRow(ctx, sessionId)
  if (row?.customer_id !== customerId) throw new ShopError('INVALID_TOKEN')
  return accountPrincipal(ctx, row)
}

/** API keys begin with this, so that they are found where they should not be. */
export const keyMark = 'ck_'

async function sessionRow(ctx: Context, id: string): Promise<SessionPrincipalRow | undefined> {
  return (await findSessionPrincipal(ctx.db.read, { id, now: ctx.clock.now() }))[0]
}

function accountPrincipal(ctx: Context, row: SessionPrincipalRow): Principal {
  const held = permissionsOf(row.role, row.permissions)
  const needsFactor = ctx.config.staffFactorRequired && held.size > 0 && !hasTwoFactors(row)
  return {
    kind: 'account',
    accountId: row.customer_id,
    id: row.id,
    name: row.email,
    customerId: row.customer_id,
    permissions: needsFactor ? new Set() : held,
    needsFactor,
  }
}

/** A passkey is two factors at once: the device, and what unlocks it. */
function hasTwoFactors({ method, factor_confirmed_at }: SessionPrincipalRow): boolean {
  return method === 'passkey' || factor_confirmed_at !== null
}

async function principalOfKey(ctx: Context, key: string): Promise<Principal> {
  const now = ctx.clock.now()
  const [row] = await findKeyPrincipal(ctx.db.read, { hash: tokenHash(key), now })
  if (!row) throw new ShopError('INVALID_TOKEN')
  if ((row.last_used_at ?? 0) < now - lastUseMs) {
    await ctx.db.transaction((tx) => touchApiKey(tx, { id: row.id, now }))
  }
  return {
    kind: 'key',
    accountId: row.owner_id,
    id: row.id,
    name: row.name,
    customerId: undefined,
    permissions: scopesWithin(row.scopes, permissionsOf(row.role, row.permissions)),
  }
}

/** A key can never do more than its owner can now, whatever it was made for. */
function scopesWithin(scopes: string, owned: Permissions): Permissions {
  return new Set((JSON.parse(scopes) as Permission[]).filter((scope) => owned.has(scope)))
}

/** The value of the cookie that stands for a session. */
export function sessionCookie(ctx: Context, sessionId: string): string {
  return `${sessionId}.${stamp(ctx.secrets, 'session-cookies', sessionId)}`
}

/** What a page must send back in `X-CSRF-Token`: other sites cannot read it. */
export function csrfToken(ctx: Context, sessionId: string): string {
  return stamp(ctx.secrets, 'csrf-tokens', sessionId)
}

export function isCsrfToken(ctx: Context, sessionId: string, given: string): boolean {
  return isSame(given, csrfToken(ctx, sessionId))
}

/** Whoever the cookie stands for; undefined if it is not ours or its session is over. */
export async function principalOfCookie(
  ctx: Context,
  cookie: string,
): Promise<Principal | undefined> {
  const sessionId = cookie.slice(0, uuidLength)
  if (!isSame(cookie, sessionCookie(ctx, sessionId))) return undefined
  const row = await sessionRow(ctx, sessionId)
  if (!row) return undefined
  if (row.last_used_at < ctx.clock.now() - lastUseMs) await keepSession(ctx, row)
  return accountPrincipal(ctx, row)
}

const uuidLength = 36
