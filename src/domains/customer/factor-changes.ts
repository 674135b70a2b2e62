import { actingAs, type Context } from '../../context.ts'
import { notFound, ShopError } from '../../core/errors.ts'
import type { Tx } from '../../db/database.ts'
import { enqueue } from '../../db/outbox.ts'
import { endAllSessions, type Client } from '../access/sessions.ts'
import { record } from '../audit/log.ts'
import { noPassword, type CustomerRow } from './customers.ts'
import { lockAccount } from './factor-queries.ts'
import { listIdentities } from './identity-queries.ts'
import type { Owner } from './own-account.ts'
import { listPasskeys } from './passkey-queries.ts'

/**
 * What may happen to the ways into an account, in `account.factor_changed`, and how its owner is
 * told.
 */
export const factorChanges = {
  second_factor_enabled: 'an authenticator app was added',
  second_factor_removed: 'the authenticator app was removed',
  recovery_codes_renewed: 'new recovery codes were made',
  recovery_code_used: 'a recovery code was used',
  passkey_added: 'a passkey was added',
  passkey_removed: 'a passkey was removed',
  identity_linked: 'another provider was linked',
  identity_unlinked: 'another provider was unlinked',
} as const

export type FactorChange = keyof typeof factorChanges

/** Writes a change down, in its transaction, and announces it, so that the owner can be told. */
export async function announceFactorChange(
  ctx: Context,
  tx: Tx,
  { customerId, change }: { customerId: string; change: FactorChange },
): Promise<void> {
  await record(ctx, tx, { action: `account.${change}`, subject: ['account', customerId] })
  const payload = { account_id: customerId, change, at: ctx.clock.now() }
  await enqueue(ctx, tx, { topic: 'account.factor_changed', payload })
}

/** Where a way in was taken away, whoever came in by it has to leave; the owner stays. */
export async function endOtherSessions(ctx: Context, tx: Tx, owner: Owner): Promise<void> {
  const { customerId, id: except } = owner
  await endAllSessions(ctx, tx, { customerId, reason: 'factor_removed', except })
}

/**
 * Before a passkey or an identity is taken away, in the same transaction: there must be another way
 * in than this one (LAST_WAY_IN).
 */
export async function assertOtherWayIn(tx: Tx, customerId: string, id: string): Promise<void> {
  const account = await lockAccount(tx, customerId)
  if (!account) throw notFound('User')
  if (account.password_hash !== noPassword) return
  const owned = { customer_id: customerId }
  const ways = [...(await listPasskeys(tx, owned)), ...(await listIdentities(tx, owned))]
  const isOwn = ways.some((way) => way.id === id)
  if (isOwn && ways.length === 1) throw new ShopError('LAST_WAY_IN')
}

/** The context in the name of somebody who is signing in, for what goes into the audit log. */
export function inNameOfCustomer(
  ctx: Context,
  { id, email }: Pick<CustomerRow, 'id' | 'email'>,
  { requestId, ip }: Client,
): Context {
  return actingAs(ctx, { kind: 'account', id, name: email, requestId, ip })
}
