import type { FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import type { Address } from '../../core/address.ts'
import { invalid, ShopError } from '../../core/errors.ts'
import { getCart } from '../../domains/cart/cart.ts'
import { answerCheckout, checkoutErrors } from '../../domains/checkout/routes.ts'
import type { App } from '../../http/app.ts'
import { buyerOf, type Buyer } from './address.ts'
import { shopperOf } from './cart-routes.ts'
import { Message } from './description-schema.ts'

export function registerOrderRoutes(app: App, ctx: Context): void {
  app.post(
    '/orders/create',
    {
      schema: {
        tags: ['Units door'],
        summary: 'Order what is in your cart, to be paid on invoice or delivery',
        description:
          'It goes to the default address of the account, or else to the address of its profile. ' +
          'Send an Idempotency-Key: a repetition then gets the same answer, never a second order.',
        response: { 201: Message },
      },
      config: { allow: 'customer', rateClass: 'checkout', errors: checkoutErrors },
    },
    async (request, reply) => {
      const buyer = await buyerOf(ctx, shopperOf(request).customerId)
      const address = await addressFor(ctx, request, buyer)
      const shipping = address ? { shipping_info: address } : {}
      return answerCheckout(
        ctx,
        { request, reply },
        {
          body: { email: buyer.email, payment_method: 'manual', ...shipping },
          render: ({ order }) => ({ message: `Order ${order.number} placed successfully!` }),
        },
      )
    },
  )
}

/** Whoever has nothing to order is told that first. */
async function addressFor(
  ctx: Context,
  request: FastifyRequest,
  { address }: Buyer,
): Promise<Address | undefined> {
  if (address !== 'none') return address
  const { lines } = await getCart(ctx, shopperOf(request))
  if (lines.length === 0) throw new ShopError('CART_EMPTY')
  throw invalid(
    'address',
    'is required: PUT /users/profile, or POST /api/v1/customers/me/addresses',
  )
}
