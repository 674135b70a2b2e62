import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { ShopError, type ErrorCode } from '../core/errors.ts'
import { MoneyRangeError } from '../core/money.ts'
import type { StoredReply } from '../db/idempotency.ts'
import { CommitUnknownError, StaleReadError } from '../db/errors.ts'
import { isNoteworthy, logRefusal } from './refusal-log.ts'
import { describeValidation } from './validation.ts'

const frameworkCodes: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'MALFORMED_JSON',
  FST_ERR_CTP_INVALID_JSON_BODY: 'MALFORMED_JSON',
  FST_ERR_MAX_PARAM_LENGTH: 'URI_TOO_LONG',
}

/** Turns whatever was thrown into an error of the catalogue. */
export function toShopError(ctx: Context, error: unknown): ShopError {
  if (error instanceof ShopError) return error
  if (error instanceof CommitUnknownError) return new ShopError('OUTCOME_UNKNOWN')
  if (error instanceof MoneyRangeError) return new ShopError('AMOUNT_TOO_LARGE')
  const framework = fromFramework(error, ctx.config.server.bodyLimitBytes)
  if (framework) return framework
  const { kind } = ctx.db.dialect.readFault(error)
  if (kind === 'unavailable' || kind === 'retry' || error instanceof StaleReadError) {
    return new ShopError('SERVICE_UNAVAILABLE')
  }
  return new ShopError('INTERNAL_ERROR')
}

function fromFramework(error: unknown, limitBytes: number): ShopError | undefined {
  if (!(error instanceof Error)) return undefined
  const { validation, validationContext, code, statusCode = 500 } = error as FastifyError
  if (validation) return describeValidation(validation, validationContext)
  const known = frameworkCodes[code]
  if (known) {
    return new ShopError(known, known === 'PAYLOAD_TOO_LARGE' ? { limit_bytes: limitBytes } : {})
  }
  // secure-json-parse and Fastify mark what is the client's fault with a 4xx.
  if (error instanceof SyntaxError && statusCode < 500) return new ShopError('MALFORMED_JSON')
  return statusCode >= 400 && statusCode < 500 ? new ShopError('MALFORMED_REQUEST') : undefined
}

export function sendError(
  ctx: Context,
  { request, reply, error }: { request: FastifyRequest; reply: FastifyReply; error: unknown },
): FastifyReply {
  const shopError = toShopError(ctx, error)
  prepareRefusal(ctx, { request, reply, error }, shopError)
  const body = JSON.stringify(errorBody(shopError, request.id))
  return sendRefusal(reply, { status: shopError.status, body })
}

/** What goes with every refusal, whatever its body looks like: a line in the log, the headers. */
export function prepareRefusal(
  ctx: Context,
  { request, reply, error }: { request: FastifyRequest; reply: FastifyReply; error: unknown },
  shopError: ShopError,
): void {
  const { id: reqId } = request
  if (shopError.status >= 500) ctx.log.error({ reqId, err: error }, 'request failed')
  else if (isNoteworthy(shopError)) logRefusal(ctx, request, shopError)
  else ctx.log.debug({ reqId, code: shopError.code }, 'request refused')
  if (shopError.retryAfterSeconds) reply.header('retry-after', shopError.retryAfterSeconds)
  const { allow } = shopError.details
  if (shopError.status === 405 && typeof allow === 'string') reply.header('allow', allow)
  if (shopError.status === 401) reply.header('www-authenticate', 'Bearer')
  reply.header('cache-control', 'no-store')
}

/** Sends a refusal, given as the envelope, in the form that the client accepts. */
export function sendRefusal(reply: FastifyReply, { status, body }: StoredReply): FastifyReply {
  reply.code(status)
  if (!wantsProblem(reply.request)) return reply.type('application/json; charset=utf-8').send(body)
  const problem = problemOf(status, JSON.parse(body) as ErrorBody)
  return reply.type('application/problem+json').send(JSON.stringify(problem))
}

type ErrorBody = ReturnType<typeof errorBody>

/** The envelope of every refusal (contract D). */
export function errorBody(error: ShopError, requestId: string) {
  const { code, message, details, hint } = error
  return {
    success: false,
    error: { code, message, details: { ...details, hint }, request_id: requestId },
  }
}

function wantsProblem(request: FastifyRequest): boolean {
  return request.headers.accept?.includes('application/problem+json') ?? false
}

/** RFC 9457. */
function problemOf(status: number, { error }: ErrorBody) {
  const { code, message, details, request_id } = error
  const { hint, ...errors } = details
  return {
    type: `/docs/errors#${code.toLowerCase()}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: message,
    instance: `urn:request:${request_id}`,
    code,
    hint,
    errors,
  }
}
