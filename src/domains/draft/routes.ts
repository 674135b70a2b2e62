import { Type, type Static } from 'typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import { referenceOf } from '../../core/reference.ts'
import type { App } from '../../http/app.ts'
import { callerOf, inNameOf } from '../../http/auth.ts'
import { demandedVersion } from '../../http/conditional.ts'
import { envelope, success } from '../../http/envelope.ts'
import { answerOnce } from '../../http/once.ts'
import { IdOrNumber, IdParams, UuidParams } from '../../http/schema.ts'
import { registerStaffList } from '../../http/staff-list.ts'
import { may } from '../access/permissions.ts'
import { timeView } from '../catalog/views.ts'
import { answerCommand, checkoutErrors, render } from '../checkout/routes.ts'
import { PlacedOrderView } from '../checkout/schema.ts'
import { checkoutOf, commandOf, hasOwnPrices } from './command.ts'
import { cancelDraft, changeDraft, createDraft, draftOfLink, readDraft, stateOf } from './drafts.ts'
import { countDrafts, draftSorts, draftStates, listDrafts } from './queries.ts'
import {
  DraftBody,
  DraftView,
  ListedDraftView,
  OfferedDraftView,
  PayBody,
  PlaceBody,
} from './schema.ts'
import { draftView, listedDraftView, offeredDraftView } from './views.ts'

const tags = ['Draft orders']
const DraftAnswer = envelope(DraftView)

const contentErrors = [
  'NOT_FOUND',
  'EMAIL_REQUIRED',
  'PRODUCT_UNAVAILABLE',
  'CURRENCY_UNAVAILABLE',
  'AMOUNT_TOO_LARGE',
  'IDEMPOTENCY_KEY_REUSED',
  'REQUEST_IN_PROGRESS',
] as const

interface Exchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** Orders that staff draft, and that become orders by the checkout that every cart goes through. */
export function registerDraftRoutes(app: App, ctx: Context): void {
  registerWriting(app, ctx)
  registerReading(app, ctx)
  registerPlacing(app, ctx)
  registerOffer(app, ctx)
}

function assertMayPrice(request: FastifyRequest, body: Static<typeof DraftBody>): void {
  if (!hasOwnPrices(body) || may(callerOf(request), 'draft:price')) return
  throw new ShopError('FORBIDDEN', { permission: 'draft:price' })
}

function registerWriting(app: App, ctx: Context): void {
  app.post(
    '/admin/draft-orders',
    {
      schema: {
        tags,
        summary: 'Draft an order for a customer or an e-mail address',
        description:
          'It is priced as a cart is; prices and discounts of one’s own need the permission ' +
          'draft:price. It takes no stock before it is placed.',
        body: DraftBody,
        response: { 201: DraftAnswer },
      },
      config: { allow: 'draft:write', errors: contentErrors },
    },
    async (request, reply) => {
      assertMayPrice(request, request.body)
      const command = await commandOf(ctx, request.body)
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: (tx) => createDraft(inNameOf(ctx, request), tx, command),
          render: (draft) => ({
            status: 201,
            body: success(draftView(ctx, draft), 'Order drafted'),
          }),
        },
      )
    },
  )

  app.put(
    '/admin/draft-orders/:id',
    {
      schema: {
        tags,
        summary: 'Write a draft anew, as a whole',
        params: IdParams,
        body: DraftBody,
        response: { 200: DraftAnswer },
      },
      config: {
        allow: 'draft:write',
        errors: [...contentErrors, 'DRAFT_CLOSED', 'VERSION_CONFLICT', 'CART_LOCKED'],
      },
    },
    async (request, reply) => {
      assertMayPrice(request, request.body)
      const by = referenceOf(request.params.id)
      const command = await commandOf(ctx, request.body)
      const version = demandedVersion(request)
      const draft = await ctx.db.transaction((tx) =>
        changeDraft(inNameOf(ctx, request), tx, { by, version, command }),
      )
      reply.header('etag', `"${draft.row.version}"`)
      return success(draftView(ctx, draft), 'Draft changed')
    },
  )
}

function registerReading(app: App, ctx: Context): void {
  app.get(
    '/admin/draft-orders/:id',
    {
      schema: { tags, summary: 'One draft', params: IdParams, response: { 200: DraftAnswer } },
      config: { allow: 'draft:write', errors: ['NOT_FOUND', 'AMOUNT_TOO_LARGE'] },
    },
    async (request, reply) => {
      const draft = await readDraft(ctx, ctx.db.read, referenceOf(request.params.id))
      reply.header('etag', `"${draft.row.version}"`)
      return success(draftView(ctx, draft), 'Draft found')
    },
  )

  registerStaffList(app, {
    path: '/admin/draft-orders',
    tags,
    summary: 'Drafts, by what has become of them',
    permission: 'draft:write',
    fields: {
      state: Type.Optional(Type.Enum([...draftStates])),
      email: Type.Optional(Type.String({ minLength: 1, maxLength: 254 })),
      customer: Type.Optional(IdOrNumber),
    },
    sorts: draftSorts,
    view: ListedDraftView,
    filterOf: ({ state, email, customer }) => ({
      state,
      email,
      customer: customer === undefined ? undefined : referenceOf(customer),
      now: ctx.clock.now(),
    }),
    read: (request) => listDrafts(ctx.db.long, request),
    count: (filter) => countDrafts(ctx.db.long, filter),
    show: (row) => listedDraftView(ctx, row),
    columns: {
      number: ({ number }) => number,
      state: (row) => stateOf(ctx, row),
      email: ({ email }) => email,
      author: ({ author }) => author,
      created_at: ({ created_at }) => timeView(created_at),
      expires_at: ({ expires_at }) => timeView(expires_at),
      order: ({ order_number }) => order_number,
      id: ({ id }) => id,
    },
  })

  app.delete(
    '/admin/draft-orders/:id',
    {
      schema: {
        tags,
        summary: 'Give a draft up',
        params: IdParams,
        response: { 200: DraftAnswer },
      },
      config: { allow: 'draft:write', errors: ['NOT_FOUND', 'DRAFT_CLOSED', 'AMOUNT_TOO_LARGE'] },
    },
    async (request) => {
      const by = referenceOf(request.params.id)
      const draft = await ctx.db.transaction((tx) => cancelDraft(inNameOf(ctx, request), tx, by))
      return success(draftView(ctx, draft), 'Draft given up')
    },
  )
}

const placing = [...checkoutErrors, 'NOT_FOUND', 'DRAFT_CLOSED'] as const
const placed = { 201: envelope(PlacedOrderView), 202: envelope(PlacedOrderView) }

const place = (
  ctx: Context,
  { request, reply }: Exchange,
  ...given: Parameters<typeof checkoutOf>
) =>
  answerCommand(
    ctx,
    { request, reply },
    { command: checkoutOf(...given), render: (order) => render(ctx, order) },
  )

function registerPlacing(app: App, ctx: Context): void {
  app.post(
    '/admin/draft-orders/:id/order',
    {
      schema: {
        tags,
        summary: 'Place the order of a draft, once, such as on account (manual)',
        params: IdParams,
        body: PlaceBody,
        response: placed,
      },
      config: { allow: 'draft:write', errors: placing },
    },
    async (request, reply) => {
      const draft = await readDraft(ctx, ctx.db.read, referenceOf(request.params.id))
      return place(inNameOf(ctx, request), { request, reply }, draft, request.body)
    },
  )
}

const TokenQuery = Type.Object(
  { token: Type.String({ minLength: 1, maxLength: 100, description: 'From the payment link' }) },
  { additionalProperties: false },
)

/** What the payment link opens, to whoever has it. */
function registerOffer(app: App, ctx: Context): void {
  app.get(
    '/draft-orders/:id',
    {
      schema: {
        tags,
        summary: 'An order that the shop has drafted for you',
        params: UuidParams,
        querystring: TokenQuery,
        response: { 200: envelope(OfferedDraftView) },
      },
      config: { allow: 'shopper', errors: ['NOT_FOUND', 'AMOUNT_TOO_LARGE'] },
    },
    async ({ params, query }) => {
      const draft = await draftOfLink(ctx, params.id.toLowerCase(), query.token)
      return success(offeredDraftView(ctx, draft), 'Draft found')
    },
  )

  app.post(
    '/draft-orders/:id/checkout',
    {
      schema: {
        tags,
        summary: 'Order what was drafted for you, and pay for it',
        params: UuidParams,
        querystring: TokenQuery,
        body: PayBody,
        response: placed,
      },
      config: { allow: 'shopper', rateClass: 'checkout', errors: placing },
    },
    async (request, reply) => {
      const { params, query, body } = request
      const draft = await draftOfLink(ctx, params.id.toLowerCase(), query.token)
      return place(ctx, { request, reply }, draft, body)
    },
  )
}
