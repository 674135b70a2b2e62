import type { Context } from '../../context.ts'
import { notFound, ShopError } from '../../core/errors.ts'
import type { Tx } from '../../db/database.ts'
import { lockSetting } from '../../db/settings.ts'
import { differences, record } from '../audit/log.ts'
import {
  builtInRoles,
  missingPermission,
  permissionsOf,
  type Permission,
  type Permissions,
  type Principal,
} from './permissions.ts'
import { deleteUnusedRole, findRole, insertRole, listRoleRows, updateRole } from './queries.ts'

export interface Role {
  readonly code: string
  readonly name: string
  readonly description: string
  readonly permissions: readonly Permission[]
  readonly isBuiltIn: boolean
  readonly version: number
}

/** The built-in roles, then those of the shop. */
export async function listRoles(ctx: Context): Promise<Role[]> {
  const own = await listRoleRows(ctx.db.read)
  const builtIn = Object.entries(builtInRoles).map(([code, role]) => builtInRole(code, role))
  return [...builtIn, ...own.map(ownRole)]
}

function builtInRole(code: string, role: (typeof builtInRoles)[string]): Role {
  return { code, ...role, isBuiltIn: true, version: 1 }
}

function ownRole(row: Awaited<ReturnType<typeof listRoleRows>>[number]): Role {
  const { code, name, description, version } = row
  const permissions = [...permissionsOf(code, row.permissions)]
  return { code, name, description, permissions, isBuiltIn: false, version }
}

export async function getRole(ctx: Context, code: string): Promise<Role> {
  const role = await findAnyRole(ctx.db.read, code)
  if (!role) throw notFound('Role')
  return role
}

async function findAnyRole(db: Context['db']['read'], code: string): Promise<Role | undefined> {
  const builtIn = Object.hasOwn(builtInRoles, code) ? builtInRoles[code] : undefined
  if (builtIn) return builtInRole(code, builtIn)
  const row = await findRole(db, code)
  return row && ownRole(row)
}

/** Who gives out rights takes turns, so that what was checked is still so when it is written. */
export function lockAccess(tx: Tx): Promise<void> {
  return lockSetting(tx, 'access')
}

/** What a role allows, as it stands in this transaction; NOT_FOUND if there is no such role. */
export async function permissionsOfRole(tx: Tx, code: string): Promise<Permissions> {
  const role = await findAnyRole(tx, code)
  if (!role) throw notFound('Role')
  return new Set(role.permissions)
}

export function assertMayGrant(giver: Principal, wanted: Iterable<Permission>): void {
  const lacking = missingPermission(giver.permissions, wanted)
  if (lacking) throw new ShopError('FORBIDDEN', { permission: lacking })
}

export interface NewRole {
  readonly code: string
  readonly name: string
  readonly description: string
  readonly permissions: readonly Permission[]
}

/** Makes a role of the shop's own. Nobody can put into it what they lack (FORBIDDEN). */
export async function createRole(ctx: Context, maker: Principal, role: NewRole): Promise<Role> {
  assertMayGrant(maker, role.permissions)
  const taken = new ShopError('ALREADY_EXISTS', { resource: 'role', field: 'code' })
  if (Object.hasOwn(builtInRoles, role.code)) throw taken
  const now = ctx.clock.now()
  const permissions = JSON.stringify([...new Set(role.permissions)])
  await ctx.db.transaction(async (tx) => {
    const row = { ...role, permissions, created_at: now, updated_at: now }
    if (!(await insertRole(tx, row))) throw taken
    await record(ctx, tx, { action: 'role.created', subject: ['role', role.code], after: role })
  })
  return getRole(ctx, role.code)
}

export type RoleChange = Partial<Omit<NewRole, 'code'>>

/** Changes a role of the shop's own; its maker must hold what it has and what it gets. */
export async function changeRole(
  ctx: Context,
  maker: Principal,
  { code, version, change }: { code: string; version: number | undefined; change: RoleChange },
): Promise<Role> {
  assertNotBuiltIn(code)
  await ctx.db.transaction(async (tx) => {
    await lockAccess(tx)
    const old = await findAnyRole(tx, code)
    if (!old) throw notFound('Role')
    assertMayGrant(maker, [...old.permissions, ...(change.permissions ?? [])])
    const { permissions, ...words } = change
    const listed = permissions && JSON.stringify([...new Set(permissions)])
    const at = { code, version, now: ctx.clock.now() }
    const patch = { ...words, ...(listed === undefined ? {} : { permissions: listed }) }
    if (!(await updateRole(tx, at, patch))) {
      throw new ShopError('VERSION_CONFLICT', { current: old.version })
    }
    const [before, after] = differences(old, change)
    await record(ctx, tx, { action: 'role.changed', subject: ['role', code], before, after })
  })
  return getRole(ctx, code)
}

/** Deletes a role of the shop's own that nobody has (IN_USE). */
export async function removeRole(ctx: Context, maker: Principal, code: string): Promise<void> {
  assertNotBuiltIn(code)
  await ctx.db.transaction(async (tx) => {
    await lockAccess(tx)
    const before = await findAnyRole(tx, code)
    if (!before) throw notFound('Role')
    assertMayGrant(maker, before.permissions)
    if (!(await deleteUnusedRole(tx, code))) throw new ShopError('IN_USE', { resource: 'The role' })
    await record(ctx, tx, { action: 'role.deleted', subject: ['role', code], before })
  })
}

function assertNotBuiltIn(code: string): void {
  if (Object.hasOwn(builtInRoles, code)) throw new ShopError('BUILT_IN', { resource: 'role', code })
}
