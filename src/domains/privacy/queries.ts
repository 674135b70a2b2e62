import { sql } from 'kysely'
import { preparedQuery } from '../../db/prepared.ts'

interface Of {
  readonly id: string
}

export interface KeptSession {
  readonly id: string
  readonly method: string
  readonly user_agent: string
  readonly ip: string
  readonly created_at: number
  readonly last_used_at: number
  readonly expires_at: number
  readonly ended_at: number | null
  readonly end_reason: string | null
}

/** Every session of an account that is still known, over or not, newest first. */
export const listSessionsOf = preparedQuery<Of, KeptSession>((db, param) =>
  db
    .selectFrom('sessions')
    .select(['id', 'method', 'user_agent', 'ip', 'created_at', 'last_used_at', 'expires_at'])
    .select(['ended_at', 'end_reason'])
    .where('customer_id', '=', param('id'))
    .orderBy('created_at', 'desc'),
)

export interface KeptKey {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly permissions: string
  readonly created_at: number
  readonly expires_at: number | null
  readonly last_used_at: number | null
  readonly revoked_at: number | null
}

export const listKeysOf = preparedQuery<Of, KeptKey>((db, param) =>
  db
    .selectFrom('api_keys')
    .select(['id', 'name', 'prefix', 'permissions'])
    .select(['created_at', 'expires_at', 'last_used_at', 'revoked_at'])
    .where('owner_id', '=', param('id'))
    .orderBy('id', 'desc'),
)

export interface SignInWay {
  readonly kind: 'passkey' | 'provider' | 'authenticator'
  /** What its owner knows it by. */
  readonly name: string
  readonly created_at: number
  readonly last_used_at: number | null
}

/** How somebody can sign in beside a password; of secrets nothing but that there is one. */
export const listSignInWays = preparedQuery<Of, SignInWay>(
  (_db, param) => sql<SignInWay>`
    select 'passkey' as kind, name, created_at, last_used_at from passkeys
      where customer_id = ${param('id')}
    union all select 'provider', provider, created_at, null from identities
      where customer_id = ${param('id')}
    union all select 'authenticator', 'TOTP', created_at, null from second_factors
      where customer_id = ${param('id')}`,
)
