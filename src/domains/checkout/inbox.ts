import type { Context } from '../../context.ts'
import { minor } from '../../core/money.ts'
import type { DecidedOutcome, PaymentChange } from '../../drivers/payment/driver.ts'
import { noteCollected, noteLapsed, noteToldRefund } from '../payment/foreign.ts'
import { handleEvents } from '../payment/inbox.ts'
import { askProvider, findPaymentBy, type PaymentRow } from '../payment/payments.ts'
import { apply } from './reconcile.ts'

/** Handles what payment providers have told. Returns how many events it looked at. */
export function handlePaymentEvents(ctx: Context): Promise<number> {
  return handleEvents(ctx, handle)
}

async function handle(ctx: Context, provider: string, change: PaymentChange): Promise<boolean> {
  if (change.about === 'nothing') return false
  if (change.about === 'refund') {
    return noteToldRefund(ctx, { ...change, amountMinor: minor(change.amountMinor) })
  }
  const payment = await findPaymentBy(ctx.db.read, { key: change.key })
  if (payment?.method !== provider) return false
  const outcome = change.outcome ?? (await asked(ctx, payment))
  if (outcome) await settleBy(ctx, payment, outcome)
  return true
}

/** Bad news is believed when the provider itself says so; throws if it does not answer. */
async function asked(ctx: Context, payment: PaymentRow): Promise<DecidedOutcome | undefined> {
  // What came before this, or was decided since, is not undone by it.
  if (payment.status !== 'pending' && payment.status !== 'authorised') return undefined
  const answer = await askProvider(ctx, payment)
  if (answer === undefined) throw new Error('the provider does not answer')
  if (answer === 'absent' || answer.kind === 'action_required') return undefined
  return answer
}

async function settleBy(ctx: Context, payment: PaymentRow, outcome: DecidedOutcome): Promise<void> {
  if (payment.status !== 'authorised') return apply(ctx, payment, outcome)
  if (outcome.kind === 'failed') return noteLapsed(ctx, payment)
  if (outcome.kind !== 'captured') return undefined
  return noteCollected(ctx, payment, outcome.amountMinor ?? payment.authorised_minor)
}
