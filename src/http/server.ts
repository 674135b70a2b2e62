import { randomUUIDv7 } from 'node:crypto'
import { STATUS_CODES, type IncomingMessage } from 'node:http'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import type { Context } from '../context.ts'
import { invalid, notFound, ShopError, type ErrorCode } from '../core/errors.ts'
import type { App } from './app.ts'
import { endOfAccount, isPersonal, registerAuth, registerPermissions } from './auth.ts'
import { errorBody, sendError } from './errors.ts'
import { rateLimits } from './rate-limit.ts'
import { isUnstorable, serializerCompiler, validatorCompiler } from './validation.ts'

/** Sent with every answer: nothing here is to be framed, sniffed or run as a page's script. */
const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; object-src 'none'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'cross-origin',
} as const

/** A Fastify instance with everything that all routes share, and no routes yet. */
export async function createServer(ctx: Context): Promise<App> {
  const { server } = ctx.config
  const headers = headersOf(ctx)
  const loggerInstance: FastifyBaseLogger = ctx.log
  const app: App = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: server.bodyLimitBytes,
    requestTimeout: server.requestTimeoutMs,
    forceCloseConnections: 'idle',
    http: {
      // Node would refuse a request without Host by itself, and without a word.
      requireHostHeader: false,
      // Node exchanges the two timeouts if the one for headers is the longer one.
      headersTimeout: Math.min(headersTimeoutMaxMs, server.requestTimeoutMs),
      // Node looks for clients that are too slow every half minute, whatever the timeout is.
      connectionsCheckingInterval: Math.ceil(server.requestTimeoutMs / slowChecks),
    },
    return503OnClosing: false,
    trustProxy: server.trustProxy.length > 0 ? [...server.trustProxy] : false,
    routerOptions: { maxParamLength: 500, ignoreTrailingSlash: true },
    genReqId: requestId,
    // A logger for each request would be made in vain: the few lines that are logged name theirs.
    childLoggerFactory: (logger) => logger,
    frameworkErrors(error, request, reply) {
      // No hook runs for what cannot be routed.
      addHeaders(headers, { request, reply })
      void sendError(ctx, { request, reply, error })
    },
    clientErrorHandler: (error, socket) => refuseBrokenRequest(headers, { error, socket }),
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(async (given, request, reply) => {
    const error = await endOfAccount(ctx, request, given)
    return sendError(ctx, { request, reply, error })
  })
  app.setNotFoundHandler((request) => {
    throw unknownRoute(app, request)
  })
  registerHeaders(app, ctx, headers)
  registerClosing(app)
  registerInputGuards(app)
  await app.register(cookie)
  if (server.corsOrigins.length > 0) {
    await app.register(cors, {
      origin: [...server.corsOrigins],
      credentials: true,
      methods: [...methods],
      exposedHeaders: [...exposedHeaders],
      maxAge: 3_600,
    })
  }
  const limits = rateLimits(ctx)
  limits.guardCredentials(app)
  registerAuth(app, ctx)
  limits.guardRoutes(app)
  registerPermissions(app)
  // Unknown expectations may be ignored (RFC 9110 §10.1.1), which says more than an empty 417.
  app.server.on('checkExpectation', app.routing)
  return app
}

/** The caller's id if it is harmless to log and send back, else a new one. */
function requestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.-]{1,100}$/.test(given) ? given : randomUUIDv7()
}

/** How often within REQUEST_TIMEOUT_MS it is looked who has exceeded it. */
const slowChecks = 10
const headersTimeoutMaxMs = 60_000

type FixedHeaders = Readonly<Record<string, string>>

function headersOf({ config }: Context): FixedHeaders {
  const { strictTransport } = config.server
  return strictTransport === undefined
    ? securityHeaders
    : { ...securityHeaders, 'strict-transport-security': strictTransport }
}

function registerHeaders(app: App, ctx: Context, headers: FixedHeaders): void {
  app.decorateRequest('sessionKey', undefined)
  app.addHook('onRequest', (request, reply, done) => {
    addHeaders(headers, { request, reply })
    // What is about somebody is kept by no cache, not even by that of their own browser.
    if (isPersonal(request)) reply.header('cache-control', 'no-store')
    done()
  })
  if (!ctx.log.isLevelEnabled('debug')) return
  app.addHook('onResponse', (request, reply, done) => {
    const { statusCode, elapsedTime } = reply
    const { id: reqId, method } = request
    // Queries may hold the tokens of links.
    const [url] = request.url.split('?', 1)
    ctx.log.debug({ reqId, method, url, statusCode, elapsedTime }, 'done')
    done()
  })
}

function addHeaders(
  headers: FixedHeaders,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): void {
  reply.headers(headers)
  reply.header('x-request-id', request.id)
}

/**
 * Closing ends the connections that are idle at that moment. Those of running requests become idle
 * later, and clients would keep them, and so this process, for more than a minute.
 */
function registerClosing(app: App): void {
  app.addHook('preClose', (done) => {
    const timer = setInterval(() => app.server.closeIdleConnections(), closingCheckMs)
    app.server.once('close', () => clearInterval(timer))
    done()
  })
}

const closingCheckMs = 20

/** What no route can use is refused before any of them sees it. */
function registerInputGuards(app: App): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { url, headers, raw } = request
    const isNameless = headers.host === undefined && raw.httpVersion === '1.1'
    done(isNameless || isBrokenQuery(url) ? new ShopError('MALFORMED_REQUEST') : undefined)
  })
  app.addHook('preValidation', (request, _reply, done) => {
    const refused = [request.body, request.query, request.params].some((part) => isUnstorable(part))
    const issue = 'must not contain U+0000, half characters or hundreds of levels'
    done(refused ? invalid('input', issue) : undefined)
  })
  app.removeContentTypeParser('text/plain')
  // Clients send "Content-Type: application/json" with empty bodies where none is wanted.
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const { method, routeOptions } = request
    const needsNone = method === 'DELETE' || routeOptions.schema?.body === undefined
    if (body === '' && needsNone) done(null, undefined)
    else void parseJson(request, String(body), done)
  })
}

/** The router refuses a path that cannot be decoded; the query would be taken as it is. */
function isBrokenQuery(url: string): boolean {
  const at = url.indexOf('?')
  if (at < 0 || !url.includes('%', at)) return false
  try {
    decodeURIComponent(url.slice(at))
    return false
  } catch {
    return true
  }
}

/** What pages of other origins may read besides the body. */
const exposedHeaders = [
  'etag',
  'x-request-id',
  'idempotent-replayed',
  'link',
  'retry-after',
  'ratelimit',
  'ratelimit-policy',
] as const

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

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
  headers: FixedHeaders,
  {
    error,
    socket,
  }: {
    error: NodeJS.ErrnoException & { rawPacket?: unknown }
    socket: NodeJS.WritableStream & { destroyed?: boolean; destroy(): void }
  },
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const refusal = new ShopError(brokenRequests[error.code ?? ''] ?? 'MALFORMED_REQUEST')
  const body = JSON.stringify(errorBody(refusal, randomUUIDv7()))
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}\r\n` +
      'Content-Type: application/json; charset=utf-8\r\n' +
      lines.join('') +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
  socket.destroy()
}
