import { createHmac } from 'node:crypto'

export const stripeWebhookSecret = 'whsec_of_the_fake_stripe'

/** The header Stripe-Signature (https://docs.stripe.com/webhooks#verify-manually). */
export function stripeSignature(
  body: string,
  { secret = stripeWebhookSecret, at = Date.now() } = {},
): string {
  const time = Math.floor(at / 1_000)
  const signature = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')
  return `t=${time},v1=${signature}`
}
