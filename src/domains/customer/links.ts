import type { Context } from '../../context.ts'
import { findTokenById } from './one-time-queries.ts'
import { lifetimes, tokenText, type TokenData } from './one-time-tokens.ts'
import { findCustomer } from './queries.ts'
import type { TokenPurpose } from './tables.ts'

/** A link that is to be mailed: where to, and what it is good for. */
export interface DueLink {
  readonly to: string
  readonly token: string
  readonly purpose: TokenPurpose
  /** How long it works, in words. */
  readonly validFor: string
  /** The new address, if it is about one. */
  readonly newEmail: string
  /** Somebody tried to register with an address that has an account. */
  readonly isTaken: boolean
}

/** The link of a token that is still good; undefined when there is nothing to write any more. */
export async function findDueLink(ctx: Context, tokenId: string): Promise<DueLink | undefined> {
  const row = await findTokenById(ctx.db.read, tokenId)
  const isGood = row?.used_at === null && row.expires_at > ctx.clock.now()
  if (!isGood) return undefined
  const { purpose } = row
  const { email, from, isTaken = false } = JSON.parse(row.data) as TokenData
  const to = purpose === 'change_email_old' ? (from ?? email) : email
  const { words: validFor } = lifetimes[purpose]
  const token = tokenText(ctx, { id: tokenId, purpose })
  return { to, token, purpose, validFor, newEmail: email, isTaken }
}

/** The address that an account has now; undefined if there is no such account any more. */
export async function findAddress(ctx: Context, accountId: string): Promise<string | undefined> {
  return (await findCustomer(ctx.db.read, { by: 'id', id: accountId }))?.email
}
