import type { Context } from '../../context.ts'
import { notFound, ShopError } from '../../core/errors.ts'
import type { Tx } from '../../db/database.ts'
import { takenColumn } from '../../db/faults.ts'
import type { IdentityProvider, ProvidedIdentity } from '../../drivers/identity/driver.ts'
import { isSame } from '../../sealing.ts'
import { assertFreshSession, findLiveSession } from '../access/sessions.ts'
import { issueTicket, readTicket, type TicketFacts } from '../access/tickets.ts'
import { getCustomer, insertAccount, noPassword } from './customers.ts'
import {
  announceFactorChange,
  assertOtherWayIn,
  endOtherSessions,
  inNameOfCustomer,
} from './factor-changes.ts'
import type { Owner } from './own-account.ts'
import { findSecondFactor, lockAccount } from './factor-queries.ts'
import {
  deleteIdentityRow,
  findIdentity,
  insertIdentity,
  listIdentities,
  type IdentityRow,
} from './identity-queries.ts'
import { findCustomerByLogin, loginKey, type CustomerRow } from './queries.ts'
import { secondStepOf, type SecondStep } from './second-step.ts'
import { enter, type Entrance, type SignedIn } from './sign-in.ts'

/** The configured provider; without one, whatever has to do with it is not there. */
export function providerOf({ drivers }: Context): IdentityProvider {
  if (!drivers.identity) throw notFound('Sign-in provider')
  return drivers.identity
}

/** Where the provider sends people back to; it has to be registered there. */
export const callbackPath = '/api/v1/sessions/oidc/callback'

const callbackUrl = ({ config }: Context) => new URL(callbackPath, config.server.publicUrl)

export interface BegunFlow {
  /** Where the browser goes. */
  readonly url: string
  /** What the browser keeps meanwhile, in a cookie. */
  readonly ticket: string
}

/** Begins a sign-in at the provider. `returnTo` is a path of the shop, see `localUrl`. */
export function beginIdentitySignIn(ctx: Context, returnTo: string): Promise<BegunFlow> {
  return begin(ctx, { returnTo, link: undefined })
}

/** Begins to link an identity to one's account. Asks for a sign-in of a moment ago. */
export async function beginIdentityLink(
  ctx: Context,
  { customerId, id: sessionId }: Owner,
  returnTo: string,
): Promise<BegunFlow> {
  await assertFreshSession(ctx, sessionId)
  return begin(ctx, { returnTo, link: { customerId, sessionId } })
}

async function begin(
  ctx: Context,
  purpose: Pick<TicketFacts['identity_flow'], 'returnTo' | 'link'>,
): Promise<BegunFlow> {
  const provider = providerOf(ctx)
  const flow = provider.newFlow()
  const url = await provider.authorizationUrl(flow, callbackUrl(ctx).href)
  return { url, ticket: issueTicket(ctx, 'identity_flow', { ...flow, ...purpose }) }
}

export interface Return {
  /** What the browser has kept; undefined if it has nothing. */
  readonly ticket: string | undefined
  /** The query with which the provider sent it back. */
  readonly query: string
}

/** How a sign-in at the provider ends here. */
export type FlowEnd = { readonly returnTo: string } & (
  | { readonly kind: 'linked' }
  | { readonly kind: 'signed_in'; readonly signed: SignedIn }
  /** The account has a second factor, which is asked for here too. */
  | { readonly kind: 'second_factor'; readonly next: SecondStep }
)

/**
 * Ends what was begun. Throws SIGN_IN_FAILED, PROVIDER_UNAVAILABLE, EMAIL_NOT_VERIFIED and
 * ACCOUNT_NOT_LINKED; ALREADY_EXISTS and INVALID_TOKEN where an identity was to be linked.
 */
export async function finishIdentityFlow(
  ctx: Context,
  { ticket: text, query }: Return,
  entrance: Entrance,
): Promise<FlowEnd> {
  const provider = providerOf(ctx)
  const returned = callbackUrl(ctx)
  returned.search = query
  const flow = readTicket(ctx, 'identity_flow', text ?? '')?.facts
  if (!flow || !isSame(returned.searchParams.get('state') ?? '', flow.state)) {
    throw failed(provider, 'the sign-in was not begun in this browser, or too long ago')
  }
  const identity = await provider.identify(flow, returned)
  const { returnTo, link } = flow
  if (link) {
    await linkIdentity(ctx, { link, identity }, entrance)
    return { kind: 'linked', returnTo }
  }
  const customer = await orOnceMore(ctx, () => accountOf(ctx, identity, entrance))
  if (customer.disabled_at !== null) throw failed(provider, 'the account is blocked')
  const next = await secondStepOf(ctx, customer, 'oidc')
  if (next) return { kind: 'second_factor', next, returnTo }
  const signed = await enter(ctx, customer, { method: 'oidc', ...entrance })
  return { kind: 'signed_in', signed, returnTo }
}

const failed = ({ name: provider }: IdentityProvider, reason: string) =>
  new ShopError('SIGN_IN_FAILED', { provider, reason })

/** Of two who do the same at the same moment one is refused by a key, and finds what was done. */
async function orOnceMore<T>(ctx: Context, work: () => Promise<T>): Promise<T> {
  return work().catch((error: unknown) => {
    if (takenColumn(ctx.db.dialect, error) === undefined) throw error
    return work()
  })
}

/**
 * The account of an identity: the one it is linked to; else, by an e-mail address that the provider
 * has verified, the one that has it, or a new one.
 */
async function accountOf(
  ctx: Context,
  identity: ProvidedIdentity,
  entrance: Entrance,
): Promise<CustomerRow> {
  const provider = providerOf(ctx)
  const named = { provider: provider.key, subject: identity.subject }
  const known = await findIdentity(ctx.db.read, named)
  if (known) return getCustomer(ctx, { by: 'id', id: known.customer_id })
  const { email, isEmailVerified } = identity
  if (email === undefined || !isEmail.test(email) || !isEmailVerified) {
    throw new ShopError('EMAIL_NOT_VERIFIED', { provider: provider.name })
  }
  const existing = await findCustomerByLogin(ctx.db.read, { email })
  if (!existing) return createAccount(ctx, { identity, email }, entrance)
  if (existing.disabled_at !== null) throw failed(provider, 'the account is blocked')
  const acting = inNameOfCustomer(ctx, existing, entrance.client)
  await ctx.db.transaction((tx) => adopt(acting, tx, { account: existing, identity }))
  return existing
}

/** As strict as the address of an account has to be. */
const isEmail = /^[\w.!#$%&'*+/=?^`{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)*$/i

async function createAccount(
  ctx: Context,
  { identity, email }: { identity: ProvidedIdentity; email: string },
  { client }: Entrance,
): Promise<CustomerRow> {
  const id = ctx.newId()
  const { firstName, lastName } = identity
  const account = { id, email, firstName, lastName, passwordHash: noPassword, isVerified: true }
  const acting = inNameOfCustomer(ctx, account, client)
  await ctx.db.transaction(async (tx) => {
    await insertAccount(acting, tx, account)
    // Nothing was changed that its owner would have to be told of: the account begins with it.
    if (!(await insertIdentity(tx, identityRow(ctx, id, identity)))) throw taken()
  })
  return getCustomer(ctx, { by: 'id', id })
}

/**
 * Links an identity to the account that has its e-mail address, only where it is verified here too:
 * otherwise somebody could register with the address of another, and wait for them to come. An
 * account with a second factor is linked by whoever can show it, after signing in.
 */
async function adopt(
  ctx: Context,
  tx: Tx,
  { account, identity }: { account: CustomerRow; identity: ProvidedIdentity },
): Promise<void> {
  const locked = await lockAccount(tx, account.id)
  const factor = await findSecondFactor(tx, account.id)
  const isSafe =
    locked !== undefined &&
    locked.email_verified_at !== null &&
    locked.email_key === loginKey(identity.email ?? '') &&
    (factor?.confirmed_at ?? null) === null
  if (!isSafe) throw new ShopError('ACCOUNT_NOT_LINKED', { provider: providerOf(ctx).name })
  await keepIdentity(ctx, tx, { customerId: account.id, identity })
}

/** The account must still be signed in where this was begun; INVALID_TOKEN. */
async function linkIdentity(
  ctx: Context,
  {
    link,
    identity,
  }: {
    link: { readonly customerId: string; readonly sessionId: string }
    identity: ProvidedIdentity
  },
  { client }: Entrance,
): Promise<void> {
  const { customerId, sessionId } = link
  const session = await findLiveSession(ctx, sessionId)
  if (session?.customer_id !== customerId) throw new ShopError('INVALID_TOKEN')
  const customer = await getCustomer(ctx, { by: 'id', id: customerId })
  const acting = inNameOfCustomer(ctx, customer, client)
  await ctx.db.transaction((tx) => keepIdentity(acting, tx, { customerId, identity }))
}

/** Linking to the same account again changes nothing; to another: ALREADY_EXISTS. */
async function keepIdentity(
  ctx: Context,
  tx: Tx,
  { customerId, identity }: { customerId: string; identity: ProvidedIdentity },
): Promise<void> {
  const row = identityRow(ctx, customerId, identity)
  if (await insertIdentity(tx, row)) {
    await announceFactorChange(ctx, tx, { customerId, change: 'identity_linked' })
    return
  }
  if ((await findIdentity(tx, row))?.customer_id !== customerId) throw taken()
}

const taken = () => new ShopError('ALREADY_EXISTS', { resource: 'account', field: 'identity' })

function identityRow(ctx: Context, customerId: string, { subject }: ProvidedIdentity): IdentityRow {
  const { key: provider } = providerOf(ctx)
  const created_at = ctx.clock.now()
  return { id: ctx.newId(), customer_id: customerId, provider, subject, created_at }
}

export function identitiesOf(ctx: Context, customerId: string): Promise<IdentityRow[]> {
  return listIdentities(ctx.db.read, { customer_id: customerId })
}

/** Unlinks an identity; all other sessions end. Throws LAST_WAY_IN, REAUTHENTICATION_REQUIRED. */
export async function unlinkIdentity(ctx: Context, owner: Owner, id: string): Promise<void> {
  await assertFreshSession(ctx, owner.id)
  const { customerId } = owner
  await ctx.db.transaction(async (tx) => {
    await assertOtherWayIn(tx, customerId, id)
    const { changes } = await deleteIdentityRow(tx, { id, customer_id: customerId })
    if (changes !== 1) throw notFound('Identity')
    await endOtherSessions(ctx, tx, owner)
    await announceFactorChange(ctx, tx, { customerId, change: 'identity_unlinked' })
  })
}

/**
 * The address of a path on the shop's own origin; undefined for whatever leads elsewhere. Browsers
 * read `//host`, `/\host` and others as addresses, so it is they who are asked, and the whole
 * address is given out.
 */
export function localUrl({ config }: Context, path: string): URL | undefined {
  const { origin } = new URL(config.server.publicUrl)
  if (!path.startsWith('/') || !URL.canParse(path, origin)) return undefined
  const url = new URL(path, origin)
  return url.origin === origin ? url : undefined
}

export type { IdentityRow }
