import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import type { Tx } from '../../db/database.ts'
import { enqueue } from '../../db/outbox.ts'
import {
  againIfTaken,
  assertPassword,
  getCustomer,
  insertAccount,
  noPassword,
  orTaken,
  type CustomerRow,
  type NewCustomer,
} from './customers.ts'
import { sealText, unsealText } from './notices.ts'
import { sendLink } from './one-time-tokens.ts'
import { hashPassword } from './passwords.ts'
import { findCustomerByLogin, lockCustomer } from './queries.ts'

export type Registration = Pick<NewCustomer, 'username' | 'email' | 'firstName' | 'lastName'> & {
  readonly password: string
}

/**
 * Registers somebody by themselves, and mails a link by which they confirm their address. Where the
 * shop has it confirmed first, undefined is returned whether the address is taken or not, after
 * exactly the same work: what comes of it is found out when the request is over.
 * ALREADY_EXISTS names what is taken: the user name, or where that may be told, the address.
 */
export async function signUp(
  ctx: Context,
  registration: Registration,
): Promise<CustomerRow | undefined> {
  const { password, ...customer } = registration
  assertPassword(password, customer)
  if (ctx.config.registration === 'confirmed') {
    await requestRegistration(ctx, registration)
    return undefined
  }
  const passwordHash = await hashPassword(password)
  const id = ctx.newId()
  await orTaken(ctx, () =>
    ctx.db.transaction(async (tx) => {
      await insertAccount(ctx, tx, { ...customer, id, passwordHash })
      await sendVerification(ctx, tx, { id, email: customer.email })
    }),
  )
  return getCustomer(ctx, { by: 'id', id })
}

/** Mails the link that proves an address; false if that was asked for too often. */
export function sendVerification(
  ctx: Context,
  tx: Tx,
  { id: customerId, email }: Pick<CustomerRow, 'id' | 'email'>,
): Promise<boolean> {
  return sendLink(ctx, tx, { customerId, purpose: 'verify_email', data: { email } })
}

/** A registration that waits for its turn. */
interface Requested extends Omit<Registration, 'password'> {
  readonly passwordHash: string
}

async function requestRegistration(ctx: Context, registration: Registration): Promise<void> {
  const { password, ...customer } = registration
  const { username } = customer
  // Before the address is looked at, so that the answer says nothing about it.
  const holder = username && (await findCustomerByLogin(ctx.db.read, { username }))
  if (holder) throw new ShopError('ALREADY_EXISTS', { resource: 'account', field: 'username' })
  const requested: Requested = { ...customer, passwordHash: await hashPassword(password) }
  const sealed_registration = sealText(ctx, JSON.stringify(requested))
  const topic = 'account.registration_requested'
  await ctx.db.transaction((tx) => enqueue(ctx, tx, { topic, payload: { sealed_registration } }))
}

/**
 * What becomes of a registration that is to be confirmed: an account without a password, which
 * gets it and its user name with the confirmation, or a mail to whoever has the address already.
 * `id` is that of the event, so that a repetition finds what was done.
 */
export async function takeRegistration(
  ctx: Context,
  { id, sealed }: { id: string; sealed: unknown },
): Promise<void> {
  const text = unsealText(ctx, sealed)
  if (text === undefined) return
  const requested = JSON.parse(text) as Requested
  await againIfTaken(ctx, () =>
    ctx.db.transaction((tx) => takeRegistrationIn(ctx, tx, { id, requested })),
  )
}

async function takeRegistrationIn(
  ctx: Context,
  tx: Tx,
  { id, requested }: { id: string; requested: Requested },
): Promise<void> {
  const { username, email, firstName, lastName, passwordHash } = requested
  const owner = await findCustomerByLogin(tx, { email })
  if (owner?.id === id) return
  if (owner) return tellOwner(ctx, tx, owner)
  await insertAccount(ctx, tx, { id, email, firstName, lastName, passwordHash: noPassword })
  const data = { email, username, passwordHash }
  await sendLink(ctx, tx, { customerId: id, purpose: 'verify_email', data })
}

/** The link is one for a new password: perhaps they only forgot that they have an account. */
async function tellOwner(ctx: Context, tx: Tx, { id, email }: CustomerRow): Promise<void> {
  const owner = await lockCustomer(tx, id)
  if (!owner || owner.disabled_at !== null) return
  const data = { email, isTaken: true }
  await sendLink(ctx, tx, { customerId: id, purpose: 'reset_password', data })
}
