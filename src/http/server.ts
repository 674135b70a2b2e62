import { randomUUIDv7 } from 'node:crypto'
import { STATUS_CODES, type IncomingMessage } from 'node:http'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, { LogController, type FastifyBaseLogger, type FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { invalid, notFound, ShopError, type ErrorCode } from '../core/errors.ts'
import type { App } from './app.ts'
import { registerAuth } from './auth.ts'
import { errorBody, sendError } from './errors.ts'
import { isUnstorable, serializerCompiler, validatorCompiler } from './validation.ts'

/** Sent with every answer: nothing here is to be framed, sniffed or run as a page's script. */
const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'cross-origin',
} as const

/** A Fastify instance with everything that all routes share, and no routes yet. */
export async function createServer(ctx: Context): Promise<App> {
  const { server } = ctx.config
  const loggerInstance: FastifyBaseLogger = ctx.log
  const app: App = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: server.bodyLimitBytes,
    requestTimeout: server.requestTimeoutMs,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    trustProxy: server.trustProxy.length > 0 ? [...server.trustProxy] : false,
    routerOptions: { maxParamLength: 500, ignoreTrailingSlash: true },
    genReqId: requestId,
    frameworkErrors: (error, request, reply) => void sendError(ctx, { request, reply, error }),
    clientErrorHandler: refuseBrokenRequest,
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler((error, request, reply) => sendError(ctx, { request, reply, error }))
  app.setNotFoundHandler((request) => {
    throw unknownRoute(app, request)
  })
  registerHeaders(app, ctx)
  registerInputGuards(app)
  await app.register(cookie)
  if (server.corsOrigins.length > 0) {
    await app.register(cors, {
      origin: [...server.corsOrigins],
      credentials: true,
      methods: ['HEAD', ...methods],
      exposedHeaders: ['etag', 'x-request-id', 'idempotent-replayed', 'retry-after'],
      maxAge: 3_600,
    })
  }
  registerAuth(app, ctx)
  return app
}

/** The caller's id if it is harmless to log and send back, else a new one. */
function requestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.-]{1,100}$/.test(given) ? given : randomUUIDv7()
}

function registerHeaders(app: App, ctx: Context): void {
  app.decorateRequest('sessionKey', undefined)
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(securityHeaders)
    reply.header('x-request-id', request.id)
    done()
  })
  if (!ctx.log.isLevelEnabled('debug')) return
  app.addHook('onResponse', (request, reply, done) => {
    const { statusCode, elapsedTime } = reply
    request.log.debug({ method: request.method, url: request.url, statusCode, elapsedTime }, 'done')
    done()
  })
}

/** What no route can use is refused before any of them sees it. */
function registerInputGuards(app: App): void {
  app.addHook('preValidation', (request, _reply, done) => {
    const refused = [request.body, request.query, request.params].some((part) => isUnstorable(part))
    const issue = 'must not contain U+0000, half characters or hundreds of levels'
    done(refused ? invalid('input', issue) : undefined)
  })
  app.removeContentTypeParser('text/plain')
  // Clients send "Content-Type: application/json" with empty bodies on DELETE.
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '' && request.method === 'DELETE') done(null, undefined)
    else void parseJson(request, String(body), done)
  })
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

function unknownRoute(app: App, request: FastifyRequest): ShopError {
  const [path = '/'] = request.url.split('?', 1)
  const allowed = methods.filter((method) => app.findRoute({ method, url: path }) !== null)
  return allowed.length > 0
    ? new ShopError('METHOD_NOT_ALLOWED', { method: request.method, allow: allowed.join(', ') })
    : notFound('Page')
}

const brokenRequests: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
}

/** What arrives is not HTTP: answer in HTTP all the same, as far as the socket allows. */
function refuseBrokenRequest(
  error: NodeJS.ErrnoException & { rawPacket?: unknown },
  socket: NodeJS.WritableStream & { destroyed?: boolean; destroy(): void },
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const refusal = new ShopError(brokenRequests[error.code ?? ''] ?? 'MALFORMED_REQUEST')
  const body = JSON.stringify(errorBody(refusal, randomUUIDv7()))
  socket.write(
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}\r\n` +
      'Content-Type: application/json; charset=utf-8\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
  socket.destroy()
}
