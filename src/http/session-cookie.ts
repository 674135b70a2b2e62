import '@fastify/cookie'
import type { FastifyReply } from 'fastify'
import type { Context } from '../context.ts'
import { csrfToken, sessionCookie } from '../domains/access/principals.ts'

/** `__Host-` binds a cookie to this host and to HTTPS (RFC 6265bis §4.1.3). */
export function sessionCookieName({ config }: Context): string {
  return config.server.cookieSecure ? '__Host-session' : 'session'
}

const csrfCookieName = ({ config }: Context): string =>
  config.server.cookieSecure ? '__Host-csrf_token' : 'csrf_token'

/**
 * Keeps a session in the browser: no script can read the one cookie, and pages of the shop take
 * from the other what they must send back as `X-CSRF-Token`.
 */
export function setSessionCookie(ctx: Context, reply: FastifyReply, sessionId: string): void {
  const secure = ctx.config.server.cookieSecure
  const maxAge = Math.floor(ctx.config.tokens.sessionMs / 1_000)
  const shared = { path: '/', sameSite: 'lax', secure, maxAge } as const
  const cookie = sessionCookie(ctx, sessionId)
  reply.setCookie(sessionCookieName(ctx), cookie, { ...shared, httpOnly: true })
  reply.setCookie(csrfCookieName(ctx), csrfToken(ctx, sessionId), shared)
}

export function clearSessionCookie(ctx: Context, reply: FastifyReply): void {
  const secure = ctx.config.server.cookieSecure
  for (const name of [sessionCookieName(ctx), csrfCookieName(ctx)]) {
    reply.clearCookie(name, { path: '/', secure })
  }
}
