import { sql } from 'kysely'
import { bulkUpdate } from '../../db/bulk.ts'
import type { Db, Tx } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import { availableOfVariant } from '../../db/stock.ts'
import { locked } from './plan-queries.ts'
import type { StockSubscriptionTable } from './tables.ts'

export interface CrossedRow {
  readonly variant_id: string
  readonly sku: string
  readonly threshold: number | null
  readonly available: number
  /** Of the alert that is open. */
  readonly alert_id: string | null
}

/** Articles whose alert does not say what their shelves say (any more). */
export const listCrossed = preparedQuery<{ limit: number }, CrossedRow>(
  (db, param) => sql<CrossedRow>`
    select x.variant_id, x.sku, x.threshold, x.available, x.alert_id
    from (select v.id as variant_id, v.sku, v.low_stock_threshold as threshold,
        ${availableOfVariant(db)} as available, a.id as alert_id
      from variants v left join stock_alerts a on a.open_variant_id = v.id
      where v.low_stock_threshold is not null or a.id is not null) x
    where (x.alert_id is null and x.available <= x.threshold)
      or (x.alert_id is not null and (x.threshold is null or x.available > x.threshold))
    limit ${param('limit')}`,
)

/** Opens an alert, unless one is open; says whether it did. */
export function insertAlert(
  tx: Tx,
  alert: {
    readonly id: string
    readonly variant_id: string
    readonly open_variant_id: string
    readonly threshold: number
    readonly available: number
    readonly created_at: number
    readonly ended_at: null
  },
): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'stock_alerts', alert)
}

export const endAlert = preparedWrite<{ id: string; now: number }>((db, param) =>
  db
    .updateTable('stock_alerts')
    .set({ open_variant_id: null, ended_at: param('now') })
    .where('id', '=', param('id'))
    .where('ended_at', 'is', null),
)

export interface AlertRow {
  readonly id: string
  readonly variant_id: string
  readonly sku: string
  readonly product_name: string
  readonly product_number: number
  readonly threshold: number
  readonly available: number
  readonly created_at: number
  readonly ended_at: number | null
}

/** Newest first; `before` is the id of the last of the page before. */
export function listAlerts(
  db: Db,
  { isOpen }: { isOpen: boolean | undefined },
  { before, limit }: { before: string | undefined; limit: number },
): Promise<AlertRow[]> {
  let query = db
    .selectFrom('stock_alerts as a')
    .innerJoin('variants as v', 'v.id', 'a.variant_id')
    .innerJoin('products as p', 'p.id', 'v.product_id')
    .select(['a.id', 'a.variant_id', 'v.sku', 'p.name as product_name'])
    .select(['p.number as product_number', 'a.threshold', 'a.available'])
    .select(['a.created_at', 'a.ended_at'])
    .orderBy('a.id', 'desc')
    .limit(limit)
  if (isOpen !== undefined) query = query.where('a.ended_at', isOpen ? 'is' : 'is not', null)
  if (before !== undefined) query = query.where('a.id', '<', before)
  return query.execute()
}

export async function findAlert(db: Db, id: string): Promise<AlertRow | undefined> {
  const rows = await listAlertsById(db, { id })
  return rows[0]
}

const listAlertsById = preparedQuery<{ id: string }, AlertRow>((db, param) =>
  db
    .selectFrom('stock_alerts as a')
    .innerJoin('variants as v', 'v.id', 'a.variant_id')
    .innerJoin('products as p', 'p.id', 'v.product_id')
    .select(['a.id', 'a.variant_id', 'v.sku', 'p.name as product_name'])
    .select(['p.number as product_number', 'a.threshold', 'a.available'])
    .select(['a.created_at', 'a.ended_at'])
    .where('a.id', '=', param('id')),
)

export type SubscriptionStatus = StockSubscriptionTable['status']

/** Writes a wish to hear of an article down, unless it is; says whether it did. */
export function insertSubscription(
  tx: Tx,
  subscription: {
    readonly id: string
    readonly variant_id: string
    readonly customer_id: string | null
    readonly email: string
    readonly open_key: string
    readonly status: SubscriptionStatus
    readonly created_at: number
    readonly ended_at: null
  },
): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'stock_subscriptions', subscription)
}

export interface SubscriptionRow {
  readonly id: string
  readonly variant_id: string
  readonly customer_id: string | null
  readonly email: string
  readonly status: SubscriptionStatus
  readonly created_at: number
  readonly sku: string
  readonly name: string
  readonly product_number: number
  readonly product_status: string
}

const subscriptions = (db: Db) =>
  db
    .selectFrom('stock_subscriptions as s')
    .innerJoin('variants as v', 'v.id', 's.variant_id')
    .innerJoin('products as p', 'p.id', 'v.product_id')
    .select(['s.id', 's.variant_id', 's.customer_id', 's.email', 's.status', 's.created_at'])
    .select(['v.sku', 'p.name', 'p.number as product_number', 'p.status as product_status'])

const subscriptionById = preparedQuery<{ id: string }, SubscriptionRow>((db, param) =>
  subscriptions(db).where('s.id', '=', param('id')),
)

export async function findSubscription(db: Db, id: string): Promise<SubscriptionRow | undefined> {
  return (await subscriptionById(db, { id }))[0]
}

/** What a customer waits for, the newest first. */
export const listSubscriptionsOf = preparedQuery<{ customerId: string }, SubscriptionRow>(
  (db, param) =>
    subscriptions(db)
      .where('s.customer_id', '=', param('customerId'))
      .where('s.status', 'in', ['unconfirmed', 'waiting'])
      .orderBy('s.id', 'desc'),
)

/** Somebody says that the address is theirs; nothing if that is not waited for. */
export const confirmSubscription = preparedWrite<{ id: string }>((db, param) =>
  db
    .updateTable('stock_subscriptions')
    .set({ status: 'waiting' })
    .where('id', '=', param('id'))
    .where('status', '=', 'unconfirmed'),
)

/** Ends a subscription that is open; nothing if it is not. */
export const endSubscription = preparedWrite<{ id: string; now: number }>((db, param) =>
  db
    .updateTable('stock_subscriptions')
    .set({ status: 'ended', open_key: null, ended_at: param('now') })
    .where('id', '=', param('id'))
    .where('open_key', 'is not', null),
)

/** Those who wait for something that is there, a batch at a time. */
export const lockAnswered = preparedQuery<{ limit: number }, { id: string }>(
  (db, param) => sql<{ id: string }>`
    select s.id from stock_subscriptions s
    where s.status = 'waiting' and s.variant_id in (
      select v.id from variants v join products p on p.id = v.product_id and p.status = 'active'
      where v.id in (select w.variant_id from stock_subscriptions w where w.status = 'waiting')
        and ${availableOfVariant(db)} > 0)
    order by s.id limit ${param('limit')} ${locked(db)}`,
)

/** They are told, once. */
export const markNotified = bulkUpdate<{ id: string; at: number }>({
  table: 'stock_subscriptions',
  columns: { id: 'uuid', at: 'integer' },
  set: sql`status = 'notified', open_key = null, ended_at = d.at`,
  where: sql<boolean>`stock_subscriptions.id = d.id
    and coalesce(stock_subscriptions.status, '') = 'waiting'`,
})

/** Forgets what is over, and what nobody has confirmed. */
export const forgetSubscriptions = preparedWrite<{ endedBefore: number; madeBefore: number }>(
  (_db, param) => sql`delete from stock_subscriptions
    where ended_at < ${param('endedBefore')}
      or (status = 'unconfirmed' and created_at < ${param('madeBefore')})`,
)

/** Forgets addresses, whoever has given them. `keys` is a JSON array of {email_key}. */
export const forgetAddresses = preparedWrite<{ keys: string }>(
  (db, param) => sql`delete from stock_subscriptions where lower(email) in (
    select d.email_key from ${db.dialect.jsonRows(param('keys'), { email_key: 'text' })} d)`,
)
