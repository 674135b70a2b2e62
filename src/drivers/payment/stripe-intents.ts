import type { Stripe } from 'stripe'
import { minor, type Minor } from '../../core/money.ts'
import type { PaymentOutcome } from './driver.ts'

export type Intent = Stripe.PaymentIntent

/** Currencies without a minor unit that Stripe counts in hundredths all the same. */
const hundredths = new Set(['ISK', 'UGX'])

/** An amount as Stripe counts it (https://docs.stripe.com/currencies#zero-decimal). */
export function stripeAmount(amountMinor: Minor, currency: string): number {
  return hundredths.has(currency) ? amountMinor * 100 : amountMinor
}

export function minorOfStripe(amount: number, currency: string): Minor {
  return minor(hundredths.has(currency.toUpperCase()) ? Math.floor(amount / 100) : amount)
}

/** What an intent has come to; undefined if it has not been confirmed yet, or nobody knows yet. */
export function stripeOutcome(intent: Intent): PaymentOutcome | undefined {
  const { id: reference, status, currency, amount_received: received } = intent
  switch (status) {
    case 'succeeded':
      return { kind: 'captured', reference, amountMinor: minorOfStripe(received, currency) }
    case 'requires_capture':
      return { kind: 'authorised', reference }
    case 'requires_action':
      return { kind: 'action_required', reference, action: actionOf(intent) }
    case 'canceled':
      return { kind: 'failed', code: 'cancelled' }
    case 'requires_payment_method': {
      const error = intent.last_payment_error
      if (!error) return undefined
      const code = error.decline_code ?? error.code ?? 'declined'
      return { kind: 'failed', code, isOpen: true }
    }
    case 'processing':
      throw new Error('the payment is being processed')
    case 'requires_confirmation':
      return undefined
    default:
      throw new Error(`the payment intent is ${String(status)}`)
  }
}

function actionOf({ client_secret: secret, next_action: next }: Intent) {
  const url = next?.redirect_to_url?.url
  return {
    type: 'stripe',
    ...(secret === null ? {} : { client_secret: secret }),
    ...(url === undefined || url === null ? {} : { redirect_url: url }),
  }
}
