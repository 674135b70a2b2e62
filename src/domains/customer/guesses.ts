import type { Context } from '../../context.ts'
import { ShopError, type ErrorCode } from '../../core/errors.ts'
import { RecentMap } from './recent-map.ts'

/** Of wrong ones: so many codes for one sign-in, and of each kind for one account in 15 minutes. */
const perTicketMax = 5
const perAccountMax = 10
const windowMs = 15 * 60_000
/** Whoever is counted has shown a right password: nobody can fill this with the names of others. */
const entriesMax = 10_000

interface Count {
  wrong: number
  /** UTC milliseconds. */
  readonly until: number
}

const counts = new WeakMap<Context['db'], RecentMap<Count>>()

/** What of whom is tried, and in which sign-in. */
export interface Guess {
  readonly of: 'code' | 'password'
  readonly customerId: string
  readonly ticketId?: string | undefined
}

const wrong: readonly ErrorCode[] = ['INVALID_CODE', 'INVALID_PASSKEY', 'INVALID_CREDENTIALS']

/**
 * Runs a check of a code or of one's own password, which throws INVALID_CODE, INVALID_PASSKEY or
 * INVALID_CREDENTIALS if it is wrong. After too many of these it is not run any more, even for a
 * right one: TOO_MANY_REQUESTS for the account, INVALID_CHALLENGE for the sign-in. Counted is
 * before the check, so that guesses at the same moment are counted like those one after another.
 */
export async function countingGuesses<T>(
  ctx: Context,
  { of, customerId, ticketId }: Guess,
  check: () => Promise<T>,
): Promise<T> {
  const account = countOf(ctx, `${of}:${customerId}`)
  const ticket = ticketId === undefined ? undefined : countOf(ctx, `ticket:${ticketId}`)
  if (ticket && ticket.wrong >= perTicketMax) throw new ShopError('INVALID_CHALLENGE')
  if (account.wrong >= perAccountMax) {
    const waitMs = account.until - ctx.clock.now()
    throw new ShopError('TOO_MANY_REQUESTS', { retry_after_seconds: Math.ceil(waitMs / 1_000) })
  }
  const add = (more: number) => {
    account.wrong += more
    if (ticket) ticket.wrong += more
  }
  add(1)
  try {
    const result = await check()
    add(-1)
    return result
  } catch (error) {
    if (!(error instanceof ShopError && wrong.includes(error.code))) add(-1)
    throw error
  }
}

function countOf(ctx: Context, key: string): Count {
  const all = counts.get(ctx.db) ?? new RecentMap<Count>(entriesMax)
  counts.set(ctx.db, all)
  const now = ctx.clock.now()
  const known = all.get(key)
  // A quarter of an hour from the first wrong one, not from one that was right.
  if (known && known.until > now && known.wrong > 0) return known
  const made = { wrong: 0, until: now + windowMs }
  all.set(key, made)
  return made
}
