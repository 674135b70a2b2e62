import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Context } from '../../context.ts'
import type { Address } from '../../core/address.ts'
import { notFound, ShopError } from '../../core/errors.ts'
import type { Reference } from '../../core/reference.ts'
import type { Db, Tx } from '../../db/database.ts'
import { record } from '../audit/log.ts'
import type { Cart } from '../cart/cart.ts'
import {
  closeDraftCart,
  fillDraftCart,
  loadDraftCart,
  makeDraftCart,
  type DraftContents,
} from '../cart/drafting.ts'
import { assertAccount } from '../customer/account.ts'
import {
  cancelRow,
  findDraft,
  forgetDrafts,
  insertDrafts,
  updateDraft,
  type DraftRow,
  type DraftState,
} from './queries.ts'

export interface Draft {
  readonly row: DraftRow
  readonly state: DraftState
  readonly cart: Cart
}

/** What staff say about an order that they draft; `contents` is what is in it. */
export interface DraftCommand {
  readonly customerId: string | undefined
  readonly email: string
  readonly shipping: Address | undefined
  readonly billing: Address | undefined
  readonly shippingMethod: string | undefined
  readonly note: string | undefined
  /** UTC milliseconds; undefined: as long as a cart. */
  readonly expiresAt: number | undefined
  readonly contents: DraftContents
}

export function stateOf(ctx: Context, row: DraftRow): DraftState {
  if (row.cancelled_at !== null) return 'cancelled'
  if (row.cart_status === 'completed') return 'completed'
  if (row.cart_status === 'checkout') return 'paying'
  return row.expires_at <= ctx.clock.now() ? 'expired' : 'open'
}

const jsonOf = (address: Address | undefined) =>
  address === undefined ? null : JSON.stringify(address)

function columnsOf(ctx: Context, draft: DraftCommand) {
  const now = ctx.clock.now()
  return {
    customer_id: draft.customerId ?? null,
    email: draft.email,
    shipping_address: jsonOf(draft.shipping),
    billing_address: jsonOf(draft.billing),
    shipping_method: draft.shippingMethod ?? null,
    note: draft.note ?? null,
    updated_at: now,
    expires_at: draft.expiresAt ?? now + ctx.config.lifetimes.cartMs,
  }
}

/** Drafts an order for a customer or an e-mail address. It takes no stock before it is placed. */
export async function createDraft(ctx: Context, tx: Tx, draft: DraftCommand): Promise<Draft> {
  if (draft.customerId !== undefined) await assertAccount(tx, draft.customerId)
  const id = ctx.newId()
  const cartId = await makeDraftCart(ctx, tx, draft.contents.currency)
  const columns = columnsOf(ctx, draft)
  const author = ctx.actor.name
  await insertDrafts(tx, [
    { id, cart_id: cartId, author, created_at: columns.updated_at, ...columns },
  ])
  const { customerId, contents } = draft
  const cart = await fillDraftCart(ctx, tx, { draft: { cartId, customerId }, contents })
  await record(ctx, tx, { action: 'draft.created', subject: ['draft', id], after: factsOf(cart) })
  return { ...(await readDraft(ctx, tx, { by: 'id', id })), cart }
}

const factsOf = ({ lines, currency, priced }: Cart) => ({
  currency,
  total_minor: priced.totalMinor,
  lines: lines.map(({ sku, quantity, custom_minor: agreed }) => ({
    sku,
    quantity,
    ...(agreed === null || agreed === undefined ? {} : { agreed_minor: agreed }),
  })),
})

interface Changing {
  readonly by: Reference
  /** From If-Match; undefined: whatever it is. */
  readonly version: number | undefined
  readonly command: DraftCommand
}

/** Writes a draft anew. Refuses one that is closed (DRAFT_CLOSED), VERSION_CONFLICT. */
export async function changeDraft(
  ctx: Context,
  tx: Tx,
  { by, version, command }: Changing,
): Promise<Draft> {
  const { row } = await openDraft(ctx, tx, by)
  if (version !== undefined && version !== row.version) {
    throw new ShopError('VERSION_CONFLICT', { current: row.version })
  }
  const { customerId, contents } = command
  if (customerId !== undefined) await assertAccount(tx, customerId)
  const columns = columnsOf(ctx, command)
  const { changes } = await updateDraft(tx, { id: row.id, version: row.version, ...columns })
  if (changes !== 1) throw new ShopError('VERSION_CONFLICT', { current: row.version + 1 })
  const draft = { cartId: row.cart_id, customerId }
  const cart = await fillDraftCart(ctx, tx, { draft, contents })
  const after = factsOf(cart)
  await record(ctx, tx, { action: 'draft.changed', subject: ['draft', row.id], after })
  return { ...(await readDraft(ctx, tx, { by: 'id', id: row.id })), cart }
}

/** Gives a draft up. Refuses one that is closed, or being paid for (DRAFT_CLOSED). */
export async function cancelDraft(ctx: Context, tx: Tx, by: Reference): Promise<Draft> {
  const { row, cart } = await openDraft(ctx, tx, by)
  const isClosed = await closeDraftCart(ctx, tx, row.cart_id)
  if (!isClosed) throw new ShopError('DRAFT_CLOSED', { state: 'paying' })
  await cancelRow(tx, { id: row.id, now: ctx.clock.now() })
  await record(ctx, tx, { action: 'draft.cancelled', subject: ['draft', row.id] })
  return { ...(await readDraft(ctx, tx, { by: 'id', id: row.id })), cart }
}

/** A draft that may still be changed, if only to give it more time. */
async function openDraft(ctx: Context, tx: Tx, by: Reference): Promise<Draft> {
  const draft = await readDraft(ctx, tx, by)
  const { state } = draft
  if (state !== 'open' && state !== 'expired') throw new ShopError('DRAFT_CLOSED', { state })
  return draft
}

/** A draft with what is in it, and what that costs now. */
export async function readDraft(ctx: Context, db: Db, by: Reference): Promise<Draft> {
  const row = await findDraft(db, by)
  if (!row) throw notFound('Draft')
  const owner = { cartId: row.cart_id, customerId: row.customer_id ?? undefined }
  return { row, state: stateOf(ctx, row), cart: await loadDraftCart(ctx, db, owner) }
}

/** The draft that a link leads to. Without its token it is as if there was none. */
export async function draftOfLink(ctx: Context, id: string, token: string): Promise<Draft> {
  const expected = Buffer.from(draftToken(ctx, id))
  const given = Buffer.from(token)
  const isRight = given.length === expected.length && timingSafeEqual(given, expected)
  if (!isRight) throw notFound('Draft')
  return readDraft(ctx, ctx.db.read, { by: 'id', id })
}

/** What lets somebody see and pay this one draft: made from its id, and stored nowhere. */
export function draftToken({ secrets }: Context, id: string): string {
  return createHmac('sha256', secrets.cookie).update(`draft:${id}`).digest('base64url')
}

/** Forgets for whom the drafts of an account were, which is about to be erased. */
export function forgetDraftsOf(ctx: Context, tx: Tx, customerId: string): Promise<void> {
  return forgetDrafts(tx, customerId, ctx.clock.now())
}

export type { DraftRow }
