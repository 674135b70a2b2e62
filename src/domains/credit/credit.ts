import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import { minor, sumMinor, type Minor } from '../../core/money.ts'
import type { Db, Tx } from '../../db/database.ts'
import { together } from '../../db/together.ts'
import { record } from '../audit/log.ts'
import { codeHash, codeHint, giftCardCode } from './codes.ts'
import {
  emptyExpired,
  emptyUntouched,
  findAccount,
  findStoreCredit,
  giveBack,
  insertAccounts,
  insertEntries,
  insertOrderCredits,
  insertOwnedAccount,
  listCardsByHash,
  listCardsOfOrder,
  listEntries,
  listExpired,
  listGiftCards,
  listOrderCredits,
  listStoreCredits,
  moveBalances,
  refundOrderCredits,
  releaseOrderCredits,
  updateAccount,
  type AccountRow,
  type EntryRow,
} from './queries.ts'
import type { CreditEntryKind } from './tables.ts'

interface EntryFacts {
  readonly accountId: string
  readonly kind: CreditEntryKind
  readonly amountMinor: Minor
  readonly orderId?: string | null
  readonly note?: string | null
}

function entry(ctx: Context, facts: EntryFacts): EntryRow {
  return {
    id: ctx.newId(),
    account_id: facts.accountId,
    kind: facts.kind,
    amount_minor: facts.amountMinor,
    order_id: facts.orderId ?? null,
    note: facts.note ?? null,
    created_at: ctx.clock.now(),
  }
}

export interface NewGiftCard {
  readonly currency: string
  readonly amountMinor: Minor
  readonly expiresAt: number | null
  readonly orderId: string | null
  readonly note: string | null
}

export interface IssuedCard {
  readonly account: AccountRow
  readonly code: string
}

/** Issues gift cards, with what is on them as the first entry of their ledgers. */
export async function issueGiftCards(
  ctx: Context,
  tx: Tx,
  cards: readonly NewGiftCard[],
): Promise<IssuedCard[]> {
  if (cards.length === 0) return []
  const now = ctx.clock.now()
  const issued = cards.map((card) => {
    const id = ctx.newId()
    const code = giftCardCode(ctx, id)
    const account = {
      id,
      kind: 'gift_card' as const,
      code_hash: codeHash(code),
      code_hint: codeHint(code),
      customer_id: null,
      currency: card.currency,
      balance_minor: card.amountMinor,
      is_active: 1 as const,
      expires_at: card.expiresAt,
      order_id: card.orderId,
      version: 1,
      created_at: now,
    }
    return { account, code, card }
  })
  await insertAccounts(
    tx,
    issued.map(({ account: { version: _, ...row } }) => ({
      ...row,
      owner_key: null,
      updated_at: now,
    })),
  )
  const entries = issued.map(({ account, card }) => {
    const { amountMinor, orderId, note } = card
    return entry(ctx, { accountId: account.id, kind: 'issue', amountMinor, orderId, note })
  })
  await insertEntries(tx, entries)
  await record(ctx, tx, {
    action: 'gift_cards.issued',
    subject: ['gift_card', issued[0]?.account.id ?? ''],
    after: { count: cards.length, amountMinor: cards[0]?.amountMinor },
  })
  return issued
}

/** A gift card by its code. Refuses one that does not exist (GIFT_CARD_INVALID). */
export async function getCardByCode(db: Db, code: string): Promise<AccountRow> {
  const [card] = await findCards(db, [code])
  if (!card) throw new ShopError('GIFT_CARD_INVALID', { reason: 'there is no such card' })
  return card
}

async function findCards(db: Db, codes: readonly string[]): Promise<(AccountRow | undefined)[]> {
  const hashes = codes.map(codeHash)
  const rows = await listCardsByHash(db, {
    hashes: JSON.stringify(hashes.map((hash) => ({ hash }))),
  })
  const byHash = new Map(rows.map((row) => [row.code_hash, row]))
  return hashes.map((hash) => byHash.get(hash))
}

/** The key of a customer's store credit in one currency. */
const ownerKeyOf = (customerId: string, currency: string): string => `${customerId}:${currency}`

export interface Tender {
  readonly giftCards: readonly string[]
  readonly useStoreCredit: boolean
  readonly customerId: string | undefined
  readonly currency: string
  readonly totalMinor: Minor
}

/** What an account pays of an order. */
export interface CreditPart {
  readonly accountId: string
  readonly amountMinor: Minor
}

/**
 * Divides an order's total over the gift cards named, in their order, and the customer's store
 * credit; what is left is for the payment method. Refuses a card that cannot be used
 * (GIFT_CARD_INVALID). Nothing is taken yet: see `takeCredit`.
 */
export async function planCredit(ctx: Context, db: Db, tender: Tender): Promise<CreditPart[]> {
  const { giftCards, useStoreCredit, customerId, currency } = tender
  const hasOwner = useStoreCredit && customerId !== undefined
  const [cards, own] = await together(db, [
    async () => (giftCards.length === 0 ? [] : findCards(db, giftCards)),
    async () => (hasOwner ? findStoreCredit(db, ownerKeyOf(customerId, currency)) : undefined),
  ])
  for (const card of cards) assertCard(ctx, card, currency)
  const accounts = [...cards, own].filter((account) => account !== undefined)
  const distinct = [...new Map(accounts.map((account) => [account.id, account])).values()]
  let left = tender.totalMinor
  const parts: CreditPart[] = []
  for (const { id: accountId, balance_minor } of distinct) {
    const amountMinor = minor(Math.min(left, balance_minor))
    if (amountMinor > 0) parts.push({ accountId, amountMinor })
    left = minor(left - amountMinor)
  }
  return parts
}

function assertCard(ctx: Context, card: AccountRow | undefined, currency: string): void {
  const refuse = (reason: string) => new ShopError('GIFT_CARD_INVALID', { reason })
  if (!card || card.is_active === 0) throw refuse('there is no such card')
  if (card.currency !== currency) throw refuse(`it is in ${card.currency}, the cart in ${currency}`)
  if (card.expires_at !== null && card.expires_at <= ctx.clock.now()) throw refuse('it has expired')
  if (card.balance_minor === 0) throw refuse('nothing is left on it')
}

/** Takes planned amounts, or refuses with CREDIT_SPENT. Accounts are locked in the order of ids. */
export async function takeCredit(
  ctx: Context,
  tx: Tx,
  parts: readonly CreditPart[],
): Promise<void> {
  if (parts.length === 0) return
  const now = ctx.clock.now()
  const movements = [...parts]
    .sort((one, other) => (one.accountId < other.accountId ? -1 : 1))
    .map(({ accountId, amountMinor }) => ({
      account_id: accountId,
      amount_minor: minor(-amountMinor),
      now,
    }))
  const { changes } = await moveBalances(tx, movements)
  if (changes !== parts.length) throw new ShopError('CREDIT_SPENT')
}

/** Writes down what an order was paid with. */
export async function noteCredit(
  ctx: Context,
  tx: Tx,
  { orderId, parts }: { orderId: string; parts: readonly CreditPart[] },
): Promise<void> {
  if (parts.length === 0) return
  const entries = parts.map(({ accountId, amountMinor }) =>
    entry(ctx, { accountId, kind: 'spend', amountMinor: minor(-amountMinor), orderId }),
  )
  const rows = parts.map(({ accountId, amountMinor }) => ({
    order_id: orderId,
    account_id: accountId,
    amount_minor: amountMinor,
    status: 'spent' as const,
  }))
  await together(tx, [() => insertEntries(tx, entries), () => insertOrderCredits(tx, rows)])
}

/** Gives back what was spent on an order that came to nothing. */
export async function releaseCredit(ctx: Context, tx: Tx, orderId: string): Promise<void> {
  const credits = await listOrderCredits(tx, { orderId })
  if (credits.length === 0) return
  const { changes } = await releaseOrderCredits(tx, { orderId })
  if (changes !== credits.length) throw new Error(`order ${orderId}: credit released in between`)
  const back = credits.map(({ account_id, amount_minor, refunded_minor }) => ({
    accountId: account_id,
    amountMinor: minor(amount_minor - refunded_minor),
  }))
  await bookBack(ctx, tx, { orderId, kind: 'release', parts: back, note: null })
}

interface Back {
  readonly orderId: string
  readonly kind: 'release' | 'refund'
  readonly parts: readonly CreditPart[]
  readonly note: string | null
}

async function bookBack(ctx: Context, tx: Tx, { orderId, kind, parts, note }: Back): Promise<void> {
  const real = parts.filter(({ amountMinor }) => amountMinor > 0)
  if (real.length === 0) return
  const now = ctx.clock.now()
  const movements = real.map(({ accountId, amountMinor }) => ({
    account_id: accountId,
    amount_minor: amountMinor,
    now,
  }))
  const { changes } = await giveBack(tx, movements)
  if (changes !== real.length) throw new Error(`order ${orderId}: credit could not be given back`)
  const entries = real.map((part) => entry(ctx, { ...part, kind, orderId, note }))
  await insertEntries(tx, entries)
}

/** What of an order's gift cards and store credit has not gone back yet. */
export async function creditLeft(db: Db, orderId: string): Promise<Minor> {
  const credits = await listOrderCredits(db, { orderId })
  return sumMinor(credits.map((row) => minor(row.amount_minor - row.refunded_minor)))
}

export interface CreditRefund {
  readonly orderId: string
  readonly amountMinor: Minor
  readonly note: string | null
}

/**
 * Gives back to gift cards and store credit a part of what they paid for an order, to the account
 * used last first. Refuses more than is left of it (VALIDATION_ERROR); two refunds at one moment
 * cannot give back the same money (CREDIT_SPENT). Returns what went where.
 */
export async function refundCredit(
  ctx: Context,
  tx: Tx,
  { orderId, amountMinor, note }: CreditRefund,
): Promise<CreditPart[]> {
  const credits = await listOrderCredits(tx, { orderId })
  let left = amountMinor
  const parts: CreditPart[] = []
  for (const credit of credits.toReversed()) {
    const open = minor(credit.amount_minor - credit.refunded_minor)
    const part = minor(Math.min(left, open))
    if (part > 0) parts.push({ accountId: credit.account_id, amountMinor: part })
    left = minor(left - part)
  }
  if (left > 0) throw invalid('amount', 'is more than was paid by gift cards and store credit')
  const ordered = parts.toSorted((one, other) => (one.accountId < other.accountId ? -1 : 1))
  const { changes } = await refundOrderCredits(
    tx,
    ordered.map(({ accountId, amountMinor: back_minor }) => ({
      of_order: orderId,
      of_account: accountId,
      back_minor,
    })),
  )
  if (changes !== ordered.length) throw new ShopError('CREDIT_SPENT')
  await bookBack(ctx, tx, { orderId, kind: 'refund', parts: ordered, note })
  const after = { amountMinor, note }
  await record(ctx, tx, { action: 'credit.refunded', subject: ['order', orderId], after })
  return ordered
}

export const creditSum = (parts: readonly CreditPart[]): Minor =>
  sumMinor(parts.map(({ amountMinor }) => amountMinor))

export interface Adjustment {
  /** Signed; not 0. */
  readonly amountMinor: Minor
  readonly note: string | null
}

/** Corrects the balance of an account. Refuses to go below 0 (CREDIT_SPENT). */
export async function adjustAccount(
  ctx: Context,
  tx: Tx,
  { id, amountMinor, note }: Adjustment & { readonly id: string },
): Promise<AccountRow> {
  await getAccount(tx, id)
  const movement = { account_id: id, amount_minor: amountMinor, now: ctx.clock.now() }
  if ((await giveBack(tx, [movement])).changes !== 1) throw new ShopError('CREDIT_SPENT')
  const kind = 'adjustment'
  await insertEntries(tx, [entry(ctx, { accountId: id, kind, amountMinor, note })])
  const after = { amountMinor, note }
  await record(ctx, tx, { action: 'credit.adjusted', subject: ['gift_card', id], after })
  return getAccount(tx, id)
}

/** Gives store credit to a customer, or takes it back; makes the account if there is none. */
export async function adjustStoreCredit(
  ctx: Context,
  tx: Tx,
  given: Adjustment & { readonly customerId: string; readonly currency: string },
): Promise<AccountRow> {
  const { customerId, currency, ...adjustment } = given
  const ownerKey = ownerKeyOf(customerId, currency)
  const now = ctx.clock.now()
  await insertOwnedAccount(tx, {
    id: ctx.newId(),
    kind: 'store_credit',
    code_hash: null,
    code_hint: null,
    owner_key: ownerKey,
    customer_id: customerId,
    currency,
    balance_minor: minor(0),
    is_active: 1,
    expires_at: null,
    order_id: null,
    created_at: now,
    updated_at: now,
  })
  const account = await findStoreCredit(tx, ownerKey)
  if (!account) throw notFound('Store credit')
  return adjustAccount(ctx, tx, { ...adjustment, id: account.id })
}

export async function getAccount(db: Db, id: string): Promise<AccountRow> {
  const account = await findAccount(db, id)
  if (!account) throw notFound('Gift card')
  return account
}

/** A gift card or store credit with its whole ledger. */
export async function getLedger(
  db: Db,
  id: string,
): Promise<{ account: AccountRow; entries: EntryRow[] }> {
  const account = await getAccount(db, id)
  return { account, entries: await listEntries(db, { accountId: id }) }
}

/** Switches a card on or off, or changes when it expires. Refuses with VERSION_CONFLICT. */
export async function changeCard(
  ctx: Context,
  { id, version }: { id: string; version: number | undefined },
  patch: { is_active?: 0 | 1; expires_at?: number | null },
): Promise<AccountRow> {
  return ctx.db.transaction(async (tx) => {
    const known = await getAccount(tx, id)
    if (!(await updateAccount(tx, { id, version, now: ctx.clock.now() }, patch))) {
      throw new ShopError('VERSION_CONFLICT', { current: known.version })
    }
    const subject = ['gift_card', id] as const
    await record(ctx, tx, { action: 'gift_card.changed', subject, after: patch })
    return getAccount(tx, id)
  })
}

/** Empties cards whose buying came to nothing; false if one has been used in between. */
export async function revokeCards(
  ctx: Context,
  tx: Tx,
  { orderId, cards }: { orderId: string; cards: readonly AccountRow[] },
): Promise<boolean> {
  const now = ctx.clock.now()
  const rows = cards
    .map(({ id, balance_minor: whole_minor }) => ({ account_id: id, whole_minor, now }))
    .toSorted((one, other) => (one.account_id < other.account_id ? -1 : 1))
  if ((await emptyUntouched(tx, rows)).changes !== cards.length) return false
  const entries = cards.map(({ id: accountId, balance_minor }) =>
    entry(ctx, { accountId, kind: 'adjustment', amountMinor: minor(-balance_minor), orderId }),
  )
  await insertEntries(tx, entries)
  return true
}

const expiryBatch = 100

/** Books what is left on accounts that have run out; each is taken by one node. */
export async function expireCredit(ctx: Context): Promise<number> {
  const now = ctx.clock.now()
  const expired = await listExpired(ctx.db.read, { now, limit: expiryBatch })
  for (const { id, balance_minor: balanceMinor } of expired) {
    await ctx.db.transaction(async (tx) => {
      const { changes } = await emptyExpired(tx, { id, balanceMinor, now })
      if (changes !== 1) return
      const amountMinor = minor(-balanceMinor)
      await insertEntries(tx, [entry(ctx, { accountId: id, kind: 'expiry', amountMinor })])
    })
  }
  return expired.length
}

export { listCardsOfOrder, listGiftCards, listStoreCredits }
export type { AccountRow, EntryRow }
