import type { Context } from '../../context.ts'
import { timeView } from '../catalog/views.ts'
import type { IdentityRow } from './identities.ts'
import type { PasskeyRow } from './passkeys.ts'
import type { SecondFactorState } from './second-factor.ts'

const timeOrNull = (atMs: number | null) => (atMs === null ? null : timeView(atMs))

export function secondFactorView({ confirmedAt, recoveryCodesLeft }: SecondFactorState) {
  return {
    active: confirmedAt !== null,
    confirmed_at: timeOrNull(confirmedAt),
    recovery_codes_left: recoveryCodesLeft,
  }
}

export function passkeyView({ id, name, created_at, last_used_at }: PasskeyRow) {
  return { id, name, created_at: timeView(created_at), last_used_at: timeOrNull(last_used_at) }
}

/** A provider that is not configured any more has no name. */
export function identityView({ drivers }: Context, row: IdentityRow) {
  const { id, provider, subject, created_at } = row
  const current = drivers.identity?.key === provider ? drivers.identity.name : 'Former provider'
  return { id, provider: current, subject, created_at: timeView(created_at) }
}
