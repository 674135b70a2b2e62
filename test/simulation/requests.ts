import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../src/context.ts'
import type { Tx } from '../../src/db/database.ts'
import { answerOnce, claimOf } from '../../src/http/once.ts'
import type { KeyUse } from './state.ts'

/** A request as far as answering it once goes: who sends it, with which key, and what it says. */
export interface SentRequest {
  readonly principal: string
  readonly key: string | undefined
  readonly body: string
}

function fastifyRequest({ principal, key, body }: SentRequest): FastifyRequest {
  return {
    method: 'POST',
    routeOptions: { url: '/simulated' },
    headers: key === undefined ? {} : { 'idempotency-key': key },
    params: {},
    body,
    ip: principal,
  } as unknown as FastifyRequest
}

/** The key as the shop will know it. */
export function keyOf(sent: SentRequest): KeyUse | undefined {
  const claim = claimOf(fastifyRequest(sent))
  return claim && { claim: claim.claim, body: claim.bodyHash }
}

/** Answers by the shop's own once-only code, without HTTP around it. */
export async function answerText(
  ctx: Context,
  sent: SentRequest,
  work: (tx: Tx) => Promise<string>,
): Promise<string> {
  const answer = { status: 201, content: {} as unknown, again: '' }
  const reply = {
    code: (status: number) => ((answer.status = status), reply),
    header: () => ((answer.again = ' again'), reply),
    type: () => reply,
    send: (content: unknown) => ((answer.content = content), reply),
  } as unknown as FastifyReply
  const request = fastifyRequest(sent)
  const render = (text: string) => ({ status: 201, body: { text } })
  await answerOnce(ctx, { request, reply }, { work, render })
  const { status, content, again } = answer
  return `${status} ${textOf(content)}${again}`
}

/** The text of a body as the simulation renders it, stored or not. */
export function textOf(body: unknown): string {
  const content = typeof body === 'string' ? (JSON.parse(body) as unknown) : body
  return (content as { readonly text: string }).text
}
