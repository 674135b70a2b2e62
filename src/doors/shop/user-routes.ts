import { Type } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { referenceOf } from '../../core/reference.ts'
import { changeCustomer, getAccount, type CustomerRow } from '../../domains/customer/customers.ts'
import { signUp } from '../../domains/customer/registration.ts'
import { entranceOf, loginOf, pending, profileOf } from '../../domains/customer/routes.ts'
import { PendingView, SignInBody } from '../../domains/customer/schema.ts'
import { signIn } from '../../domains/customer/sign-in.ts'
import { customerView } from '../../domains/customer/views.ts'
import { eraseAccount } from '../../domains/privacy/erasure.ts'
import { assertFreshSession } from '../../domains/access/sessions.ts'
import type { App } from '../../http/app.ts'
import { inNameOf, signedIn } from '../../http/auth.ts'
import { envelope, success } from '../../http/envelope.ts'
import { IdParams } from '../../http/schema.ts'
import { SessionHeaders } from './headers.ts'
import { ShopRegisterBody, ShopSession, ShopUser, ShopUserBody } from './user-schema.ts'

const tags = ['Shop door']
const UserAnswer = envelope(ShopUser)
const accountErrors = ['FORBIDDEN', 'NOT_FOUND'] as const

export function registerUserRoutes(app: App, ctx: Context): void {
  registerEntrance(app, ctx)
  registerProfile(app, ctx)
}

/** An account by its number; the password hash has no way out of the domain. */
function shopUser(row: CustomerRow) {
  const { id: uuid, number: id, ...rest } = customerView(row)
  return { id, uuid, ...rest }
}

function registerEntrance(app: App, ctx: Context): void {
  app.post(
    '/users/register',
    {
      schema: {
        tags,
        summary: 'Create an account',
        body: ShopRegisterBody,
        description: 'With REGISTRATION=confirmed the answer is 202, the same for any address.',
        response: { 201: UserAnswer, 202: envelope(PendingView) },
      },
      config: { allow: 'public', rateClass: 'register', errors: ['ALREADY_EXISTS'] },
    },
    async (request, reply) => {
      const customer = await signUp(ctx, profileOf(request.body))
      if (!customer) return reply.code(202).send(pending(request.body))
      const user = shopUser(customer)
      return reply.code(201).send(success(user, 'User registered', { links: userLinks(user.id) }))
    },
  )

  app.post(
    '/users/login',
    {
      schema: {
        tags,
        summary: 'Sign in by user name or e-mail; the cart of the session becomes the user’s',
        headers: SessionHeaders,
        body: SignInBody,
        response: { 200: envelope(ShopSession) },
      },
      config: {
        allow: 'public',
        rateClass: 'sign_in',
        errors: ['INVALID_CREDENTIALS', 'SECOND_FACTOR_REQUIRED', 'CART_LOCKED'],
      },
    },
    async (request, reply) => {
      const { password } = request.body
      const credentials = { login: loginOf(request.body), password }
      const signed = await signIn(ctx, credentials, entranceOf(ctx, request))
      const session = {
        ...shopUser(signed.customer),
        token: signed.tokens.accessToken,
        token_type: 'Bearer' as const,
        expires_in: signed.tokens.accessSeconds,
      }
      reply.header('cache-control', 'no-store')
      return success(session, 'Signed in', { links: userLinks(session.id) })
    },
  )
}

const userLinks = (number: number) => ({ self: `/api/users/${number}`, orders: '/api/orders' })

type AccountOf = (request: FastifyRequest, id: string) => Promise<CustomerRow>

function registerProfile(app: App, ctx: Context): void {
  const accountOf: AccountOf = (request, id) => getAccount(ctx, referenceOf(id), signedIn(request))
  registerProfileChanges(app, ctx, accountOf)

  app.get(
    '/users/:id',
    {
      schema: {
        tags,
        summary: 'An account: your own, or any for an administrator',
        params: IdParams,
        response: { 200: UserAnswer },
      },
      config: { allow: 'customer', errors: accountErrors },
    },
    async (request) => {
      const user = shopUser(await accountOf(request, request.params.id))
      return success(user, 'User found', { links: userLinks(user.id) })
    },
  )
}

function registerProfileChanges(app: App, ctx: Context, accountOf: AccountOf): void {
  app.put(
    '/users/:id',
    {
      schema: {
        tags,
        summary: 'Change an account; what is not sent stays as it is',
        description:
          'Whoever changes their own e-mail address or password must have signed in less than 15 ' +
          'minutes ago. The old address is told by mail.',
        params: IdParams,
        body: ShopUserBody,
        response: { 200: UserAnswer },
      },
      config: {
        allow: 'customer',
        errors: [
          ...accountErrors,
          'ALREADY_EXISTS',
          'VERSION_CONFLICT',
          'REAUTHENTICATION_REQUIRED',
        ],
      },
    },
    async (request) => {
      const { id } = await accountOf(request, request.params.id)
      const at = { id, by: signedIn(request) }
      const changed = await changeCustomer(inNameOf(ctx, request), at, profileOf(request.body))
      const user = shopUser(changed)
      return success(user, 'User updated', { links: userLinks(user.id) })
    },
  )

  app.delete(
    '/users/:id',
    {
      schema: {
        tags,
        summary: 'Erase an account; its orders stay in the books, without a name',
        description: 'Whoever erases their own must have signed in less than 15 minutes ago.',
        params: IdParams,
        response: { 200: envelope(Type.Object({ id: Type.Integer() })) },
      },
      config: {
        allow: 'customer',
        errors: [...accountErrors, 'LAST_ADMIN', 'REAUTHENTICATION_REQUIRED'],
      },
    },
    async (request) => {
      const { id, number } = await accountOf(request, request.params.id)
      const by = signedIn(request)
      if (id === by.customerId) await assertFreshSession(ctx, by.id)
      await eraseAccount(inNameOf(ctx, request), id, by)
      return success({ id: number }, 'User deleted')
    },
  )
}
