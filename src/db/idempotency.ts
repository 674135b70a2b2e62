import { sql } from 'kysely'
import type { Context } from '../context.ts'
import { ShopError } from '../core/errors.ts'
import type { Tx } from './database.ts'
import { preparedQuery, preparedWrite } from './prepared.ts'

export interface IdempotencyTables {
  idempotency_keys: {
    claim: string
    body_hash: string
    order_id: string | null
    response_status: number | null
    response_body: string | null
    created_at: number
    expires_at: number
  }
}

/** One use of an Idempotency-Key: hashes of (principal, route, key) and of the canonical body. */
export interface Claim {
  readonly claim: string
  readonly bodyHash: string
}

export interface StoredReply {
  readonly status: number
  readonly body: string
}

export type ClaimResult =
  | { readonly kind: 'claimed' }
  | { readonly kind: 'replay'; readonly reply: StoredReply }
  /** Claimed by a request that has not been answered, and that may have died. */
  | { readonly kind: 'running'; readonly orderId: string | null }

const findClaim = preparedQuery<
  { claim: string },
  Omit<IdempotencyTables['idempotency_keys'], 'created_at'>
>((db, param) =>
  db
    .selectFrom('idempotency_keys')
    .select(['claim', 'body_hash', 'order_id', 'response_status', 'response_body', 'expires_at'])
    .where('claim', '=', param('claim')),
)

const deleteExpiredClaim = preparedWrite<{ claim: string; now: number }>((db, param) =>
  db
    .deleteFrom('idempotency_keys')
    .where('claim', '=', param('claim'))
    .where('expires_at', '<=', param('now')),
)

/**
 * Claims a key by unique insert, inside the transaction that does the work. A claim may name the
 * order it works on, so that a retry can go on from there.
 */
export async function claimKey(
  ctx: Context,
  tx: Tx,
  claim: Claim & { readonly orderId?: string },
): Promise<ClaimResult> {
  const now = ctx.clock.now()
  if (await insertClaim(ctx, tx, claim)) return { kind: 'claimed' }
  const { changes } = await deleteExpiredClaim(tx, { claim: claim.claim, now })
  if (changes === 1 && (await insertClaim(ctx, tx, claim))) return { kind: 'claimed' }
  const [known] = await findClaim(tx, { claim: claim.claim })
  if (!known) throw new ShopError('REQUEST_IN_PROGRESS')
  if (known.body_hash !== claim.bodyHash) throw new ShopError('IDEMPOTENCY_KEY_REUSED')
  if (known.response_status === null) return { kind: 'running', orderId: known.order_id }
  const reply = { status: known.response_status, body: known.response_body ?? '' }
  return { kind: 'replay', reply }
}

function insertClaim(
  ctx: Context,
  tx: Tx,
  { claim, bodyHash, orderId }: Claim & { readonly orderId?: string },
): Promise<boolean> {
  const now = ctx.clock.now()
  return tx.dialect.insertOnce(tx, 'idempotency_keys', {
    claim,
    body_hash: bodyHash,
    order_id: orderId ?? null,
    created_at: now,
    expires_at: now + ctx.config.lifetimes.idempotencyMs,
  })
}

/** Stores the answer, in the transaction that has claimed the key. */
export const storeReply = preparedWrite<StoredReply & { claim: string }>((db, param) =>
  db
    .updateTable('idempotency_keys')
    .set({ response_status: param('status'), response_body: param('body') })
    .where('claim', '=', param('claim'))
    .where('response_status', 'is', null),
)

/** The use of a key by one order: a key that has expired may since have been used for another. */
interface OrderClaim {
  readonly claim: string
  readonly orderId: string
}

const writeOrderReply = preparedWrite<StoredReply & OrderClaim>((db, param) =>
  db
    .updateTable('idempotency_keys')
    .set({ response_status: param('status'), response_body: param('body') })
    .where('claim', '=', param('claim'))
    .where('order_id', '=', param('orderId'))
    .where('response_status', 'is', null),
)

/**
 * Stores the answer about an order, in the transaction that makes it true. If another try of the
 * same request was first, its answer stands and is returned.
 */
export async function storeOrderReply(
  tx: Tx,
  { claim, orderId, ...reply }: StoredReply & OrderClaim,
): Promise<{ reply: StoredReply; replayed: boolean }> {
  const { changes } = await writeOrderReply(tx, { claim, orderId, ...reply })
  const [first] = changes === 1 ? [] : await findClaim(tx, { claim })
  if (first?.order_id !== orderId || first.response_status === null) {
    return { reply, replayed: false }
  }
  const { response_status: status, response_body: body } = first
  return { reply: { status, body: body ?? '' }, replayed: true }
}

/** Frees the key of an order that failed on our side, so that the client can repeat it. */
export const releaseClaim = preparedWrite<OrderClaim>((db, param) =>
  db
    .deleteFrom('idempotency_keys')
    .where('claim', '=', param('claim'))
    .where('order_id', '=', param('orderId'))
    .where('response_status', 'is', null),
)

export const deleteExpiredClaims = preparedWrite<{ now: number }>((db, param) =>
  db.deleteFrom('idempotency_keys').where('expires_at', '<=', param('now')),
)

/** The uses of keys by these orders, by a look at every key there is. */
const listClaimsOf = preparedQuery<{ ids: string }, { claim: string }>(
  (db, param) => sql<{ claim: string }>`select k.claim
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join idempotency_keys k on k.order_id = d.id`,
)

const deleteAnsweredClaims = preparedWrite<{ claims: string }>(
  (db, param) => sql`delete from idempotency_keys where response_status is not null
    and claim in (select d.claim
      from ${db.dialect.jsonRows(param('claims'), { claim: 'text' })} d)`,
)

/** Forgets the stored answers about orders; they hold what their buyer has written. */
export async function forgetReplies(ctx: Context, orderIds: readonly string[]): Promise<void> {
  if (orderIds.length === 0) return
  const ids = JSON.stringify(orderIds.map((id) => ({ id })))
  const claims = await listClaimsOf(ctx.db.long, { ids })
  if (claims.length === 0) return
  await ctx.db.transaction((tx) => deleteAnsweredClaims(tx, { claims: JSON.stringify(claims) }))
}
