import { actingAs, type Context } from '../../context.ts'
import { notFound, ShopError } from '../../core/errors.ts'
import type { Tx } from '../../db/database.ts'
import { isSame, stamp, tokenHash } from '../../sealing.ts'
import { record, type Actor } from '../audit/log.ts'
import {
  deleteOldSessions,
  endSessionRow,
  endSessionsOf,
  findSession,
  insertSession,
  listLiveSessions,
  noSession,
  rotateSession,
  touchSession,
  type OwnedSession,
  type SessionRow,
} from './queries.ts'
import type { SignInMethod } from './tables.ts'
import { issueAccessToken } from './tokens.ts'

/** Where a request comes from, as far as a session remembers it. */
export interface Client {
  readonly ip: string
  readonly userAgent: string
  readonly requestId: string
}

export interface SessionOwner {
  readonly id: string
  readonly number: number
  readonly email: string
}

/** What a client gets to act in a session's name. */
export interface SessionTokens {
  readonly sessionId: string
  readonly accessToken: string
  readonly accessSeconds: number
  readonly refreshToken: string
  readonly refreshSeconds: number
}

export interface NewSession {
  readonly owner: SessionOwner
  readonly method: SignInMethod
  readonly client: Client
  /** How long an access token lasts; the shop's setting if it is not given. */
  readonly accessSeconds?: number | undefined
}

/** Begins a session in the transaction that checked who it is for. */
export async function startSession(ctx: Context, tx: Tx, session: NewSession): Promise<string> {
  const id = ctx.newId()
  const now = ctx.clock.now()
  const { owner, method, client } = session
  await insertSession(tx, {
    id,
    customer_id: owner.id,
    method,
    refresh_hash: tokenHash(refreshToken(ctx, id, 0)),
    user_agent: client.userAgent.slice(0, userAgentMax),
    ip: client.ip.slice(0, ipMax),
    now,
    expires_at: expiryOf(ctx, now),
  })
  return id
}

const userAgentMax = 255
const ipMax = 45

/** A session ends when it has not been used for so long, and at its greatest age in any case. */
function expiryOf(ctx: Context, createdAt: number): number {
  const { refreshMs, sessionMs } = ctx.config.tokens
  return Math.min(ctx.clock.now() + refreshMs, createdAt + sessionMs)
}

/** The tokens of a session that has just begun. */
export function firstTokens(
  ctx: Context,
  { owner, accessSeconds, method, client }: NewSession,
  sessionId: string,
): Promise<SessionTokens> {
  const { requestId: reqId, ip } = client
  ctx.log.info({ reqId, account: owner.id, sessionId, method, ip }, 'signed in')
  return tokensOf(ctx, { owner, sessionId, generation: 0, accessSeconds })
}

async function tokensOf(
  ctx: Context,
  {
    owner,
    sessionId,
    generation,
    accessSeconds = ctx.config.tokens.accessSeconds,
  }: {
    owner: Pick<SessionOwner, 'id' | 'number'>
    sessionId: string
    generation: number
    accessSeconds?: number | undefined
  },
): Promise<SessionTokens> {
  const subject = { customerId: owner.id, number: owner.number, sessionId }
  return {
    sessionId,
    accessToken: await issueAccessToken(ctx, subject, accessSeconds),
    accessSeconds,
    refreshToken: refreshToken(ctx, sessionId, generation),
    refreshSeconds: Math.floor(ctx.config.tokens.refreshMs / 1_000),
  }
}

/**
 * The refresh tokens of a session follow from each other by a secret of the shop: requests that
 * refresh at the same moment get the same successor, and the database keeps only a hash of it.
 */
function refreshToken(ctx: Context, sessionId: string, generation: number): string {
  const facts = `${sessionId}.${generation}`
  return `rt_${facts}.${stamp(ctx.secrets, 'refresh-tokens', facts)}`
}

interface Presented {
  readonly sessionId: string
  readonly generation: number
}

function readRefreshToken(ctx: Context, token: string): Presented | undefined {
  const [, sessionId = '', digits = ''] = /^rt_([0-9a-f-]{36})\.(\d{1,9})\./.exec(token) ?? []
  const generation = Number(digits)
  const isOurs = isSame(token, refreshToken(ctx, sessionId, generation))
  return sessionId !== '' && isOurs ? { sessionId, generation } : undefined
}

/**
 * The next pair of tokens for this one (RFC 9700 §4.14.2). A token is good once; for a few seconds
 * it gives the same successor again, so that two tabs of one browser do not lose their session.
 * Used after that it was stolen, or its successor was: the session ends for everybody, which the
 * log says. Throws INVALID_REFRESH_TOKEN.
 */
export async function refreshSession(
  ctx: Context,
  token: string,
  client: Client,
): Promise<SessionTokens> {
  const presented = readRefreshToken(ctx, token)
  if (!presented) throw new ShopError('INVALID_REFRESH_TOKEN')
  const { sessionId, generation } = presented
  const rotated = await ctx.db.transaction((tx) => rotate(ctx, tx, presented))
  const session = await findSession(ctx.db.read, sessionId)
  if (!session) throw new ShopError('INVALID_REFRESH_TOKEN')
  if (!rotated) await assertWithinGrace(ctx, { session, generation, client })
  const owner = { id: session.customer_id, number: session.number }
  return tokensOf(ctx, { owner, sessionId, generation: generation + 1 })
}

async function rotate(
  ctx: Context,
  tx: Tx,
  { sessionId, generation }: Presented,
): Promise<boolean> {
  const session = await findSession(tx, sessionId)
  if (!session || session.disabled_at !== null) return false
  const { changes } = await rotateSession(tx, {
    id: sessionId,
    generation,
    old_hash: tokenHash(refreshToken(ctx, sessionId, generation)),
    new_hash: tokenHash(refreshToken(ctx, sessionId, generation + 1)),
    now: ctx.clock.now(),
    expires_at: expiryOf(ctx, session.created_at),
  })
  return changes === 1
}

async function assertWithinGrace(
  ctx: Context,
  { session, generation, client }: { session: OwnedSession; generation: number; client: Client },
): Promise<void> {
  const now = ctx.clock.now()
  const isLive =
    session.ended_at === null && session.expires_at > now && session.disabled_at === null
  const isLast = session.generation === generation + 1
  if (isLive && isLast && now - session.rotated_at <= ctx.config.tokens.graceMs) return
  if (isLive && generation < session.generation) await endStolen(ctx, session, client)
  throw new ShopError('INVALID_REFRESH_TOKEN')
}

async function endStolen(ctx: Context, session: SessionRow, client: Client): Promise<void> {
  const { id, customer_id } = session
  ctx.log.warn(
    { sessionId: id, reqId: client.requestId },
    'refresh token used twice: session ended',
  )
  const actor: Actor = {
    kind: 'account',
    id: customer_id,
    name: 'a refresh token',
    requestId: client.requestId,
    ip: client.ip,
  }
  await ctx.db.transaction(async (tx) => {
    const now = ctx.clock.now()
    const ended = await endSessionRow(tx, { id, customer_id, reason: 'token_reused', now })
    if (ended.changes !== 1) return
    await record(actingAs(ctx, actor), tx, {
      action: 'session.revoked',
      subject: ['session', id],
      after: { reason: 'token_reused', account_id: customer_id },
    })
  })
}

/** Ends one session of an account; NOT_FOUND if it is not there, not theirs, or over. */
export async function endSession(
  ctx: Context,
  { customerId, sessionId }: { customerId: string; sessionId: string },
): Promise<void> {
  const end = { id: sessionId, customer_id: customerId, reason: 'signed_out' }
  const { changes } = await ctx.db.transaction((tx) =>
    endSessionRow(tx, { ...end, now: ctx.clock.now() }),
  )
  if (changes !== 1) throw notFound('Session')
}

export interface EndAll {
  readonly customerId: string
  readonly reason: string
  /** The session that goes on. */
  readonly except?: string | undefined
}

/** Ends all sessions of an account, in the transaction of what makes it necessary. */
export async function endAllSessions(ctx: Context, tx: Tx, end: EndAll): Promise<number> {
  const { changes } = await endSessionsOf(tx, {
    customer_id: end.customerId,
    reason: end.reason,
    except: end.except ?? noSession,
    now: ctx.clock.now(),
  })
  return changes
}

export function sessionsOf(ctx: Context, customerId: string): Promise<SessionRow[]> {
  return listLiveSessions(ctx.db.read, { customer_id: customerId, now: ctx.clock.now() })
}

/** Sessions that are over are kept for a while, for whoever asks what happened. */
export async function forgetOldSessions(ctx: Context, tx: Tx): Promise<void> {
  await deleteOldSessions(tx, { before: ctx.clock.now() - keptMs })
}

const keptMs = 30 * 24 * 3_600_000

/** How old a session may be for what could take an account away from its owner. */
const freshMs = 15 * 60_000

/**
 * That somebody has signed in a short while ago, so that a browser left open, or a stolen token, is
 * not enough: REAUTHENTICATION_REQUIRED.
 */
export async function assertFreshSession(ctx: Context, sessionId: string): Promise<void> {
  const session = await findLiveSession(ctx, sessionId)
  if (!session || session.created_at <= ctx.clock.now() - freshMs) {
    throw new ShopError('REAUTHENTICATION_REQUIRED')
  }
}

/** A session that goes on, for what was begun in its name; undefined if it is over. */
export async function findLiveSession(
  ctx: Context,
  sessionId: string,
): Promise<OwnedSession | undefined> {
  const session = await findSession(ctx.db.read, sessionId)
  if (!session || session.ended_at !== null || session.disabled_at !== null) return undefined
  return session.expires_at > ctx.clock.now() ? session : undefined
}

/** How exactly it is known when a session or key was last used. */
export const lastUseMs = 60_000

/** Keeps a session that is used by cookie from running out. */
export async function keepSession(
  ctx: Context,
  { id, created_at }: { id: string; created_at: number },
): Promise<void> {
  const now = ctx.clock.now()
  await ctx.db.transaction((tx) =>
    touchSession(tx, { id, before: now - lastUseMs, now, expires_at: expiryOf(ctx, created_at) }),
  )
}

export type { SessionRow }
