import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import type { App } from '../../http/app.ts'
import { clientOf, signedIn } from '../../http/auth.ts'
import { envelope, success } from '../../http/envelope.ts'
import { agreeToEmailChange, requestEmailChange } from './email-change.ts'
import { requestReset, resetPassword } from './password-reset.ts'
import { EmailChangeBody, ResetBody, ResetRequestBody, TokenBody } from './schema.ts'
import { requestVerification, verifyEmail } from './verification.ts'

const tags = ['Customers']
const Nothing = envelope(Type.Null())

/** What people prove by a link in a mail; the pages that the links lead to do the same. */
export function registerLinkRoutes(app: App, ctx: Context): void {
  registerVerification(app, ctx)
  registerReset(app, ctx)
  registerEmailChange(app, ctx)
}

function registerVerification(app: App, ctx: Context): void {
  app.post(
    '/customers/me/email-verification',
    {
      schema: {
        tags,
        summary: 'Have the link that verifies your address mailed again, if it is not verified',
        response: { 202: Nothing },
      },
      config: { allow: 'customer', rateClass: 'reset' },
    },
    async (request, reply) => {
      await requestVerification(ctx, signedIn(request).customerId)
      return reply.code(202).send(success(null, 'If your address is not verified, look for a mail'))
    },
  )

  app.post(
    '/email-verifications',
    {
      schema: {
        tags,
        summary: 'Verify an address with the token that was mailed to it',
        body: TokenBody,
        response: { 200: Nothing },
      },
      config: { allow: 'public', rateClass: 'reset', errors: ['INVALID_LINK'] },
    },
    async (request) => {
      await verifyEmail(ctx, request.body.token)
      return success(null, 'Your address is verified')
    },
  )
}

function registerReset(app: App, ctx: Context): void {
  app.post(
    '/password-resets',
    {
      schema: {
        tags,
        summary: 'Have a link for a new password mailed; the answer is the same for any address',
        body: ResetRequestBody,
        response: { 202: Nothing },
      },
      config: { allow: 'public', rateClass: 'reset' },
    },
    async (request, reply) => {
      await requestReset(ctx, request.body.email)
      return reply.code(202).send(success(null, 'If there is such an account, look for a mail'))
    },
  )

  app.put(
    '/password-resets',
    {
      schema: {
        tags,
        summary: 'Choose a new password with the token that was mailed; all sessions end',
        body: ResetBody,
        response: { 200: Nothing },
      },
      config: { allow: 'public', rateClass: 'reset', errors: ['INVALID_LINK'] },
    },
    async (request) => {
      const { token, new_password: password } = request.body
      await resetPassword(ctx, { token, password, client: clientOf(request) })
      return success(null, 'Your password is changed: sign in with it')
    },
  )
}

function registerEmailChange(app: App, ctx: Context): void {
  app.post(
    '/customers/me/email-change',
    {
      schema: {
        tags,
        summary: 'Ask for another e-mail address; both get a mail, and both have to agree',
        description: 'Who has no password leaves it out, and has to have signed in a moment ago.',
        body: EmailChangeBody,
        response: { 202: Nothing },
      },
      config: {
        allow: 'customer',
        rateClass: 'sign_in',
        errors: ['NOT_FOUND', 'INVALID_CREDENTIALS', 'REAUTHENTICATION_REQUIRED'],
      },
    },
    async (request, reply) => {
      const { new_email: email, current_password: password } = request.body
      await requestEmailChange(ctx, signedIn(request), { email, password })
      return reply.code(202).send(success(null, 'Follow the links in the mails to both addresses'))
    },
  )

  app.post(
    '/email-changes',
    {
      schema: {
        tags,
        summary: 'Agree to a change of address with the token that was mailed to one of the two',
        body: TokenBody,
        response: {
          200: envelope(
            Type.Object({
              state: Type.Enum(['waiting', 'agreed'], {
                description: 'waiting: for the other address; agreed: a mail tells the rest',
              }),
            }),
          ),
        },
      },
      config: { allow: 'public', rateClass: 'reset', errors: ['INVALID_LINK'] },
    },
    async (request) => {
      const state = await agreeToEmailChange(ctx, request.body.token, clientOf(request))
      return success({ state }, 'Agreed')
    },
  )
}
