import { readFileSync } from 'node:fs'
import { hash as hashArgon2, parseOptions, verify as verifyArgon2 } from '@node-rs/argon2'
import { passwordHashes } from './hash-queue.ts'
import { importedCheck } from './imported-passwords.ts'

/** Argon2id with 19 MiB, two passes, one lane: OWASP Password Storage Cheat Sheet. */
const policy = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/**
 * The hash to store: argon2id, made on another thread. Waits for its turn when others are being
 * made; refuses with SERVICE_UNAVAILABLE when very many wait.
 */
export function hashPassword(text: string): Promise<string> {
  return passwordHashes.run(() => hashArgon2(text, policy))
}

export interface Verified {
  readonly ok: boolean
  /** The password is right, and its hash weaker than those made today: store a new one. */
  readonly needsRehash: boolean
}

/**
 * Checks a password against a hash of ours or an imported one (bcrypt, Werkzeug's scrypt and
 * pbkdf2). Without a hash, or with one that is not known, it takes the time that one of ours would,
 * so that nobody can tell by it who has an account. Waits and refuses as `hashPassword`.
 */
export function verifyPassword(hash: string | undefined, text: string): Promise<Verified> {
  return passwordHashes.run(() => verify(hash ?? '', text))
}

async function verify(hash: string, text: string): Promise<Verified> {
  const cost = ownCost(hash)
  if (cost !== undefined) {
    const ok = await verifyArgon2(hash, text)
    return { ok, needsRehash: ok && cost < costOf(policy) }
  }
  const check = importedCheck(hash)
  const ok = (await (check ?? refuse)(text)) && check !== undefined
  return { ok, needsRehash: ok }
}

let dummy: Promise<string> | undefined

/** What it costs to refuse a password, for when there is nothing to compare it with. */
async function refuse(text: string): Promise<boolean> {
  dummy ??= hashArgon2('nobody has this password', policy)
  return verifyArgon2(await dummy, text)
}

interface Cost {
  readonly memoryCost: number
  readonly timeCost: number
}

/** KiB that are written: what an attacker pays for a guess, and we for a sign-in. */
const costOf = ({ memoryCost, timeCost }: Cost): number => memoryCost * timeCost

/** About a second; memory is limited by it too, for there is always one pass at least. */
const costMax = 32 * costOf(policy)
const memoryMax = 262_144
const lanesMax = 16

const argon2id = /^\$argon2id\$v=\d\d\$[\w=,]{1,60}\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/

/** The cost of an argon2id hash; undefined for what is none, or would take too long. */
function ownCost(hash: string): number | undefined {
  if (!argon2id.test(hash)) return undefined
  try {
    const parsed = parseOptions(hash)
    const isBounded = parsed.memoryCost <= memoryMax && parsed.parallelism <= lanesMax
    return isBounded && costOf(parsed) <= costMax ? costOf(parsed) : undefined
  } catch {
    return undefined
  }
}

const lengthMin = 8
const lengthMax = 200

/** Names that are shorter stand in too many good passwords. */
const nameLengthMin = 4

/**
 * What is wrong with a new password, as the end of a sentence; undefined if nothing is. Asked for
 * are 8 to 200 characters with an upper-case letter, a lower-case letter and a digit; refused are
 * the most common ones, and those that hold the e-mail's local part or the user name, in any case.
 */
export function passwordProblem(
  text: string,
  names: { readonly email?: string | undefined; readonly username?: string | undefined } = {},
): string | undefined {
  const length = [...text].length
  if (length < lengthMin) return `must have at least ${lengthMin} characters`
  if (length > lengthMax) return `must have at most ${lengthMax} characters`
  if (!/\p{Lu}/u.test(text)) return 'must contain an upper-case letter'
  if (!/\p{Ll}/u.test(text)) return 'must contain a lower-case letter'
  if (!/[0-9]/.test(text)) return 'must contain a digit'
  const lower = text.toLowerCase()
  if (commonPasswords().has(lower)) return 'is one of the most common passwords'
  const local = names.email?.slice(0, names.email.lastIndexOf('@'))
  if (isWithin(lower, local)) return 'must not contain the e-mail address'
  if (isWithin(lower, names.username)) return 'must not contain the user name'
  return undefined
}

function isWithin(lower: string, name: string | undefined): boolean {
  return name !== undefined && name.length >= nameLengthMin && lower.includes(name.toLowerCase())
}

let common: ReadonlySet<string> | undefined

/** Read when the first password is chosen: 47 kB, in lower case. */
function commonPasswords(): ReadonlySet<string> {
  const file = new URL('../../../reference/common-passwords.txt', import.meta.url)
  common ??= new Set(readFileSync(file, 'utf8').trimEnd().split('\n'))
  return common
}
