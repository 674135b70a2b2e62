import '@fastify/cookie'
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { invalid } from '../core/errors.ts'
import type { Shopper } from '../domains/cart/cart.ts'

/** See `sessionCookieName` for the prefix. */
const cookieName = ({ config }: Context): string =>
  config.server.cookieSecure ? '__Host-cart_session' : 'cart_session'

/**
 * Who is shopping. A session is named by the path (shop door), the `Session-ID` header or the
 * signed cookie, in this order; the names of callers and those we hand out are kept apart, so that
 * nobody can guess another's cookie through the header.
 */
export function shopperOf(ctx: Context, request: FastifyRequest, pathSession?: string): Shopper {
  const named = pathSession ?? request.headers['session-id']
  request.sessionKey = named === undefined ? cookieSession(ctx, request) : namedSession(named)
  return { customerId: request.principal?.customerId, sessionKey: request.sessionKey }
}

function namedSession(name: string | string[]): string {
  if (typeof name !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(name)) {
    throw invalid('Session-ID', 'must have 1 to 255 printable ASCII characters')
  }
  return `named:${name}`
}

function cookieSession(ctx: Context, request: FastifyRequest): string | undefined {
  const value = request.cookies[cookieName(ctx)]
  const [id = '', signature = ''] = value?.split('.') ?? []
  if (id === '' || !isSigned(ctx, id, signature)) return undefined
  return `cookie:${id}`
}

/** The same, for a request that may write: a shopper nobody knows yet gets a session by cookie. */
export function shopperForWriting(
  ctx: Context,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  pathSession?: string,
): Shopper {
  const shopper = shopperOf(ctx, request, pathSession)
  if (shopper.customerId !== undefined || shopper.sessionKey !== undefined) return shopper
  const id = randomBytes(18).toString('base64url')
  reply.setCookie(cookieName(ctx), `${id}.${sign(ctx, id)}`, {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: ctx.config.server.cookieSecure,
    maxAge: Math.floor(ctx.config.lifetimes.cartMs / 1_000),
  })
  // An Idempotency-Key belongs to this session too: nobody is answered with another's cart.
  request.sessionKey = `cookie:${id}`
  return { customerId: undefined, sessionKey: request.sessionKey }
}

function sign(ctx: Context, id: string): string {
  return createHmac('sha256', ctx.secrets.cookie).update(`session:${id}`).digest('base64url')
}

function isSigned(ctx: Context, id: string, signature: string): boolean {
  const expected = Buffer.from(sign(ctx, id))
  const given = Buffer.from(signature)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** The name by which the caller named its session; undefined for one kept by a cookie. */
export function sessionNameOf({ sessionKey }: FastifyRequest): string | undefined {
  return sessionKey?.startsWith('named:') ? sessionKey.slice('named:'.length) : undefined
}
