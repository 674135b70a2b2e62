import { sql } from 'kysely'
import type { Minor } from '../../core/money.ts'
import { bulkInsert, bulkUpdate } from '../../db/bulk.ts'
import type { Db, Tx } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { CreditEntryKind, CreditKind } from './tables.ts'

export interface AccountRow {
  readonly id: string
  readonly kind: CreditKind
  readonly code_hash: string | null
  readonly code_hint: string | null
  readonly customer_id: string | null
  readonly currency: string
  readonly balance_minor: Minor
  readonly is_active: 0 | 1
  readonly expires_at: number | null
  readonly order_id: string | null
  readonly version: number
  readonly created_at: number
}

const accounts = (db: Db) =>
  db
    .selectFrom('credit_accounts as a')
    .select(['a.id', 'a.kind', 'a.code_hash', 'a.code_hint', 'a.customer_id', 'a.currency'])
    .select(['a.balance_minor', 'a.is_active', 'a.expires_at', 'a.order_id', 'a.version'])
    .select('a.created_at')

/** The gift cards of some codes. `hashes` is a JSON array of {hash}. */
export const listCardsByHash = preparedQuery<{ hashes: string }, AccountRow>(
  (db, param) => sql<AccountRow>`
    select a.id, a.kind, a.code_hash, a.code_hint, a.customer_id, a.currency, a.balance_minor,
      a.is_active, a.expires_at, a.order_id, a.version, a.created_at
    from ${db.dialect.jsonRows(param('hashes'), { hash: 'text' })} d
    join credit_accounts a on a.code_hash = d.hash`,
)

const accountById = preparedQuery<{ id: string }, AccountRow>((db, param) =>
  accounts(db).where('a.id', '=', param('id')),
)

export async function findAccount(db: Db, id: string): Promise<AccountRow | undefined> {
  return (await accountById(db, { id }))[0]
}

const accountByOwner = preparedQuery<{ ownerKey: string }, AccountRow>((db, param) =>
  accounts(db).where('a.owner_key', '=', param('ownerKey')),
)

export async function findStoreCredit(db: Db, ownerKey: string): Promise<AccountRow | undefined> {
  return (await accountByOwner(db, { ownerKey }))[0]
}

export const listStoreCredits = preparedQuery<{ customerId: string }, AccountRow>((db, param) =>
  accounts(db)
    .where('a.customer_id', '=', param('customerId'))
    .where('a.kind', '=', 'store_credit')
    .orderBy('a.currency'),
)

/** The gift cards that an order has bought, in the order of their making. */
export const listCardsOfOrder = preparedQuery<{ orderId: string }, AccountRow>((db, param) =>
  accounts(db)
    .where('a.order_id', '=', param('orderId'))
    .where('a.kind', '=', 'gift_card')
    .orderBy('a.created_at')
    .orderBy('a.id'),
)

export async function listGiftCards(
  db: Db,
  { limit, offset }: { limit: number; offset: number },
): Promise<AccountRow[]> {
  return accounts(db)
    .where('a.kind', '=', 'gift_card')
    .orderBy('a.created_at', 'desc')
    .orderBy('a.id')
    .limit(limit)
    .offset(offset)
    .execute()
}

export interface NewAccountRow {
  readonly id: string
  readonly kind: CreditKind
  readonly code_hash: string | null
  readonly code_hint: string | null
  readonly owner_key: string | null
  readonly customer_id: string | null
  readonly currency: string
  readonly balance_minor: Minor
  readonly is_active: 0 | 1
  readonly expires_at: number | null
  readonly order_id: string | null
  readonly created_at: number
  readonly updated_at: number
}

export const insertAccounts = bulkInsert<NewAccountRow>('credit_accounts', {
  id: 'uuid',
  kind: 'text',
  code_hash: 'text',
  code_hint: 'text',
  owner_key: 'text',
  customer_id: 'uuid',
  currency: 'text',
  balance_minor: 'integer',
  is_active: 'integer',
  expires_at: 'integer',
  order_id: 'uuid',
  created_at: 'integer',
  updated_at: 'integer',
})

/** Makes an account unless its owner has one; says whether it did. */
export function insertOwnedAccount(tx: Tx, row: NewAccountRow): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'credit_accounts', { ...row })
}

export interface Movement {
  readonly account_id: string
  /** Signed. */
  readonly amount_minor: Minor
  readonly now: number
}

const movementColumns = { account_id: 'uuid', amount_minor: 'integer', now: 'integer' } as const

const moved = sql`balance_minor = credit_accounts.balance_minor + d.amount_minor,
  updated_at = d.now, version = credit_accounts.version + 1`

/**
 * Moves money within what there is: the one guard against spending it twice. Fewer changed rows
 * than movements mean that one account has too little, is switched off or has expired.
 */
export const moveBalances = bulkUpdate<Movement>({
  table: 'credit_accounts',
  columns: movementColumns,
  set: moved,
  where: sql<boolean>`credit_accounts.id = d.account_id and credit_accounts.is_active = 1
    and credit_accounts.balance_minor + d.amount_minor >= 0
    and (credit_accounts.expires_at is null or credit_accounts.expires_at > d.now)`,
})

/** Gives money back, to whatever account it came from. */
export const giveBack = bulkUpdate<Movement>({
  table: 'credit_accounts',
  columns: movementColumns,
  set: moved,
  where: sql<boolean>`credit_accounts.id = d.account_id
    and credit_accounts.balance_minor + d.amount_minor >= 0`,
})

/** Takes everything off cards on which nothing has moved, and switches them off. */
export const emptyUntouched = bulkUpdate<{
  account_id: string
  whole_minor: Minor
  now: number
}>({
  table: 'credit_accounts',
  columns: { account_id: 'uuid', whole_minor: 'integer', now: 'integer' },
  set: sql`balance_minor = 0, is_active = 0, updated_at = d.now,
    version = credit_accounts.version + 1`,
  where: sql<boolean>`credit_accounts.id = d.account_id and credit_accounts.is_active = 1
    and credit_accounts.balance_minor = d.whole_minor`,
})

export interface EntryRow {
  readonly id: string
  readonly account_id: string
  readonly kind: CreditEntryKind
  readonly amount_minor: Minor
  readonly order_id: string | null
  readonly note: string | null
  readonly created_at: number
}

export const insertEntries = bulkInsert<EntryRow>('credit_entries', {
  id: 'uuid',
  account_id: 'uuid',
  kind: 'text',
  amount_minor: 'integer',
  order_id: 'uuid',
  note: 'text',
  created_at: 'integer',
})

export const listEntries = preparedQuery<{ accountId: string }, EntryRow>((db, param) =>
  db
    .selectFrom('credit_entries')
    .select(['id', 'account_id', 'kind', 'amount_minor', 'order_id', 'note', 'created_at'])
    .where('account_id', '=', param('accountId'))
    .orderBy('created_at')
    .orderBy('id')
    .limit(1_000),
)

export interface OrderCreditRow {
  readonly order_id: string
  readonly account_id: string
  readonly amount_minor: Minor
  readonly refunded_minor: Minor
  readonly status: 'spent' | 'released'
}

export const insertOrderCredits = bulkInsert<Omit<OrderCreditRow, 'refunded_minor'>>(
  'order_credits',
  { order_id: 'uuid', account_id: 'uuid', amount_minor: 'integer', status: 'text' },
)

export const listOrderCredits = preparedQuery<{ orderId: string }, OrderCreditRow>((db, param) =>
  db
    .selectFrom('order_credits')
    .select(['order_id', 'account_id', 'amount_minor', 'refunded_minor', 'status'])
    .where('order_id', '=', param('orderId'))
    .where('status', '=', 'spent')
    .orderBy('account_id'),
)

/** Ends what an order had spent; the number of changed rows tells who did it. */
export const releaseOrderCredits = preparedWrite<{ orderId: string }>((db, param) =>
  db
    .updateTable('order_credits')
    .set({ status: 'released' })
    .where('order_id', '=', param('orderId'))
    .where('status', '=', 'spent'),
)

/** Notes refunds within what was spent; fewer changed rows mean that one is too much. */
export const refundOrderCredits = bulkUpdate<{
  of_order: string
  of_account: string
  back_minor: Minor
}>({
  table: 'order_credits',
  columns: { of_order: 'uuid', of_account: 'uuid', back_minor: 'integer' },
  set: sql`refunded_minor = order_credits.refunded_minor + d.back_minor`,
  where: sql<boolean>`order_credits.order_id = d.of_order
    and order_credits.account_id = d.of_account and order_credits.status = 'spent'
    and order_credits.refunded_minor + d.back_minor <= order_credits.amount_minor`,
})

/** Changes a gift card if it is still at `version`, where one is demanded; says whether it was. */
export async function updateAccount(
  tx: Tx,
  at: { id: string; version: number | undefined; now: number },
  patch: { is_active?: 0 | 1; expires_at?: number | null },
): Promise<boolean> {
  const { id, version, now } = at
  const { numUpdatedRows } = await tx
    .updateTable('credit_accounts')
    .set((set) => ({ ...patch, version: set('version', '+', 1), updated_at: now }))
    .where('id', '=', id)
    .$if(version !== undefined, (update) => update.where('version', '=', version ?? 0))
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Accounts that have run out with something left on them. */
export const listExpired = preparedQuery<
  { now: number; limit: number },
  { id: string; balance_minor: Minor }
>((db, param) =>
  db
    .selectFrom('credit_accounts')
    .select(['id', 'balance_minor'])
    .where('expires_at', '<=', param('now'))
    .where('balance_minor', '>', sql<Minor>`0`)
    .orderBy('id')
    .limit(param('limit')),
)

/** Empties an account that has run out, if its balance is still the one that was read. */
export const emptyExpired = preparedWrite<{ id: string; balanceMinor: Minor; now: number }>(
  (db, param) =>
    db
      .updateTable('credit_accounts')
      .set((set) => ({
        balance_minor: sql<Minor>`0`,
        version: set('version', '+', 1),
        updated_at: param('now'),
      }))
      .where('id', '=', param('id'))
      .where('balance_minor', '=', param('balanceMinor'))
      .where('expires_at', '<=', param('now')),
)
