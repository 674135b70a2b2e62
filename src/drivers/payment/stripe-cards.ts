import type { CardVault, SavedCard } from './driver.ts'
import type { OpenStripe } from './stripe.ts'

const cardsMax = 100

/** Cards that Stripe keeps (https://docs.stripe.com/payments/save-and-reuse). */
export function stripeCards(open: OpenStripe): CardVault {
  return {
    async open({ key }) {
      const { customers } = await open()
      const made = await customers.create(
        { metadata: { customer: key } },
        { idempotencyKey: `customer-${key}` },
      )
      return made.id
    },
    async setUp(payer, key) {
      const { setupIntents } = await open()
      const { id, client_secret: clientSecret } = await setupIntents.create(
        { customer: payer, allowed_payment_method_types: ['card'], usage: 'on_session' },
        { idempotencyKey: key },
      )
      if (clientSecret === null) throw new Error('the setup intent has no secret')
      return { id, clientSecret }
    },
    async list(payer) {
      const { customers } = await open()
      const found = await customers.listPaymentMethods(payer, { type: 'card', limit: cardsMax })
      return found.data.flatMap(({ id, card }): SavedCard[] => {
        if (!card) return []
        const { brand, last4, exp_month: expMonth, exp_year: expYear } = card
        return [{ id, brand, last4, expMonth, expYear }]
      })
    },
    async remove(payer, card) {
      const { customers, paymentMethods } = await open()
      const isTheirs = await found(customers.retrievePaymentMethod(payer, card))
      return isTheirs && found(paymentMethods.detach(card))
    },
    async forget(payer) {
      const { customers } = await open()
      await found(customers.del(payer))
    },
  }
}

/** False for what is not there (any more). */
async function found(call: Promise<unknown>): Promise<boolean> {
  try {
    await call
    return true
  } catch (error) {
    if (error instanceof Error && 'statusCode' in error && error.statusCode === 404) return false
    throw error
  }
}
