import type { Generated } from 'kysely'

/** How somebody has signed in. */
export type SignInMethod = 'password' | 'passkey' | 'oidc' | 'setup'

export interface RoleTable {
  code: string
  name: string
  description: string
  /** JSON list of permissions. */
  permissions: string
  version: Generated<number>
  created_at: number
  updated_at: number
}

export interface SessionTable {
  id: string
  customer_id: string
  method: SignInMethod
  refresh_hash: string
  generation: Generated<number>
  rotated_at: number
  user_agent: string
  ip: string
  created_at: number
  last_used_at: number
  expires_at: number
  ended_at: number | null
  end_reason: string | null
}

export interface SigningKeyTable {
  id: string
  turn: number
  algorithm: SigningAlgorithm
  sealed_key: string
  public_key: string | null
  created_at: number
  retired_at: number | null
  expires_at: number | null
}

export type SigningAlgorithm = 'EdDSA' | 'HS256'

export interface ApiKeyTable {
  id: string
  owner_id: string
  name: string
  prefix: string
  hash: string
  permissions: string
  created_at: number
  expires_at: number | null
  last_used_at: number | null
  revoked_at: number | null
}

export interface AccessTables {
  roles: RoleTable
  sessions: SessionTable
  signing_keys: SigningKeyTable
  api_keys: ApiKeyTable
}
