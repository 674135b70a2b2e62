import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import { html } from '../../core/html.ts'
import type { App } from '../../http/app.ts'
import { signedIn } from '../../http/auth.ts'
import { envelope, listEnvelope, success } from '../../http/envelope.ts'
import { sendPage } from '../../http/page.ts'
import { cursorPage, CursorQuery } from '../../http/paging.ts'
import { Timestamp, Uuid, UuidParams } from '../../http/schema.ts'
import { timeOrNullView, timeView } from '../catalog/views.ts'
import { listAlerts } from './alerts.ts'
import { closed, NullableTime, tags, VariantId } from './schema.ts'
import {
  confirm,
  removeSubscription,
  subscribe,
  subscriptionOf,
  subscriptionsOf,
  unsubscribe,
} from './subscriptions.ts'

const AlertView = Type.Object(
  {
    id: Uuid,
    variant_id: Uuid,
    sku: Type.String(),
    product_name: Type.String(),
    product_number: Type.Integer(),
    threshold: Type.Integer(),
    available: Type.Integer({ description: 'When the alert was given' }),
    created_at: Timestamp,
    ended_at: NullableTime,
  },
  { title: 'StockAlert' },
)

const AlertQuery = Type.Object(
  {
    ...CursorQuery.properties,
    open: Type.Optional(Type.Boolean({ description: 'Only those that are (or are not) open' })),
  },
  closed,
)

const SubscriptionView = Type.Object(
  {
    id: Uuid,
    variant_id: Uuid,
    sku: Type.String(),
    name: Type.String(),
    product_number: Type.Integer(),
    status: Type.Enum(['unconfirmed', 'waiting']),
    created_at: Timestamp,
  },
  { title: 'StockSubscription' },
)

export function registerNoticeRoutes(app: App, ctx: Context): void {
  app.get(
    '/admin/stock-alerts',
    {
      schema: {
        tags,
        summary: 'Articles that came down to their threshold, newest first',
        querystring: AlertQuery,
        response: { 200: listEnvelope(AlertView) },
      },
      config: { allow: 'inventory:read' },
    },
    async (request) => {
      const filter = { isOpen: request.query.open }
      const { rows, meta } = await cursorPage(request.query, {
        read: (before, limit) => listAlerts(ctx.db.read, filter, { before, limit }),
        placeOf: ({ id }) => id,
      })
      const views = rows.map((row) => ({
        ...row,
        created_at: timeView(row.created_at),
        ended_at: timeOrNullView(row.ended_at),
      }))
      return success(views, 'Alerts listed', { meta })
    },
  )
  registerSubscribing(app, ctx)
  registerOwn(app, ctx)
}

function registerSubscribing(app: App, ctx: Context): void {
  app.post(
    '/stock-subscriptions',
    {
      schema: {
        tags: ['Catalogue'],
        summary: 'Be told by mail when an article is there again',
        description:
          'One mail, then no more. Who is not signed in names an address, which gets a mail to ' +
          'confirm it. The answer is the same whether or not the address waits already.',
        body: Type.Object(
          {
            variant_id: VariantId,
            email: Type.Optional(Type.String({ format: 'email', maxLength: 254 })),
          },
          closed,
        ),
        response: { 202: envelope(Type.Object({})) },
      },
      config: { allow: 'shopper', rateClass: 'reset', errors: ['NOT_FOUND', 'EMAIL_REQUIRED'] },
    },
    async (request, reply) => {
      const { variant_id, email } = request.body
      const customerId = request.principal?.customerId
      await subscribe(ctx, { variantId: variant_id.toLowerCase(), customerId, email })
      return reply.code(202).send(success({}, 'You will hear of it'))
    },
  )
}

function registerOwn(app: App, ctx: Context): void {
  const path = '/customers/me/stock-subscriptions'
  app.get(
    path,
    {
      schema: {
        tags: ['Customers'],
        summary: 'The articles that you wait for',
        response: { 200: envelope(Type.Array(SubscriptionView)) },
      },
      config: { allow: 'customer' },
    },
    async (request) => {
      const rows = await subscriptionsOf(ctx.db.read, signedIn(request).customerId)
      const views = rows.map(({ id, variant_id, sku, name, product_number, ...row }) => ({
        ...{ id, variant_id, sku, name, product_number },
        status: row.status as 'unconfirmed' | 'waiting',
        created_at: timeView(row.created_at),
      }))
      return success(views, 'Subscriptions listed')
    },
  )

  app.delete(
    `${path}/:id`,
    {
      schema: {
        tags: ['Customers'],
        summary: 'Wait for an article no longer',
        params: UuidParams,
        response: { 200: envelope(Type.Object({})) },
      },
      config: { allow: 'customer', errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const { customerId } = signedIn(request)
      await removeSubscription(ctx, { id: request.params.id.toLowerCase(), customerId })
      return success({}, 'Subscription ended')
    },
  )
}

const Token = Type.Object({ token: Type.String({ minLength: 1, maxLength: 200 }) }, closed)
const hidden = { hide: true } as const
const config = { allow: 'public', rateClass: 'reset' } as const

/**
 * The pages that the links of these mails lead to. To look at one changes nothing, because mail
 * programs follow links to scan them.
 */
export function registerNoticePages(app: App, ctx: Context): void {
  const pages = [
    {
      path: '/stock-notices/confirm',
      title: 'Shall we tell you?',
      button: 'Yes, tell me',
      act: confirm,
      done: 'We write to you once, when it is there again.',
    },
    {
      path: '/stock-notices/unsubscribe',
      title: 'Do you not want to wait for it any more?',
      button: 'Unsubscribe',
      act: unsubscribe,
      done: 'We do not write to you about it.',
    },
  ] as const
  for (const { path, title, button, act, done } of pages) {
    app.get(path, { schema: { ...hidden, querystring: Token }, config }, async (request, reply) => {
      const { token } = request.query
      const { name } = await subscriptionOf(ctx, ctx.db.read, token)
      const body = html`<p dir="auto">${name}</p>
        <form method="post" action="${path}">
          <input type="hidden" name="token" value="${token}" /><button>${button}</button>
        </form>`
      return sendPage(ctx, reply, { title, body })
    })
    app.post(path, { schema: { ...hidden, body: Token }, config }, async (request, reply) => {
      const { name } = await act(ctx, request.body.token)
      const body = html`<p role="status"><span dir="auto">${name}</span>: ${done}</p>`
      return sendPage(ctx, reply, { title: 'Thank you', body })
    })
  }
}
