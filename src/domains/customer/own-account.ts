import type { Context } from '../../context.ts'
import { invalid, ShopError } from '../../core/errors.ts'
import type { Principal } from '../access/permissions.ts'
import { assertFreshSession } from '../access/sessions.ts'
import { changeCustomer, getCustomer, noPassword } from './customers.ts'
import { verifyPassword } from './passwords.ts'
import type { CustomerRow } from './queries.ts'

export type Owner = Principal & { readonly customerId: string }

/** That whoever holds the session knows the password too; throws INVALID_CREDENTIALS. */
export async function assertOwnPassword(
  ctx: Context,
  { customerId }: Owner,
  password: string,
): Promise<CustomerRow> {
  const customer = await getCustomer(ctx, { by: 'id', id: customerId })
  const { ok } = await verifyPassword(customer.password_hash, password)
  if (!ok) throw new ShopError('INVALID_CREDENTIALS')
  return customer
}

/**
 * The same for what people without a password must be able to do too: they have to have signed in
 * a moment ago (REAUTHENTICATION_REQUIRED).
 */
export async function assertOwner(
  ctx: Context,
  owner: Owner,
  password: string | undefined,
): Promise<void> {
  const customer = await getCustomer(ctx, { by: 'id', id: owner.customerId })
  if (customer.password_hash === noPassword) return assertFreshSession(ctx, owner.id)
  if (password === undefined) throw invalid('current_password', 'is required')
  await assertOwnPassword(ctx, owner, password)
}

/** A new password for one's own account: every other session of it ends. */
export async function changePassword(
  ctx: Context,
  owner: Owner,
  { current, password }: { current: string; password: string },
): Promise<CustomerRow> {
  const { id } = await assertOwnPassword(ctx, owner, current)
  return changeCustomer(ctx, { id, by: owner, isProved: true }, { password })
}
