import { actingAs, type Context } from '../../context.ts'
import { enqueue } from '../../db/outbox.ts'
import { forgetReplies } from '../../db/idempotency.ts'
import type { Principal } from '../access/permissions.ts'
import { record } from '../audit/log.ts'
import { forgetDraftsOf } from '../draft/drafts.ts'
import { discardCart } from '../cart/cart.ts'
import { assertErasable, dropAccount, lockAccount } from '../customer/customers.ts'
import { sealText, unsealText } from '../customer/notices.ts'
import { forgetSubscribers } from '../inventory/subscriptions.ts'
import { anonymiseIfDue, anonymiseOrdersOf } from '../order/anonymise.ts'

/**
 * Erases an account: everything that belongs to it alone is deleted, its orders lose the person and
 * keep what the books need, and its address is free for another registration. An order that waits
 * for its payment at this moment is settled first. Refuses with NOT_FOUND, FORBIDDEN, LAST_ADMIN.
 *
 * A checkout takes the cart first and the account after it, so the same is done here: they wait for
 * each other instead of locking each other out.
 */
export async function eraseAccount(ctx: Context, id: string, by: Principal): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    await assertErasable(tx, by, id)
    await discardCart(ctx, tx, id)
    await forgetDraftsOf(ctx, tx, id)
    const customer = await lockAccount(tx, id)
    const at = ctx.clock.now()
    const since = at - ctx.config.lifetimes.idempotencyMs
    const { orderIds, emails } = await anonymiseOrdersOf(ctx, tx, { customerId: id, since })
    await forgetSubscribers(tx, [customer.email, ...emails])
    await dropAccount(tx, id)
    const payload = {
      account_id: id,
      sealed_email: sealText(ctx, customer.email),
      at,
      order_ids: orderIds,
      sealed_emails: sealText(ctx, JSON.stringify([...new Set([customer.email, ...emails])])),
    }
    await enqueue(ctx, tx, { topic: 'account.erased', payload })
    const isOwn = by.customerId === id
    await record(isOwn ? withoutName(ctx) : ctx, tx, {
      action: 'account.erased',
      subject: ['account', id],
      after: { by_owner: isOwn },
    })
  })
}

/** The log cannot be changed later, so of whoever leaves it never learns the name or place. */
function withoutName(ctx: Context): Context {
  return actingAs(ctx, { ...ctx.actor, name: 'the owner', ip: null })
}

/**
 * What is left to do when an account is gone: orders that were paid for meanwhile, stored answers
 * with its addresses, mails that were only filed. May be run again.
 */
export async function finishErasure(
  ctx: Context,
  { sealed_emails, order_ids }: { sealed_emails: unknown; order_ids: unknown },
): Promise<void> {
  const orderIds = Array.isArray(order_ids) ? order_ids.map(String) : []
  // One at a time: each order waits for nothing but itself.
  for (const orderId of orderIds) await anonymiseIfDue(ctx, orderId)
  await forgetReplies(ctx, orderIds)
  const emails = unsealText(ctx, sealed_emails)
  if (emails !== undefined) await ctx.drivers.mail.forget?.(JSON.parse(emails) as string[])
}

/** The same for one order whose account was erased while it waited for its payment. */
export async function finishOrder(ctx: Context, orderId: string): Promise<void> {
  if (await anonymiseIfDue(ctx, orderId)) await forgetReplies(ctx, [orderId])
}
