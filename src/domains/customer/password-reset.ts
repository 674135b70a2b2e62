import type { Context } from '../../context.ts'
import { enqueue } from '../../db/outbox.ts'
import { endAllSessions, type Client } from '../access/sessions.ts'
import { record } from '../audit/log.ts'
import { assertPassword, getCustomer } from './customers.ts'
import { notify, sealText, unsealText } from './notices.ts'
import { findTokenById, retireAllTokens } from './one-time-queries.ts'
import { inNameOfLink, peekToken, sendLink, useToken } from './one-time-tokens.ts'
import { hashPassword } from './passwords.ts'
import { findCustomerByLogin, lockCustomer, updateCustomer } from './queries.ts'

const purposes = ['reset_password'] as const

/**
 * Notes that somebody wants a new password. Whether there is such an account is looked up when the
 * request is over, so that neither the answer nor its time can tell.
 */
export async function requestReset(ctx: Context, email: string): Promise<void> {
  const payload = { sealed_email: sealText(ctx, email) }
  await ctx.db.transaction((tx) => enqueue(ctx, tx, { topic: 'account.reset_requested', payload }))
}

/** Mails the link, if there is an account. `id` is that of the event: a repetition does nothing. */
export async function takeResetRequest(
  ctx: Context,
  { id, sealed }: { id: string; sealed: unknown },
): Promise<void> {
  const email = unsealText(ctx, sealed)
  if (email === undefined) return
  await ctx.db.transaction(async (tx) => {
    const found = await findCustomerByLogin(tx, { email })
    const customer = found && (await lockCustomer(tx, found.id))
    if (!customer || customer.disabled_at !== null) return
    if (await findTokenById(tx, id)) return
    const data = { email: customer.email }
    await sendLink(ctx, tx, { id, customerId: customer.id, purpose: 'reset_password', data })
  })
}

export interface Reset {
  readonly token: string
  readonly password: string
  readonly client: Client
}

/**
 * A new password for whoever got the token: all sessions end, all other links die, and the address
 * is verified, since the token came there. Throws INVALID_LINK, and VALIDATION_ERROR for a weak
 * password, which leaves the token good.
 */
export async function resetPassword(
  ctx: Context,
  { token, password, client }: Reset,
): Promise<void> {
  const { row } = await peekToken(ctx, ctx.db.read, { token, purposes })
  const { email, username } = await getCustomer(ctx, { by: 'id', id: row.customer_id })
  assertPassword(password, { email, username: username ?? undefined, field: 'new_password' })
  const passwordHash = await hashPassword(password)
  await ctx.db.transaction(async (tx) => {
    const { customer } = await useToken(ctx, tx, { token, purposes })
    const { id } = customer
    const now = ctx.clock.now()
    await updateCustomer(
      tx,
      { id, now },
      {
        password_hash: passwordHash,
        password_changed_at: now,
        email_verified_at: customer.email_verified_at ?? now,
      },
    )
    await endAllSessions(ctx, tx, { customerId: id, reason: 'password_reset' })
    await retireAllTokens(tx, { customer_id: id, now })
    await notify(ctx, tx, { topic: 'account.password_changed', customer })
    await record(inNameOfLink(ctx, customer, client), tx, {
      action: 'account.password_reset',
      subject: ['account', id],
    })
  })
}
