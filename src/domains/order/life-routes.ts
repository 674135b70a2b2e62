import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { demandedVersion } from '../../http/conditional.ts'
import { envelope, success } from '../../http/envelope.ts'
import { answerOnce } from '../../http/once.ts'
import { makeRefunds } from '../payment/refunds.ts'
import { cancelOrder } from './cancellation.ts'
import { AnswerBody, CancellationBody, ReturnBody, ReturnParams } from './life-schema.ts'
import { getOwnOrder, readOrder, type Order } from './orders.ts'
import { decideOnReturn, requestReturn } from './returns.ts'
import { readerOf } from './routes.ts'
import { namedOrder } from './reference.ts'
import { OrderParams, OrderTokenQuery, OrderView } from './schema.ts'
import { orderView } from './views.ts'

const tags = ['Orders']

/** What an order refuses by its state. */
export const stateErrors = [
  'NOT_FOUND',
  'PAYMENT_PENDING',
  'ORDER_IN_PROCESS',
  'ORDER_NOT_SHIPPED',
  'ORDER_SHIPPED',
  'ORDER_CLOSED',
  'VERSION_CONFLICT',
  'IDEMPOTENCY_KEY_REUSED',
  'REQUEST_IN_PROGRESS',
] as const

const answer = (ctx: Context, message: string) => (found: Order) => ({
  status: 201,
  body: success(orderView(ctx, found), message),
})

/** What customers may do about their orders; a guest shows the token of the order. */
export function registerOrderLifeRoutes(app: App, ctx: Context): void {
  registerCancellation(app, ctx)
  registerReturns(app, ctx)
}

function registerCancellation(app: App, ctx: Context): void {
  app.post(
    '/orders/:id/cancellation',
    {
      schema: {
        tags,
        summary: 'Cancel an order of yours, as long as nobody has begun to pack it',
        description: 'Everything that was paid goes back the way it came.',
        params: OrderParams,
        querystring: OrderTokenQuery,
        body: CancellationBody,
        response: { 201: envelope(OrderView) },
      },
      config: { allow: 'shopper', errors: [...stateErrors, 'GIFT_CARD_SPENT'] },
    },
    async (request, reply) => {
      const reader = readerOf(request, request.query.token)
      const { id: orderId } = await getOwnOrder(ctx, namedOrder(ctx, request.params.id), reader)
      const { reason = 'customer_request', note = null } = request.body
      const cancelling = { orderId, reason, note, version: demandedVersion(request) }
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: async (tx) => {
            await cancelOrder(inNameOf(ctx, request), tx, { ...cancelling, by: 'customer' })
            return readOrder(tx, orderId)
          },
          render: answer(ctx, 'Order cancelled'),
          afterwards: () => makeRefunds(ctx, orderId),
        },
      )
    },
  )
}

function registerReturns(app: App, ctx: Context): void {
  app.post(
    '/orders/:id/returns',
    {
      schema: {
        tags,
        summary: 'Ask to send goods back',
        description: 'The shop approves it first; what is paid for them goes back when they came.',
        params: OrderParams,
        querystring: OrderTokenQuery,
        body: ReturnBody,
        response: { 201: envelope(OrderView) },
      },
      config: {
        allow: 'shopper',
        errors: [...stateErrors, 'QUANTITY_EXCEEDED', 'RETURN_WINDOW_CLOSED'],
      },
    },
    async (request, reply) => {
      const reader = readerOf(request, request.query.token)
      const { id: orderId } = await getOwnOrder(ctx, namedOrder(ctx, request.params.id), reader)
      const { note = null } = request.body
      const items = request.body.items.map(({ line_id, quantity, reason }) => ({
        ...{ lineId: line_id.toLowerCase(), quantity, reason },
      }))
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: async (tx) => {
            const actor = inNameOf(ctx, request)
            await requestReturn(actor, tx, { orderId, items, note, by: 'customer' })
            return readOrder(tx, orderId)
          },
          render: answer(ctx, 'Return requested'),
        },
      )
    },
  )

  app.post(
    '/orders/:id/returns/:return_id/withdrawal',
    {
      schema: {
        tags,
        summary: 'Keep the goods after all',
        params: Type.Object({ ...OrderParams.properties, ...ReturnParams }),
        querystring: OrderTokenQuery,
        body: AnswerBody,
        response: { 201: envelope(OrderView) },
      },
      config: { allow: 'shopper', errors: [...stateErrors, 'WRONG_STATE'] },
    },
    async (request, reply) => {
      const reader = readerOf(request, request.query.token)
      const { id: orderId } = await getOwnOrder(ctx, namedOrder(ctx, request.params.id), reader)
      const id = request.params.return_id.toLowerCase()
      const deciding = { orderId, id, decision: 'withdrawn', answer: null } as const
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: async (tx) => {
            const actor = inNameOf(ctx, request)
            await decideOnReturn(actor, tx, { ...deciding, by: 'customer' })
            return readOrder(tx, orderId)
          },
          render: answer(ctx, 'Return withdrawn'),
        },
      )
    },
  )
}
