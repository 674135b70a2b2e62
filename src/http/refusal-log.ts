import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import type { ShopError } from '../core/errors.ts'

/** Somebody is not who they say, may not do what they want, or tries too often. */
const noteworthy: ReadonlySet<number> = new Set([401, 403, 429])

export const isNoteworthy = ({ status }: ShopError): boolean => noteworthy.has(status)

/** Whoever sends a flood of them must not fill the disk with lines. */
const perSecondMax = 50

interface Second {
  second: number
  lines: number
  /** Refusals without a line of their own; the next line says how many. */
  skipped: number
}

const seconds = new WeakMap<Context['db'], Second>()

/**
 * A line for a refusal that whoever looks for attacks wants to see: which route, whose account or
 * key, from where. Never the address itself or the body, which may hold secrets.
 */
export function logRefusal(ctx: Context, request: FastifyRequest, { code }: ShopError): void {
  const { id: reqId, method, routeOptions, principal, ip } = request
  const skipped = admit(ctx)
  if (skipped === undefined) return
  ctx.log.info(
    {
      ...{ reqId, code, method, route: routeOptions.url, ip },
      ...(principal && {
        [principal.kind]: principal.kind === 'key' ? principal.id : principal.accountId,
      }),
      ...(skipped > 0 && { skipped }),
    },
    'refused',
  )
}

/** How many were left out before this line; undefined if this one is left out too. */
function admit({ db, clock }: Context): number | undefined {
  const now = seconds.get(db) ?? { second: 0, lines: 0, skipped: 0 }
  seconds.set(db, now)
  const second = Math.floor(clock.now() / 1_000)
  if (second !== now.second) Object.assign(now, { second, lines: 0 })
  now.lines += 1
  if (now.lines > perSecondMax) {
    now.skipped += 1
    return undefined
  }
  const { skipped } = now
  now.skipped = 0
  return skipped
}
