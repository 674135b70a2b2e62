import { randomUUIDv7 } from 'node:crypto'
import fastify, { type FastifyInstance } from 'fastify'
import type { Context } from '../context.ts'
import { notFound } from '../core/errors.ts'
import type { App } from './app.ts'
import { sendError } from './errors.ts'

/**
 * Swagger UI at /docs. It is a small server of its own, made at the first visit: loading it at
 * every start would cost a tenth of the start for pages that are rarely opened.
 */
export function registerDocs(app: App, ctx: Context): void {
  let pages: Promise<FastifyInstance> | undefined
  const options = { schema: { hide: true }, config: { allow: 'public' } } as const
  for (const url of ['/docs', '/docs/*']) {
    app.get(url, options, async (request, reply) => {
      pages ??= createPages(app, ctx)
      const { routing } = await pages
      reply.hijack()
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (value !== undefined) reply.raw.setHeader(name, value)
      }
      routing(request.raw, reply.raw)
    })
  }
  app.addHook('onClose', async () => (await pages)?.close())
}

async function createPages(app: App, ctx: Context): Promise<FastifyInstance> {
  const { default: swagger } = await import('@fastify/swagger')
  const { default: swaggerUi } = await import('@fastify/swagger-ui')
  const pages = fastify({
    genReqId: () => randomUUIDv7(),
    frameworkErrors: (error, request, reply) => void sendError(ctx, { request, reply, error }),
  })
  pages.setErrorHandler((error, request, reply) => sendError(ctx, { request, reply, error }))
  pages.setNotFoundHandler(() => {
    throw notFound('Page')
  })
  await pages.register(swagger, {
    mode: 'static',
    specification: { document: app.swagger() as never },
  })
  await pages.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    // The shop may be reached by plain HTTP, where its scripts would then not load.
    transformStaticCSP: (policy) => policy.replace(/\s*upgrade-insecure-requests;/, ''),
    uiConfig: { docExpansion: 'list', tryItOutEnabled: true },
    theme: {
      title: `${ctx.config.store.name} API`,
      // There is one document, and the logo is not ours.
      css: [{ filename: 'shop.css', content: '.swagger-ui .topbar { display: none }' }],
    },
  })
  await pages.ready()
  return pages
}
