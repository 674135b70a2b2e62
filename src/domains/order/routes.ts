import type { FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { pagingOf } from '../../core/paging.ts'
import type { App } from '../../http/app.ts'
import { signedIn } from '../../http/auth.ts'
import { sendCacheable } from '../../http/conditional.ts'
import { envelope, listEnvelope, success } from '../../http/envelope.ts'
import { pageLinks, pageMeta } from '../../http/paging.ts'
import { getOrder, listOrders } from './orders.ts'
import { namedOrder } from './reference.ts'
import { OrderParams, OrderQuery, OrderSummaryView, OrderTokenQuery, OrderView } from './schema.ts'
import { orderSummaryView, orderView } from './views.ts'

const tags = ['Orders']

export function registerOrderRoutes(app: App, ctx: Context): void {
  app.get(
    '/orders',
    {
      schema: {
        tags,
        summary: 'Your orders, newest first',
        querystring: OrderQuery,
        response: { 200: listEnvelope(OrderSummaryView) },
      },
      config: { allow: 'customer' },
    },
    async (request) => {
      const paging = pagingOf(request.query)
      const page = await listOrders(ctx, signedIn(request).customerId, paging)
      return success(
        page.items.map((item) => orderSummaryView(ctx, item)),
        'Orders listed',
        {
          meta: pageMeta(paging, page),
          links: pageLinks(request.url, paging, page),
        },
      )
    },
  )

  app.get(
    '/orders/:id',
    {
      schema: {
        tags,
        summary: 'One order: yours, or a guest order with its token',
        description: 'A guest sends the token from the checkout as ?token= or Order-Token header.',
        params: OrderParams,
        querystring: OrderTokenQuery,
        response: { 200: envelope(OrderView) },
      },
      config: { allow: 'shopper', errors: ['NOT_FOUND'] },
    },
    async (request, reply) => {
      const reader = readerOf(request, request.query.token)
      const found = await getOrder(ctx, namedOrder(ctx, request.params.id), reader)
      const body = reply.serialize(success(orderView(ctx, found), 'Order found'))
      return sendCacheable({ request, reply }, String(body), found.order.version)
    },
  )
}

export function readerOf(request: FastifyRequest, queryToken: string | undefined) {
  const header = request.headers['order-token']
  const token = queryToken ?? (typeof header === 'string' ? header : undefined)
  return { principal: request.principal, token }
}
