import { sql } from 'kysely'
import type { Minor } from '../../core/money.ts'
import { bulkUpdate } from '../../db/bulk.ts'
import type { Db, Tx } from '../../db/database.ts'
import { guardStatus } from '../../db/guard.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { PaymentStatus } from './tables.ts'

export interface PaymentRow {
  readonly id: string
  readonly order_id: string
  readonly position: number
  readonly replaces_id: string | null
  readonly method: string
  readonly provider_key: string
  readonly provider_reference: string | null
  readonly status: PaymentStatus
  readonly amount_minor: Minor
  readonly authorised_minor: Minor
  readonly captured_minor: Minor
  readonly capturing_minor: Minor
  readonly refunded_minor: Minor
  readonly refunding_minor: Minor
  readonly released_minor: Minor
  readonly currency: string
  readonly failure_code: string | null
  readonly created_at: number
}

const paymentColumns = [
  'id',
  'order_id',
  'position',
  'replaces_id',
  'method',
  'provider_key',
  'provider_reference',
  'status',
  'amount_minor',
  'authorised_minor',
  'captured_minor',
  'capturing_minor',
  'refunded_minor',
  'refunding_minor',
  'released_minor',
  'currency',
  'failure_code',
  'created_at',
] as const

export interface NewPayment {
  readonly id: string
  readonly orderId: string
  readonly position: number
  readonly replacesId: string | null
  readonly method: string
  readonly providerKey: string
  readonly status: PaymentStatus
  readonly amountMinor: Minor
  readonly currency: string
  readonly now: number
  readonly checkAt: number
}

export const insertPayment = preparedWrite<NewPayment>((db, param) =>
  db.insertInto('payments').values({
    id: param('id'),
    order_id: param('orderId'),
    position: param('position'),
    replaces_id: param('replacesId'),
    method: param('method'),
    provider_key: param('providerKey'),
    provider_reference: null,
    status: param('status'),
    amount_minor: param('amountMinor'),
    currency: param('currency'),
    failure_code: null,
    created_at: param('now'),
    updated_at: param('now'),
    check_at: param('checkAt'),
  }),
)

const payments = (db: Db) => db.selectFrom('payments').select(paymentColumns)

/** The payments of an order, in the order in which they were made. */
export const listPaymentsOf = preparedQuery<{ orderId: string }, PaymentRow>((db, param) =>
  payments(db).where('order_id', '=', param('orderId')).orderBy('position'),
)

const lockOrderRow = preparedQuery<{ orderId: string }, { id: string }>((db, param) => {
  const found = db.selectFrom('orders').select('id').where('id', '=', param('orderId'))
  return db.dialect.can.rowLocks ? found.forUpdate() : found
})

/** The same, with everybody else waiting who wants to change something about the order. */
export async function lockPaymentsOf(tx: Tx, by: { orderId: string }): Promise<PaymentRow[]> {
  await lockOrderRow(tx, by)
  return listPaymentsOf(tx, by)
}

/** The payments of several orders. `ids` is a JSON array of {id}. */
export const listPaymentsOfOrders = preparedQuery<{ ids: string }, PaymentRow>(
  (db, param) => sql<PaymentRow>`
    select y.${sql.join(
      paymentColumns.map((name) => sql.ref(name)),
      sql`, y.`,
    )}
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join payments y on y.order_id = d.id
    order by y.order_id, y.position`,
)

const paymentById = preparedQuery<{ id: string }, PaymentRow>((db, param) =>
  payments(db).where('id', '=', param('id')),
)
const paymentByKey = preparedQuery<{ key: string }, PaymentRow>((db, param) =>
  payments(db).where('provider_key', '=', param('key')),
)
const paymentByReference = preparedQuery<{ reference: string }, PaymentRow>((db, param) =>
  payments(db).where('provider_reference', '=', param('reference')).limit(1),
)
const firstPayment = preparedQuery<{ orderId: string }, PaymentRow>((db, param) =>
  payments(db)
    .where('order_id', '=', param('orderId'))
    .where('position', '=', sql<number>`1`),
)

export type PaymentBy =
  | { readonly id: string }
  | { readonly key: string }
  | { readonly reference: string }
  /** The one of the checkout. */
  | { readonly firstOf: string }

export async function findPayment(db: Db, by: PaymentBy): Promise<PaymentRow | undefined> {
  if ('id' in by) return (await paymentById(db, by))[0]
  if ('key' in by) return (await paymentByKey(db, by))[0]
  if ('reference' in by) return (await paymentByReference(db, by))[0]
  return (await firstPayment(db, { orderId: by.firstOf }))[0]
}

const status = guardStatus<PaymentStatus>()

interface Decision {
  readonly orderId: string
  readonly position: number
  readonly from: PaymentStatus
  readonly status: PaymentStatus
  /** 1 if all of the amount is set aside or captured, 0 if nothing is. */
  readonly isAuthorised: 0 | 1
  readonly isCaptured: 0 | 1
  /** 1 if all of it is on its way back. */
  readonly isRefunding: 0 | 1
  readonly reference: string | null
  readonly failureCode: string | null
  readonly now: number
  readonly checkAt: number
}

const share = (flag: ReturnType<typeof sql<number>>) =>
  sql<Minor>`(amount_minor - released_minor) * ${flag}`

/** Decides a payment once: whoever moves the row out of `from` has won, all others have not. */
export const decidePayment = preparedWrite<Decision>((db, param) =>
  db
    .updateTable('payments')
    .set({
      status: param('status'),
      authorised_minor: share(param('isAuthorised')),
      captured_minor: share(param('isCaptured')),
      refunding_minor: share(param('isRefunding')),
      provider_reference: sql`coalesce(${param('reference')}, provider_reference)`,
      failure_code: param('failureCode'),
      updated_at: param('now'),
      check_at: param('checkAt'),
    })
    .where('order_id', '=', param('orderId'))
    .where('position', '=', param('position'))
    .where(status, '=', param('from')),
)

/** Notes what the provider calls a payment, unless it has been decided meanwhile. */
export const keepReference = preparedWrite<{ id: string; reference: string; now: number }>(
  (db, param) =>
    db
      .updateTable('payments')
      .set({ provider_reference: param('reference'), updated_at: param('now') })
      .where('id', '=', param('id'))
      .where(status, '=', 'pending'),
)

/** Sends a payment on its way that has waited for somebody to pay it. */
export const startPayment = preparedWrite<{ id: string; now: number; checkAt: number }>(
  (db, param) =>
    db
      .updateTable('payments')
      .set({ status: 'pending', updated_at: param('now'), check_at: param('checkAt') })
      .where('id', '=', param('id'))
      .where(status, '=', 'open'),
)

/** Ends a payment that nobody has begun to pay, if it is one. */
export const closeOpen = preparedWrite<{ id: string; now: number }>((db, param) =>
  db
    .updateTable('payments')
    .set({ status: 'voided', updated_at: param('now') })
    .where('id', '=', param('id'))
    .where(sql<boolean>`coalesce(status, '') in ('open', 'due') and captured_minor = 0`),
)

/** Ends a payment of which nothing is to be collected any more, if nothing was. */
export const voidByStaff = preparedWrite<{ id: string; now: number }>((db, param) =>
  db
    .updateTable('payments')
    .set({ status: 'voided', updated_at: param('now') })
    .where('id', '=', param('id'))
    .where(sql<boolean>`coalesce(status, '') in ('open', 'due', 'authorised')
      and captured_minor = 0 and capturing_minor = 0`),
)

/** Reserves a capture within what is authorised; one changed row means that it is. */
export const reserveCapture = preparedWrite<{ id: string; amountMinor: Minor; now: number }>(
  (db, param) =>
    db
      .updateTable('payments')
      .set({
        capturing_minor: sql<Minor>`capturing_minor + ${param('amountMinor')}`,
        updated_at: param('now'),
      })
      .where('id', '=', param('id'))
      .where(status, '=', 'authorised')
      .where(sql<boolean>`capturing_minor = 0 and captured_minor + ${param('amountMinor')}
        <= authorised_minor and captured_minor + released_minor + ${param('amountMinor')}
        <= amount_minor`),
)

interface CaptureEnd {
  readonly id: string
  readonly reservedMinor: Minor
  /** 0 if nothing came of it. */
  readonly capturedMinor: Minor
  readonly now: number
}

/** Ends a capture. What was authorised beyond it is given up. */
export const endCapture = preparedWrite<CaptureEnd>((db, param) =>
  db
    .updateTable('payments')
    .set({
      // Before the amounts: MySQL goes from left to right, and would use the new ones.
      status: sql<PaymentStatus>`case when captured_minor + ${param('capturedMinor')}
        > captured_minor then 'captured' else status end`,
      captured_minor: sql<Minor>`captured_minor + ${param('capturedMinor')}`,
      capturing_minor: sql<Minor>`capturing_minor - ${param('reservedMinor')}`,
      updated_at: param('now'),
    })
    .where('id', '=', param('id'))
    .where(status, '=', 'authorised')
    .where(sql<boolean>`capturing_minor >= ${param('reservedMinor')}
      and captured_minor + ${param('capturedMinor')} <= authorised_minor`),
)

/** Books money that came outside of any provider, within what is due. */
export const receiveMoney = preparedWrite<{ id: string; amountMinor: Minor; now: number }>(
  (db, param) =>
    db
      .updateTable('payments')
      .set({
        // Before the amounts: MySQL goes from left to right, and would use the new ones.
        status: sql<PaymentStatus>`case when captured_minor + released_minor
          + ${param('amountMinor')} = amount_minor then 'captured' else status end`,
        authorised_minor: sql<Minor>`authorised_minor + ${param('amountMinor')}`,
        captured_minor: sql<Minor>`captured_minor + ${param('amountMinor')}`,
        updated_at: param('now'),
      })
      .where('id', '=', param('id'))
      .where(status, '=', 'due')
      .where(sql<boolean>`captured_minor + released_minor + ${param('amountMinor')}
        <= amount_minor`),
)

export interface Share {
  readonly payment_id: string
  readonly part_minor: Minor
  readonly now: number
}

const shareColumns = { payment_id: 'uuid', part_minor: 'integer', now: 'integer' } as const

/** Reserves refunds within what was captured; fewer changed rows mean that one is too much. */
export const reserveRefunds = bulkUpdate<Share>({
  table: 'payments',
  columns: shareColumns,
  set: sql`refunding_minor = payments.refunding_minor + d.part_minor, updated_at = d.now`,
  where: sql<boolean>`payments.id = d.payment_id
    and payments.refunded_minor + payments.refunding_minor + d.part_minor
      <= payments.captured_minor`,
})

/** Gives up what was not collected yet; fewer changed rows mean that it was, meanwhile. */
export const releaseShares = bulkUpdate<Share>({
  table: 'payments',
  columns: shareColumns,
  // The status comes first: MySQL goes from left to right, and would use the new amount.
  set: sql`status = case
      when payments.status in ('failed', 'voided') then payments.status
      when payments.amount_minor - payments.captured_minor - payments.capturing_minor
        - payments.released_minor - d.part_minor > 0 or payments.capturing_minor > 0
        then payments.status
      when payments.captured_minor = 0 then 'voided' else 'captured' end,
    released_minor = payments.released_minor + d.part_minor, updated_at = d.now`,
  where: sql<boolean>`payments.id = d.payment_id
    and coalesce(payments.status, '') in ('open', 'due', 'authorised', 'failed', 'voided')
    and payments.captured_minor + payments.capturing_minor + payments.released_minor
      + d.part_minor <= payments.amount_minor`,
})

interface RefundEnd {
  readonly id: string
  readonly reservedMinor: Minor
  /** 0 if nothing came of it. */
  readonly refundedMinor: Minor
  readonly now: number
}

/** Ends a refund. Of a payment that has gone back in full it is the last thing that happens. */
export const endRefund = preparedWrite<RefundEnd>((db, param) =>
  db
    .updateTable('payments')
    .set({
      // Before the amounts: MySQL goes from left to right, and would use the new ones.
      status: sql<PaymentStatus>`case when status in ('captured', 'refund_due')
        and refunded_minor + ${param('refundedMinor')} > refunded_minor
        and refunded_minor + ${param('refundedMinor')} = captured_minor
        then 'refunded' else status end`,
      refunded_minor: sql<Minor>`refunded_minor + ${param('refundedMinor')}`,
      refunding_minor: sql<Minor>`refunding_minor - ${param('reservedMinor')}`,
      updated_at: param('now'),
    })
    .where('id', '=', param('id')).where(sql<boolean>`refunding_minor >= ${param('reservedMinor')}
      and refunded_minor + refunding_minor - ${param('reservedMinor')}
        + ${param('refundedMinor')} <= captured_minor`),
)

/** Takes back that money has gone back: the provider has said so, and then that it failed. */
export const reopenRefund = preparedWrite<{ id: string; amountMinor: Minor; now: number }>(
  (db, param) =>
    db
      .updateTable('payments')
      .set({
        status: sql<PaymentStatus>`case when status = 'refunded' then 'captured' else status end`,
        refunded_minor: sql<Minor>`refunded_minor - ${param('amountMinor')}`,
        updated_at: param('now'),
      })
      .where('id', '=', param('id'))
      .where(sql<boolean>`refunded_minor >= ${param('amountMinor')}`),
)

/** Nothing is to be collected of an authorisation any more, since its provider has let it go. */
export const voidLapsed = preparedWrite<{ id: string; now: number }>((db, param) =>
  db
    .updateTable('payments')
    .set({ status: 'voided', updated_at: param('now') })
    .where('id', '=', param('id'))
    .where(status, '=', 'authorised')
    .where(sql<boolean>`capturing_minor = 0 and captured_minor = 0`),
)

/** Payments that are not settled for good and that it is time to look at, oldest first. */
export const listDuePayments = preparedQuery<{ now: number; limit: number }, PaymentRow>(
  (db, param) =>
    payments(db)
      .where('status', 'in', ['pending', 'failed'])
      .where('check_at', '<=', param('now'))
      .orderBy('check_at')
      .limit(param('limit')),
)

/** Asks no more about a payment, unless it has come after all and is to be refunded. */
export const stopAsking = preparedWrite<{ id: string; until: number }>((db, param) =>
  db
    .updateTable('payments')
    .set({ check_at: param('until') })
    .where('id', '=', param('id'))
    .where(status, '=', 'failed'),
)

/** Takes a payment for looking at it; one changed row means that nobody else did. */
export const postponeCheck = preparedWrite<{ id: string; now: number; until: number }>(
  (db, param) =>
    db
      .updateTable('payments')
      .set({ check_at: param('until') })
      .where('id', '=', param('id'))
      .where('check_at', '<=', param('now')),
)

/** Has a payment looked at by the reconciler as soon as it comes by. */
export const askSoon = preparedWrite<{ id: string; now: number }>((db, param) =>
  db
    .updateTable('payments')
    .set({ check_at: param('now') })
    .where('id', '=', param('id'))
    .where(status, '=', 'pending'),
)

/** Counts one more payment of an order; returns which it is. The order is locked by it. */
export async function nextPosition(tx: Tx, orderId: string): Promise<number> {
  await countPayment(tx, { orderId })
  const [row] = await paymentCount(tx, { orderId })
  return row?.payment_count ?? 0
}

const countPayment = preparedWrite<{ orderId: string }>((db, param) =>
  db
    .updateTable('orders')
    .set((set) => ({
      payment_count: set('payment_count', '+', 1),
      version: set('version', '+', 1),
    }))
    .where('id', '=', param('orderId')),
)

const paymentCount = preparedQuery<{ orderId: string }, { payment_count: number }>((db, param) =>
  db.selectFrom('orders').select('payment_count').where('id', '=', param('orderId')),
)
