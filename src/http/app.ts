import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { RateClass } from '../config/config.ts'
import type { Permission, Principal } from '../domains/access/permissions.ts'
import type { ErrorCode } from '../core/errors.ts'

/** A Fastify instance whose handlers are typed by their schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

export type Request = FastifyRequest

/**
 * Who may call a route. A route that does not say cannot be registered.
 * `public`: anyone, nobody is identified. `shopper`: anyone, a signed-in customer is recognised.
 * `customer`: anyone signed in. Otherwise: whoever holds the permission.
 */
export type Allow = 'public' | 'shopper' | 'customer' | Permission

declare module 'fastify' {
  interface FastifyContextConfig {
    allow?: Allow
    /** The limit this route shares; left out: by `allow` and method. Health is not limited. */
    rateClass?: RateClass | 'none'
    /** Codes this route may answer with besides those that every route may. */
    errors?: readonly ErrorCode[]
  }
  interface FastifyRequest {
    principal: Principal | undefined
    /** The cart session named by path, header or signed cookie. */
    sessionKey: string | undefined
  }
}
