import { timeView } from '../catalog/views.ts'
import type { ApiKeyRow } from './api-keys.ts'
import { permissions, type Permission } from './permissions.ts'
import type { Role } from './roles.ts'
import type { SessionRow, SessionTokens } from './sessions.ts'

const timeOrNull = (atMs: number | null) => (atMs === null ? null : timeView(atMs))

export function roleView({ isBuiltIn, ...role }: Role) {
  return { ...role, permissions: [...role.permissions], built_in: isBuiltIn }
}

export function apiKeyView(row: ApiKeyRow) {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    owner_id: row.owner_id,
    permissions: JSON.parse(row.permissions) as string[],
    created_at: timeView(row.created_at),
    expires_at: timeOrNull(row.expires_at),
    last_used_at: timeOrNull(row.last_used_at),
    revoked_at: timeOrNull(row.revoked_at),
  }
}

export function sessionView(row: SessionRow, currentId: string) {
  return {
    id: row.id,
    current: row.id === currentId,
    method: row.method,
    user_agent: row.user_agent,
    ip: row.ip,
    created_at: timeView(row.created_at),
    last_used_at: timeView(row.last_used_at),
    expires_at: timeView(row.expires_at),
  }
}

export function tokensView(tokens: SessionTokens) {
  return {
    access_token: tokens.accessToken,
    token_type: 'Bearer' as const,
    expires_in: tokens.accessSeconds,
    refresh_token: tokens.refreshToken,
    refresh_expires_in: tokens.refreshSeconds,
  }
}

export function permissionViews() {
  return Object.entries(permissions).map(([name, allows]) => ({
    name: name as Permission,
    allows,
  }))
}
