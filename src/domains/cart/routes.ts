import { Type, type Static } from 'typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import { referenceOf } from '../../core/reference.ts'
import type { App } from '../../http/app.ts'
import { demandedVersion } from '../../http/conditional.ts'
import { envelope, success } from '../../http/envelope.ts'
import { answerOnce } from '../../http/once.ts'
import { IdParams, Uuid } from '../../http/schema.ts'
import { shopperForWriting, shopperOf } from '../../http/session.ts'
import {
  addItem,
  clearCart,
  getCart,
  mergeIfNeeded,
  setItem,
  type Article,
  type Cart,
} from './cart.ts'
import { AddItemBody, CartView, SetItemBody } from './schema.ts'
import { cartView } from './views.ts'

const tags = ['Cart']
const links = {
  self: '/api/v1/cart',
  items: '/api/v1/cart/items',
  checkout: '/api/v1/checkout',
}

const CartAnswer = envelope(CartView)
const AddedAnswer = envelope(Type.Object({ ...CartView.properties, line_id: Uuid }))

const stale = ['CART_LOCKED', 'VERSION_CONFLICT'] as const

export function registerCartRoutes(app: App, ctx: Context): void {
  app.get(
    '/cart',
    {
      schema: { tags, summary: 'Read the cart', response: { 200: CartAnswer } },
      config: { allow: 'shopper', errors: ['AMOUNT_TOO_LARGE'] },
    },
    async (request, reply) => {
      const cart = await getCart(ctx, shopperOf(ctx, request))
      return reply.header('etag', `"${cart.version}"`).send(answer(ctx, cart, 'Cart found'))
    },
  )
  registerItemRoutes(app, ctx)
  app.delete(
    '/cart',
    {
      schema: { tags, summary: 'Remove everything from the cart', response: { 200: CartAnswer } },
      config: { allow: 'shopper', errors: stale },
    },
    async (request, reply) => {
      const shopper = await mergedShopper(ctx, { request, reply })
      const version = demandedVersion(request)
      const cart = await ctx.db.transaction((tx) => clearCart(ctx, tx, { shopper, version }))
      return reply.header('etag', `"${cart.version}"`).send(answer(ctx, cart, 'Cart cleared'))
    },
  )
}

function answer(ctx: Context, cart: Cart, message: string) {
  return success(cartView(ctx, cart), message, { links })
}

async function mergedShopper(
  ctx: Context,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
) {
  const shopper = shopperForWriting(ctx, { request, reply })
  await mergeIfNeeded(ctx, shopper)
  return shopper
}

function registerItemRoutes(app: App, ctx: Context): void {
  app.post(
    '/cart/items',
    {
      schema: {
        tags,
        summary: 'Add to the cart, on top of what is in it',
        body: AddItemBody,
        response: { 201: AddedAnswer },
      },
      config: {
        allow: 'shopper',
        errors: [
          ...stale,
          'NOT_FOUND',
          'INSUFFICIENT_STOCK',
          'PRODUCT_UNAVAILABLE',
          'VARIANT_REQUIRED',
          'AMOUNT_TOO_LARGE',
          'IDEMPOTENCY_KEY_REUSED',
          'REQUEST_IN_PROGRESS',
        ],
      },
    },
    async (request, reply) => {
      const shopper = await mergedShopper(ctx, { request, reply })
      const { quantity } = request.body
      const item = { article: articleOf(request.body), quantity, version: demandedVersion(request) }
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: (tx) => addItem(ctx, tx, { shopper, item }),
          render: ({ cart, line }) => ({
            status: 201,
            body: success({ ...cartView(ctx, cart), line_id: line.id }, 'Added', { links }),
          }),
        },
      )
    },
  )
  registerItemChanges(app, ctx)
}

function articleOf(body: Static<typeof AddItemBody>): Article {
  const { variant_id, product_id } = body
  if (variant_id !== undefined && product_id !== undefined) {
    throw invalid('product_id', 'cannot be combined with variant_id')
  }
  if (variant_id !== undefined) return { variantId: variant_id.toLowerCase() }
  if (product_id === undefined) throw invalid('variant_id', 'is required')
  return { product: referenceOf(String(product_id)), anyVariant: false }
}

function registerItemChanges(app: App, ctx: Context): void {
  const change = async (
    { request, reply }: { request: FastifyRequest; reply: FastifyReply },
    { id, quantity }: { id: string; quantity: number },
  ) => {
    const shopper = await mergedShopper(ctx, { request, reply })
    const version = demandedVersion(request)
    const item = { at: { line: referenceOf(id) }, quantity, version }
    const { cart } = await ctx.db.transaction((tx) => setItem(ctx, tx, { shopper, item }))
    const message = quantity === 0 ? 'Item removed' : 'Quantity set'
    return reply.header('etag', `"${cart.version}"`).send(answer(ctx, cart, message))
  }

  app.put(
    '/cart/items/:id',
    {
      schema: {
        tags,
        summary: 'Set the quantity of a line; 0 removes it',
        params: IdParams,
        body: SetItemBody,
        response: { 200: CartAnswer },
      },
      config: {
        allow: 'shopper',
        errors: [...stale, 'NOT_FOUND', 'INSUFFICIENT_STOCK', 'AMOUNT_TOO_LARGE'],
      },
    },
    (request, reply) =>
      change({ request, reply }, { id: request.params.id, quantity: request.body.quantity }),
  )

  app.delete(
    '/cart/items/:id',
    {
      schema: {
        tags,
        summary: 'Remove a line',
        params: IdParams,
        response: { 200: CartAnswer },
      },
      config: { allow: 'shopper', errors: [...stale, 'NOT_FOUND'] },
    },
    (request, reply) => change({ request, reply }, { id: request.params.id, quantity: 0 }),
  )
}
