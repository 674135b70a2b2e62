import '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { actingAs, type Context } from '../context.ts'
import { ShopError } from '../core/errors.ts'
import { refersToNothing } from '../db/faults.ts'
import { may, permissions, type Permission, type Principal } from '../domains/access/permissions.ts'
import { isCsrfToken, principalOfBearer, principalOfCookie } from '../domains/access/principals.ts'
import type { Client } from '../domains/access/sessions.ts'
import type { Allow, App } from './app.ts'
import { sessionCookieName } from './session-cookie.ts'

/**
 * Routes are closed by default: one that does not declare `config.allow` stops the server from
 * starting. Who calls is found out here; `registerPermissions` decides whether they may. Between
 * the two requests are counted, those that are refused too. All that is before the body is read.
 */
export function registerAuth(app: App, ctx: Context): void {
  app.decorateRequest('principal', undefined)
  app.addHook('onRoute', ({ config, method, url }) => {
    if (!config?.allow) throw new Error(`${String(method)} ${url} does not declare who may call it`)
  })
  // Public routes are the busiest ones: they do not wait for a promise that has nothing to do.
  app.addHook('onRequest', (request: FastifyRequest, _reply: FastifyReply, done) => {
    if (isPersonal(request)) identify(ctx, request).then(() => done(), done)
    else done()
  })
}

/** Somebody is recognised, or has to be: the answer may be about them. */
export function isPersonal({ routeOptions }: FastifyRequest): boolean {
  const allow = routeOptions.config?.allow
  return allow !== undefined && allow !== 'public'
}

async function identify(ctx: Context, request: FastifyRequest): Promise<void> {
  request.principal = await principalOf(ctx, request)
}

/** Holds whoever was recognised against what the route declares. */
export function registerPermissions(app: App): void {
  app.addHook('onRequest', ({ principal, routeOptions }, _reply, done) => {
    const allow = routeOptions.config.allow
    done(allow === undefined ? undefined : refusalOf(principal, allow))
  })
}

function refusalOf(principal: Principal | undefined, allow: Allow): ShopError | undefined {
  if (allow === 'public' || allow === 'shopper') return undefined
  if (!principal) return new ShopError('UNAUTHENTICATED')
  if (allow === 'customer') {
    return principal.customerId === undefined ? new ShopError('ACCOUNT_REQUIRED') : undefined
  }
  // What is no permission opens nothing.
  if (principal.needsFactor) return new ShopError('STAFF_SECOND_FACTOR_REQUIRED')
  const isAllowed = isPermission(allow) && may(principal, allow)
  return isAllowed ? undefined : new ShopError('FORBIDDEN', { permission: allow })
}

function isPermission(allow: Allow): allow is Permission {
  return Object.hasOwn(permissions, allow)
}

/** Whoever the header names, or else the cookie; a header that names nobody is refused. */
async function principalOf(ctx: Context, request: FastifyRequest): Promise<Principal | undefined> {
  const { authorization } = request.headers
  if (authorization !== undefined) return principalOfBearer(ctx, bearerToken(authorization))
  const cookie = request.cookies[sessionCookieName(ctx)]
  const principal = cookie === undefined ? undefined : await principalOfCookie(ctx, cookie)
  if (principal) assertSameSite(ctx, request, principal)
  return principal
}

function bearerToken(header: string): string {
  const token = /^Bearer +(ck_[\w-]+|[\w-]+\.[\w-]+\.[\w-]+)$/i.exec(header)?.[1]
  if (token === undefined) throw new ShopError('INVALID_TOKEN')
  return token
}

const safeMethods: readonly string[] = ['GET', 'HEAD', 'OPTIONS']

/** Browsers send cookies along with requests of other sites, which cannot know the token. */
function assertSameSite(ctx: Context, request: FastifyRequest, { id }: Principal): void {
  if (safeMethods.includes(request.method)) return
  const token = request.headers['x-csrf-token']
  const isProved = typeof token === 'string' && isCsrfToken(ctx, id, token)
  if (!isProved) throw new ShopError('CSRF_TOKEN_REQUIRED')
}

/** The caller of a route that declares `customer`. */
export function signedIn(request: FastifyRequest): Principal & { readonly customerId: string } {
  const { principal } = request
  if (!principal) throw new ShopError('UNAUTHENTICATED')
  const { customerId } = principal
  if (customerId === undefined) throw new ShopError('ACCOUNT_REQUIRED')
  return { ...principal, customerId }
}

/** The caller of a route that declares a permission: an account, or a key. */
export function callerOf({ principal }: FastifyRequest): Principal {
  if (!principal) throw new ShopError('UNAUTHENTICATED')
  return principal
}

/** The context in the name of whoever calls, for what goes into the audit log. */
export function inNameOf(ctx: Context, request: FastifyRequest): Context {
  const { principal, id: requestId, ip } = request
  if (!principal) return ctx
  const { kind, id, accountId, permissions: held } = principal
  const actorId = kind === 'key' ? id : accountId
  // The log cannot be changed when an account is erased: it names staff, and customers by id alone.
  const name = held.size === 0 && kind === 'account' ? 'a customer' : principal.name
  return actingAs(ctx, { kind, id: actorId, name, requestId, ip })
}

/** Where a request comes from, as far as a session remembers it. */
export function clientOf({ ip, headers, id: requestId }: FastifyRequest): Client {
  return { ip, userAgent: headers['user-agent'] ?? '', requestId }
}

/**
 * Somebody whose account was erased while their request ran cannot have anything written any more.
 * They are told that they are not signed in; any other error is returned as it is.
 */
export async function endOfAccount(
  ctx: Context,
  request: FastifyRequest,
  error: unknown,
): Promise<unknown> {
  if (!request.principal || !refersToNothing(ctx.db.dialect, error)) return error
  const now = await principalOf(ctx, request).catch((refusal: unknown) => refusal)
  return now instanceof Error ? now : error
}
