import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { Context } from '../context.ts'
import { errorCatalogue, type ErrorCode } from '../core/errors.ts'
import type { App } from './app.ts'
import { ErrorBody } from './envelope.ts'

const everyRoute: readonly ErrorCode[] = ['VALIDATION_ERROR', 'SERVICE_UNAVAILABLE']
const signedInRoutes: readonly ErrorCode[] = ['UNAUTHENTICATED', 'INVALID_TOKEN']

/** OpenAPI 3.1 at /openapi.json and its reader at /docs, both made from the route schemas. */
export async function registerOpenApi(app: App, ctx: Context): Promise<void> {
  addErrorResponses(app)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: ctx.config.store.name,
        description:
          'Shop API. Every answer has the envelope `{success, data, message, meta, links}`, every ' +
          'refusal `{success: false, error: {code, message, details, request_id}}`.',
        version: '1',
      },
      servers: [{ url: ctx.config.server.publicUrl }],
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      },
    },
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    uiConfig: { docExpansion: 'list', tryItOutEnabled: true },
    theme: { title: `${ctx.config.store.name} API` },
  })
}

export function registerOpenApiDocument(app: App): void {
  app.get('/openapi.json', { schema: { hide: true }, config: { allow: 'public' } }, () =>
    app.swagger(),
  )
}

/** Each route's schema lists what it may refuse, by status, with the codes of the catalogue. */
function addErrorResponses(app: App): void {
  app.addHook('onRoute', (route) => {
    const { allow, errors = [] } = route.config ?? {}
    if (!route.schema || allow === undefined) return
    const isOpen = allow === 'public' || allow === 'shopper'
    const codes = [...everyRoute, ...(isOpen ? [] : signedInRoutes), ...errors]
    if (!isOpen && allow !== 'customer') codes.push('FORBIDDEN')
    const byStatus = Map.groupBy(new Set(codes), (code) => errorCatalogue[code].status)
    const responses = [...byStatus].map(([status, list]) => [
      status,
      { ...ErrorBody, description: list.map((code) => `\`${code}\``).join(', ') },
    ])
    const known = route.schema.response as object | undefined
    route.schema.response = { ...known, ...(Object.fromEntries(responses) as object) }
    if (allow !== 'public') {
      route.schema.security = allow === 'shopper' ? [{}, { bearer: [] }] : [{ bearer: [] }]
    }
  })
}
