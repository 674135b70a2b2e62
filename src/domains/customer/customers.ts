import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import type { Reference } from '../../core/reference.ts'
import type { Tx } from '../../db/database.ts'
import { takenColumn } from '../../db/faults.ts'
import { customerRole, may, permissionsOf, type Principal } from '../access/permissions.ts'
import { assertMayGrant, lockAccess, permissionsOfRole } from '../access/roles.ts'
import { endAllSessions } from '../access/sessions.ts'
import { record } from '../audit/log.ts'
import { hashPassword, passwordProblem } from './passwords.ts'
import {
  countOtherAdmins,
  deleteCustomer,
  findCustomer,
  insertCustomer,
  updateCustomer,
  type CustomerPatch,
  type CustomerRow,
} from './queries.ts'

export interface NewCustomer {
  readonly username?: string | undefined
  readonly email: string
  readonly firstName?: string | null | undefined
  readonly lastName?: string | null | undefined
  readonly postalAddress?: string | undefined
  /** Undefined for an account that is opened by other means than a password. */
  readonly password: string | undefined
  readonly role?: string
  readonly isVerified?: boolean
}

/** What stands for the hash where there is no password: no text has this hash. */
export const noPassword = '!'

/**
 * Creates an account. ALREADY_EXISTS names the field, e-mail or user name, that is taken;
 * VALIDATION_ERROR says what is wrong with the password.
 */
export async function register(ctx: Context, customer: NewCustomer): Promise<CustomerRow> {
  const { password } = customer
  if (password !== undefined) assertPassword(password, customer)
  const passwordHash = password === undefined ? noPassword : await hashPassword(password)
  const id = ctx.newId()
  await orTaken(ctx, () =>
    ctx.db.transaction((tx) => insertAccount(ctx, tx, { ...customer, id, passwordHash })),
  )
  return getCustomer(ctx, { by: 'id', id })
}

/** The same inside a transaction, for those who have hashed the password before it. */
export async function insertAccount(
  ctx: Context,
  tx: Tx,
  customer: Omit<NewCustomer, 'password'> & { id: string; passwordHash: string },
): Promise<void> {
  const now = ctx.clock.now()
  const { id, username, email, role = customerRole } = customer
  await insertCustomer(tx, {
    id,
    username: username ?? null,
    email,
    first_name: customer.firstName ?? null,
    last_name: customer.lastName ?? null,
    postal_address: customer.postalAddress ?? null,
    password_hash: customer.passwordHash,
    role,
    email_verified_at: customer.isVerified ? now : null,
    created_at: now,
    updated_at: now,
  })
  const subject = ['account', id] as const
  await record(ctx, tx, { action: 'account.created', subject, after: { role } })
}

type Names = { readonly email?: string | undefined; readonly username?: string | undefined }

/** Refuses a new password that is too weak, or holds the name of its owner. */
export function assertPassword(password: string, names: Names): void {
  const problem = passwordProblem(password, names)
  if (problem !== undefined) throw invalid('password', problem)
}

async function orTaken<T>({ db }: Context, write: () => Promise<T>): Promise<T> {
  return write().catch((error: unknown) => {
    const field = takenColumn(db.dialect, error)?.replace(/_key$/, '')
    throw field ? new ShopError('ALREADY_EXISTS', { resource: 'account', field }) : error
  })
}

export async function getCustomer(ctx: Context, by: Reference): Promise<CustomerRow> {
  const customer = await findCustomer(ctx.db.read, by)
  if (!customer) throw notFound('User')
  return customer
}

/** An account as its owner or staff may see it; to all others it is forbidden or not there. */
export async function getAccount(
  ctx: Context,
  by: Reference,
  principal: Principal,
): Promise<CustomerRow> {
  const customer = await findCustomer(ctx.db.read, by)
  const isOwn = customer !== undefined && customer.id === principal.customerId
  if (!isOwn && !may(principal, 'customer:read')) {
    throw new ShopError('FORBIDDEN', { permission: 'customer:read' })
  }
  if (!customer) throw notFound('User')
  return customer
}

/**
 * Whether somebody may change an account: their own, or as staff that holds every right the account
 * has. Otherwise support could make themselves administrators by changing one's password.
 */
export async function assertMayManage(
  tx: Tx,
  principal: Principal,
  { id, role }: Pick<CustomerRow, 'id' | 'role'>,
): Promise<void> {
  if (principal.customerId === id) return
  if (!may(principal, 'customer:manage')) {
    throw new ShopError('FORBIDDEN', { permission: 'customer:manage' })
  }
  // A role that is gone gives no rights: whoever has it is managed like a customer.
  assertMayGrant(
    principal,
    await permissionsOfRole(tx, role).catch(() => permissionsOf(role, null)),
  )
}

export interface CustomerChange {
  readonly username?: string | undefined
  readonly email?: string | undefined
  readonly firstName?: string | null | undefined
  readonly lastName?: string | null | undefined
  readonly postalAddress?: string | null | undefined
  readonly password?: string | undefined
}

/** Which account is changed, by whom, and which version of it they have seen. */
export interface ChangeOf {
  readonly id: string
  readonly by: Principal
  readonly version?: number | undefined
}

/**
 * Changes an account. A new e-mail address has to be verified again; a new password ends every
 * session but the one that changed it.
 */
export async function changeCustomer(
  ctx: Context,
  { id, by, version }: ChangeOf,
  change: CustomerChange,
): Promise<CustomerRow> {
  const { password } = change
  const seen = await getCustomer(ctx, { by: 'id', id })
  if (password !== undefined) {
    assertPassword(password, { email: seen.email, username: seen.username ?? undefined, ...change })
  }
  const passwordHash = password === undefined ? undefined : await hashPassword(password)
  const patch = patchOf(ctx, change, passwordHash)
  await orTaken(ctx, () =>
    ctx.db.transaction(async (tx) => {
      const customer = await findCustomer(tx, { by: 'id', id })
      if (!customer) throw notFound('User')
      await assertMayManage(tx, by, customer)
      const changed = await updateCustomer(tx, { id, now: ctx.clock.now(), version }, patch)
      if (!changed) throw new ShopError('VERSION_CONFLICT', { current: customer.version })
      if (passwordHash !== undefined) {
        const reason = 'password_changed'
        const except = by.customerId === id ? by.id : undefined
        await endAllSessions(ctx, tx, { customerId: id, reason, except })
      }
      await recordChange(ctx, tx, { id, by, fields: Object.keys(change) })
    }),
  )
  return getCustomer(ctx, { by: 'id', id })
}

function patchOf(
  ctx: Context,
  change: CustomerChange,
  passwordHash: string | undefined,
): CustomerPatch {
  const { username, email, firstName, lastName, postalAddress } = change
  return {
    ...(username === undefined ? {} : { username }),
    ...(email === undefined ? {} : { email, email_verified_at: null }),
    ...(firstName === undefined ? {} : { first_name: firstName }),
    ...(lastName === undefined ? {} : { last_name: lastName }),
    ...(postalAddress === undefined ? {} : { postal_address: postalAddress }),
    ...(passwordHash === undefined
      ? {}
      : { password_hash: passwordHash, password_changed_at: ctx.clock.now() }),
  }
}

/** What people do to their own data is theirs; what others do to it is in the log. */
async function recordChange(
  ctx: Context,
  tx: Tx,
  { id, by, fields }: { id: string; by: Principal; fields: readonly string[] },
): Promise<void> {
  const isOwn = by.customerId === id
  if (isOwn && !fields.includes('password') && !fields.includes('email')) return
  await record(ctx, tx, { action: 'account.changed', subject: ['account', id], after: { fields } })
}

/**
 * Before an administrator is taken away: there must be another one (LAST_ADMIN). Everybody who does
 * such a thing takes turns, so that two who remove each other cannot both be right.
 */
export async function assertNotLastAdmin(tx: Tx, id: string): Promise<void> {
  await lockAccess(tx)
  const customer = await findCustomer(tx, { by: 'id', id })
  if (customer?.role !== 'admin' || customer.disabled_at !== null) return
  if ((await countOtherAdmins(tx, id)) === 0) throw new ShopError('LAST_ADMIN')
}

/** Deletes an account; its orders stay in the books, without an owner. */
export async function removeCustomer(ctx: Context, id: string, by: Principal): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    const customer = await findCustomer(tx, { by: 'id', id })
    if (!customer) throw notFound('User')
    await assertMayManage(tx, by, customer)
    await assertNotLastAdmin(tx, id)
    const { changes } = await deleteCustomer(tx, { id })
    if (changes !== 1) throw notFound('User')
    await record(ctx, tx, { action: 'account.deleted', subject: ['account', id] })
  })
}

export type { CustomerRow }
