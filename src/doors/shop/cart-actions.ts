import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import { referenceOf } from '../../core/reference.ts'
import {
  addItem,
  clearCart,
  getCart,
  mergeIfNeeded,
  setItem,
  type Article,
  type Cart,
  type CartLineRow,
  type LineReference,
} from '../../domains/cart/cart.ts'
import { demandedVersion } from '../../http/conditional.ts'
import { success } from '../../http/envelope.ts'
import { answerOnce } from '../../http/once.ts'
import { sessionNameOf, shopperForWriting, shopperOf } from '../../http/session.ts'
import type { ShopAddBody } from './cart-schema.ts'
import { changedItem, shopCart } from './cart-views.ts'

/** A request about a cart. Its session may stand in the path; else header or cookie name it. */
export interface CartRequest {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly pathSession?: string
}

export async function readCart(ctx: Context, { request, reply, pathSession }: CartRequest) {
  const cart = await getCart(ctx, shopperOf(ctx, request, pathSession))
  return cartAnswer(ctx, { request, reply }, { cart, message: 'Cart found' })
}

/** Adds to a line that is there or makes one; nobody's cart yet gets a session by cookie. */
export async function addToCart(
  ctx: Context,
  { request, reply, pathSession }: CartRequest,
  body: ShopAddBody,
) {
  const shopper = shopperForWriting(ctx, { request, reply }, pathSession)
  await mergeIfNeeded(ctx, shopper)
  const { quantity } = body
  const item = { article: articleOf(body), quantity, version: demandedVersion(request) }
  return answerOnce(
    ctx,
    { request, reply },
    {
      work: async (tx) => {
        const added = await addItem(ctx, tx, { shopper, item })
        assertVariantOf(body, added.line)
        return added
      },
      render: ({ cart, line }) => ({
        status: 201,
        body: success(
          { ...shopCart(ctx, cart, sessionNameOf(request)), ...changedItem(line, line.quantity) },
          'Item added to cart',
          { links: cartLinks(request) },
        ),
      }),
    },
  )
}

function articleOf({ product_id, variant_id }: ShopAddBody): Article {
  if (variant_id !== undefined) return { variantId: variant_id.toLowerCase() }
  if (product_id === undefined) throw invalid('product_id', 'is required')
  return { product: referenceOf(String(product_id)), anyVariant: true }
}

/** A caller who names both must not get another product than the one named. */
function assertVariantOf({ product_id, variant_id }: ShopAddBody, line: CartLineRow): void {
  if (product_id === undefined || variant_id === undefined) return
  const names = [line.product_number, line.product_id]
  const given = typeof product_id === 'string' ? product_id.toLowerCase() : product_id
  if (!names.includes(given)) throw invalid('variant_id', 'is not a variant of this product')
}

interface ItemChange {
  readonly at: LineReference
  /** 0 removes the line. */
  readonly quantity: number
}

export async function changeItem(
  ctx: Context,
  { request, reply, pathSession }: CartRequest,
  { at, quantity }: ItemChange,
) {
  const shopper = shopperOf(ctx, request, pathSession)
  await mergeIfNeeded(ctx, shopper)
  const item = { at, quantity, version: demandedVersion(request) }
  const { cart, line } = await ctx.db.transaction((tx) => setItem(ctx, tx, { shopper, item }))
  const message = quantity === 0 ? 'Item removed from cart' : 'Cart item updated'
  const body = cartAnswer(ctx, { request, reply }, { cart, message })
  return { ...body, data: { ...body.data, ...changedItem(line, quantity) } }
}

export async function emptyTheCart(ctx: Context, { request, reply, pathSession }: CartRequest) {
  const shopper = shopperOf(ctx, request, pathSession)
  await mergeIfNeeded(ctx, shopper)
  const version = demandedVersion(request)
  const cart = await ctx.db.transaction((tx) => clearCart(ctx, tx, { shopper, version }))
  return cartAnswer(ctx, { request, reply }, { cart, message: 'Cart cleared' })
}

function cartAnswer(
  ctx: Context,
  { request, reply }: CartRequest,
  { cart, message }: { cart: Cart; message: string },
) {
  reply.header('etag', `"${cart.version}"`)
  const data = shopCart(ctx, cart, sessionNameOf(request))
  return success(data, message, { links: cartLinks(request) })
}

/** Under the session's own address if it was named there, so that a client can follow them. */
function cartLinks({ routeOptions, params }: FastifyRequest): Record<string, string> {
  const byPath = routeOptions.url?.includes(':session_id') ?? false
  const session = byPath ? (params as { session_id: string }).session_id : undefined
  const self = session === undefined ? '/api/cart' : `/api/cart/${encodeURIComponent(session)}`
  return { self, items: `${self}/items`, checkout: '/api/checkout' }
}
