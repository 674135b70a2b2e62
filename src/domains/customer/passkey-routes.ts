import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import type { App } from '../../http/app.ts'
import { inNameOf, signedIn } from '../../http/auth.ts'
import { envelope, success } from '../../http/envelope.ts'
import { UuidParams } from '../../http/schema.ts'
import {
  NewPasskeyBody,
  PasskeyOptionsBody,
  PasskeyOptionsView,
  PasskeySessionBody,
  PasskeyView,
  RenamePasskeyBody,
} from './factor-schema.ts'
import { passkeyView } from './factor-views.ts'
import { signInWithPasskey } from './other-sign-ins.ts'
import {
  addPasskey,
  passkeysOf,
  registrationOptions,
  removePasskey,
  renamePasskey,
  signInOptions,
} from './passkeys.ts'
import { entranceOf, sendSession } from './routes.ts'
import { SessionView } from './schema.ts'
import { openChallenge } from './second-step.ts'

const tags = ['Passkeys']
const path = '/customers/me/passkeys'

export function registerPasskeyRoutes(app: App, ctx: Context): void {
  registerNewPasskeys(app, ctx)
  registerOwnPasskeys(app, ctx)
  registerPasskeySignIn(app, ctx)
}

function registerNewPasskeys(app: App, ctx: Context): void {
  app.post(
    `${path}/options`,
    {
      schema: {
        tags,
        summary:
          'What a browser needs to make a passkey, within a quarter of an hour of signing in',
        response: { 200: envelope(PasskeyOptionsView) },
      },
      config: { allow: 'customer', errors: ['NOT_FOUND', 'REAUTHENTICATION_REQUIRED'] },
    },
    async (request) => {
      const options = await registrationOptions(ctx, signedIn(request))
      return success(options, 'Make the passkey within five minutes')
    },
  )

  app.post(
    path,
    {
      schema: {
        tags,
        summary: 'Keep the passkey that the browser has made',
        body: NewPasskeyBody,
        response: { 201: envelope(PasskeyView) },
      },
      config: {
        allow: 'customer',
        errors: ['REAUTHENTICATION_REQUIRED', 'INVALID_PASSKEY', 'ALREADY_EXISTS'],
      },
    },
    async (request, reply) => {
      const { name, passkey: answer } = request.body
      const acting = inNameOf(ctx, request)
      const made = await addPasskey(acting, signedIn(request), { name, answer })
      return reply.code(201).send(success(passkeyView(made), 'Passkey added'))
    },
  )
}

function registerOwnPasskeys(app: App, ctx: Context): void {
  app.get(
    path,
    {
      schema: {
        tags,
        summary: 'Your passkeys, oldest first',
        response: { 200: envelope(Type.Array(PasskeyView)) },
      },
      config: { allow: 'customer' },
    },
    async (request) => {
      const rows = await passkeysOf(ctx, signedIn(request).customerId)
      return success(rows.map(passkeyView), 'Passkeys listed')
    },
  )

  app.patch(
    `${path}/:id`,
    {
      schema: {
        tags,
        summary: 'Give a passkey another name',
        params: UuidParams,
        body: RenamePasskeyBody,
        response: { 200: envelope(PasskeyView) },
      },
      config: { allow: 'customer', errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const change = { id: request.params.id.toLowerCase(), name: request.body.name }
      const renamed = await renamePasskey(ctx, signedIn(request), change)
      return success(passkeyView(renamed), 'Passkey renamed')
    },
  )

  app.delete(
    `${path}/:id`,
    {
      schema: {
        tags,
        summary: 'Forget a passkey; all your other sessions end',
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
      await removePasskey(inNameOf(ctx, request), signedIn(request), id)
      return success(null, 'Passkey removed')
    },
  )
}

function registerPasskeySignIn(app: App, ctx: Context): void {
  app.post(
    '/sessions/passkey/options',
    {
      schema: {
        tags,
        summary: 'What a browser needs to sign in with a passkey',
        body: PasskeyOptionsBody,
        response: { 200: envelope(PasskeyOptionsView) },
      },
      config: { allow: 'public', rateClass: 'sign_in', errors: ['INVALID_CHALLENGE'] },
    },
    async (request, reply) => {
      const { challenge } = request.body
      const step = challenge === undefined ? undefined : await openChallenge(ctx, challenge)
      const options = await signInOptions(ctx, step?.customer.id)
      reply.header('cache-control', 'no-store')
      return success(options, 'Use a passkey within five minutes')
    },
  )

  app.post(
    '/sessions/passkey',
    {
      schema: {
        tags,
        summary: 'Sign in with a passkey, without a password',
        body: PasskeySessionBody,
        response: { 201: envelope(SessionView) },
      },
      config: { allow: 'public', rateClass: 'sign_in', errors: ['INVALID_PASSKEY', 'CART_LOCKED'] },
    },
    async (request, reply) => {
      const { passkey, mode = 'token' } = request.body
      const signed = await signInWithPasskey(ctx, passkey, entranceOf(ctx, request))
      return sendSession(ctx, { reply, mode }, signed)
    },
  )
}
