import type { Stripe } from 'stripe'
import type { PaymentChange, PaymentEvent, RawEvent } from './driver.ts'
import { minorOfStripe, stripeOutcome, type Intent } from './stripe-intents.ts'

const ageMaxSeconds = 300

/** Reads an event of Stripe (https://docs.stripe.com/webhooks); undefined if it is not signed. */
export function readStripeEvent(
  stripe: Stripe,
  secret: string,
  { headers, body, now }: RawEvent,
): PaymentEvent | undefined {
  const signature = headers['stripe-signature']
  if (typeof signature !== 'string') return undefined
  let event: Stripe.Event
  try {
    // The client compares in constant time; it is told the shop's own time.
    const { webhooks } = stripe
    event = webhooks.constructEvent(body, signature, secret, ageMaxSeconds, undefined, now)
  } catch {
    return undefined
  }
  const { id, type } = event
  return { id, type, change: changeOf(event) }
}

function changeOf({ type, data }: Stripe.Event): PaymentChange {
  if (type.startsWith('payment_intent.')) return intentChange(type, data.object as Intent)
  if (type.startsWith('refund.') || type === 'charge.refund.updated') {
    return refundChange(data.object as Stripe.Refund)
  }
  return { about: 'nothing' }
}

function intentChange(type: string, intent: Intent): PaymentChange {
  const key = intent.metadata['payment']
  if (key === undefined) return { about: 'nothing' }
  const isGood =
    type === 'payment_intent.succeeded' || type === 'payment_intent.amount_capturable_updated'
  const outcome = isGood ? stripeOutcome(intent) : undefined
  if (outcome?.kind === 'captured' || outcome?.kind === 'authorised') {
    return { about: 'payment', key, outcome }
  }
  // Bad news is only believed when the provider has been asked: the payer may have tried again.
  const isBad = type === 'payment_intent.payment_failed' || type === 'payment_intent.canceled'
  return isBad ? { about: 'payment', key } : { about: 'nothing' }
}

function refundChange(refund: Stripe.Refund): PaymentChange {
  const { id: reference, payment_intent: intent, amount, currency, status, metadata } = refund
  const payment = typeof intent === 'string' ? intent : intent?.id
  const isFailed = status === 'failed' || status === 'canceled'
  if (payment === undefined || (!isFailed && status !== 'succeeded')) return { about: 'nothing' }
  return {
    about: 'refund',
    payment,
    reference,
    operationKey: metadata?.['operation'] ?? null,
    amountMinor: minorOfStripe(amount, currency),
    status: isFailed ? 'failed' : 'done',
  }
}
