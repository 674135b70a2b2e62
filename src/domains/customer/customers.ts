import { hash as hashArgon2, verify as verifyArgon2, type Options } from '@node-rs/argon2'
import type { Context } from '../../context.ts'
import { notFound, ShopError } from '../../core/errors.ts'
import type { Reference } from '../../core/reference.ts'
import { takenColumn } from '../../db/faults.ts'
import { mergeCarts } from '../cart/merge.ts'
import { may, type Principal } from './permissions.ts'
import {
  deleteCustomer,
  findCustomer,
  findCustomerByLogin,
  insertCustomer,
  updateCustomer,
  type CustomerPatch,
  type CustomerRow,
} from './queries.ts'
import type { Role } from './tables.ts'
import { issueAccessToken } from './tokens.ts'

/** Argon2id with 19 MiB, two passes, one lane: OWASP Password Storage Cheat Sheet. */
const argon2: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export interface NewCustomer {
  readonly username?: string | undefined
  readonly email: string
  readonly name?: string | undefined
  readonly password: string
  readonly role?: Role
}

/** Creates an account. ALREADY_EXISTS names the field, e-mail or user name, that is taken. */
export async function register(ctx: Context, customer: NewCustomer): Promise<CustomerRow> {
  const passwordHash = await hashArgon2(customer.password, argon2)
  const id = ctx.newId()
  const now = ctx.clock.now()
  await orTaken(ctx, () =>
    ctx.db.transaction(async (tx) => {
      await insertCustomer(tx, {
        id,
        username: customer.username ?? null,
        email: customer.email,
        name: customer.name ?? null,
        password_hash: passwordHash,
        role: customer.role ?? 'customer',
        created_at: now,
        updated_at: now,
      })
    }),
  )
  return getCustomer(ctx, { by: 'id', id })
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
  const isOwn = customer?.id === principal.customerId
  if (!isOwn && !may(principal, 'customer:manage')) {
    throw new ShopError('FORBIDDEN', { permission: 'customer:manage' })
  }
  if (!customer) throw notFound('User')
  return customer
}

export interface Credentials {
  readonly login: { readonly email: string } | { readonly username: string }
  readonly password: string
  /** The session whose cart becomes the customer's. */
  readonly sessionKey: string | undefined
}

export interface SignedIn {
  readonly customer: CustomerRow
  readonly token: string
}

/** Signs in, and gives the session's cart to the customer. Refuses with INVALID_CREDENTIALS. */
export async function signIn(ctx: Context, credentials: Credentials): Promise<SignedIn> {
  const customer = await findCustomerByLogin(ctx.db.read, credentials.login)
  const isRight = await verifyArgon2(
    customer?.password_hash ?? (await dummyHash()),
    credentials.password,
    argon2,
  )
  if (!customer || !isRight) throw new ShopError('INVALID_CREDENTIALS')
  const { sessionKey } = credentials
  if (sessionKey !== undefined) {
    await mergeCarts(ctx, { sessionKey, customerId: customer.id })
  }
  const { id: customerId, number, role } = customer
  return { customer, token: await issueAccessToken(ctx, { customerId, number, role }) }
}

let dummy: Promise<string> | undefined

/** Checked when there is no such account, so that its absence cannot be told by the time taken. */
function dummyHash(): Promise<string> {
  dummy ??= hashArgon2('nobody has this password', argon2)
  return dummy
}

export interface CustomerChange {
  readonly username?: string | undefined
  readonly email?: string | undefined
  readonly name?: string | undefined
  readonly password?: string | undefined
}

export async function changeCustomer(
  ctx: Context,
  id: string,
  { username, email, name, password }: CustomerChange,
): Promise<CustomerRow> {
  const patch: CustomerPatch = {
    ...(username === undefined ? {} : { username }),
    ...(email === undefined ? {} : { email }),
    ...(name === undefined ? {} : { name }),
    ...(password === undefined ? {} : { password_hash: await hashArgon2(password, argon2) }),
  }
  const changed = await orTaken(ctx, () =>
    ctx.db.transaction((tx) => updateCustomer(tx, { id, now: ctx.clock.now() }, patch)),
  )
  if (!changed) throw notFound('User')
  return getCustomer(ctx, { by: 'id', id })
}

export async function removeCustomer(ctx: Context, id: string): Promise<void> {
  const { changes } = await ctx.db.transaction((tx) => deleteCustomer(tx, { id }))
  if (changes !== 1) throw notFound('User')
}

export type { CustomerRow }
