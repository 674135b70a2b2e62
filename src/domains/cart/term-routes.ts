import { Type } from 'typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import type { Tx } from '../../db/database.ts'
import type { App } from '../../http/app.ts'
import { demandedVersion } from '../../http/conditional.ts'
import { envelope, success } from '../../http/envelope.ts'
import { shopperForWriting } from '../../http/session.ts'
import { mergeIfNeeded, type Cart } from './cart.ts'
import { CartView, CurrencyBody, DestinationBody } from './schema.ts'
import { addCode, removeCode, setCurrency, setDestination, type Change } from './terms.ts'
import { cartView } from './views.ts'

const tags = ['Cart']
const CartAnswer = envelope(CartView)
const stale = ['CART_LOCKED', 'VERSION_CONFLICT'] as const

const CodeParams = Type.Object({
  code: Type.String({ minLength: 1, maxLength: 60, examples: ['SUMMER10'] }),
})

/** What a cart is priced by besides its lines: codes, where it goes, its currency. */
export function registerCartTermRoutes(app: App, ctx: Context): void {
  const answer = async (
    { request, reply }: { request: FastifyRequest; reply: FastifyReply },
    work: (tx: Tx, change: Change) => Promise<Cart>,
  ) => {
    const shopper = shopperForWriting(ctx, { request, reply })
    await mergeIfNeeded(ctx, shopper)
    const version = demandedVersion(request)
    const cart = await ctx.db.transaction((tx) => work(tx, { shopper, version }))
    reply.header('etag', `"${cart.version}"`)
    return success(cartView(ctx, cart), 'Cart changed')
  }
  registerCodes(app, ctx, answer)
  registerPlaces(app, ctx, answer)
}

type Answer = (
  exchange: { request: FastifyRequest; reply: FastifyReply },
  work: (tx: Tx, change: Change) => Promise<Cart>,
) => Promise<{ success: true; data: ReturnType<typeof cartView>; message: string }>

function registerCodes(app: App, ctx: Context, answer: Answer): void {
  app.put(
    '/cart/coupons/:code',
    {
      schema: {
        tags,
        summary: 'Enter the code of a coupon',
        params: CodeParams,
        response: { 200: CartAnswer },
      },
      config: { allow: 'shopper', errors: [...stale, 'COUPON_INVALID', 'AMOUNT_TOO_LARGE'] },
    },
    (request, reply) => {
      const { code } = request.params
      return answer({ request, reply }, (tx, change) => addCode(ctx, tx, { ...change, code }))
    },
  )

  app.delete(
    '/cart/coupons/:code',
    {
      schema: {
        tags,
        summary: 'Take a code out of the cart',
        params: CodeParams,
        response: { 200: CartAnswer },
      },
      config: { allow: 'shopper', errors: [...stale, 'NOT_FOUND', 'AMOUNT_TOO_LARGE'] },
    },
    (request, reply) => {
      const { code } = request.params
      return answer({ request, reply }, (tx, change) => removeCode(ctx, tx, { ...change, code }))
    },
  )
}

function registerPlaces(app: App, ctx: Context, answer: Answer): void {
  app.put(
    '/cart/destination',
    {
      schema: {
        tags,
        summary: 'Say where the goods go, for an estimate of taxes and shipping',
        body: DestinationBody,
        response: { 200: CartAnswer },
      },
      config: { allow: 'shopper', errors: [...stale, 'AMOUNT_TOO_LARGE'] },
    },
    (request, reply) => {
      const { country, region, postal_code: postcode, vat_id: vatId } = request.body
      const destination = { country, region, postcode }
      return answer({ request, reply }, (tx, change) =>
        setDestination(ctx, tx, { ...change, destination, vatId }),
      )
    },
  )

  app.put(
    '/cart/currency',
    {
      schema: {
        tags,
        summary: 'Change the currency: every line gets its price in it, or nothing changes',
        body: CurrencyBody,
        response: { 200: CartAnswer },
      },
      config: { allow: 'shopper', errors: [...stale, 'CURRENCY_UNAVAILABLE', 'AMOUNT_TOO_LARGE'] },
    },
    (request, reply) => {
      const { currency } = request.body
      return answer({ request, reply }, (tx, change) =>
        setCurrency(ctx, tx, { ...change, currency }),
      )
    },
  )
}
