import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import type { Db, Tx } from '../../db/database.ts'
import { enqueue, enqueueAll } from '../../db/outbox.ts'
import { isSame, stamp } from '../../sealing.ts'
import { getCustomer } from '../customer/customers.ts'
import {
  confirmSubscription,
  endSubscription,
  findSubscription,
  forgetAddresses,
  forgetSubscriptions,
  insertSubscription,
  listSubscriptionsOf,
  lockAnswered,
  markNotified,
  type SubscriptionRow,
} from './notice-queries.ts'
import { findSupply } from './supply-queries.ts'

export interface Wish {
  readonly variantId: string
  readonly customerId: string | undefined
  /** For who is not signed in. */
  readonly email: string | undefined
}

/**
 * Notes that somebody wants to hear when an article is there again: one mail, then never again. An
 * address that nobody has shown to be theirs gets a mail to confirm it first, and nothing else. The
 * answer does not tell whether the address waits already. Refuses what is there (VALIDATION_ERROR).
 */
export async function subscribe(ctx: Context, wish: Wish): Promise<void> {
  const { variantId, customerId } = wish
  const article = await findSupply(ctx.db.read, variantId)
  if (!article) throw notFound('Variant')
  if (article.available > 0) throw invalid('variant_id', 'is there: it can be bought now')
  const { email, isTheirs } = await addressOf(ctx, wish)
  const id = ctx.newId()
  const status = isTheirs ? ('waiting' as const) : ('unconfirmed' as const)
  await ctx.db.transaction(async (tx) => {
    const isNew = await insertSubscription(tx, {
      ...{ id, variant_id: variantId, customer_id: customerId ?? null, email, status },
      open_key: `${variantId} ${email.toLowerCase()}`.slice(0, keyLengthMax),
      ...{ created_at: ctx.clock.now(), ended_at: null },
    })
    if (!isNew || isTheirs) return
    const payload = { subscription_id: id }
    await enqueue(ctx, tx, { topic: 'stock.subscription_made', payload })
  })
}

const keyLengthMax = 300

async function addressOf(
  ctx: Context,
  { customerId, email }: Wish,
): Promise<{ email: string; isTheirs: boolean }> {
  if (customerId === undefined) {
    if (email === undefined) throw new ShopError('EMAIL_REQUIRED')
    return { email, isTheirs: false }
  }
  const customer = await getCustomer(ctx, { by: 'id', id: customerId })
  if (email !== undefined && email.toLowerCase() !== customer.email.toLowerCase()) {
    throw invalid('email', 'must be that of your account, or left out')
  }
  return { email: customer.email, isTheirs: customer.email_verified_at !== null }
}

/** What stands in the links of the mails about a subscription: nothing secret is stored. */
export const subscriptionToken = (ctx: Context, id: string): string =>
  `${id}.${stamp(ctx.secrets, 'stock-notices', id)}`

const tokenPattern = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([\w-]{1,100})$/

/** The subscription of a link; throws INVALID_LINK. */
export async function subscriptionOf(
  ctx: Context,
  db: Db,
  token: string,
): Promise<SubscriptionRow> {
  const id = tokenPattern.exec(token)?.[1] ?? ''
  const isOurs = isSame(token, subscriptionToken(ctx, id))
  const found = isOurs ? await findSubscription(db, id) : undefined
  if (!found) throw new ShopError('INVALID_LINK')
  return found
}

/** Somebody followed the link in the mail: the address is theirs. Doing it again is no mistake. */
export function confirm(ctx: Context, token: string): Promise<SubscriptionRow> {
  return ctx.db.transaction(async (tx) => {
    const { id } = await subscriptionOf(ctx, tx, token)
    await confirmSubscription(tx, { id })
    return subscriptionOf(ctx, tx, token)
  })
}

/** They want to hear no more. Doing it again is no mistake. */
export function unsubscribe(ctx: Context, token: string): Promise<SubscriptionRow> {
  return ctx.db.transaction(async (tx) => {
    const found = await subscriptionOf(ctx, tx, token)
    await endSubscription(tx, { id: found.id, now: ctx.clock.now() })
    return found
  })
}

export function subscriptionsOf(db: Db, customerId: string): Promise<SubscriptionRow[]> {
  return listSubscriptionsOf(db, { customerId })
}

/** Ends one of one's own; what is somebody else's is not found. */
export async function removeSubscription(
  ctx: Context,
  { id, customerId }: { id: string; customerId: string },
): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    const found = await findSubscription(tx, id)
    if (found?.customer_id !== customerId) throw notFound('Subscription')
    const { changes } = await endSubscription(tx, { id, now: ctx.clock.now() })
    if (changes !== 1) throw notFound('Subscription')
  })
}

const batchSize = 500

/** Tells those who wait for what is there again; returns how many. */
export function notifyWaiting(ctx: Context): Promise<number> {
  return ctx.db.transaction(async (tx) => {
    const rows = await lockAnswered(tx, { limit: batchSize })
    if (rows.length === 0) return 0
    const at = ctx.clock.now()
    const { changes } = await markNotified(
      tx,
      rows.map(({ id }) => ({ id, at })),
    )
    if (changes !== rows.length) throw new Error('somebody was told by another node')
    await enqueueAll(
      ctx,
      tx,
      rows.map(({ id }) => ({ topic: 'stock.back_in_stock', payload: { subscription_id: id } })),
    )
    return rows.length
  })
}

const dayMs = 86_400_000
const keptEndedMs = 30 * dayMs
const keptUnconfirmedMs = 7 * dayMs

/** Forgets addresses that are of no use any more. */
export async function forgetOldSubscriptions(ctx: Context, tx: Tx): Promise<void> {
  const now = ctx.clock.now()
  const [endedBefore, madeBefore] = [now - keptEndedMs, now - keptUnconfirmedMs]
  await forgetSubscriptions(tx, { endedBefore, madeBefore })
}

/** Forgets addresses of somebody who leaves, with or without an account. */
export async function forgetSubscribers(tx: Tx, emails: readonly string[]): Promise<void> {
  const keys = emails.map((email) => ({ email_key: email.toLowerCase() }))
  await forgetAddresses(tx, { keys: JSON.stringify(keys) })
}

export { findSubscription }
