import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import { refersToNothing } from '../../db/faults.ts'
import { firstTokens, startSession, type Client, type SessionTokens } from '../access/sessions.ts'
import type { SignInMethod } from '../access/tables.ts'
import { mergeCarts } from '../cart/merge.ts'
import { hashPassword, verifyPassword } from './passwords.ts'
import { secondStepOf } from './second-step.ts'
import { findCustomerByLogin, updateCustomer, type CustomerRow, type Login } from './queries.ts'
import { slowingDown } from './slow-down.ts'

/** Where somebody signs in from, and what is to come of it. */
export interface Entrance {
  readonly client: Client
  /** The session whose cart becomes the customer's. */
  readonly sessionKey: string | undefined
  /** How long an access token lasts; the shop's setting if it is not given. */
  readonly accessSeconds?: number | undefined
}

export interface Credentials {
  readonly login: Login
  readonly password: string
}

export interface SignedIn {
  readonly customer: CustomerRow
  readonly tokens: SessionTokens
}

/**
 * Signs in by password, and gives the session's cart to the customer. INVALID_CREDENTIALS does not
 * say which of the two is wrong, and takes as long whether there is such an account or not;
 * TOO_MANY_REQUESTS for whoever has failed too often. Where the account has a second factor,
 * SECOND_FACTOR_REQUIRED says how to go on.
 */
export async function signIn(
  ctx: Context,
  credentials: Credentials,
  entrance: Entrance,
): Promise<SignedIn> {
  const { login } = credentials
  const name = 'email' in login ? login.email : login.username
  const attempt = { login: name, ip: entrance.client.ip }
  const customer = await slowingDown(ctx, attempt, () => checkPassword(ctx, credentials))
  const next = await secondStepOf(ctx, customer, 'password')
  if (next) throw new ShopError('SECOND_FACTOR_REQUIRED', { ...next })
  return enter(ctx, customer, { method: 'password', ...entrance })
}

async function checkPassword(ctx: Context, { login, password }: Credentials): Promise<CustomerRow> {
  const customer = await findCustomerByLogin(ctx.db.read, login)
  const { ok, needsRehash } = await verifyPassword(customer?.password_hash, password)
  if (!customer || !ok || customer.disabled_at !== null) throw new ShopError('INVALID_CREDENTIALS')
  if (needsRehash) await upgradeHash(ctx, customer, password)
  return customer
}

/** An imported or outdated hash becomes one of ours, unless the password was changed meanwhile. */
async function upgradeHash(ctx: Context, customer: CustomerRow, password: string): Promise<void> {
  const { id, password_hash: passwordHash } = customer
  const fresh = await hashPassword(password)
  const now = ctx.clock.now()
  await ctx.db.transaction((tx) =>
    updateCustomer(tx, { id, now, passwordHash }, { password_hash: fresh }),
  )
}

/** Begins a session for somebody who has proved who they are. */
export async function enter(
  ctx: Context,
  customer: CustomerRow,
  entrance: Entrance & { readonly method: SignInMethod },
): Promise<SignedIn> {
  const { sessionKey, ...rest } = entrance
  const session = { owner: customer, ...rest }
  const sessionId = await unlessErased(ctx, async () => {
    if (sessionKey !== undefined) await mergeCarts(ctx, { sessionKey, customerId: customer.id })
    return ctx.db.transaction((tx) => startSession(ctx, tx, session))
  })
  return { customer, tokens: await firstTokens(ctx, session, sessionId) }
}

/** An account that is erased at this moment was not there. */
async function unlessErased<T>({ db }: Context, work: () => Promise<T>): Promise<T> {
  return work().catch((error: unknown) => {
    throw refersToNothing(db.dialect, error) ? new ShopError('INVALID_CREDENTIALS') : error
  })
}
