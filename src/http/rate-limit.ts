import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import type { RateClass } from '../config/config.ts'
import type { Context } from '../context.ts'
import { ShopError } from '../core/errors.ts'
import { networkOf } from '../core/ip.ts'
import type { App } from './app.ts'
import { MemoryRateStore, type RateStore } from './rate-store.ts'

const windowMs = 60_000

interface Limiter {
  readonly ctx: Context
  readonly store: RateStore
  readonly perMinute: Readonly<Record<RateClass, number>>
  /** RateLimit-Policy, by class: it never changes. */
  readonly policies: Readonly<Record<RateClass, string>>
}

export interface RateLimits {
  /** To be called before the hook that looks at credentials. */
  guardCredentials(app: App): void
  /** To be called after it: whoever is signed in has limits of their own. */
  guardRoutes(app: App): void
}

/**
 * Limits on requests, for each class of routes and whoever calls: an account, an API key, or the
 * network that the request comes from. They stand before the body is read. Every answer says what
 * is left (draft-ietf-httpapi-ratelimit-headers-10); what is too much is refused with
 * TOO_MANY_REQUESTS and Retry-After. With RATE_LIMIT=off nothing is counted.
 */
export function rateLimits(ctx: Context, store: RateStore = new MemoryRateStore()): RateLimits {
  const perMinute = ctx.config.rateLimits
  if (!perMinute) return { guardCredentials: () => undefined, guardRoutes: () => undefined }
  const entries = Object.entries(perMinute).map(([name, limit]) => [
    name,
    `"${name}";q=${limit};w=${windowMs / 1_000}`,
  ])
  const policies = Object.fromEntries(entries) as Limiter['policies']
  const limiter = { ctx, store, perMinute, policies }
  return {
    guardCredentials: (app) => guardCredentials(app, limiter),
    guardRoutes: (app) =>
      void app.addHook('onRequest', (request, reply, done) => {
        const rateClass = rateClassOf(request)
        if (rateClass === 'none') done()
        else countRequest(limiter, { request, reply, rateClass, done })
      }),
  }
}

/** The class that the route declares, else by who may call it and whether it changes anything. */
function rateClassOf({ routeOptions, method }: FastifyRequest): RateClass | 'none' {
  const { rateClass, allow } = routeOptions.config ?? {}
  if (rateClass !== undefined) return rateClass
  if (allow !== undefined && !openTo.has(allow)) return 'admin'
  return reading.has(method) ? 'read' : 'write'
}

const openTo: ReadonlySet<string> = new Set(['public', 'shopper', 'customer'])
const reading: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

interface Counted {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly rateClass: RateClass
  readonly done: HookHandlerDoneFunction
}

function countRequest(limiter: Limiter, { request, reply, rateClass, done }: Counted): void {
  const { ctx, store, perMinute, policies } = limiter
  const now = ctx.clock.now()
  const window = Math.floor(now / windowMs)
  const finish = (count: number): void => {
    const seconds = secondsLeft(now)
    const left = Math.max(0, perMinute[rateClass] - count)
    reply.header('ratelimit-policy', policies[rateClass])
    reply.header('ratelimit', `"${rateClass}";r=${left};t=${seconds}`)
    done(count > perMinute[rateClass] ? tooMany(seconds) : undefined)
  }
  const counted = store.add(`${rateClass} ${bucketOf(request)}`, window)
  // Most routes answer within one turn of the event loop; a promise would cost them another.
  if (typeof counted === 'number') finish(counted)
  else counted.then(finish, done)
}

const secondsLeft = (now: number): number => Math.ceil((windowMs - (now % windowMs)) / 1_000)

const tooMany = (seconds: number): ShopError =>
  new ShopError('TOO_MANY_REQUESTS', { retry_after_seconds: seconds })

/** The account or key that the request is made with, else the network it comes from. */
function bucketOf({ principal, ip }: FastifyRequest): string {
  if (!principal) return networkOf(ip)
  return principal.kind === 'key' ? principal.id : principal.accountId
}

/**
 * Whoever sends credentials that are none is not told apart by them: these requests count for the
 * network. So a thief of tokens cannot try as many as there is time for, and the database is not
 * asked about each. A network that is over the limit keeps its signed-in neighbours out only until
 * the window ends.
 */
function guardCredentials(app: App, { ctx, store, perMinute }: Limiter): void {
  const networkBucket = (request: FastifyRequest): string => `credentials ${networkOf(request.ip)}`
  const limit = perMinute.write
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.headers.authorization === undefined) {
      done()
      return
    }
    const now = ctx.clock.now()
    const finish = (count: number): void =>
      done(count >= limit ? tooMany(secondsLeft(now)) : undefined)
    const count = store.count(networkBucket(request), Math.floor(now / windowMs))
    if (typeof count === 'number') finish(count)
    else count.then(finish, done)
  })
  app.addHook('onError', async (request, _reply, error) => {
    if (!(error instanceof ShopError) || error.code !== 'INVALID_TOKEN') return
    await store.add(networkBucket(request), Math.floor(ctx.clock.now() / windowMs))
  })
}
