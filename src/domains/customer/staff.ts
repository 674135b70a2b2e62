import type { Context } from '../../context.ts'
import { notFound, ShopError } from '../../core/errors.ts'
import { may, type Principal } from '../access/permissions.ts'
import { assertMayGrant, lockAccess, permissionsOfRole } from '../access/roles.ts'
import { endAllSessions } from '../access/sessions.ts'
import { record } from '../audit/log.ts'
import { assertMayManage, assertNotLastAdmin, getCustomer } from './customers.ts'
import {
  findCustomer,
  listCustomers,
  updateCustomer,
  type AccountFilter,
  type CustomerRow,
} from './queries.ts'

/** Accounts, newest first. */
export function searchAccounts(
  ctx: Context,
  filter: AccountFilter,
  page: { before: number | undefined; limit: number },
): Promise<CustomerRow[]> {
  return listCustomers(ctx.db.read, filter, page)
}

/**
 * Gives an account a role. The giver must hold every right of the role, and every right that the
 * account has already; the last administrator stays one (FORBIDDEN, LAST_ADMIN).
 */
export async function assignRole(
  ctx: Context,
  giver: Principal,
  { id, role }: { id: string; role: string },
): Promise<CustomerRow> {
  await ctx.db.transaction(async (tx) => {
    await lockAccess(tx)
    const customer = await findCustomer(tx, { by: 'id', id })
    if (!customer) throw notFound('User')
    assertMayGrant(giver, await permissionsOfRole(tx, role))
    const held = await permissionsOfRole(tx, customer.role).catch(() => new Set<never>())
    assertMayGrant(giver, held)
    if (role === customer.role) return
    await assertNotLastAdmin(tx, customer)
    await updateCustomer(tx, { id, now: ctx.clock.now() }, { role })
    await record(ctx, tx, {
      action: 'account.role_changed',
      subject: ['account', id],
      before: { role: customer.role },
      after: { role },
    })
  })
  return getCustomer(ctx, { by: 'id', id })
}

/** Blocks an account, which ends its sessions and stops its keys, or opens it again. */
export async function setBlocked(
  ctx: Context,
  by: Principal,
  { id, isBlocked }: { id: string; isBlocked: boolean },
): Promise<CustomerRow> {
  if (!may(by, 'customer:manage')) {
    throw new ShopError('FORBIDDEN', { permission: 'customer:manage' })
  }
  await ctx.db.transaction(async (tx) => {
    await lockAccess(tx)
    const customer = await findCustomer(tx, { by: 'id', id })
    if (!customer) throw notFound('User')
    await assertMayManage(tx, by, customer)
    if ((customer.disabled_at !== null) === isBlocked) return
    if (isBlocked) await assertNotLastAdmin(tx, customer)
    const now = ctx.clock.now()
    await updateCustomer(tx, { id, now }, { disabled_at: isBlocked ? now : null })
    if (isBlocked) await endAllSessions(ctx, tx, { customerId: id, reason: 'blocked' })
    const action = isBlocked ? 'account.blocked' : 'account.unblocked'
    await record(ctx, tx, { action, subject: ['account', id] })
  })
  return getCustomer(ctx, { by: 'id', id })
}
