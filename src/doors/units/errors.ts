import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import type { ShopError } from '../../core/errors.ts'
import { prepareRefusal, toShopError } from '../../http/errors.ts'

/** The words that the contract of this door has for what happens everywhere. */
const words: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'Authorization token is missing!',
  INVALID_TOKEN: 'Invalid token!',
  INVALID_CREDENTIALS: 'Invalid credentials',
}

/** A name is taken if its slug is, and slugs are unknown to this door. */
const fieldNames: Readonly<Record<string, string>> = { slug: 'name' }

/** A refusal as this door says it: the fields of a wrong body by name, all else as one sentence. */
export function sendMessage(
  ctx: Context,
  { request, reply, error }: { request: FastifyRequest; reply: FastifyReply; error: unknown },
): FastifyReply {
  const refusal = toShopError(ctx, error)
  prepareRefusal(ctx, { request, reply, error }, refusal)
  const { status, message } = messageOf(refusal)
  return reply
    .code(status)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify({ message, ...nextStepOf(refusal) }))
}

/** The contract knows no second factor: whoever has one is told how to go on beside the message. */
function nextStepOf({ code, details }: ShopError): object {
  if (code !== 'SECOND_FACTOR_REQUIRED') return {}
  return { challenge: details['challenge'], methods: details['methods'] }
}

function messageOf(refusal: ShopError): { status: number; message: string | object } {
  const { code, status, details } = refusal
  if (code === 'INVALID_TOKEN' && details['reason'] === 'expired') {
    return { status: 403, message: 'Token has expired!' }
  }
  if (code === 'CART_EMPTY') return { status: 400, message: 'Cart is empty, cannot create order' }
  if (code === 'NOT_FOUND') return { status, message: notFoundWords(String(details['resource'])) }
  if (code === 'VALIDATION_ERROR' || code === 'ALREADY_EXISTS') {
    const issue = code === 'VALIDATION_ERROR' ? String(details['issue']) : 'is taken'
    const field = String(details['field'])
    return { status: 400, message: { [fieldNames[field] ?? field]: [issue] } }
  }
  return { status, message: words[code] ?? refusal.message }
}

function notFoundWords(resource: string): string {
  return resource === 'Cart item' ? 'Item not in cart' : `${resource} not found`
}
