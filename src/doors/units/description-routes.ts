import { Type } from 'typebox'
import type { FastifyReply } from 'fastify'
import type { Context } from '../../context.ts'
import { pageSizeMax, pagingOf } from '../../core/paging.ts'
import { listProducts } from '../../domains/catalog/catalog.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { answerOnce } from '../../http/once.ts'
import { pageLinks } from '../../http/paging.ts'
import {
  DescParams,
  Description,
  DescriptionBody,
  DescriptionParams,
  DescriptionQuery,
  MadeUnit,
  NewDescriptionBody,
} from './description-schema.ts'
import {
  changeDescription,
  createDescription,
  descriptionView,
  findDescription,
  makeUnit,
  removeDescription,
} from './descriptions.ts'

const tags = ['Units door']
const keeping = { allow: 'catalog:write' } as const
const onceErrors = ['IDEMPOTENCY_KEY_REUSED', 'REQUEST_IN_PROGRESS'] as const

export function registerDescriptionRoutes(app: App, ctx: Context): void {
  registerReading(app, ctx)
  registerCreation(app, ctx)
  registerChanges(app, ctx)
  registerUnits(app, ctx)
}

function registerReading(app: App, ctx: Context): void {
  app.get(
    '/product-descriptions',
    {
      schema: {
        tags,
        summary: 'What is for sale, newest first, up to 100 at a time',
        description: 'The Link header names the next page.',
        querystring: DescriptionQuery,
        response: { 200: Type.Array(Description) },
      },
      config: { allow: 'public' },
    },
    async ({ query, url }, reply) => {
      const paging = pagingOf({ ...query, per_page: query.per_page ?? pageSizeMax })
      const page = await listProducts(ctx, { filter: {}, sort: '-created_at', paging })
      linkPages(reply, pageLinks(url, paging, page))
      return page.items.map(descriptionView)
    },
  )

  app.get(
    '/product-descriptions/:id',
    {
      schema: {
        tags,
        summary: 'One product description',
        params: DescriptionParams,
        response: { 200: Description },
      },
      config: { allow: 'public', errors: ['NOT_FOUND'] },
    },
    async ({ params }) => descriptionView((await findDescription(ctx.db.read, params.id)).product),
  )
}

/** The other pages, as RFC 8288 has it: the body is nothing but the list. */
function linkPages(reply: FastifyReply, links: Readonly<Record<string, string>>): void {
  const others = Object.entries(links).filter(([name]) => name !== 'self')
  if (others.length === 0) return
  reply.header('link', others.map(([name, url]) => `<${url}>; rel="${name}"`).join(', '))
}

function registerCreation(app: App, ctx: Context): void {
  app.post(
    '/product-descriptions',
    {
      schema: {
        tags,
        summary: 'Create a product description; its units are made one by one',
        body: NewDescriptionBody,
        response: { 201: Description },
      },
      config: { ...keeping, errors: ['ALREADY_EXISTS', ...onceErrors] },
    },
    async (request, reply) => {
      const named = inNameOf(ctx, request)
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: (tx) => createDescription(named, tx, request.body),
          render: ({ product }) => ({ status: 201, body: descriptionView(product) }),
        },
      )
    },
  )
}

function registerChanges(app: App, ctx: Context): void {
  app.put(
    '/product-descriptions/:id',
    {
      schema: {
        tags,
        summary: 'Change a product description; what is not sent stays as it is',
        params: DescriptionParams,
        body: DescriptionBody,
        response: { 200: Description },
      },
      config: { ...keeping, errors: ['NOT_FOUND', 'ALREADY_EXISTS', 'VARIANT_REQUIRED'] },
    },
    async (request) => {
      const change = { number: request.params.id, body: request.body }
      const named = inNameOf(ctx, request)
      const { product } = await ctx.db.transaction((tx) => changeDescription(named, tx, change))
      return descriptionView(product)
    },
  )

  app.delete(
    '/product-descriptions/:id',
    {
      schema: {
        tags,
        summary: 'Take a product description out of the shop; its orders and units stay',
        params: DescriptionParams,
        response: { 204: Type.Null() },
      },
      config: { ...keeping, errors: ['NOT_FOUND'] },
    },
    async (request, reply) => {
      const named = inNameOf(ctx, request)
      await ctx.db.transaction((tx) => removeDescription(named, tx, request.params.id))
      return reply.code(204).send(null)
    },
  )
}

function registerUnits(app: App, ctx: Context): void {
  app.post(
    '/products/create/:desc_id',
    {
      schema: {
        tags,
        summary: 'Make a unit of a product description, with a serial number of its own',
        params: DescParams,
        response: { 201: MadeUnit },
      },
      config: {
        allow: 'inventory:write',
        errors: ['NOT_FOUND', 'VARIANT_REQUIRED', 'SERIALS_MISSING', 'IN_USE', ...onceErrors],
      },
    },
    async (request, reply) => {
      const named = inNameOf(ctx, request)
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: (tx) => makeUnit(named, tx, request.params.desc_id),
          render: ({ serial, number }) => ({
            status: 201,
            body: { message: 'Product item created', serial_number: serial, desc_id: number },
          }),
        },
      )
    },
  )
}
