import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hash,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import type { Secrets } from './config/secrets.ts'

/** What a derived key is for; a key for one purpose says nothing about that for another. */
export type Purpose =
  | 'signing-keys'
  | 'second-factors'
  | 'refresh-tokens'
  | 'session-cookies'
  | 'csrf-tokens'
  | 'one-time-tokens'
  | 'announcements'
  | 'tickets'
  | 'setup'
  | 'promotion-customers'
  | 'stock-notices'

const known = new WeakMap<Secrets, Map<Purpose, Buffer>>()

/** A key of 256 bits from the shop's secret, by HKDF (RFC 5869). */
function keyFor(secrets: Secrets, purpose: Purpose): Buffer {
  const keys = known.get(secrets) ?? new Map<Purpose, Buffer>()
  known.set(secrets, keys)
  const made = keys.get(purpose) ?? Buffer.from(hkdfSync('sha256', secrets.jwt, '', purpose, 32))
  keys.set(purpose, made)
  return made
}

/** A text that can be opened again with the same secret and purpose alone (AES-256-GCM). */
export function seal(secrets: Secrets, purpose: Purpose, text: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keyFor(secrets, purpose), nonce)
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')
}

/** The sealed text; undefined if it was sealed with another secret or purpose, or changed. */
export function unseal(secrets: Secrets, purpose: Purpose, sealed: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64url')
  try {
    const key = keyFor(secrets, purpose)
    const cipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
    cipher.setAuthTag(bytes.subarray(12, 28))
    return Buffer.concat([cipher.update(bytes.subarray(28)), cipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}

/** What only this shop can make of a text, to be recognised later without keeping it. */
export function stamp(secrets: Secrets, purpose: Purpose, text: string): string {
  return createHmac('sha256', keyFor(secrets, purpose)).update(text).digest('base64url')
}

/** Equal or not, in a time that does not tell how much of it was. */
export function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** For tokens of 128 bits and more, which need no slow hash: nobody can try them all. */
export const tokenHash = (token: string): string => hash('sha256', token, 'hex')
