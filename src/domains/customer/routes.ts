import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import type { App } from '../../http/app.ts'
import { envelope, success } from '../../http/envelope.ts'
import { shopperOf } from '../../http/session.ts'
import { signedIn } from '../order/routes.ts'
import { getCustomer, register, signIn } from './customers.ts'
import { CustomerView, RegisterBody, SessionView, SignInBody } from './schema.ts'
import { customerView } from './views.ts'

const tags = ['Customers']

export function registerCustomerRoutes(app: App, ctx: Context): void {
  app.post(
    '/customers',
    {
      schema: {
        tags,
        summary: 'Register',
        body: RegisterBody,
        response: { 201: envelope(CustomerView) },
      },
      config: { allow: 'public', errors: ['ALREADY_EXISTS'] },
    },
    async (request, reply) => {
      const customer = await register(ctx, request.body)
      return reply.code(201).send(success(customerView(customer), 'Welcome'))
    },
  )

  app.post(
    '/sessions',
    {
      schema: {
        tags,
        summary: 'Sign in; the cart of the session becomes the customer’s',
        body: SignInBody,
        response: { 201: envelope(SessionView) },
      },
      config: { allow: 'public', errors: ['INVALID_CREDENTIALS', 'CART_LOCKED'] },
    },
    async (request, reply) => {
      const { password } = request.body
      const { sessionKey } = shopperOf(ctx, request)
      const signed = await signIn(ctx, { login: loginOf(request.body), password, sessionKey })
      const data = {
        access_token: signed.token,
        token_type: 'Bearer' as const,
        expires_in: ctx.config.lifetimes.accessTokenSeconds,
        customer: customerView(signed.customer),
      }
      return reply.code(201).header('cache-control', 'no-store').send(success(data, 'Signed in'))
    },
  )

  app.get(
    '/customers/me',
    {
      schema: { tags, summary: 'Your account', response: { 200: envelope(CustomerView) } },
      config: { allow: 'customer', errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const customer = await getCustomer(ctx, { by: 'id', id: signedIn(request).customerId })
      return success(customerView(customer), 'Account found')
    },
  )
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
