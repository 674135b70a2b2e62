import { Type } from 'typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import type { Tx } from '../../db/database.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { demandedVersion } from '../../http/conditional.ts'
import { envelope, success } from '../../http/envelope.ts'
import { answerOnce } from '../../http/once.ts'
import { makeRefunds } from '../payment/refunds.ts'
import { cancelOrder } from './cancellation.ts'
import { CancellationBody, ReturnBody, ReturnParams } from './life-schema.ts'
import { getOwnOrder, readOrder } from './orders.ts'
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

interface OwnChange {
  /** What is changed, in the name of whoever asks. */
  readonly work: (ctx: Context, tx: Tx, orderId: string) => Promise<unknown>
  readonly message: string
  /** How the order is named, and the token of a guest in the address. */
  readonly id: string
  readonly token: string | undefined
}

/** Does something to one's own order, once; answers with the order as it is then. */
async function answerOwn(
  ctx: Context,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  { work, message, id, token }: OwnChange,
): Promise<FastifyReply> {
  const reader = readerOf(request, token)
  const { id: orderId } = await getOwnOrder(ctx, namedOrder(ctx, id), reader)
  const acting = inNameOf(ctx, request)
  return answerOnce(
    ctx,
    { request, reply },
    {
      work: async (tx) => {
        await work(acting, tx, orderId)
        return readOrder(tx, orderId)
      },
      render: (order) => ({ status: 201, body: success(orderView(ctx, order), message) }),
      afterwards: () => makeRefunds(ctx, orderId),
    },
  )
}

/** What customers may do about their orders; a guest shows the token of the order. */
export function registerOrderLifeRoutes(app: App, ctx: Context): void {
  registerCancellation(app, ctx)
  registerReturns(app, ctx)
  registerWithdrawal(app, ctx)
}

const guest = { querystring: OrderTokenQuery, response: { 201: envelope(OrderView) } }

function registerCancellation(app: App, ctx: Context): void {
  app.post(
    '/orders/:id/cancellation',
    {
      schema: {
        tags,
        summary: 'Cancel an order of yours, as long as nobody has begun to pack it',
        description: 'Everything that was paid goes back the way it came.',
        params: OrderParams,
        body: CancellationBody,
        ...guest,
      },
      config: { allow: 'shopper', errors: [...stateErrors, 'GIFT_CARD_SPENT'] },
    },
    async (request, reply) => {
      const { reason = 'customer_request' } = request.body
      const version = demandedVersion(request)
      const change = {
        ...{ id: request.params.id, token: request.query.token },
        work: (acting: Context, tx: Tx, orderId: string) =>
          cancelOrder(acting, tx, { orderId, reason, note: null, version, by: 'customer' }),
        message: 'Order cancelled',
      }
      return answerOwn(ctx, { request, reply }, change)
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
        body: ReturnBody,
        ...guest,
      },
      config: {
        allow: 'shopper',
        errors: [...stateErrors, 'QUANTITY_EXCEEDED', 'RETURN_WINDOW_CLOSED'],
      },
    },
    async (request, reply) => {
      const { note = null } = request.body
      const items = request.body.items.map(({ line_id, quantity, reason }) => ({
        ...{ lineId: line_id.toLowerCase(), quantity, reason },
      }))
      const change = {
        ...{ id: request.params.id, token: request.query.token },
        work: (acting: Context, tx: Tx, orderId: string) =>
          requestReturn(acting, tx, { orderId, items, note, by: 'customer' }),
        message: 'Return requested',
      }
      return answerOwn(ctx, { request, reply }, change)
    },
  )
}

function registerWithdrawal(app: App, ctx: Context): void {
  app.post(
    '/orders/:id/returns/:return_id/withdrawal',
    {
      schema: {
        tags,
        summary: 'Keep the goods after all',
        params: Type.Object({ ...OrderParams.properties, ...ReturnParams }),
        body: Type.Object({}, { additionalProperties: false }),
        ...guest,
      },
      config: { allow: 'shopper', errors: [...stateErrors, 'WRONG_STATE'] },
    },
    async (request, reply) => {
      const returnId = request.params.return_id.toLowerCase()
      const withdrawn = { decision: 'withdrawn', answer: null, by: 'customer' } as const
      const change = {
        ...{ id: request.params.id, token: request.query.token },
        work: (acting: Context, tx: Tx, orderId: string) =>
          decideOnReturn(acting, tx, { ...withdrawn, orderId, id: returnId }),
        message: 'Return withdrawn',
      }
      return answerOwn(ctx, { request, reply }, change)
    },
  )
}
