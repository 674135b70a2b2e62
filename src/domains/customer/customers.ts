import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import type { Reference } from '../../core/reference.ts'
import type { Tx } from '../../db/database.ts'
import { takenColumn } from '../../db/faults.ts'
import {
  adminRole,
  customerRole,
  may,
  permissionsOf,
  type Principal,
} from '../access/permissions.ts'
import { assertMayGrant, lockAccess, permissionsOfRole } from '../access/roles.ts'
import { assertFreshSession, endAllSessions } from '../access/sessions.ts'
import { record } from '../audit/log.ts'
import { notify } from './notices.ts'
import { retireAllTokens } from './one-time-queries.ts'
import { sendLink } from './one-time-tokens.ts'
import { hashPassword, passwordProblem } from './passwords.ts'
import {
  countOtherAdmins,
  deleteCustomer,
  findCustomer,
  insertCustomer,
  lockCustomer,
  loginKey,
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

interface Names {
  readonly email?: string | undefined
  readonly username?: string | undefined
  /** What the password is called in the request. */
  readonly field?: string
}

/** Refuses a new password that is too weak, or holds the name of its owner. */
export function assertPassword(password: string, { field = 'password', ...names }: Names): void {
  const problem = passwordProblem(password, names)
  if (problem !== undefined) throw invalid(field, problem)
}

/** Says ALREADY_EXISTS when another account has the e-mail address or user name. */
export async function orTaken<T>({ db }: Context, write: () => Promise<T>): Promise<T> {
  return write().catch((error: unknown) => {
    const field = takenColumn(db.dialect, error)?.replace(/_key$/, '')
    throw field ? new ShopError('ALREADY_EXISTS', { resource: 'account', field }) : error
  })
}

/** Runs `work` once more when another account got the name meanwhile: now it can see that. */
export async function againIfTaken<T>({ db }: Context, work: () => Promise<T>): Promise<T> {
  return work().catch((error: unknown) => {
    if (takenColumn(db.dialect, error) === undefined) throw error
    return work()
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
  /** They have just shown that they know the password. */
  readonly isProved?: boolean
}

/**
 * Changes an account. A new e-mail address has to be verified again, and its owner hears of it at
 * the old one; a new password ends every session but the one that changed it. Whoever changes
 * either of their own must have signed in a moment ago (REAUTHENTICATION_REQUIRED).
 */
export async function changeCustomer(
  ctx: Context,
  at: ChangeOf,
  change: CustomerChange,
): Promise<CustomerRow> {
  const { id, by, isProved = false } = at
  const { password } = change
  const seen = await getCustomer(ctx, { by: 'id', id })
  const takesOver = password !== undefined || isNewAddress(seen, change)
  if (takesOver && !isProved && by.customerId === id) await assertFreshSession(ctx, by.id)
  if (password !== undefined) {
    assertPassword(password, { email: seen.email, username: seen.username ?? undefined, ...change })
  }
  const passwordHash = password === undefined ? undefined : await hashPassword(password)
  await orTaken(ctx, () =>
    ctx.db.transaction((tx) => changeIn(ctx, tx, { at, change, passwordHash })),
  )
  return getCustomer(ctx, { by: 'id', id })
}

function isNewAddress(
  customer: CustomerRow,
  change: CustomerChange,
): change is CustomerChange & { readonly email: string } {
  const { email } = change
  return email !== undefined && loginKey(email) !== loginKey(customer.email)
}

interface Changing {
  readonly at: ChangeOf
  readonly change: CustomerChange
  readonly passwordHash: string | undefined
}

async function changeIn(
  ctx: Context,
  tx: Tx,
  { at, change, passwordHash }: Changing,
): Promise<void> {
  const { id, by, version } = at
  const customer = await lockAccount(tx, id)
  await assertMayManage(tx, by, customer)
  const now = ctx.clock.now()
  const patch = patchOf(ctx, change, passwordHash)
  const hasNewAddress = isNewAddress(customer, change)
  const unverified = hasNewAddress ? { email_verified_at: null } : {}
  const changed = await updateCustomer(tx, { id, now, version }, { ...patch, ...unverified })
  if (!changed) throw new ShopError('VERSION_CONFLICT', { current: customer.version })
  const hasNewPassword = passwordHash !== undefined
  if (hasNewAddress || hasNewPassword) await retireAllTokens(tx, { customer_id: id, now })
  if (hasNewPassword) await announcePassword(ctx, tx, { customer, by })
  if (isNewAddress(customer, change)) {
    await announceAddress(ctx, tx, { customer, email: change.email })
  }
  await recordChange(ctx, tx, { id, by, fields: Object.keys(change) })
}

async function announcePassword(
  ctx: Context,
  tx: Tx,
  { customer, by }: { customer: CustomerRow; by: Principal },
): Promise<void> {
  const reason = 'password_changed'
  const except = by.customerId === customer.id ? by.id : undefined
  await endAllSessions(ctx, tx, { customerId: customer.id, reason, except })
  await notify(ctx, tx, { topic: 'account.password_changed', customer })
}

async function announceAddress(
  ctx: Context,
  tx: Tx,
  { customer, email }: { customer: CustomerRow; email: string },
): Promise<void> {
  await notify(ctx, tx, { topic: 'account.email_changed', customer })
  await sendLink(ctx, tx, { customerId: customer.id, purpose: 'verify_email', data: { email } })
}

function patchOf(
  ctx: Context,
  change: CustomerChange,
  passwordHash: string | undefined,
): CustomerPatch {
  const { username, email, firstName, lastName, postalAddress } = change
  return {
    ...(username === undefined ? {} : { username }),
    ...(email === undefined ? {} : { email }),
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
 * Before an administrator is taken away: there must be another one (LAST_ADMIN). The caller read
 * the account under `lockAccess`, so that two who remove each other cannot both be right.
 */
export async function assertNotLastAdmin(tx: Tx, customer: CustomerRow): Promise<void> {
  if (customer.role !== adminRole || customer.disabled_at !== null) return
  if ((await countOtherAdmins(tx, customer.id)) === 0) throw new ShopError('LAST_ADMIN')
}

/**
 * Whether somebody may erase an account: NOT_FOUND, FORBIDDEN, LAST_ADMIN. Until the end of the
 * transaction nobody is given other rights, so that it stays true.
 */
export async function assertErasable(tx: Tx, by: Principal, id: string): Promise<void> {
  await lockAccess(tx)
  const customer = await findCustomer(tx, { by: 'id', id })
  if (!customer) throw notFound('User')
  await assertMayManage(tx, by, customer)
  await assertNotLastAdmin(tx, customer)
}

/**
 * Takes an account away with all that belongs to it alone: sessions, keys, links, ways to sign in.
 * The caller has locked it and dealt with what stays.
 */
export async function dropAccount(tx: Tx, id: string): Promise<void> {
  const { changes } = await deleteCustomer(tx, { id })
  if (changes !== 1) throw notFound('User')
}

/** The account, which until the end of the transaction nobody changes or adds anything to. */
export async function lockAccount(tx: Tx, id: string): Promise<CustomerRow> {
  const customer = await lockCustomer(tx, id)
  if (!customer) throw notFound('User')
  return customer
}

export type { CustomerRow }
