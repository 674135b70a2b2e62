import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import { answerCheckout, checkoutErrors } from '../../domains/checkout/routes.ts'
import { CheckoutBody } from '../../domains/checkout/schema.ts'
import type { App } from '../../http/app.ts'
import { envelope, success } from '../../http/envelope.ts'
import { addressOf, ShopAddress } from './address.ts'
import { AddHeaders } from './headers.ts'
import { ShopPlacedOrder } from './order-schema.ts'
import { orderLinks, shopOrder } from './order-views.ts'

const { email, shipping_method, payment_method, payment_data } = CheckoutBody.properties

const ShopCheckoutBody = Type.Object(
  {
    ...{ email, shipping_method, payment_method, payment_data },
    shipping_info: ShopAddress,
    billing_info: Type.Optional(ShopAddress),
  },
  {
    additionalProperties: false,
    examples: [
      {
        email: 'ada@example.com',
        shipping_info: {
          full_name: 'Ada Lovelace',
          street: '12 St James Square',
          city: 'London',
          zip: 'SW1Y 4JH',
          country: 'GB',
        },
        payment_method: 'test',
        shipping_method: 'standard',
      },
    ],
  },
)

export function registerCheckoutRoutes(app: App, ctx: Context): void {
  app.post(
    '/checkout',
    {
      schema: {
        tags: ['Shop door'],
        summary: 'Turn the cart into an order',
        description:
          'The cart is that of the Session-ID header, the cookie or the signed-in customer. ' +
          'Send an Idempotency-Key: a repetition then gets the same answer, never a second ' +
          'order. billing_info defaults to shipping_info.',
        headers: AddHeaders,
        body: ShopCheckoutBody,
        response: { 201: envelope(ShopPlacedOrder), 202: envelope(ShopPlacedOrder) },
      },
      config: { allow: 'shopper', rateClass: 'checkout', errors: checkoutErrors },
    },
    async (request, reply) => {
      const { shipping_info, billing_info, ...rest } = request.body
      const shipping = addressOf(ctx, 'shipping_info', shipping_info)
      const billing = billing_info && addressOf(ctx, 'billing_info', billing_info)
      const body = { ...rest, shipping_info: shipping, billing_info: billing ?? shipping }
      return answerCheckout(
        ctx,
        { request, reply },
        {
          body,
          render: (placed) =>
            success(
              {
                ...shopOrder(ctx, placed),
                token: placed.token,
                ...(placed.action ? { payment_action: placed.action } : {}),
              },
              placed.action ? 'The order waits for its payment' : 'Order placed',
              { links: orderLinks(placed.order.number) },
            ),
        },
      )
    },
  )
}
