import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import { referenceOf } from '../../core/reference.ts'
import { SetItemBody } from '../../domains/cart/schema.ts'
import type { App } from '../../http/app.ts'
import { envelope } from '../../http/envelope.ts'
import { IdOrNumber } from '../../http/schema.ts'
import { addToCart, changeItem, emptyTheCart, readCart } from './cart-actions.ts'
import { ShopAddBody, ShopCart, ShopCartChange, ShopUpdateBody } from './cart-schema.ts'
import {
  AddHeaders,
  ChangeHeaders,
  PathAddHeaders,
  PathChangeHeaders,
  SessionHeaders,
} from './headers.ts'

const tags = ['Shop door']
const CartAnswer = envelope(ShopCart)
const ChangeAnswer = envelope(ShopCartChange)

const stale = ['CART_LOCKED', 'VERSION_CONFLICT'] as const
const addErrors = [
  ...stale,
  'NOT_FOUND',
  'INSUFFICIENT_STOCK',
  'PRODUCT_UNAVAILABLE',
  'IDEMPOTENCY_KEY_REUSED',
  'REQUEST_IN_PROGRESS',
] as const
const lineErrors = [...stale, 'NOT_FOUND'] as const
const quantityErrors = [...lineErrors, 'INSUFFICIENT_STOCK'] as const
const productErrors = [...quantityErrors, 'AMBIGUOUS_ITEM'] as const

/** A session in the path, which may have every name but those of the routes beside it. */
const session = ':session_id(^(?!(?:add|update|remove|clear|items)$)[^]+$)'
const SessionId = Type.String({
  maxLength: 255,
  description: 'A name for the session, chosen by the client: printable ASCII',
  examples: ['my-session'],
})
const SessionParams = Type.Object({ session_id: SessionId })
const ItemParams = Type.Object({ item_id: IdOrNumber })
const ProductParams = Type.Object({ product_id: IdOrNumber })
const SessionItemParams = Type.Object({ session_id: SessionId, item_id: IdOrNumber })

export function registerCartRoutes(app: App, ctx: Context): void {
  registerReading(app, ctx)
  registerAdding(app, ctx)
  registerChanges(app, ctx)
  registerRemoval(app, ctx)
  registerClearing(app, ctx)
  registerSessionCart(app, ctx)
  registerSessionItems(app, ctx)
}

function registerReading(app: App, ctx: Context): void {
  app.get(
    '/cart',
    {
      schema: {
        tags,
        summary: 'The cart with its items and totals; empty for whoever has none',
        headers: SessionHeaders,
        response: { 200: CartAnswer },
      },
      config: { allow: 'shopper' },
    },
    (request, reply) => readCart(ctx, { request, reply }),
  )
}

function registerAdding(app: App, ctx: Context): void {
  for (const url of ['/cart/add', '/cart/items'] as const) {
    app.post(
      url,
      {
        schema: {
          tags,
          summary: 'Add a product to the cart, on top of what is in it',
          description: 'Send an Idempotency-Key: a repetition then gets the same answer again.',
          headers: AddHeaders,
          body: ShopAddBody,
          response: { 201: ChangeAnswer },
        },
        config: { allow: 'shopper', errors: addErrors },
      },
      (request, reply) => addToCart(ctx, { request, reply }, request.body),
    )
  }
}

function registerChanges(app: App, ctx: Context): void {
  app.put(
    '/cart/update',
    {
      schema: {
        tags,
        summary: 'Set the quantity of an item; 0 removes it',
        body: ShopUpdateBody,
        headers: ChangeHeaders,
        response: { 200: ChangeAnswer },
      },
      config: { allow: 'shopper', errors: quantityErrors },
    },
    (request, reply) => {
      const { item_id, quantity } = request.body
      const at = { line: referenceOf(String(item_id)) }
      return changeItem(ctx, { request, reply }, { at, quantity })
    },
  )

  app.put(
    '/cart/items/:product_id',
    {
      schema: {
        tags,
        summary: 'Set the quantity of a product in the cart; 0 removes it',
        params: ProductParams,
        body: SetItemBody,
        headers: ChangeHeaders,
        response: { 200: ChangeAnswer },
      },
      config: { allow: 'shopper', errors: productErrors },
    },
    (request, reply) => {
      const at = { product: referenceOf(request.params.product_id) }
      return changeItem(ctx, { request, reply }, { at, quantity: request.body.quantity })
    },
  )
}

function registerRemoval(app: App, ctx: Context): void {
  app.delete(
    '/cart/remove/:item_id',
    {
      schema: {
        tags,
        summary: 'Remove an item from the cart',
        params: ItemParams,
        headers: ChangeHeaders,
        response: { 200: ChangeAnswer },
      },
      config: { allow: 'shopper', errors: lineErrors },
    },
    (request, reply) => {
      const at = { line: referenceOf(request.params.item_id) }
      return changeItem(ctx, { request, reply }, { at, quantity: 0 })
    },
  )

  app.delete(
    '/cart/items/:product_id',
    {
      schema: {
        tags,
        summary: 'Remove a product from the cart',
        params: ProductParams,
        headers: ChangeHeaders,
        response: { 200: ChangeAnswer },
      },
      config: { allow: 'shopper', errors: [...lineErrors, 'AMBIGUOUS_ITEM'] },
    },
    (request, reply) => {
      const at = { product: referenceOf(request.params.product_id) }
      return changeItem(ctx, { request, reply }, { at, quantity: 0 })
    },
  )
}

function registerClearing(app: App, ctx: Context): void {
  for (const url of ['/cart', '/cart/clear'] as const) {
    app.delete(
      url,
      {
        schema: {
          tags,
          summary: 'Remove all items',
          headers: ChangeHeaders,
          response: { 200: CartAnswer },
        },
        config: { allow: 'shopper', errors: stale },
      },
      (request, reply) => emptyTheCart(ctx, { request, reply }),
    )
  }
}

function registerSessionCart(app: App, ctx: Context): void {
  app.get(
    `/cart/${session}`,
    {
      schema: {
        tags,
        summary: 'The cart of a session named in the path',
        params: SessionParams,
        response: { 200: CartAnswer },
      },
      config: { allow: 'shopper' },
    },
    (request, reply) => readCart(ctx, { request, reply, pathSession: request.params.session_id }),
  )

  app.delete(
    `/cart/${session}`,
    {
      schema: {
        tags,
        summary: 'Remove all items from the cart of a session',
        params: SessionParams,
        headers: PathChangeHeaders,
        response: { 200: CartAnswer },
      },
      config: { allow: 'shopper', errors: stale },
    },
    (request, reply) =>
      emptyTheCart(ctx, { request, reply, pathSession: request.params.session_id }),
  )
}

function registerSessionItems(app: App, ctx: Context): void {
  app.post(
    `/cart/${session}/items`,
    {
      schema: {
        tags,
        summary: 'Add a product to the cart of a session',
        params: SessionParams,
        body: ShopAddBody,
        headers: PathAddHeaders,
        response: { 201: ChangeAnswer },
      },
      config: { allow: 'shopper', errors: addErrors },
    },
    (request, reply) =>
      addToCart(ctx, { request, reply, pathSession: request.params.session_id }, request.body),
  )

  app.put(
    `/cart/${session}/items/:item_id`,
    {
      schema: {
        tags,
        summary: 'Set the quantity of an item in the cart of a session; 0 removes it',
        params: SessionItemParams,
        body: SetItemBody,
        headers: PathChangeHeaders,
        response: { 200: ChangeAnswer },
      },
      config: { allow: 'shopper', errors: quantityErrors },
    },
    (request, reply) => {
      const { session_id: pathSession, item_id } = request.params
      const change = { at: { line: referenceOf(item_id) }, quantity: request.body.quantity }
      return changeItem(ctx, { request, reply, pathSession }, change)
    },
  )

  app.delete(
    `/cart/${session}/items/:item_id`,
    {
      schema: {
        tags,
        summary: 'Remove an item from the cart of a session',
        params: SessionItemParams,
        headers: PathChangeHeaders,
        response: { 200: ChangeAnswer },
      },
      config: { allow: 'shopper', errors: lineErrors },
    },
    (request, reply) => {
      const { session_id: pathSession, item_id } = request.params
      const change = { at: { line: referenceOf(item_id) }, quantity: 0 }
      return changeItem(ctx, { request, reply, pathSession }, change)
    },
  )
}
