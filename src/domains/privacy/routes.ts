import { Readable } from 'node:stream'
import { Type } from 'typebox'
import type { FastifyReply } from 'fastify'
import type { Context } from '../../context.ts'
import { referenceOf } from '../../core/reference.ts'
import type { App } from '../../http/app.ts'
import { callerOf, inNameOf, signedIn } from '../../http/auth.ts'
import { envelope, success } from '../../http/envelope.ts'
import { IdParams } from '../../http/schema.ts'
import { clearSessionCookie } from '../../http/session-cookie.ts'
import { getCustomer } from '../customer/customers.ts'
import { assertOwner } from '../customer/own-account.ts'
import { EraseBody } from '../customer/schema.ts'
import { eraseAccount } from './erasure.ts'
import { jsonOf, personalData, personalDataFor, zipOf, type PersonalData } from './export.ts'

const ExportQuery = Type.Object(
  { format: Type.Optional(Type.Enum(['json', 'zip'])) },
  { additionalProperties: false },
)

const files = {
  200: {
    content: {
      'application/json': { schema: Type.Object({}, { title: 'PersonalData' }) },
      'application/zip': { schema: Type.String({ description: 'JSON files, and orders.csv' }) },
    },
  },
}

export function registerPrivacyRoutes(app: App, ctx: Context): void {
  registerOwnData(app, ctx)
  app.get(
    '/admin/accounts/:id/export',
    {
      schema: {
        tags: ['Administration'],
        summary: 'Everything about an account, for its owner; the log says who has got it',
        params: IdParams,
        querystring: ExportQuery,
        response: files,
      },
      config: { allow: 'customer:manage', errors: ['NOT_FOUND'] },
    },
    async (request, reply) => {
      const { id } = await getCustomer(ctx, referenceOf(request.params.id))
      const data = await personalDataFor(inNameOf(ctx, request), callerOf(request), id)
      return sendData(reply, data, request.query.format)
    },
  )
}

function registerOwnData(app: App, ctx: Context): void {
  const tags = ['Customers']
  app.get(
    '/customers/me/export',
    {
      schema: {
        tags,
        summary: 'Everything the shop holds about you, as JSON or as a ZIP of files',
        querystring: ExportQuery,
        response: files,
      },
      // It reads all there is: more than now and then nobody needs it.
      config: { allow: 'customer', rateClass: 'reset', errors: ['NOT_FOUND'] },
    },
    async (request, reply) => {
      const data = await personalData(ctx, signedIn(request).customerId)
      return sendData(reply, data, request.query.format)
    },
  )

  app.delete(
    '/customers/me',
    {
      schema: {
        tags,
        summary: 'Erase your account; your orders stay in the books, without your name',
        description: 'Who has no password leaves it out, and has to have signed in a moment ago.',
        body: EraseBody,
        response: { 200: envelope(Type.Null()) },
      },
      config: {
        allow: 'customer',
        rateClass: 'sign_in',
        errors: ['NOT_FOUND', 'INVALID_CREDENTIALS', 'REAUTHENTICATION_REQUIRED', 'LAST_ADMIN'],
      },
    },
    async (request, reply) => {
      const owner = signedIn(request)
      await assertOwner(ctx, owner, request.body.current_password)
      await eraseAccount(inNameOf(ctx, request), owner.customerId, owner)
      clearSessionCookie(ctx, reply)
      return success(null, 'Account erased')
    },
  )
}

function sendData(
  reply: FastifyReply,
  data: PersonalData,
  format: 'json' | 'zip' = 'json',
): FastifyReply {
  const content = format === 'zip' ? zipOf(data) : jsonOf(data)
  return reply
    .type(format === 'zip' ? 'application/zip' : 'application/json; charset=utf-8')
    .header('content-disposition', `attachment; filename="my-data.${format}"`)
    .send(Readable.from(content, { objectMode: false }))
}
