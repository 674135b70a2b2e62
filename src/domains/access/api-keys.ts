import { randomBytes } from 'node:crypto'
import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import { tokenHash } from '../../sealing.ts'
import { record } from '../audit/log.ts'
import { missingPermission, type Permission, type Principal } from './permissions.ts'
import { keyMark } from './principals.ts'
import {
  findApiKey,
  insertApiKey,
  listApiKeys,
  revokeApiKeyRow,
  type ApiKeyRow,
} from './queries.ts'

export interface NewApiKey {
  readonly name: string
  readonly permissions: readonly Permission[]
  /** UTC milliseconds; undefined: until it is revoked. */
  readonly expiresAt: number | undefined
}

/**
 * Makes a key; its text is returned here and never again, since only a hash is kept. FORBIDDEN
 * names the permission that its maker lacks.
 */
export async function createApiKey(
  ctx: Context,
  maker: Principal,
  { name, permissions, expiresAt }: NewApiKey,
): Promise<{ readonly key: ApiKeyRow; readonly text: string }> {
  const lacking = missingPermission(maker.permissions, permissions)
  if (lacking) throw new ShopError('FORBIDDEN', { permission: lacking })
  const now = ctx.clock.now()
  if (expiresAt !== undefined && expiresAt <= now) throw invalid('expires_at', 'is in the past')
  const text = `${keyMark}${randomBytes(32).toString('base64url')}`
  const row = {
    id: ctx.newId(),
    owner_id: maker.accountId,
    name,
    prefix: text.slice(0, prefixLength),
    permissions: JSON.stringify([...new Set(permissions)]),
    created_at: now,
    expires_at: expiresAt ?? null,
    last_used_at: null,
    revoked_at: null,
  }
  await ctx.db.transaction(async (tx) => {
    await insertApiKey(tx, { ...row, hash: tokenHash(text) })
    const after = { name, permissions, expires_at: expiresAt ?? null }
    await record(ctx, tx, { action: 'api_key.created', subject: ['api_key', row.id], after })
  })
  return { key: row, text }
}

const prefixLength = 9

/** Newest first; `after` is the id of the last key of the page before. */
export function apiKeys(
  ctx: Context,
  page: { after: string | undefined; limit: number },
): Promise<ApiKeyRow[]> {
  return listApiKeys(ctx.db.read, page)
}

export async function getApiKey(ctx: Context, id: string): Promise<ApiKeyRow> {
  const key = await findApiKey(ctx.db.read, id)
  if (!key) throw notFound('API key')
  return key
}

/** From the next request on the key opens nothing. Revoking it again changes nothing. */
export async function revokeApiKey(ctx: Context, id: string): Promise<ApiKeyRow> {
  await getApiKey(ctx, id)
  await ctx.db.transaction(async (tx) => {
    const { changes } = await revokeApiKeyRow(tx, { id, now: ctx.clock.now() })
    if (changes !== 1) return
    await record(ctx, tx, { action: 'api_key.revoked', subject: ['api_key', id] })
  })
  return getApiKey(ctx, id)
}

export type { ApiKeyRow }
