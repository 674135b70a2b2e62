import type { Context } from '../../context.ts'
import type { Tx } from '../../db/database.ts'
import { againIfTaken, noPassword } from './customers.ts'
import { useToken } from './one-time-tokens.ts'
import { findCustomerByLogin, lockCustomer, updateCustomer, type CustomerPatch } from './queries.ts'
import { sendVerification } from './registration.ts'

/** Mails a new link to somebody whose address is not verified yet. */
export async function requestVerification(ctx: Context, customerId: string): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    const customer = await lockCustomer(tx, customerId)
    if (customer?.email_verified_at === null) await sendVerification(ctx, tx, customer)
  })
}

/** The address of an account is its owner's: they got the token there. Throws INVALID_LINK. */
export async function verifyEmail(ctx: Context, token: string): Promise<void> {
  await againIfTaken(ctx, () => ctx.db.transaction((tx) => verifyIn(ctx, tx, token)))
}

async function verifyIn(ctx: Context, tx: Tx, token: string): Promise<void> {
  const purposes = ['verify_email'] as const
  const { customer, data } = await useToken(ctx, tx, { token, purposes })
  const { username, passwordHash } = data
  const isUnconfirmed = customer.password_hash === noPassword && passwordHash !== undefined
  const isFree = username && !(await findCustomerByLogin(tx, { username }))
  const now = ctx.clock.now()
  const patch: CustomerPatch = {
    email_verified_at: now,
    ...(isUnconfirmed ? { password_hash: passwordHash } : {}),
    // Somebody else may have taken the name meanwhile; it can be changed in the profile.
    ...(isUnconfirmed && isFree ? { username } : {}),
  }
  await updateCustomer(tx, { id: customer.id, now }, patch)
}
