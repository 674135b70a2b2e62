import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { invalid } from '../core/errors.ts'
import { isPersonal } from './auth.ts'

/** A strong validator over the bytes of a body, prefixed by the version it shows, if it has one. */
export function etagOf(body: string, version?: number): string {
  const digest = hash('sha1', body, 'base64url').slice(0, 16)
  return version === undefined ? `"${digest}"` : `"${version}-${digest}"`
}

/** Sends a JSON text with its ETag, or 304 when the client already has it (RFC 9110 §13). */
export function sendCacheable(
  {
    request,
    reply,
    maxAgeSeconds = 0,
  }: { request: FastifyRequest; reply: FastifyReply; maxAgeSeconds?: number },
  body: string,
  version?: number,
): FastifyReply {
  const etag = etagOf(body, version)
  reply.header('etag', etag)
  reply.header('cache-control', cacheControl(request, maxAgeSeconds))
  if (matches(request.headers['if-none-match'], etag)) return reply.code(304).send()
  return reply.type('application/json; charset=utf-8').send(body)
}

/** What is about somebody is kept nowhere; a program may still ask with the ETag it has noted. */
function cacheControl(request: FastifyRequest, maxAgeSeconds: number): string {
  if (isPersonal(request)) return 'no-store'
  return maxAgeSeconds > 0 ? `public, max-age=${maxAgeSeconds}` : 'no-cache'
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  if (header.trim() === '*') return true
  return header.split(',').some((item) => item.trim().replace(/^W\//, '') === etag)
}

/** The version an If-Match header demands; undefined if there is no such header or it is `*`. */
export function demandedVersion(request: FastifyRequest): number | undefined {
  const header = request.headers['if-match']
  if (header === undefined || header.trim() === '*') return undefined
  const version = /^"(\d{1,15})(?:-[\w-]*)?"$/.exec(header.trim())?.[1]
  if (version === undefined) throw invalid('If-Match', 'must be an ETag from an earlier answer')
  return Number(version)
}
