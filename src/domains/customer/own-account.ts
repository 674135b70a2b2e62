import type { Context } from '../../context.ts'
import { invalid, ShopError } from '../../core/errors.ts'
import type { Principal } from '../access/permissions.ts'
import { assertFreshSession } from '../access/sessions.ts'
import { changeCustomer, getCustomer, noPassword } from './customers.ts'
import { countingGuesses } from './guesses.ts'
import { verifyPassword } from './passwords.ts'
import type { CustomerRow } from './queries.ts'

export type Owner = Principal & { readonly customerId: string }

/** That whoever holds the session knows the password too; throws INVALID_CREDENTIALS. */
async function assertOwnPassword(
  ctx: Context,
  { customerId }: Owner,
  password: string,
): Promise<CustomerRow> {
  return countingGuesses(ctx, { of: 'password', customerId }, async () => {
    const customer = await getCustomer(ctx, { by: 'id', id: customerId })
    const { ok } = await verifyPassword(customer.password_hash, password)
    if (!ok) throw new ShopError('INVALID_CREDENTIALS')
    return customer
  })
}

/**
 * That whoever holds the session is its owner: by the password, or where the account has none, by
 * having signed in a moment ago. Throws INVALID_CREDENTIALS or REAUTHENTICATION_REQUIRED.
 */
export async function assertOwner(
  ctx: Context,
  owner: Owner,
  password: string | undefined,
): Promise<CustomerRow> {
  const customer = await getCustomer(ctx, { by: 'id', id: owner.customerId })
  if (customer.password_hash === noPassword) {
    await assertFreshSession(ctx, owner.id)
    return customer
  }
  if (password === undefined) throw invalid('current_password', 'is required')
  return assertOwnPassword(ctx, owner, password)
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
