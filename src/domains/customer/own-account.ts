import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import type { Principal } from '../access/permissions.ts'
import { changeCustomer, getCustomer } from './customers.ts'
import { verifyPassword } from './passwords.ts'
import type { CustomerRow } from './queries.ts'

type Owner = Principal & { readonly customerId: string }

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

/** A new password for one's own account: every other session of it ends. */
export async function changePassword(
  ctx: Context,
  owner: Owner,
  { current, password }: { current: string; password: string },
): Promise<CustomerRow> {
  const { id } = await assertOwnPassword(ctx, owner, current)
  return changeCustomer(ctx, { id, by: owner }, { password })
}
