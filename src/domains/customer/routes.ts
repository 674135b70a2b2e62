import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import type { App } from '../../http/app.ts'
import { clientOf, inNameOf, signedIn } from '../../http/auth.ts'
import { demandedVersion, sendCacheable } from '../../http/conditional.ts'
import { envelope, success } from '../../http/envelope.ts'
import { setSessionCookie } from '../../http/session-cookie.ts'
import { shopperOf } from '../../http/session.ts'
import { csrfToken } from '../access/principals.ts'
import { tokensView } from '../access/views.ts'
import { changeCustomer, getCustomer } from './customers.ts'
import { changePassword } from './own-account.ts'
import {
  CustomerView,
  NewPasswordBody,
  NewSessionBody,
  PendingView,
  ProfileBody,
  RegisterBody,
  SessionView,
  SetupBody,
} from './schema.ts'
import { signUp } from './registration.ts'
import { claimShop } from './setup.ts'
import { signIn, type SignedIn } from './sign-in.ts'
import { customerView } from './views.ts'

const tags = ['Customers']

export function registerCustomerRoutes(app: App, ctx: Context): void {
  registerEntrance(app, ctx)
  registerSetup(app, ctx)
  registerOwnAccount(app, ctx)
}

function registerEntrance(app: App, ctx: Context): void {
  app.post(
    '/customers',
    {
      schema: {
        tags,
        summary: 'Register',
        body: RegisterBody,
        description:
          'With REGISTRATION=confirmed the answer is 202, the same for any address; the account ' +
          'can be used when the mailed link was followed.',
        response: { 201: envelope(CustomerView), 202: envelope(PendingView) },
      },
      config: { allow: 'public', rateClass: 'register', errors: ['ALREADY_EXISTS'] },
    },
    async (request, reply) => {
      const customer = await signUp(ctx, profileOf(request.body))
      if (!customer) return reply.code(202).send(pending(request.body))
      return reply.code(201).send(success(customerView(customer), 'Welcome'))
    },
  )

  app.post(
    '/sessions',
    {
      schema: {
        tags,
        summary: 'Sign in; the cart of the session becomes the customer’s',
        body: NewSessionBody,
        response: { 201: envelope(SessionView) },
      },
      config: {
        allow: 'public',
        rateClass: 'sign_in',
        errors: ['INVALID_CREDENTIALS', 'SECOND_FACTOR_REQUIRED', 'CART_LOCKED'],
      },
    },
    async (request, reply) => {
      const { password, mode = 'token' } = request.body
      const credentials = { login: loginOf(request.body), password }
      const signed = await signIn(ctx, credentials, entranceOf(ctx, request))
      return sendSession(ctx, { reply, mode }, signed)
    },
  )
}

/** For an embedded shop that was just started: whoever sees its terminal can take charge of it. */
function registerSetup(app: App, ctx: Context): void {
  app.post(
    '/setup/administrator',
    {
      schema: {
        tags,
        summary: 'Make the first administrator with the code that the start of the shop printed',
        body: SetupBody,
        response: { 201: envelope(CustomerView) },
      },
      config: {
        allow: 'public',
        rateClass: 'sign_in',
        errors: ['INVALID_LINK', 'ALREADY_EXISTS'],
      },
    },
    async (request, reply) => {
      const customer = await claimShop(ctx, request.body)
      return reply.code(201).send(success(customerView(customer), 'You are the administrator'))
    },
  )
}

/** The answer to a registration that has to be confirmed. */
export function pending({ email }: { email: string }) {
  return success({ status: 'confirmation_mailed' as const, email }, 'Look for a mail')
}

/** Where a request signs in from: its client, and the session whose cart it brings along. */
export function entranceOf(ctx: Context, request: FastifyRequest) {
  return { client: clientOf(request), sessionKey: shopperOf(ctx, request).sessionKey }
}

/** Answers a sign-in: with tokens, or with cookies that the browser keeps. */
export function sendSession(
  ctx: Context,
  { reply, mode }: { reply: FastifyReply; mode: 'token' | 'cookie' },
  { tokens, customer }: SignedIn,
): FastifyReply {
  const shared = { session_id: tokens.sessionId, customer: customerView(customer) }
  reply.code(201).header('cache-control', 'no-store')
  if (mode === 'token')
    return reply.send(success({ ...tokensView(tokens), ...shared }, 'Signed in'))
  setSessionCookie(ctx, reply, tokens.sessionId)
  const csrf = csrfToken(ctx, tokens.sessionId)
  return reply.send(success({ csrf_token: csrf, ...shared }, 'Signed in'))
}

function registerOwnAccount(app: App, ctx: Context): void {
  app.get(
    '/customers/me',
    {
      schema: { tags, summary: 'Your account', response: { 200: envelope(CustomerView) } },
      config: { allow: 'customer', errors: ['NOT_FOUND'] },
    },
    async (request, reply) => {
      const customer = await getCustomer(ctx, { by: 'id', id: signedIn(request).customerId })
      const body = JSON.stringify(success(customerView(customer), 'Account found'))
      return sendCacheable({ request, reply }, body, customer.version)
    },
  )

  app.patch(
    '/customers/me',
    {
      schema: {
        tags,
        summary: 'Change your user name and your name; null removes a name',
        body: ProfileBody,
        response: { 200: envelope(CustomerView) },
      },
      config: { allow: 'customer', errors: ['NOT_FOUND', 'ALREADY_EXISTS', 'VERSION_CONFLICT'] },
    },
    async (request) => {
      const by = signedIn(request)
      const at = { id: by.customerId, by, version: demandedVersion(request) }
      const customer = await changeCustomer(inNameOf(ctx, request), at, profileOf(request.body))
      return success(customerView(customer), 'Account changed')
    },
  )

  app.put(
    '/customers/me/password',
    {
      schema: {
        tags,
        summary: 'Change your password; all your other sessions end',
        body: NewPasswordBody,
        response: { 200: envelope(CustomerView) },
      },
      config: { allow: 'customer', errors: ['NOT_FOUND', 'INVALID_CREDENTIALS'] },
    },
    async (request) => {
      const { current_password: current, new_password: password } = request.body
      const passwords = { current, password }
      const customer = await changePassword(inNameOf(ctx, request), signedIn(request), passwords)
      return success(customerView(customer), 'Password changed')
    },
  )
}

/** The names of a request's body, as the use-case calls them. */
export function profileOf<T extends { first_name?: string | null; last_name?: string | null }>({
  first_name,
  last_name,
  ...rest
}: T) {
  return {
    ...rest,
    ...(first_name === undefined ? {} : { firstName: first_name }),
    ...(last_name === undefined ? {} : { lastName: last_name }),
  }
}

/** Exactly one of e-mail and user name. */
export function loginOf({ email, username }: { email?: string; username?: string }) {
  if (email !== undefined && username !== undefined) {
    throw invalid('username', 'cannot be combined with email')
  }
  if (email !== undefined) return { email }
  if (username === undefined) throw invalid('email', 'is required')
  return { username }
}
