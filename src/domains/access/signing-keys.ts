import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto'
import type { Context } from '../../context.ts'
import type { Tx } from '../../db/database.ts'
import { seal, unseal } from '../../sealing.ts'
import { record } from '../audit/log.ts'
import { insertSigningKey, listSigningKeys, retireSigningKeys } from './queries.ts'
import type { SigningKeyTable } from './tables.ts'

/** A key of this shop, as far as it signs or verifies. */
export interface SigningKey {
  readonly id: string
  readonly algorithm: SigningKeyTable['algorithm']
  readonly signs: KeyObject | Uint8Array
  readonly verifies: KeyObject | Uint8Array
}

interface Keys {
  readonly readAtMs: number
  readonly byId: ReadonlyMap<string, SigningKey>
  /** The newest that has not been retired, of the algorithm in force. */
  readonly current: SigningKey | undefined
}

const known = new WeakMap<Context['db'], Promise<Keys>>()

/** Another node may have rotated the keys; this one signs with the old for a minute at most. */
const freshMs = 60_000
/** Tokens that name a key nobody has must not cost a query each. */
const unknownWaitMs = 1_000

async function keysOf(ctx: Context, olderThanMs: number): Promise<Keys> {
  const kept = await known.get(ctx.db)?.catch(() => undefined)
  if (kept && Math.abs(ctx.clock.now() - kept.readAtMs) < olderThanMs) return kept
  const reading = readKeys(ctx)
  known.set(ctx.db, reading)
  return reading
}

async function readKeys(ctx: Context): Promise<Keys> {
  const now = ctx.clock.now()
  const rows = await listSigningKeys(ctx.db.read, now)
  const keys = rows.flatMap((row) => openKey(ctx, row))
  const current = rows.find(
    ({ retired_at, algorithm }) => retired_at === null && algorithm === ctx.config.tokens.algorithm,
  )
  const byId = new Map(keys.map((key) => [key.id, key]))
  return { readAtMs: now, byId, current: byId.get(current?.id ?? '') }
}

/** A key that was sealed with another secret is none: tokens signed by it are refused. */
function openKey(ctx: Context, row: SigningKeyTable): SigningKey[] {
  const text = unseal(ctx.secrets, 'signing-keys', row.sealed_key)
  if (text === undefined) return []
  const { id, algorithm } = row
  if (algorithm === 'HS256') {
    const secret = Buffer.from(text, 'base64url')
    return [{ id, algorithm, signs: secret, verifies: secret }]
  }
  const signs = createPrivateKey(text)
  return [{ id, algorithm, signs, verifies: createPublicKey(signs) }]
}

/** The key that signs now. */
export async function currentKey(ctx: Context): Promise<SigningKey> {
  const { current } = await keysOf(ctx, freshMs)
  if (current) return current
  await ensureSigningKey(ctx)
  const made = (await keysOf(ctx, 0)).current
  if (!made) throw new Error('there is no key to sign with: was JWT_SECRET changed?')
  return made
}

/** A key by its `kid`, current or retired but not yet run out. */
export async function keyById(ctx: Context, id: string): Promise<SigningKey | undefined> {
  const known = (await keysOf(ctx, freshMs)).byId.get(id)
  return known ?? (await keysOf(ctx, unknownWaitMs)).byId.get(id)
}

/** The public keys, for those who want to check a token without asking (RFC 7517). */
export async function publicKeys(ctx: Context): Promise<object[]> {
  const rows = await listSigningKeys(ctx.db.read, ctx.clock.now())
  return rows.flatMap(({ public_key }) =>
    public_key === null ? [] : [JSON.parse(public_key) as object],
  )
}

/** Makes a key to sign with where there is none of the algorithm in force. */
export async function ensureSigningKey(ctx: Context): Promise<void> {
  const rows = await listSigningKeys(ctx.db.read, ctx.clock.now())
  const fits = (row: SigningKeyTable) =>
    row.algorithm === ctx.config.tokens.algorithm &&
    row.retired_at === null &&
    openKey(ctx, row).length > 0
  if (!rows.some(fits)) await makeKey(ctx, (rows[0]?.turn ?? 0) + 1)
}

/** A new key signs from now on; what the old ones signed is good until it runs out. */
export async function rotateSigningKeys(ctx: Context): Promise<void> {
  const [newest] = await listSigningKeys(ctx.db.read, ctx.clock.now())
  await makeKey(ctx, (newest?.turn ?? 0) + 1)
}

/** Rotates the keys when they are as old as they may get. */
export async function rotateWhenDue(ctx: Context): Promise<void> {
  const [newest] = await listSigningKeys(ctx.db.read, ctx.clock.now())
  const dueAt = (newest?.created_at ?? 0) + ctx.config.tokens.signingKeyMs
  if (newest && dueAt <= ctx.clock.now()) await makeKey(ctx, newest.turn + 1)
}

async function makeKey(ctx: Context, turn: number): Promise<void> {
  const now = ctx.clock.now()
  const row = newKey(ctx, turn)
  await ctx.db.transaction(async (tx) => {
    if (!(await insertSigningKey(tx, row))) return
    const expiresAt = now + ctx.config.tokens.longestMs + freshMs
    await retireSigningKeys(tx, { before: turn, now, expiresAt })
    await recordRotation(ctx, tx, row)
  })
  known.delete(ctx.db)
}

function recordRotation(ctx: Context, tx: Tx, row: SigningKeyTable): Promise<void> {
  const after = { algorithm: row.algorithm, turn: row.turn }
  return record(ctx, tx, { action: 'signing_key.made', subject: ['signing_key', row.id], after })
}

function newKey(ctx: Context, turn: number): SigningKeyTable {
  const { algorithm } = ctx.config.tokens
  const id = ctx.newId()
  const made = algorithm === 'HS256' ? newSecret() : newPair(id)
  return {
    id,
    turn,
    algorithm,
    sealed_key: seal(ctx.secrets, 'signing-keys', made.text),
    public_key: made.publicKey,
    created_at: ctx.clock.now(),
    retired_at: null,
    expires_at: null,
  }
}

const newSecret = () => ({ text: randomBytes(32).toString('base64url'), publicKey: null })

/** Ed25519 (RFC 8037). */
function newPair(kid: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'EdDSA', use: 'sig' }
  const text = privateKey.export({ format: 'pem', type: 'pkcs8' })
  return { text, publicKey: JSON.stringify(jwk) }
}
