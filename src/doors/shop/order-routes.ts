import type { Context } from '../../context.ts'
import { pagingOf } from '../../core/paging.ts'
import { getOrder, listOrders } from '../../domains/order/orders.ts'
import { readerOf } from '../../domains/order/routes.ts'
import { OrderQuery, OrderTokenQuery } from '../../domains/order/schema.ts'
import type { App } from '../../http/app.ts'
import { signedIn } from '../../http/auth.ts'
import { sendCacheable } from '../../http/conditional.ts'
import { envelope, listEnvelope, success } from '../../http/envelope.ts'
import { pageLinks, pageMeta } from '../../http/paging.ts'
import { namedOrder } from '../../domains/order/reference.ts'
import { OrderParams } from '../../domains/order/schema.ts'
import { OrderHeaders } from './headers.ts'
import { ShopOrder, ShopOrderSummary } from './order-schema.ts'
import { orderLinks, shopOrder, shopOrderSummary } from './order-views.ts'

const tags = ['Shop door']

export function registerOrderRoutes(app: App, ctx: Context): void {
  app.get(
    '/orders',
    {
      schema: {
        tags,
        summary: 'The orders of the signed-in customer, newest first',
        querystring: OrderQuery,
        response: { 200: listEnvelope(ShopOrderSummary) },
      },
      config: { allow: 'customer' },
    },
    async (request) => {
      const paging = pagingOf(request.query)
      const page = await listOrders(ctx, signedIn(request).customerId, paging)
      return success(
        page.items.map((item) => shopOrderSummary(ctx, item)),
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
        summary: 'One order: your own, or a guest order with its token',
        description: 'A guest sends the token from the checkout as ?token= or Order-Token header.',
        params: OrderParams,
        querystring: OrderTokenQuery,
        headers: OrderHeaders,
        response: { 200: envelope(ShopOrder) },
      },
      config: { allow: 'shopper', errors: ['NOT_FOUND'] },
    },
    async (request, reply) => {
      const reader = readerOf(request, request.query.token)
      const found = await getOrder(ctx, namedOrder(ctx, request.params.id), reader)
      const links = orderLinks(found.order.number)
      const body = reply.serialize(success(shopOrder(ctx, found), 'Order found', { links }))
      return sendCacheable({ request, reply }, String(body), found.order.version)
    },
  )
}
