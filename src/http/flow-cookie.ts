import '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { ticketSeconds } from '../domains/access/tickets.ts'

const cookieName = ({ config }: Context): string =>
  config.server.cookieSecure ? '__Host-sign_in_flow' : 'sign_in_flow'

/** Keeps what was begun at another provider in the browser in which it was begun. */
export function setFlowCookie(ctx: Context, reply: FastifyReply, ticket: string): void {
  reply.setCookie(cookieName(ctx), ticket, {
    path: '/',
    httpOnly: true,
    // The provider sends the browser back: that is a request of another site, but at the top level.
    sameSite: 'lax',
    secure: ctx.config.server.cookieSecure,
    maxAge: ticketSeconds('identity_flow'),
  })
}

/** What the browser has kept; it is forgotten with this answer. */
export function takeFlowCookie(
  ctx: Context,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): string | undefined {
  reply.clearCookie(cookieName(ctx), { path: '/', secure: ctx.config.server.cookieSecure })
  return request.cookies[cookieName(ctx)]
}
