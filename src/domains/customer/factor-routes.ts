import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import type { App } from '../../http/app.ts'
import { inNameOf, signedIn } from '../../http/auth.ts'
import { envelope, success } from '../../http/envelope.ts'
import {
  CodeBody,
  NewSecondFactorView,
  OwnerBody,
  OwnerCodeBody,
  RecoveryCodesView,
  RemoveFactorBody,
  SecondFactorView,
  SecondStepBody,
} from './factor-schema.ts'
import { secondFactorView } from './factor-views.ts'
import { completeSignIn } from './other-sign-ins.ts'
import { entranceOf, sendSession } from './routes.ts'
import { SessionView } from './schema.ts'
import {
  beginSecondFactor,
  confirmSecondFactor,
  removeSecondFactor,
  renewRecoveryCodes,
  secondFactorState,
} from './second-factor.ts'

const tags = ['Second factor']
const path = '/customers/me/second-factor'
const ownerErrors = ['NOT_FOUND', 'INVALID_CREDENTIALS', 'REAUTHENTICATION_REQUIRED'] as const
const codeErrors = ['INVALID_CODE'] as const

export function registerSecondFactorRoutes(app: App, ctx: Context): void {
  registerSetUp(app, ctx)
  registerChanges(app, ctx)
  registerSecondStep(app, ctx)
}

function registerSetUp(app: App, ctx: Context): void {
  app.get(
    path,
    {
      schema: {
        tags,
        summary: 'Whether your account has a second factor',
        response: { 200: envelope(SecondFactorView) },
      },
      config: { allow: 'customer' },
    },
    async (request) => {
      const state = await secondFactorState(ctx, signedIn(request).customerId)
      return success(secondFactorView(state), 'Second factor')
    },
  )

  app.post(
    path,
    {
      schema: {
        tags,
        summary: 'Begin with a second factor: the secret for an authenticator app',
        body: OwnerBody,
        response: { 201: envelope(NewSecondFactorView) },
      },
      config: {
        allow: 'customer',
        rateClass: 'sign_in',
        errors: [...ownerErrors, 'SECOND_FACTOR_ACTIVE'],
      },
    },
    async (request, reply) => {
      const { current_password: password } = request.body
      const begun = await beginSecondFactor(inNameOf(ctx, request), signedIn(request), password)
      reply.code(201)
      return reply.send(success(begun, 'Show a code of it to switch it on'))
    },
  )

  app.post(
    `${path}/confirmation`,
    {
      schema: {
        tags,
        summary: 'Switch it on with a first code; recovery codes are shown now, and only now',
        body: CodeBody,
        response: { 201: envelope(RecoveryCodesView) },
      },
      config: { allow: 'customer', rateClass: 'sign_in', errors: codeErrors },
    },
    async (request, reply) => {
      const { code } = request.body
      const codes = await confirmSecondFactor(inNameOf(ctx, request), signedIn(request), code)
      reply.code(201)
      return reply.send(success({ recovery_codes: codes }, 'Sign-in asks for a code from now on'))
    },
  )
}

function registerChanges(app: App, ctx: Context): void {
  app.post(
    `${path}/recovery-codes`,
    {
      schema: {
        tags,
        summary: 'New recovery codes; the old ones are good for nothing any more',
        body: OwnerCodeBody,
        response: { 201: envelope(RecoveryCodesView) },
      },
      config: {
        allow: 'customer',
        rateClass: 'sign_in',
        errors: [...ownerErrors, ...codeErrors],
      },
    },
    async (request, reply) => {
      const { current_password: password, code } = request.body
      const given = { password, code }
      const codes = await renewRecoveryCodes(inNameOf(ctx, request), signedIn(request), given)
      reply.code(201)
      return reply.send(success({ recovery_codes: codes }, 'Recovery codes renewed'))
    },
  )

  app.delete(
    path,
    {
      schema: {
        tags,
        summary: 'Remove the second factor; all your other sessions end',
        body: RemoveFactorBody,
        response: { 200: envelope(Type.Null()) },
      },
      config: {
        allow: 'customer',
        rateClass: 'sign_in',
        errors: [...ownerErrors, ...codeErrors],
      },
    },
    async (request) => {
      const { current_password: password, code, recovery_code: recoveryCode } = request.body
      assertOne({ code, recovery_code: recoveryCode })
      const given = { password, code, recoveryCode }
      await removeSecondFactor(inNameOf(ctx, request), signedIn(request), given)
      return success(null, 'Second factor removed')
    },
  )
}

function registerSecondStep(app: App, ctx: Context): void {
  app.post(
    '/sessions/second-factor',
    {
      schema: {
        tags,
        summary: 'End a sign-in with a code, a recovery code or a passkey',
        body: SecondStepBody,
        response: { 201: envelope(SessionView) },
      },
      config: {
        allow: 'public',
        rateClass: 'sign_in',
        errors: [...codeErrors, 'INVALID_PASSKEY', 'INVALID_CHALLENGE', 'CART_LOCKED'],
      },
    },
    async (request, reply) => {
      const { challenge, code, recovery_code, passkey, mode = 'token' } = request.body
      assertOne({ code, recovery_code, passkey })
      const proof = { challenge, code, recoveryCode: recovery_code, passkey }
      const signed = await completeSignIn(ctx, proof, entranceOf(ctx, request))
      return sendSession(ctx, { reply, mode }, signed)
    },
  )
}

/** Of several ways to prove the same, exactly one is to be taken. */
function assertOne(given: Readonly<Record<string, unknown>>): void {
  const names = Object.keys(given)
  const present = names.filter((name) => given[name] !== undefined)
  if (present.length === 0)
    throw invalid('code', `is required, or else ${names.slice(1).join(', ')}`)
  const [first = '', second] = present
  if (second !== undefined) throw invalid(second, `cannot be combined with ${first}`)
}
