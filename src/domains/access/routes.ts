import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import type { App } from '../../http/app.ts'
import { clientOf, signedIn } from '../../http/auth.ts'
import { envelope, success } from '../../http/envelope.ts'
import { UuidParams } from '../../http/schema.ts'
import { clearSessionCookie } from '../../http/session-cookie.ts'
import { OwnSessionView, RefreshBody, TokensView } from './schema.ts'
import { endAllSessions, endSession, refreshSession, sessionsOf } from './sessions.ts'
import { publicKeys } from './signing-keys.ts'
import { sessionView, tokensView } from './views.ts'

const tags = ['Sessions']

export function registerSessionRoutes(app: App, ctx: Context): void {
  registerRefresh(app, ctx)
  registerSessionList(app, ctx)
  registerSignOut(app, ctx)
}

function registerRefresh(app: App, ctx: Context): void {
  app.post(
    '/sessions/refresh',
    {
      schema: {
        tags,
        summary: 'The next pair of tokens; a refresh token is good once',
        body: RefreshBody,
        response: { 200: envelope(TokensView) },
      },
      config: { allow: 'public', errors: ['INVALID_REFRESH_TOKEN'] },
    },
    async (request, reply) => {
      const tokens = await refreshSession(ctx, request.body.refresh_token, clientOf(request))
      reply.header('cache-control', 'no-store')
      return success(tokensView(tokens), 'Session goes on')
    },
  )
}

function registerSessionList(app: App, ctx: Context): void {
  app.get(
    '/sessions',
    {
      schema: {
        tags,
        summary: 'Your sessions on all devices, newest first',
        response: { 200: envelope(Type.Array(OwnSessionView)) },
      },
      config: { allow: 'customer' },
    },
    async (request) => {
      const { customerId, id } = signedIn(request)
      const rows = await sessionsOf(ctx, customerId)
      return success(
        rows.map((row) => sessionView(row, id)),
        'Sessions listed',
      )
    },
  )
}

const Ended = envelope(Type.Object({ ended: Type.Integer({ description: 'How many sessions' }) }))

function registerSignOut(app: App, ctx: Context): void {
  app.delete(
    '/sessions/current',
    {
      schema: { tags, summary: 'Sign out', response: { 200: Ended } },
      config: { allow: 'customer', errors: ['NOT_FOUND'] },
    },
    async (request, reply) => {
      const { customerId, id } = signedIn(request)
      await endSession(ctx, { customerId, sessionId: id })
      clearSessionCookie(ctx, reply)
      return success({ ended: 1 }, 'Signed out')
    },
  )

  app.delete(
    '/sessions/:id',
    {
      schema: {
        tags,
        summary: 'End one of your sessions',
        params: UuidParams,
        response: { 200: Ended },
      },
      config: { allow: 'customer', errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const { customerId } = signedIn(request)
      await endSession(ctx, { customerId, sessionId: request.params.id.toLowerCase() })
      return success({ ended: 1 }, 'Session ended')
    },
  )

  app.delete(
    '/sessions',
    {
      schema: { tags, summary: 'Sign out everywhere, here too', response: { 200: Ended } },
      config: { allow: 'customer' },
    },
    async (request, reply) => {
      const { customerId } = signedIn(request)
      const ended = await ctx.db.transaction((tx) =>
        endAllSessions(ctx, tx, { customerId, reason: 'signed_out_everywhere' }),
      )
      clearSessionCookie(ctx, reply)
      return success({ ended }, 'Signed out everywhere')
    },
  )
}

/** The keys by which others can check our tokens, at the address where they look for them. */
export function registerKeySet(app: App, ctx: Context): void {
  app.get(
    '/.well-known/jwks.json',
    {
      schema: {
        tags,
        summary: 'The public keys that access tokens are signed with (RFC 7517)',
        response: { 200: Type.Object({ keys: Type.Array(Type.Object({})) }) },
      },
      config: { allow: 'public' },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'public, max-age=60')
      return { keys: await publicKeys(ctx) }
    },
  )
}
