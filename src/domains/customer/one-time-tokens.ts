import { actingAs, type Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import type { Db, Tx } from '../../db/database.ts'
import { enqueue } from '../../db/outbox.ts'
import { stamp, tokenHash } from '../../sealing.ts'
import type { Client } from '../access/sessions.ts'
import {
  countTokensSince,
  deleteOldTokens,
  findTokenByHash,
  insertToken,
  retireTokens,
  useTokenRow,
  type TokenRow,
} from './one-time-queries.ts'
import { lockCustomer, loginKey, type CustomerRow } from './queries.ts'
import type { TokenPurpose } from './tables.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** How long a link works, and the same in words. */
export const lifetimes = {
  verify_email: { ms: 3 * dayMs, words: '3 days' },
  reset_password: { ms: hourMs, words: '1 hour' },
  change_email_old: { ms: dayMs, words: '24 hours' },
  change_email_new: { ms: dayMs, words: '24 hours' },
} as const satisfies Record<TokenPurpose, { ms: number; words: string }>

/** Nobody gets more mails of one kind in an hour, however often they are asked for. */
export const mailsPerHourMax = 5

/** What a token was made for, beside its purpose. */
export interface TokenData {
  /** The address it was sent to, or, for a change of address, the new one. */
  readonly email: string
  /** The address of the account when a change of it was asked for. */
  readonly from?: string
  /** The id of the token that the other of two addresses got. */
  readonly partner?: string
  /** Somebody tried to register with an address that has an account. */
  readonly isTaken?: boolean
  /** What a registration becomes when its address is confirmed. */
  readonly username?: string | undefined
  readonly passwordHash?: string
}

interface NewToken {
  readonly id?: string
  readonly customerId: string
  readonly purpose: TokenPurpose
  readonly data: TokenData
}

/**
 * Has a link mailed that is good once. Those sent before for the same purpose are dead from now on.
 * The caller holds the lock of the account; false if too many were asked for: nothing is sent then,
 * and the last one stays good.
 */
export async function sendLink(ctx: Context, tx: Tx, token: NewToken): Promise<boolean> {
  const now = ctx.clock.now()
  const { id = ctx.newId(), customerId, purpose, data } = token
  const of = { customer_id: customerId, purpose }
  const [counted] = await countTokensSince(tx, { ...of, since: now - hourMs })
  if (Number(counted?.count) >= mailsPerHourMax) return false
  await retireTokens(tx, { ...of, now })
  await insertToken(tx, {
    ...of,
    id,
    hash: tokenHash(tokenText(ctx, { id, purpose })),
    data: JSON.stringify(data),
    created_at: now,
    expires_at: now + lifetimes[purpose].ms,
  })
  await enqueue(ctx, tx, { topic: 'account.link_due', payload: { token_id: id } })
  return true
}

/** The token itself: only this shop can make it of the row's id. */
export function tokenText(
  ctx: Context,
  { id, purpose }: { id: string; purpose: TokenPurpose },
): string {
  return stamp(ctx.secrets, 'one-time-tokens', `${purpose}.${id}`)
}

export interface OpenToken {
  readonly row: TokenRow
  readonly data: TokenData
}

/** A token that would work now, without using it; throws INVALID_LINK. */
export async function peekToken(
  ctx: Context,
  db: Db,
  { token, purposes }: { token: string; purposes: readonly TokenPurpose[] },
): Promise<OpenToken> {
  const row = await findTokenByHash(db, tokenHash(token))
  const isGood =
    row?.used_at === null && row.expires_at > ctx.clock.now() && purposes.includes(row.purpose)
  if (!isGood) throw new ShopError('INVALID_LINK')
  return { row, data: JSON.parse(row.data) as TokenData }
}

/**
 * Uses a token, once: of those who do at the same time one goes on, and holds the lock of the
 * account. Throws INVALID_LINK, also if the account is blocked or has another address by now.
 */
export async function useToken(
  ctx: Context,
  tx: Tx,
  wanted: { token: string; purposes: readonly TokenPurpose[] },
): Promise<OpenToken & { readonly customer: CustomerRow }> {
  const open = await peekToken(ctx, tx, wanted)
  const { row, data } = open
  const customer = await lockCustomer(tx, row.customer_id)
  const { changes } = await useTokenRow(tx, { id: row.id, now: ctx.clock.now() })
  const isSame = customer && loginKey(customer.email) === loginKey(data.from ?? data.email)
  if (changes !== 1 || !isSame || customer.disabled_at !== null) throw new ShopError('INVALID_LINK')
  return { ...open, customer }
}

/** The context in the name of whoever has followed a mailed link, for the audit log. */
export function inNameOfLink(
  ctx: Context,
  { id }: Pick<CustomerRow, 'id'>,
  { ip, requestId }: Client,
): Context {
  return actingAs(ctx, { kind: 'account', id, name: 'a mailed link', ip, requestId })
}

/** Forgets tokens that could not be used for a day, and so count for nothing any more. */
export async function forgetOldTokens(ctx: Context, tx: Tx): Promise<void> {
  await deleteOldTokens(tx, { before: ctx.clock.now() - dayMs })
}
