import assert from 'node:assert/strict'
import { handlePaymentEvents } from '../../src/domains/checkout/inbox.ts'
import { startProvider, type Provider } from '../provider/provider.ts'
import { stripeSignature, stripeWebhookSecret } from '../provider/stripe/signature.ts'
import type { OpenShop, ShopOptions, TestShop, Answer } from '../support/shop.ts'

export const visa = { payment_data: { payment_method: 'pm_card_visa' } }
export const declined = { payment_data: { payment_method: 'pm_card_chargeDeclined' } }
export const secured = { payment_data: { payment_method: 'pm_card_authenticationRequired' } }

export interface StripeEvent {
  readonly id: string
  readonly type: string
}

/** A shop that takes cards by Stripe, and the Stripe that it takes them by. */
export interface StripeShop extends AsyncDisposable {
  readonly shop: TestShop
  readonly provider: Provider
  /** Everything that Stripe would tell, in order. */
  events(): Promise<readonly StripeEvent[]>
  /** Tells one of them, as Stripe signs it. */
  tell(event: StripeEvent, headers?: Record<string, string>): Promise<Answer>
  /** Tells all of them, and has the shop handle them. */
  tellAll(): Promise<void>
  /** What happens at Stripe beside the shop: the payer's browser, or its own desk. */
  play(what: string, id: string, form?: Record<string, string>): Promise<{ readonly id: string }>
  /** What Stripe calls the payments of the shop, in order. */
  references(): Promise<string[]>
}

export async function openStripeShop(
  openShop: OpenShop,
  { settings = {}, ...options }: ShopOptions = {},
): Promise<StripeShop> {
  const provider = await startProvider('stripe')
  const shop = await openShop({
    ...options,
    settings: {
      PAYMENT_METHODS: 'stripe,manual',
      STRIPE_API_URL: provider.url,
      STRIPE_TIMEOUT_MS: '2000',
      STRIPE_PUBLISHABLE_KEY: 'pk_test_1',
      ...settings,
    },
    secrets: { stripeKey: 'sk_test_1', stripeWebhook: stripeWebhookSecret },
  })
  const events = async () =>
    (await (await fetch(`${provider.url}/test/events`)).json()) as StripeEvent[]
  const tell = (event: StripeEvent, headers = signed(shop, event)) =>
    shop.call('POST', '/api/v1/payments/stripe/events', { raw: JSON.stringify(event), headers })
  return {
    shop,
    provider,
    events,
    tell,
    async tellAll() {
      for (const event of await events()) assert.equal((await tell(event)).status, 200)
      while ((await handlePaymentEvents(shop.ctx)) > 0);
    },
    async play(what, id, form = {}) {
      const body = new URLSearchParams(form)
      const answer = await fetch(`${provider.url}/test/${what}/${id}`, { method: 'POST', body })
      assert.equal(answer.status, 200)
      return (await answer.json()) as { id: string }
    },
    async references() {
      const rows = await shop.ctx.db.read
        .selectFrom('payments')
        .select('provider_reference')
        .orderBy('created_at')
        .orderBy('id')
        .execute()
      return rows.map((row) => row.provider_reference ?? '')
    },
    async [Symbol.asyncDispose]() {
      await shop[Symbol.asyncDispose]()
      await provider[Symbol.asyncDispose]()
    },
  }
}

/** By the time of the shop, which may be another than that of this machine. */
export const signed = ({ ctx }: TestShop, event: object) => ({
  'stripe-signature': stripeSignature(JSON.stringify(event), { at: ctx.clock.now() }),
})
