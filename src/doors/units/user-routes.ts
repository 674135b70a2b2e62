import { Type, type Static } from 'typebox'
import type { Context } from '../../context.ts'
import { changeCustomer, getCustomer, type CustomerRow } from '../../domains/customer/customers.ts'
import { signUp } from '../../domains/customer/registration.ts'
import { entranceOf } from '../../domains/customer/routes.ts'
import { signIn } from '../../domains/customer/sign-in.ts'
import { eraseAccount } from '../../domains/privacy/erasure.ts'
import { assertFreshSession } from '../../domains/access/sessions.ts'
import type { App } from '../../http/app.ts'
import { inNameOf, signedIn } from '../../http/auth.ts'
import {
  UnitsLoginBody,
  UnitsProfileBody,
  UnitsRegisterBody,
  UnitsToken,
  UnitsUser,
} from './user-schema.ts'

const tags = ['Units door']
const accessSeconds = 3_600

export function registerUserRoutes(app: App, ctx: Context): void {
  registerEntrance(app, ctx)
  registerProfile(app, ctx)
}

/** An account as this door shows it. */
function unitsUser(row: CustomerRow) {
  return {
    id: row.number,
    username: row.username,
    email: row.email,
    address: row.postal_address,
    first_name: row.first_name,
    last_name: row.last_name,
  }
}

/** The fields of a body, as the use-cases call them. */
function fieldsOf({ address, first_name, last_name, ...rest }: Static<typeof UnitsProfileBody>) {
  return {
    ...rest,
    ...(address === undefined ? {} : { postalAddress: address }),
    ...(first_name === undefined ? {} : { firstName: first_name }),
    ...(last_name === undefined ? {} : { lastName: last_name }),
  }
}

function registerEntrance(app: App, ctx: Context): void {
  app.post(
    '/users/register',
    {
      schema: {
        tags,
        summary: 'Create an account; its cart is there when it is first used',
        body: UnitsRegisterBody,
        description: 'With REGISTRATION=confirmed the answer is 202, the same for any address.',
        response: { 201: UnitsUser, 202: Type.Object({ message: Type.String() }) },
      },
      config: { allow: 'public', rateClass: 'register' },
    },
    async (request, reply) => {
      const { username, email, password } = request.body
      const fields = { ...fieldsOf(request.body), username, email, password }
      const customer = await signUp(ctx, fields)
      if (!customer) return reply.code(202).send({ message: 'Look for a mail' })
      return reply.code(201).send(unitsUser(customer))
    },
  )

  app.post(
    '/users/login',
    {
      schema: {
        tags,
        summary: 'Sign in for an hour',
        body: UnitsLoginBody,
        response: { 200: UnitsToken },
      },
      config: {
        allow: 'public',
        rateClass: 'sign_in',
        errors: ['INVALID_CREDENTIALS', 'SECOND_FACTOR_REQUIRED', 'CART_LOCKED'],
      },
    },
    async (request, reply) => {
      const { email, password } = request.body
      const entrance = { ...entranceOf(ctx, request), accessSeconds }
      const { tokens } = await signIn(ctx, { login: { email }, password }, entrance)
      reply.header('cache-control', 'no-store')
      return { access_token: tokens.accessToken }
    },
  )
}

function registerProfile(app: App, ctx: Context): void {
  const config = { allow: 'customer', errors: ['NOT_FOUND'] } as const
  app.get(
    '/users/profile',
    { schema: { tags, summary: 'Your account', response: { 200: UnitsUser } }, config },
    async (request) => {
      const id = signedIn(request).customerId
      return unitsUser(await getCustomer(ctx, { by: 'id', id }))
    },
  )

  app.put(
    '/users/profile',
    {
      schema: {
        tags,
        summary: 'Change your account; what is not sent stays as it is',
        description:
          'Whoever changes the e-mail address or password must have signed in less than 15 ' +
          'minutes ago.',
        body: UnitsProfileBody,
        response: { 200: UnitsUser },
      },
      config: { ...config, errors: ['NOT_FOUND', 'REAUTHENTICATION_REQUIRED'] },
    },
    async (request) => {
      const by = signedIn(request)
      const at = { id: by.customerId, by }
      return unitsUser(await changeCustomer(inNameOf(ctx, request), at, fieldsOf(request.body)))
    },
  )

  app.delete(
    '/users/profile',
    {
      schema: {
        tags,
        summary: 'Erase your account; its orders stay in the books, without a name',
        description: 'You must have signed in less than 15 minutes ago.',
        response: { 204: Type.Null() },
      },
      config: { ...config, errors: ['NOT_FOUND', 'LAST_ADMIN', 'REAUTHENTICATION_REQUIRED'] },
    },
    async (request, reply) => {
      const by = signedIn(request)
      await assertFreshSession(ctx, by.id)
      await eraseAccount(inNameOf(ctx, request), by.customerId, by)
      return reply.code(204).send(null)
    },
  )
}
