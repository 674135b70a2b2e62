import { jwtVerify, SignJWT } from 'jose'
import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import type { Principal } from './permissions.ts'
import type { Role } from './tables.ts'

const algorithm = 'HS256'
const audience = 'cartwright'
const type = 'at+jwt' // RFC 9068

/** Verified tokens by their text, so that a busy client is verified once and not per request. */
const verified = new WeakMap<Context, Map<string, Verified>>()
const verifiedMax = 10_000

interface Verified {
  readonly principal: Principal
  readonly expiresAtMs: number
}

export async function issueAccessToken(ctx: Context, principal: Principal): Promise<string> {
  const issuedAtSeconds = Math.floor(ctx.clock.now() / 1_000)
  return new SignJWT({ number: principal.number, role: principal.role })
    .setProtectedHeader({ alg: algorithm, typ: type })
    .setIssuer(ctx.config.server.publicUrl)
    .setAudience(audience)
    .setSubject(principal.customerId)
    .setIssuedAt(issuedAtSeconds)
    .setExpirationTime(issuedAtSeconds + ctx.config.lifetimes.accessTokenSeconds)
    .sign(keyOf(ctx))
}

/** Throws INVALID_TOKEN unless it was issued here, for here, and has not expired (RFC 8725). */
export async function readAccessToken(ctx: Context, token: string): Promise<Principal> {
  const cache = cacheOf(ctx)
  const known = cache.get(token)
  if (known && known.expiresAtMs > ctx.clock.now()) return known.principal
  const entry = await verify(ctx, token)
  if (cache.size >= verifiedMax) cache.clear()
  cache.set(token, entry)
  return entry.principal
}

async function verify(ctx: Context, token: string): Promise<Verified> {
  try {
    const { payload } = await jwtVerify(token, keyOf(ctx), {
      algorithms: [algorithm],
      typ: type,
      audience,
      issuer: ctx.config.server.publicUrl,
      requiredClaims: ['sub', 'exp', 'number', 'role'],
      currentDate: new Date(ctx.clock.now()),
    })
    const role: Role = payload['role'] === 'admin' ? 'admin' : 'customer'
    const principal = { customerId: payload.sub ?? '', number: Number(payload['number']), role }
    return { principal, expiresAtMs: (payload.exp ?? 0) * 1_000 }
  } catch {
    throw new ShopError('INVALID_TOKEN')
  }
}

function cacheOf(ctx: Context): Map<string, Verified> {
  const known = verified.get(ctx)
  if (known) return known
  const created = new Map<string, Verified>()
  verified.set(ctx, created)
  return created
}

function keyOf(ctx: Context): Uint8Array {
  return new TextEncoder().encode(ctx.secrets.jwt)
}
