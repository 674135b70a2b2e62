import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { invalid, ShopError } from '../core/errors.ts'
import type { Tx } from '../db/database.ts'
import { claimKey, storeReply, type Claim, type StoredReply } from '../db/idempotency.ts'
import { runAgainIfUnknown } from '../db/unknown-commit.ts'
import { sendRefusal } from './errors.ts'

/** The claim an Idempotency-Key makes: this principal, on this route, with this body. */
export function claimOf(request: FastifyRequest): Claim | undefined {
  const key = request.headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw invalid('Idempotency-Key', 'must have 1 to 255 printable ASCII characters')
  }
  const route = `${request.method} ${request.routeOptions.url ?? ''}`
  const scope = [principalOf(request), route, key]
  const body = canonical([request.params, request.body ?? null])
  return { claim: sha256(JSON.stringify(scope)), bodyHash: sha256(body) }
}

/** A guest without a session is told apart by address, so that nobody is shown another's answer. */
function principalOf({ principal, sessionKey, ip }: FastifyRequest): string {
  const guest = sessionKey ?? `address:${ip}`
  if (principal?.kind === 'key') return `key:${principal.id}:${guest}`
  return principal?.customerId ?? guest
}

/** JSON with sorted keys: the same request in another order of fields is the same request. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, child: unknown) =>
    typeof child === 'object' && child !== null && !Array.isArray(child)
      ? Object.fromEntries(Object.entries(child).sort(([a], [b]) => (a < b ? -1 : 1)))
      : child,
  )
}

const sha256 = (text: string) => hash('sha256', text, 'hex')

interface Once<T> {
  readonly work: (tx: Tx) => Promise<T>
  /** The whole answer, made from the result inside the transaction. */
  readonly render: (result: T) => { status: number; body: object }
  /**
   * What crosses the network because of it, when it is saved and before it is answered. It has been
   * written down what to do: what fails here is done later, and changes no answer.
   */
  readonly afterwards?: (result: T) => Promise<void>
}

/**
 * Runs `work` in one transaction. With an Idempotency-Key the answer is stored in it too, and a
 * repetition gets the stored bytes instead of a second effect.
 */
export async function answerOnce<T>(
  ctx: Context,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  { work, render, afterwards }: Once<T>,
): Promise<FastifyReply> {
  const claim = claimOf(request)
  const follow = async (result: T) => {
    try {
      await afterwards?.(result)
    } catch (error) {
      ctx.log.warn({ err: error }, 'what follows a change failed; it is tried again')
    }
  }
  if (!claim) {
    const result = await ctx.db.transaction(work)
    await follow(result)
    const { status, body } = render(result)
    return reply.code(status).send(body)
  }
  const attempt = async (tx: Tx) => {
    const result = await claimKey(ctx, tx, claim)
    if (result.kind === 'replay') return { stored: result.reply, replayed: true, done: undefined }
    if (result.kind === 'running') throw new ShopError('REQUEST_IN_PROGRESS')
    const done = await work(tx)
    const { status, body } = render(done)
    const text = JSON.stringify(body)
    await storeReply(tx, { claim: claim.claim, status, body: text })
    return { stored: { status, body: text }, replayed: false, done: { result: done } }
  }
  const { stored, replayed, done } = await runAgainIfUnknown(() => ctx.db.transaction(attempt))
  if (done) await follow(done.result)
  return sendStored(reply, stored, replayed)
}

export function sendStored(
  reply: FastifyReply,
  stored: StoredReply,
  replayed: boolean,
): FastifyReply {
  if (replayed) reply.header('idempotent-replayed', 'true')
  if (stored.status >= 400) return sendRefusal(reply, stored)
  return reply.code(stored.status).type('application/json; charset=utf-8').send(stored.body)
}
