import type { Context } from '../../context.ts'
import { invalid, notFound } from '../../core/errors.ts'
import type { Tx } from '../../db/database.ts'
import type { Client } from '../access/sessions.ts'
import { record } from '../audit/log.ts'
import { againIfTaken } from './customers.ts'
import { notify } from './notices.ts'
import { findTokenById, retireAllTokens } from './one-time-queries.ts'
import { inNameOfLink, sendLink, useToken, type TokenData } from './one-time-tokens.ts'
import { assertOwner, type Owner } from './own-account.ts'
import {
  findCustomerByLogin,
  lockCustomer,
  loginKey,
  updateCustomer,
  type CustomerRow,
} from './queries.ts'

/**
 * Asks both addresses, the old and the new one, whether the address is to change. Whether the new
 * one is taken is found out at the end, since whoever asks must not learn it.
 */
export async function requestEmailChange(
  ctx: Context,
  owner: Owner,
  { email, password }: { email: string; password: string | undefined },
): Promise<void> {
  await assertOwner(ctx, owner, password)
  await ctx.db.transaction(async (tx) => {
    const customer = await lockCustomer(tx, owner.customerId)
    if (!customer) throw notFound('User')
    if (loginKey(email) === loginKey(customer.email)) {
      throw invalid('new_email', 'is the address that the account has')
    }
    const [oldId, newId] = [ctx.newId(), ctx.newId()]
    const facts = { email, from: customer.email }
    const customerId = customer.id
    const forOld = { id: oldId, customerId, data: { ...facts, partner: newId } }
    const forNew = { id: newId, customerId, data: { ...facts, partner: oldId } }
    if (!(await sendLink(ctx, tx, { ...forOld, purpose: 'change_email_old' }))) return
    await sendLink(ctx, tx, { ...forNew, purpose: 'change_email_new' })
  })
}

/** `waiting`: the other address has not agreed yet. `agreed`: both have; a mail tells the rest. */
export type Agreement = 'waiting' | 'agreed'

/**
 * One of the two addresses agrees. When both have, the account gets the new address, verified; or
 * if another account has it, the old one is told so. Throws INVALID_LINK.
 */
export function agreeToEmailChange(
  ctx: Context,
  token: string,
  client: Client,
): Promise<Agreement> {
  return againIfTaken(ctx, () =>
    ctx.db.transaction(async (tx) => {
      const purposes = ['change_email_old', 'change_email_new'] as const
      const { customer, data } = await useToken(ctx, tx, { token, purposes })
      // Whoever uses the other one at this moment waits for the lock of the account.
      const partner = await findTokenById(tx, data.partner ?? '')
      if (!partner || partner.used_at === null) return 'waiting'
      await changeAddress(ctx, tx, { customer, data, client })
      return 'agreed'
    }),
  )
}

async function changeAddress(
  ctx: Context,
  tx: Tx,
  { customer, data, client }: { customer: CustomerRow; data: TokenData; client: Client },
): Promise<void> {
  const { id } = customer
  const { email } = data
  if (await findCustomerByLogin(tx, { email })) {
    return notify(ctx, tx, { topic: 'account.email_change_refused', customer })
  }
  const now = ctx.clock.now()
  await updateCustomer(tx, { id, now }, { email, email_verified_at: now })
  await retireAllTokens(tx, { customer_id: id, now })
  await notify(ctx, tx, { topic: 'account.email_changed', customer })
  await record(inNameOfLink(ctx, customer, client), tx, {
    action: 'account.changed',
    subject: ['account', id],
    after: { fields: ['email'] },
  })
}
