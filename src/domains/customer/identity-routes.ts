import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import type { App } from '../../http/app.ts'
import { inNameOf, signedIn } from '../../http/auth.ts'
import { envelope, success } from '../../http/envelope.ts'
import { setFlowCookie, takeFlowCookie } from '../../http/flow-cookie.ts'
import { UuidParams } from '../../http/schema.ts'
import { setSessionCookie } from '../../http/session-cookie.ts'
import {
  BegunLinkView,
  CallbackQuery,
  FlowBody,
  FlowQuery,
  IdentityView,
  SignInMethodsView,
} from './factor-schema.ts'
import { identityView } from './factor-views.ts'
import {
  beginIdentityLink,
  beginIdentitySignIn,
  finishIdentityFlow,
  identitiesOf,
  localUrl,
  unlinkIdentity,
  type FlowEnd,
} from './identities.ts'
import { entranceOf } from './routes.ts'

const tags = ['Other providers']
const path = '/customers/me/identities'
const Redirect = Type.Null({ description: 'The browser goes on to the address in Location' })

export function registerIdentityRoutes(app: App, ctx: Context): void {
  registerMethods(app, ctx)
  registerFlow(app, ctx)
  registerLink(app, ctx)
  registerOwnIdentities(app, ctx)
}

function registerMethods(app: App, ctx: Context): void {
  app.get(
    '/sessions/methods',
    {
      schema: {
        tags,
        summary: 'How people can sign in besides by password and passkey',
        response: { 200: envelope(SignInMethodsView) },
      },
      config: { allow: 'public' },
    },
    () => {
      const { identity } = ctx.drivers
      const url = '/api/v1/sessions/oidc'
      const provider = identity ? { name: identity.name, url } : null
      return success({ provider }, 'Ways to sign in')
    },
  )
}

/** The address to go on with; other sites' are refused, so that no link to us leads to them. */
function returnAddress(ctx: Context, given = '/'): string {
  const url = localUrl(ctx, given)
  if (!url) throw invalid('return_to', 'must be a path of this shop, such as /account')
  return url.href
}

function registerFlow(app: App, ctx: Context): void {
  app.get(
    '/sessions/oidc',
    {
      schema: {
        tags,
        summary: 'Sign in at another provider: sends the browser there',
        querystring: FlowQuery,
        response: { 302: Redirect },
      },
      config: {
        allow: 'public',
        rateClass: 'sign_in',
        errors: ['NOT_FOUND', 'PROVIDER_UNAVAILABLE'],
      },
    },
    async (request, reply) => {
      const returnTo = returnAddress(ctx, request.query.return_to)
      const { url, ticket } = await beginIdentitySignIn(ctx, returnTo)
      setFlowCookie(ctx, reply, ticket)
      return reply.header('cache-control', 'no-store').redirect(url, 302)
    },
  )

  app.get(
    '/sessions/oidc/callback',
    {
      schema: {
        tags,
        summary: 'Where the provider sends the browser back to: signs in by cookie, and goes on',
        querystring: CallbackQuery,
        response: { 302: Redirect },
      },
      config: {
        allow: 'public',
        rateClass: 'sign_in',
        errors: [
          'NOT_FOUND',
          'SIGN_IN_FAILED',
          'INVALID_TOKEN',
          'EMAIL_NOT_VERIFIED',
          'ACCOUNT_NOT_LINKED',
          'ALREADY_EXISTS',
          'CART_LOCKED',
          'PROVIDER_UNAVAILABLE',
        ],
      },
    },
    async (request, reply) => {
      const ticket = takeFlowCookie(ctx, { request, reply })
      const [, query = ''] = request.url.split('?', 2)
      const end = await finishIdentityFlow(ctx, { ticket, query }, entranceOf(ctx, request))
      if (end.kind === 'signed_in') setSessionCookie(ctx, reply, end.signed.tokens.sessionId)
      return reply.header('cache-control', 'no-store').redirect(addressAfter(end), 302)
    },
  )
}

/** What is needed besides goes behind the `#`: pages can read it, and no server is sent it. */
function addressAfter(end: FlowEnd): string {
  if (end.kind !== 'second_factor') return end.returnTo
  const { challenge, methods } = end.next
  const url = new URL(end.returnTo)
  url.hash = new URLSearchParams({ challenge, methods: methods.join(',') }).toString()
  return url.href
}

function registerLink(app: App, ctx: Context): void {
  app.post(
    path,
    {
      schema: {
        tags,
        summary: 'Link another provider to your account: tells where the browser goes for it',
        body: FlowBody,
        response: { 200: envelope(BegunLinkView) },
      },
      config: {
        allow: 'customer',
        errors: ['NOT_FOUND', 'REAUTHENTICATION_REQUIRED', 'PROVIDER_UNAVAILABLE'],
      },
    },
    async (request, reply) => {
      const returnTo = returnAddress(ctx, request.body.return_to)
      const { url, ticket } = await beginIdentityLink(ctx, signedIn(request), returnTo)
      setFlowCookie(ctx, reply, ticket)
      return success({ authorization_url: url }, 'Go on at the provider')
    },
  )
}

function registerOwnIdentities(app: App, ctx: Context): void {
  app.get(
    path,
    {
      schema: {
        tags,
        summary: 'The other providers that are linked to your account',
        response: { 200: envelope(Type.Array(IdentityView)) },
      },
      config: { allow: 'customer' },
    },
    async (request) => {
      const rows = await identitiesOf(ctx, signedIn(request).customerId)
      const views = rows.map((row) => identityView(ctx, row))
      return success(views, 'Identities listed')
    },
  )

  app.delete(
    `${path}/:id`,
    {
      schema: {
        tags,
        summary: 'Unlink another provider; all your other sessions end',
        params: UuidParams,
        response: { 200: envelope(Type.Null()) },
      },
      config: {
        allow: 'customer',
        errors: ['NOT_FOUND', 'LAST_WAY_IN', 'REAUTHENTICATION_REQUIRED'],
      },
    },
    async (request) => {
      const id = request.params.id.toLowerCase()
      await unlinkIdentity(inNameOf(ctx, request), signedIn(request), id)
      return success(null, 'Identity unlinked')
    },
  )
}
