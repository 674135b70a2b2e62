import type { Context } from '../../context.ts'
import { notFound, ShopError } from '../../core/errors.ts'
import type { Reference } from '../../core/reference.ts'
import type { Db } from '../../db/database.ts'
import { refersToNothing } from '../../db/faults.ts'
import { record } from '../audit/log.ts'
import { getCustomer } from '../customer/customers.ts'
import { pricingChanged } from '../pricing/version.ts'
import {
  deleteGroup,
  deleteMember,
  findGroup,
  insertGroup,
  insertMember,
  listGroupRows,
  listGroupsOf,
  listMembers,
  updateGroup,
  type GroupPatch,
  type GroupRow,
} from './queries.ts'

/** All customer groups, by code. */
export function listGroups(db: Db): Promise<GroupRow[]> {
  return listGroupRows(db, {})
}

export async function getGroup(db: Db, id: string): Promise<GroupRow> {
  const group = await findGroup(db, id)
  if (!group) throw notFound('Customer group')
  return group
}

/** The ids of the groups that a customer is in. */
export function groupIdsOf(db: Db, customerId: string): Promise<string[]> {
  return listGroupsOf(db, customerId)
}

export interface NewGroup {
  readonly code: string
  readonly name: string
  readonly isTaxExempt: boolean
}

/** Creates a group. Refuses a code that is in use (ALREADY_EXISTS). */
export async function createGroup(ctx: Context, group: NewGroup): Promise<GroupRow> {
  const [id, now] = [ctx.newId(), ctx.clock.now()]
  return ctx.db.transaction(async (tx) => {
    const { code, name, isTaxExempt } = group
    const isNew = await insertGroup(tx, {
      id,
      code,
      name,
      is_tax_exempt: isTaxExempt ? 1 : 0,
      created_at: now,
      updated_at: now,
    })
    if (!isNew) throw new ShopError('ALREADY_EXISTS', { resource: 'customer group', field: 'code' })
    await pricingChanged(ctx, tx, {
      action: 'customer_group.created',
      subject: ['customer_group', id],
      after: group,
    })
    return getGroup(tx, id)
  })
}

/** Changes a group. Refuses with NOT_FOUND, VERSION_CONFLICT. */
export async function changeGroup(
  ctx: Context,
  { id, version }: { id: string; version: number | undefined },
  patch: GroupPatch,
): Promise<GroupRow> {
  return ctx.db.transaction(async (tx) => {
    const { version: current } = await getGroup(tx, id)
    const isDone = await updateGroup(tx, { id, version, now: ctx.clock.now() }, patch)
    if (!isDone) throw new ShopError('VERSION_CONFLICT', { current })
    await pricingChanged(ctx, tx, {
      action: 'customer_group.changed',
      subject: ['customer_group', id],
      after: patch,
    })
    return getGroup(tx, id)
  })
}

/** Deletes a group with its memberships. Refuses one that a price list is for (IN_USE). */
export async function removeGroup(ctx: Context, id: string): Promise<void> {
  try {
    await ctx.db.transaction(async (tx) => {
      await getGroup(tx, id)
      await deleteGroup(tx, id)
      await pricingChanged(ctx, tx, {
        action: 'customer_group.deleted',
        subject: ['customer_group', id],
      })
    })
  } catch (error) {
    if (!refersToNothing(ctx.db.dialect, error)) throw error
    throw new ShopError('IN_USE', { resource: 'The customer group' })
  }
}

/** One page of the members of a group, by number. */
export async function membersOf(
  ctx: Context,
  id: string,
  { limit, offset }: { limit: number; offset: number },
) {
  await getGroup(ctx.db.read, id)
  return listMembers(ctx.db.read, { groupId: id, limit, offset })
}

/** Puts a customer into a group; one who is in it stays there. */
export async function joinGroup(ctx: Context, id: string, by: Reference): Promise<void> {
  const customer = await getCustomer(ctx, by)
  await ctx.db.transaction(async (tx) => {
    await getGroup(tx, id)
    await insertMember(tx, { group_id: id, customer_id: customer.id })
    const subject = ['customer_group', id] as const
    const after = { customer_id: customer.id }
    await record(ctx, tx, { action: 'customer_group.joined', subject, after })
  })
}

/** Takes a customer out of a group. Refuses with NOT_FOUND who is not in it. */
export async function leaveGroup(ctx: Context, id: string, by: Reference): Promise<void> {
  const customer = await getCustomer(ctx, by)
  await ctx.db.transaction(async (tx) => {
    const isDone = await deleteMember(tx, { groupId: id, customerId: customer.id })
    if (!isDone) throw notFound('Member')
    const subject = ['customer_group', id] as const
    const before = { customer_id: customer.id }
    await record(ctx, tx, { action: 'customer_group.left', subject, before })
  })
}

export type { GroupRow }
