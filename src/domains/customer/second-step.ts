import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import type { SignInMethod } from '../access/tables.ts'
import { issueTicket, readTicket, type Ticket } from '../access/tickets.ts'
import { findSecondFactor } from './factor-queries.ts'
import { listPasskeys } from './passkey-queries.ts'
import { findCustomer, type CustomerRow } from './queries.ts'

/** What may be shown as the second factor of an account. */
export type SecondFactorMethod = 'totp' | 'recovery_code' | 'passkey'

export interface SecondStep {
  readonly challenge: string
  readonly methods: readonly SecondFactorMethod[]
}

/**
 * After the first factor was right: what is needed besides; undefined if that was enough. The
 * challenge is worth nothing without a code, and is good for five minutes.
 */
export async function secondStepOf(
  ctx: Context,
  { id: customerId, password_changed_at: passwordChangedAt }: CustomerRow,
  method: SignInMethod,
): Promise<SecondStep | undefined> {
  const factor = await findSecondFactor(ctx.db.read, customerId)
  if (!factor || factor.confirmed_at === null) return undefined
  const passkeys = await listPasskeys(ctx.db.read, { customer_id: customerId })
  return {
    challenge: issueTicket(ctx, 'second_factor', { customerId, method, passwordChangedAt }),
    methods: ['totp', 'recovery_code', ...(passkeys.length > 0 ? (['passkey'] as const) : [])],
  }
}

/** Whose sign-in a challenge belongs to; throws INVALID_CHALLENGE if that is over. */
export async function openChallenge(
  ctx: Context,
  challenge: string,
): Promise<{ readonly ticket: Ticket<'second_factor'>; readonly customer: CustomerRow }> {
  const ticket = readTicket(ctx, 'second_factor', challenge)
  if (!ticket) throw new ShopError('INVALID_CHALLENGE')
  const { customerId, passwordChangedAt } = ticket.facts
  const customer = await findCustomer(ctx.db.read, { by: 'id', id: customerId })
  const isOpen =
    customer?.disabled_at === null && customer.password_changed_at === passwordChangedAt
  if (!customer || !isOpen) throw new ShopError('INVALID_CHALLENGE')
  return { ticket, customer }
}
