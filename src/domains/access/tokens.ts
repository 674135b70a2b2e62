import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose'
import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import { currentKey, keyById } from './signing-keys.ts'

const audience = 'cartwright'
const type = 'at+jwt' // RFC 9068

/** Verified tokens by their text, so that a busy client is verified once and not per request. */
const verified = new WeakMap<Context['db'], Map<string, Verified>>()
const verifiedMax = 10_000

/** What a token says: which session of which account, until when. */
export interface Verified {
  readonly sessionId: string
  readonly customerId: string
  readonly expiresAtMs: number
}

interface Subject {
  readonly customerId: string
  readonly number: number
  readonly sessionId: string
}

/** A token that names a session. Whether that goes on is looked up whenever the token is used. */
export async function issueAccessToken(
  ctx: Context,
  { customerId, number, sessionId }: Subject,
  lifetimeSeconds: number,
): Promise<string> {
  const issuedAtSeconds = Math.floor(ctx.clock.now() / 1_000)
  const key = await currentKey(ctx)
  return new SignJWT({ number, sid: sessionId })
    .setProtectedHeader({ alg: key.algorithm, typ: type, kid: key.id })
    .setIssuer(ctx.config.server.publicUrl)
    .setAudience(audience)
    .setSubject(customerId)
    .setIssuedAt(issuedAtSeconds)
    .setExpirationTime(issuedAtSeconds + lifetimeSeconds)
    .sign(key.signs)
}

/** Throws INVALID_TOKEN unless it was issued here, for here, and has not expired (RFC 8725). */
export async function readAccessToken(ctx: Context, token: string): Promise<Verified> {
  const cache = cacheOf(ctx)
  const known = cache.get(token)
  if (known && known.expiresAtMs > ctx.clock.now()) return known
  const entry = await verify(ctx, token)
  if (cache.size >= verifiedMax) cache.clear()
  cache.set(token, entry)
  return entry
}

async function verify(ctx: Context, token: string): Promise<Verified> {
  const key = await keyById(ctx, keyIdOf(token))
  if (!key) throw new ShopError('INVALID_TOKEN')
  try {
    const { payload } = await jwtVerify(token, key.verifies, {
      algorithms: [key.algorithm],
      typ: type,
      audience,
      issuer: ctx.config.server.publicUrl,
      requiredClaims: ['sub', 'exp', 'sid'],
      currentDate: new Date(ctx.clock.now()),
    })
    return {
      sessionId: String(payload['sid']),
      customerId: payload.sub ?? '',
      expiresAtMs: (payload.exp ?? 0) * 1_000,
    }
  } catch (error) {
    const isExpired = error instanceof errors.JWTExpired
    throw new ShopError('INVALID_TOKEN', isExpired ? { reason: 'expired' } : {})
  }
}

/** Only the shop's own name of a key is read from the header, never a key or an address of one. */
function keyIdOf(token: string): string {
  try {
    const { kid } = decodeProtectedHeader(token)
    return typeof kid === 'string' ? kid : ''
  } catch {
    throw new ShopError('INVALID_TOKEN')
  }
}

function cacheOf(ctx: Context): Map<string, Verified> {
  const known = verified.get(ctx.db)
  if (known) return known
  const created = new Map<string, Verified>()
  verified.set(ctx.db, created)
  return created
}
