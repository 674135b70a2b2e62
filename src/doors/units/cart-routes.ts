import { Type } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { addItem, getCart, type Shopper } from '../../domains/cart/cart.ts'
import { takeOneOut, type Remainder } from '../../domains/cart/take-one.ts'
import { descriptionsOf } from '../../domains/catalog/catalog.ts'
import type { App } from '../../http/app.ts'
import { signedIn } from '../../http/auth.ts'
import { answerOnce } from '../../http/once.ts'
import { DescParams, Description, Message } from './description-schema.ts'
import { descriptionView, findDescription } from './descriptions.ts'

const tags = ['Units door']

export function registerCartRoutes(app: App, ctx: Context): void {
  registerReading(app, ctx)
  registerAdding(app, ctx)
  registerRemoval(app, ctx)
}

/** The cart of an account is the same at every door; this one knows no sessions. */
export function shopperOf(request: FastifyRequest): Shopper & { readonly customerId: string } {
  return { customerId: signedIn(request).customerId, sessionKey: undefined }
}

function registerReading(app: App, ctx: Context): void {
  app.get(
    '/carts/my-cart',
    {
      schema: {
        tags,
        summary: 'What is in your cart; GET /api/v1/cart tells how much of it',
        response: { 200: Type.Array(Description) },
      },
      config: { allow: 'customer' },
    },
    async (request) => {
      const { lines } = await getCart(ctx, shopperOf(request))
      const numbers = lines.map(({ product_number }) => product_number)
      const texts = await descriptionsOf(ctx.db.read, numbers)
      return lines.map(({ product_number: number, ...line }) =>
        descriptionView({ ...line, number, description: texts.get(number) ?? '' }),
      )
    },
  )
}

function registerAdding(app: App, ctx: Context): void {
  app.post(
    '/carts/add-item/:desc_id',
    {
      schema: {
        tags,
        summary: 'Put one more of a product description into your cart',
        params: DescParams,
        response: { 200: Message },
      },
      config: {
        allow: 'customer',
        errors: [
          ...(['NOT_FOUND', 'CART_LOCKED', 'INSUFFICIENT_STOCK', 'PRODUCT_UNAVAILABLE'] as const),
          ...(['IDEMPOTENCY_KEY_REUSED', 'REQUEST_IN_PROGRESS'] as const),
        ],
      },
    },
    async (request, reply) => {
      const shopper = shopperOf(request)
      const { product } = await findDescription(ctx.db.read, request.params.desc_id)
      const article = { product: { by: 'id', id: product.id }, anyVariant: true } as const
      const item = { article, quantity: 1, version: undefined }
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: (tx) => addItem(ctx, tx, { shopper, item }),
          render: ({ line }) => ({
            status: 200,
            body: { message: `Item ${line.name} added/updated in cart` },
          }),
        },
      )
    },
  )
}

function registerRemoval(app: App, ctx: Context): void {
  app.delete(
    '/carts/remove-item/:desc_id',
    {
      schema: {
        tags,
        summary: 'Take one of a product description out of your cart: 204 with the last one',
        params: DescParams,
        response: { 200: Message, 204: Type.Null() },
      },
      config: { allow: 'customer', errors: ['NOT_FOUND', 'CART_LOCKED'] },
    },
    async (request, reply) => {
      const shopper = shopperOf(request)
      const productNumber = numberOf(request.params.desc_id)
      const left = await ctx.db.transaction((tx) => takeOneOut(ctx, tx, { shopper, productNumber }))
      if (left.quantity === 0) return reply.code(204).send(null)
      return { message: decreased(left) }
    },
  )
}

/** What is no number is nothing that a cart could hold. */
const numberOf = (text: string): number => (/^[0-9]{1,15}$/.test(text) ? Number(text) : 0)

const decreased = ({ name }: Remainder): string => `Quantity of ${name} decreased in cart`
