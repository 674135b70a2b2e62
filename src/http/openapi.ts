import swagger from '@fastify/swagger'
import type { FastifySchema, RouteOptions } from 'fastify'
import type { Context } from '../context.ts'
import { errorCatalogue, type ErrorCode } from '../core/errors.ts'
import type { App } from './app.ts'
import { ErrorBody, MessageBody } from './envelope.ts'
import { sessionCookieName } from './session-cookie.ts'

const everyRoute: readonly ErrorCode[] = [
  'VALIDATION_ERROR',
  'MALFORMED_REQUEST',
  'URI_TOO_LONG',
  'TOO_MANY_REQUESTS',
  'SERVICE_UNAVAILABLE',
]
const routesWithBody: readonly ErrorCode[] = [
  'MALFORMED_JSON',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'OUTCOME_UNKNOWN',
]
const signedInRoutes: readonly ErrorCode[] = ['UNAUTHENTICATED', 'INVALID_TOKEN']
const safeMethods: readonly unknown[] = ['GET', 'HEAD']

/** Collects the OpenAPI 3.1 document from the route schemas; registered before any route. */
export async function registerOpenApi(app: App, ctx: Context): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: ctx.config.store.name,
        description:
          'Shop API. Every answer has the envelope `{success, data, message, meta, links}`, ' +
          'every refusal `{success: false, error: {code, message, details, request_id}}`.',
        version: '1',
      },
      servers: [{ url: ctx.config.server.publicUrl }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'Access token or API key' },
          cookie: { type: 'apiKey', in: 'cookie', name: sessionCookieName(ctx) },
        },
      },
    },
    // The refusals are documented here and not in the routes' own schemas: they are not compiled.
    transform: ({ schema, url, route }) => ({ schema: documented(schema, route), url }),
  })
}

/** The document itself, at /openapi.json. */
export function registerOpenApiDocument(app: App): void {
  app.get('/openapi.json', { schema: { hide: true }, config: { allow: 'public' } }, () =>
    app.swagger(),
  )
}

/** A route's schema with what it may refuse, by status, and who may call it. */
function documented(schema: FastifySchema = {}, { config, method }: RouteOptions): FastifySchema {
  const { allow, errors = [] } = config ?? {}
  if (schema.hide || allow === undefined) return schema
  const isOpen = allow === 'public' || allow === 'shopper'
  const codes = [...everyRoute, ...(isOpen ? [] : signedInRoutes), ...errors]
  if (schema.body) codes.push(...routesWithBody)
  if (allow === 'shopper') codes.push('INVALID_TOKEN')
  if (allow === 'customer') codes.push('ACCOUNT_REQUIRED')
  else if (!isOpen) codes.push('FORBIDDEN', 'STAFF_SECOND_FACTOR_REQUIRED')
  if (allow !== 'public' && !safeMethods.includes(method)) codes.push('CSRF_TOKEN_REQUIRED')
  const byStatus = Map.groupBy(new Set(codes), (code) => errorCatalogue[code].status)
  const body = schema.tags?.includes('Units door') ? MessageBody : ErrorBody
  const refusals = [...byStatus].map(([status, list]) => [
    status,
    { ...body, description: list.map((code) => `\`${code}\``).join(', ') },
  ])
  const signedIn = [{ bearer: [] }, { cookie: [] }]
  const security = isOpen ? [{}, ...signedIn] : signedIn
  return {
    ...schema,
    response: { ...(schema.response as object), ...(Object.fromEntries(refusals) as object) },
    ...(allow === 'public' ? {} : { security }),
    // Who may call it, as the route declares it: docs/permissions.md.
    ...({ 'x-allow': allow } as object),
  }
}
