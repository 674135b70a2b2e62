import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import type { App } from '../../http/app.ts'
import { signedIn } from '../../http/auth.ts'
import { envelope, success } from '../../http/envelope.ts'
import { uuidPattern } from '../../http/schema.ts'
import { PaymentActionView } from '../checkout/schema.ts'
import { getOrder } from '../order/orders.ts'
import { readerOf } from '../order/routes.ts'
import { namedOrder } from '../order/reference.ts'
import { OrderParams, OrderPaymentView, OrderTokenQuery } from '../order/schema.ts'
import { payAdditional } from './additional.ts'
import { listCards, removeCard, setUpCard } from './cards.ts'
import { CardSetupView, CardView } from './schema.ts'
import { cardView, paymentView } from './views.ts'

const closed = { additionalProperties: false }

/** What shoppers do with payments, besides the checkout. */
export function registerPaymentRoutes(app: App, ctx: Context): void {
  registerPaying(app, ctx)
  registerCards(app, ctx)
}

const AttemptView = Type.Object({
  ...OrderPaymentView.properties,
  payment_action: Type.Optional(PaymentActionView),
})

function registerPaying(app: App, ctx: Context): void {
  app.post(
    '/orders/:id/payments/:payment_id/attempts',
    {
      schema: {
        tags: ['Orders'],
        summary: 'Pay what is open of an order',
        description:
          'For a payment that is open, due or came to nothing: a guest sends the token from the ' +
          'checkout. 202: the payer has to do what payment_action says first.',
        params: Type.Object({
          ...OrderParams.properties,
          payment_id: Type.String({ pattern: `^${uuidPattern}$` }),
        }),
        querystring: OrderTokenQuery,
        body: Type.Object(
          {
            payment_method: Type.Optional(Type.String({ maxLength: 50, examples: ['test'] })),
            payment_data: Type.Optional(
              Type.Record(Type.String({ maxLength: 50 }), Type.Unknown(), {
                description: 'What the payment method needs',
              }),
            ),
          },
          closed,
        ),
        response: { 201: envelope(AttemptView), 202: envelope(AttemptView) },
      },
      config: {
        allow: 'shopper',
        rateClass: 'checkout',
        errors: [
          ...(['NOT_FOUND', 'PAYMENT_STATE', 'UNKNOWN_PAYMENT_METHOD', 'UNAUTHENTICATED'] as const),
          'PAYMENT_UNAVAILABLE',
          'PROVIDER_UNAVAILABLE',
        ],
      },
    },
    async (request, reply) => {
      const reader = readerOf(request, request.query.token)
      const { order } = await getOrder(ctx, namedOrder(ctx, request.params.id), reader)
      const { payment_method: method, payment_data: data = {} } = request.body
      const { payment, outcome } = await payAdditional(ctx, {
        ...{ orderId: order.id, paymentId: request.params.payment_id.toLowerCase(), method, data },
        customerId: request.principal?.customerId,
      })
      const isWaiting = outcome.kind === 'action_required'
      const waiting = isWaiting ? { payment_action: outcome.action } : {}
      const body = { ...paymentView(payment, payment.currency), ...waiting }
      reply.header('cache-control', 'no-store')
      return reply.code(isWaiting ? 202 : 201).send(success(body, 'Payment attempted'))
    },
  )
}

const cardErrors = ['NOT_FOUND', 'PROVIDER_UNAVAILABLE'] as const
const CardParams = Type.Object({ id: Type.String({ pattern: '^[\\w-]{1,200}$' }) })

function registerCards(app: App, ctx: Context): void {
  const tags = ['Customers']
  app.get(
    '/customers/me/cards',
    {
      schema: {
        tags,
        summary: 'Your saved cards',
        response: { 200: envelope(Type.Array(CardView)) },
      },
      config: { allow: 'customer', errors: cardErrors },
    },
    async (request) => {
      const cards = await listCards(ctx, signedIn(request).customerId)
      return success(cards.map(cardView), 'Cards listed')
    },
  )

  app.post(
    '/customers/me/card-setups',
    {
      schema: {
        tags,
        summary: 'Begin to save a card, which goes to the payment provider directly',
        response: { 201: envelope(CardSetupView) },
      },
      config: { allow: 'customer', rateClass: 'checkout', errors: cardErrors },
    },
    async (request, reply) => {
      const { provider, id, clientSecret } = await setUpCard(ctx, signedIn(request).customerId)
      const key = provider === 'stripe' ? ctx.config.payment.stripe.publishableKey : ''
      const publishable = key === '' ? null : key
      const data = { provider, id, client_secret: clientSecret, publishable_key: publishable }
      reply.header('cache-control', 'no-store')
      return reply.code(201).send(success(data, 'Hand the card to the provider'))
    },
  )

  app.delete(
    '/customers/me/cards/:id',
    {
      schema: {
        tags,
        summary: 'Forget a saved card',
        params: CardParams,
        response: { 200: envelope(Type.Object({ id: Type.String() })) },
      },
      config: { allow: 'customer', errors: cardErrors },
    },
    async (request) => {
      const { id } = request.params
      await removeCard(ctx, signedIn(request).customerId, id)
      return success({ id }, 'Card forgotten')
    },
  )
}
