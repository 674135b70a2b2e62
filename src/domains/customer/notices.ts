import type { Context } from '../../context.ts'
import type { Tx } from '../../db/database.ts'
import { enqueue } from '../../db/outbox.ts'
import { seal, unseal } from '../../sealing.ts'
import type { CustomerRow } from './queries.ts'

type Notice = 'account.password_changed' | 'account.email_changed' | 'account.email_change_refused'

/**
 * Has somebody told by mail what happened to their account, at the address it has (or had) now:
 * whoever has stolen an account and changes its address must not get the mail instead.
 */
export async function notify(
  ctx: Context,
  tx: Tx,
  { topic, customer }: { topic: Notice; customer: Pick<CustomerRow, 'id' | 'email'> },
): Promise<void> {
  const sealed_email = sealText(ctx, customer.email)
  const payload = { account_id: customer.id, sealed_email, at: ctx.clock.now() }
  await enqueue(ctx, tx, { topic, payload })
}

/** What an event holds of a person can be read by this shop alone, and for a short time. */
export function sealText(ctx: Context, text: string): string {
  return seal(ctx.secrets, 'announcements', text)
}

/** The text again; undefined if the shop has another secret by now. */
export function unsealText(ctx: Context, sealed: unknown): string | undefined {
  return typeof sealed === 'string' ? unseal(ctx.secrets, 'announcements', sealed) : undefined
}
