import { createHmac, pbkdf2, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

/** Whether a password is the one that was hashed. */
export type Check = (password: string) => Promise<boolean>

/**
 * How to check a password against a hash that another system made; undefined for what is not known
 * here, and for what would take more than about a second: whoever imports customers must not be
 * able to hang the shop. All of them run on Node's thread pool.
 */
export function importedCheck(hash: string): Check | undefined {
  if (hash.length > hashLengthMax) return undefined
  return bcryptCheck(hash) ?? scryptCheck(hash) ?? pbkdf2Check(hash) ?? hmacCheck(hash)
}

const hashLengthMax = 500

/** A cost of 14 takes about a second. */
const bcryptCostMax = 14

/**
 * bcrypt knows 72 bytes of a password and no more (Provos & Mazières 1999). The systems that hashed
 * longer ones cut them off, so that is what must be compared with.
 */
const bcryptBytesMax = 72

function bcryptCheck(hash: string): Check | undefined {
  const cost = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(hash)?.[1]
  if (cost === undefined || Number(cost) < 4 || Number(cost) > bcryptCostMax) return undefined
  return async (password) => {
    const { verify } = await import('@node-rs/bcrypt')
    return verify(Buffer.from(password).subarray(0, bcryptBytesMax), hash)
  }
}

interface ScryptCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

const scryptAsync = promisify<string, string, number, ScryptCost & { maxmem: number }, Buffer>(
  scrypt,
)
const scryptBytes = 64
const scryptMemoryMaxBytes = 128 * 2 ** 20
/** Four times the work of Werkzeug's default. */
const scryptWorkMax = 4 * 32_768 * 8

/** `scrypt:N:r:p$salt$hex`, as by Werkzeug's `generate_password_hash`. */
function scryptCheck(hash: string): Check | undefined {
  const match = /^scrypt:(\d{1,8}):(\d{1,3}):(\d{1,3})\$([^$]+)\$([0-9a-f]{128})$/.exec(hash)
  if (!match) return undefined
  const [N = 0, r = 0, p = 0] = match.slice(1, 4).map(Number)
  const [salt = '', hex = ''] = match.slice(4)
  const isPowerOfTwo = N > 1 && (N & (N - 1)) === 0
  if (!isPowerOfTwo || r < 1 || p < 1 || N * r * p > scryptWorkMax) return undefined
  if (128 * N * r > scryptMemoryMaxBytes) return undefined
  const maxmem = 2 * 128 * r * (N + p)
  return async (password) =>
    isEqual(await scryptAsync(password, salt, scryptBytes, { N, r, p, maxmem }), hex)
}

const pbkdf2Async = promisify(pbkdf2)
const digestBytes = { sha1: 20, sha256: 32, sha512: 64 } as const
type Digest = keyof typeof digestBytes
const iterationsMax = 2_000_000

/**
 * What Werkzeug takes for iterations that a hash does not name, over the years (0.9, 0.12, 0.15,
 * 2.0, 2.3, 3.1): the hash does not say either when it was made.
 */
const defaultIterations = [1_000, 50_000, 150_000, 260_000, 600_000, 1_000_000]

/** `pbkdf2:digest[:iterations]$salt$hex`, as by Werkzeug's `generate_password_hash`. */
function pbkdf2Check(hash: string): Check | undefined {
  const match =
    /^pbkdf2:(sha1|sha256|sha512)(?::([1-9]\d{0,7}))?\$([^$]+)\$((?:[0-9a-f]{2})+)$/.exec(hash)
  if (!match) return undefined
  const [, name = '', iterations, salt = '', hex = ''] = match
  const digest = name as Digest
  if (hex.length !== 2 * digestBytes[digest] || Number(iterations ?? 1) > iterationsMax) {
    return undefined
  }
  const counts = iterations === undefined ? defaultIterations : [Number(iterations)]
  return async (password) => {
    for (const count of counts) {
      const key = await pbkdf2Async(password, salt, count, digestBytes[digest], digest)
      if (isEqual(key, hex)) return true
    }
    return false
  }
}

/** `digest$salt$hex`: one HMAC with the salt as its key, the form of Werkzeug before 0.9. */
function hmacCheck(hash: string): Check | undefined {
  const [, digest = '', salt = '', hex = ''] =
    /^(sha1|sha256|sha512)\$([^$]+)\$((?:[0-9a-f]{2})+)$/.exec(hash) ?? []
  if (digest === '' || hex.length !== 2 * digestBytes[digest as Digest]) return undefined
  return async (password) => isEqual(createHmac(digest, salt).update(password).digest(), hex)
}

function isEqual(key: Buffer, hex: string): boolean {
  const expected = Buffer.from(hex, 'hex')
  return key.length === expected.length && timingSafeEqual(key, expected)
}
