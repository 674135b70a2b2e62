import { Type, type Static } from 'typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { invalid, ShopError } from '../../core/errors.ts'
import type { App } from '../../http/app.ts'
import { demandedVersion } from '../../http/conditional.ts'
import { envelope, success } from '../../http/envelope.ts'
import { errorBody } from '../../http/errors.ts'
import { claimOf, sendStored } from '../../http/once.ts'
import { Money } from '../../http/schema.ts'
import { shopperOf } from '../../http/session.ts'
import { moneyView } from '../catalog/views.ts'
import { assertAccount } from '../customer/account.ts'
import {
  refuseWrongAddress,
  type AddressChoice,
  type AddressChoices,
} from '../customer/addresses.ts'
import { getCustomer } from '../customer/customers.ts'
import { orderView } from '../order/views.ts'
import { listPaymentMethods } from '../payment/payments.ts'
import { checkedVatId } from '../cart/terms.ts'
import { currentSettings } from '../pricing/settings.ts'
import { checkout, type Once, type PlacedOrder } from './checkout.ts'
import type { CheckoutCommand } from './command.ts'
import { CheckoutBody, PlacedOrderView } from './schema.ts'

const tags = ['Checkout']

export const checkoutErrors = [
  'CART_EMPTY',
  'CART_LOCKED',
  'VERSION_CONFLICT',
  'PRODUCT_UNAVAILABLE',
  'PRICE_CHANGED',
  'AMOUNT_TOO_LARGE',
  'COUPON_INVALID',
  'PROMOTION_USED_UP',
  'TOTAL_CHANGED',
  'GIFT_CARD_INVALID',
  'CREDIT_SPENT',
  'NOTHING_TO_PAY_WITH',
  'INSUFFICIENT_STOCK',
  'UNKNOWN_SHIPPING_METHOD',
  'UNKNOWN_PAYMENT_METHOD',
  'EMAIL_REQUIRED',
  'PAYMENT_DECLINED',
  'PAYMENT_REFUNDED',
  'PAYMENT_UNAVAILABLE',
  'PROVIDER_UNAVAILABLE',
  'IDEMPOTENCY_KEY_REUSED',
  'REQUEST_IN_PROGRESS',
] as const

export function registerCheckoutRoutes(app: App, ctx: Context): void {
  app.post(
    '/checkout',
    {
      schema: {
        tags,
        summary: 'Turn the cart into an order',
        description:
          'Send an Idempotency-Key: a repetition then gets the same answer, never a second ' +
          'order. A signed-in customer may name saved addresses; what is not sent is taken from ' +
          'the default addresses, and billing without one goes to the shipping address. A postal ' +
          'code that its country does not have is refused. 202: the order waits for its payer, ' +
          'who has to do what payment_action says, such as 3-D Secure; repeat the request with ' +
          'its key, or read the order, to learn what became of it.',
        body: CheckoutBody,
        response: { 201: envelope(PlacedOrderView), 202: envelope(PlacedOrderView) },
      },
      config: {
        allow: 'shopper',
        rateClass: 'checkout',
        errors: [...checkoutErrors, 'NOT_FOUND', 'UNAUTHENTICATED'],
      },
    },
    async (request, reply) => {
      const { body } = request
      return answerCheckout(
        ctx,
        { request, reply },
        { body, render: (placed) => render(ctx, placed) },
      )
    },
  )
  registerMethodRoutes(app, ctx)
}

/** The order as it is answered, with what its payer has to do first, if so. */
export function render(ctx: Context, placed: PlacedOrder) {
  const { token, action } = placed
  const order = { ...orderView(ctx, placed), token }
  if (!action) return success(order, 'Order placed')
  return success({ ...order, payment_action: action }, 'The order waits for its payment')
}

interface CheckoutRequest {
  readonly body: Static<typeof CheckoutBody>
  readonly render: (placed: PlacedOrder) => object
}

/** Runs a checkout for either door; `render` makes the door's own body. */
export async function answerCheckout(
  ctx: Context,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  { body, render }: CheckoutRequest,
): Promise<FastifyReply> {
  const shopper = shopperOf(ctx, request)
  const command = {
    shopper,
    email: body.email ?? (await accountEmail(ctx, body, shopper.customerId)),
    addresses: addressChoices(body, shopper.customerId),
    shippingMethod: body.shipping_method,
    paymentMethod: body.payment_method,
    paymentData: body.payment_data ?? {},
    vatId: body.vat_id === undefined ? undefined : checkedVatId(body.vat_id),
    giftCards: body.gift_cards ?? [],
    useStoreCredit: body.use_store_credit ?? false,
    expectedTotal: body.expected_total,
    version: demandedVersion(request),
  }
  return answerCommand(ctx, { request, reply }, { command, render })
}

/** Runs a checkout that has been understood; the carts of shoppers and drafts of staff alike. */
export async function answerCommand(
  ctx: Context,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  { command, render }: { command: CheckoutCommand; render: (placed: PlacedOrder) => object },
): Promise<FastifyReply> {
  const once: Once = {
    claim: claimOf(request),
    render: (placed) => ({
      status: placed.action ? 202 : 201,
      body: JSON.stringify(render(placed)),
    }),
    refuse: (error) => ({
      status: error.status,
      body: JSON.stringify(errorBody(error, request.id)),
    }),
  }
  const { reply: stored, replayed } = await checkout(ctx, command, once)
  return sendStored(reply.header('cache-control', 'no-store'), stored, replayed)
}

/** Which addresses the order is to have. Refuses what says it twice, and what a guest has not. */
function addressChoices(
  body: Static<typeof CheckoutBody>,
  customerId: string | undefined,
): AddressChoices {
  const choice = (purpose: 'shipping' | 'billing'): AddressChoice => {
    const [info, id] = [`${purpose}_info`, `${purpose}_address_id`] as const
    const [given, chosenId] = [body[info], body[id]]
    if (given && chosenId !== undefined) throw invalid(id, `cannot be combined with ${info}`)
    if (given) refuseWrongAddress(info, given)
    return given ?? (chosenId === undefined ? undefined : { id: chosenId.toLowerCase() })
  }
  const choices = { shipping: choice('shipping'), billing: choice('billing') }
  if (customerId !== undefined) return choices
  if (!choices.shipping) throw invalid('shipping_info', 'is required')
  const isSaved = body.shipping_address_id ?? body.billing_address_id
  if (isSaved !== undefined) throw new ShopError('UNAUTHENTICATED')
  return choices
}

async function accountEmail(
  ctx: Context,
  body: Static<typeof CheckoutBody>,
  customerId: string | undefined,
): Promise<string | undefined> {
  if (customerId === undefined || body.shipping_info?.email !== undefined) return undefined
  await assertAccount(ctx.db.read, customerId)
  return (await getCustomer(ctx, { by: 'id', id: customerId })).email
}

const ShippingMethodView = Type.Object({
  code: Type.String(),
  name: Type.String(),
  description: Type.String(),
  price: Money,
  free_from: Type.Union([Money, Type.Null()]),
  days_min: Type.Integer(),
  days_max: Type.Integer(),
})

function registerMethodRoutes(app: App, ctx: Context): void {
  app.get(
    '/shipping-methods',
    {
      schema: {
        tags,
        summary: 'Ways to ship',
        response: { 200: envelope(Type.Array(ShippingMethodView)) },
      },
      config: { allow: 'public' },
    },
    async () => {
      const { currency } = ctx.config.store
      const { methods } = await currentSettings(ctx, ctx.db.read)
      const data = methods.flatMap(({ tariffs, ...method }) => {
        const tariff = tariffs[currency]
        if (!tariff) return []
        const { freeFromMinor } = tariff
        return {
          code: method.code,
          name: method.name,
          description: method.description,
          days_min: method.daysMin,
          days_max: method.daysMax,
          price: moneyView(tariff.priceMinor, currency),
          free_from: freeFromMinor === undefined ? null : moneyView(freeFromMinor, currency),
        }
      })
      return success(data, 'Shipping methods listed')
    },
  )

  app.get(
    '/payment-methods',
    {
      schema: {
        tags,
        summary: 'Ways to pay',
        response: {
          200: envelope(Type.Array(Type.Object({ code: Type.String(), name: Type.String() }))),
        },
      },
      config: { allow: 'public' },
    },
    () => success(listPaymentMethods(ctx), 'Payment methods listed'),
  )
}
