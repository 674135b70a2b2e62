import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { ShopError } from '../core/errors.ts'
import { permissions, may, type Permission } from '../domains/customer/permissions.ts'
import { readAccessToken } from '../domains/customer/tokens.ts'
import type { Allow, App } from './app.ts'

/**
 * Routes are closed by default: one that does not declare `config.allow` stops the server from
 * starting, and the declaration is enforced here, before the body is even read.
 */
export function registerAuth(app: App, ctx: Context): void {
  app.decorateRequest('principal', undefined)
  app.addHook('onRoute', ({ config, method, url }) => {
    if (!config?.allow) throw new Error(`${String(method)} ${url} does not declare who may call it`)
  })
  // Public routes are the busiest ones: they do not wait for a promise that has nothing to do.
  app.addHook('onRequest', (request: FastifyRequest, _reply: FastifyReply, done) => {
    const allow = request.routeOptions.config.allow
    if (allow === undefined || allow === 'public') done()
    else authorise(ctx, request, allow).then(() => done(), done)
  })
}

async function authorise(ctx: Context, request: FastifyRequest, allow: Allow): Promise<void> {
  const token = bearerToken(request.headers.authorization)
  if (token !== undefined) request.principal = await readAccessToken(ctx, token)
  if (allow === 'shopper') return
  if (!request.principal) throw new ShopError('UNAUTHENTICATED')
  if (isPermission(allow) && !may(request.principal, allow)) {
    throw new ShopError('FORBIDDEN', { permission: allow })
  }
}

function isPermission(allow: Allow): allow is Permission {
  return allow in permissions
}

function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  const match = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(header)
  if (!match) throw new ShopError('INVALID_TOKEN')
  return match[1]
}
