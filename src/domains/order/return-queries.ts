import { sql } from 'kysely'
import type { Minor } from '../../core/money.ts'
import { bulkInsert, bulkUpdate } from '../../db/bulk.ts'
import type { Db } from '../../db/database.ts'
import { guardStatus } from '../../db/guard.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { ReturnLineTable, ReturnStatus } from './tables.ts'

export interface ReturnRow {
  readonly number: number
  readonly id: string
  readonly order_id: string
  readonly status: ReturnStatus
  readonly note: string | null
  readonly answer: string | null
  readonly amount_minor: Minor
  readonly shipping_minor: Minor
  readonly deduction_minor: Minor
  readonly offset_minor: Minor
  readonly version: number
  readonly created_at: number
  readonly received_at: number | null
}

export interface ReturnLineRow {
  readonly return_id: string
  readonly line_id: string
  readonly reason: string
  readonly quantity: number
  readonly received_quantity: number
  readonly restocked_quantity: number
  readonly amount_minor: Minor
}

/** The returns of orders, oldest first. `ids` is a JSON array of {id}. */
export const listReturns = preparedQuery<{ ids: string }, ReturnRow>(
  (db, param) => sql<ReturnRow>`
    select r.number, r.id, r.order_id, r.status, r.note, r.answer, r.amount_minor,
      r.shipping_minor, r.deduction_minor, r.offset_minor, r.version, r.created_at,
      r.received_at
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join order_returns r on r.order_id = d.id
    order by r.order_id, r.number`,
)

/** What the returns of orders are about. `ids` is a JSON array of {id}. */
export const listReturnLines = preparedQuery<{ ids: string }, ReturnLineRow>(
  (db, param) => sql<ReturnLineRow>`
    select l.return_id, l.line_id, l.reason, l.quantity, l.received_quantity,
      l.restocked_quantity, l.amount_minor
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join order_returns r on r.order_id = d.id
    join return_lines l on l.return_id = r.id
    join order_lines o on o.id = l.line_id
    order by r.order_id, r.number, o.position`,
)

export const insertReturns = bulkInsert<{
  id: string
  order_id: string
  status: ReturnStatus
  note: string | null
  created_at: number
  updated_at: number
}>('order_returns', {
  id: 'uuid',
  order_id: 'uuid',
  status: 'text',
  note: 'text',
  created_at: 'integer',
  updated_at: 'integer',
})

export const insertReturnLines = bulkInsert<
  Pick<ReturnLineTable, 'return_id' | 'line_id' | 'reason' | 'quantity'>
>('return_lines', { return_id: 'uuid', line_id: 'uuid', reason: 'text', quantity: 'integer' })

const status = guardStatus<ReturnStatus>()

interface Decision {
  readonly id: string
  readonly from: ReturnStatus
  readonly to: ReturnStatus
  readonly answer: string | null
  readonly now: number
}

/** Decides about a return, once: whoever moves it out of `from` has won. */
export const decideReturn = preparedWrite<Decision>((db, param) =>
  db
    .updateTable('order_returns')
    .set((set) => ({
      status: param('to'),
      answer: sql<string | null>`coalesce(${param('answer')}, answer)`,
      updated_at: param('now'),
      version: set('version', '+', 1),
    }))
    .where('id', '=', param('id'))
    .where(status, '=', param('from')),
)

interface Receipt {
  readonly id: string
  readonly amountMinor: Minor
  readonly shippingMinor: Minor
  readonly deductionMinor: Minor
  readonly offsetMinor: Minor
  readonly now: number
}

/** The goods of a return that was approved are back, once. */
export const receiveRow = preparedWrite<Receipt>((db, param) =>
  db
    .updateTable('order_returns')
    .set((set) => ({
      status: 'received',
      amount_minor: param('amountMinor'),
      shipping_minor: param('shippingMinor'),
      deduction_minor: param('deductionMinor'),
      offset_minor: param('offsetMinor'),
      received_at: param('now'),
      updated_at: param('now'),
      version: set('version', '+', 1),
    }))
    .where('id', '=', param('id'))
    .where(status, '=', 'approved'),
)

/** What has come back of each line, and what of that is on the shelf again. */
export const writeReceived = bulkUpdate<{
  of_return: string
  of_line: string
  came: number
  kept: number
  worth_minor: Minor
}>({
  table: 'return_lines',
  columns: {
    of_return: 'uuid',
    of_line: 'uuid',
    came: 'integer',
    kept: 'integer',
    worth_minor: 'integer',
  },
  set: sql`received_quantity = d.came, restocked_quantity = d.kept, amount_minor = d.worth_minor`,
  where: sql<boolean>`return_lines.return_id = d.of_return and return_lines.line_id = d.of_line
    and d.came <= return_lines.quantity`,
})

/** Takes out what customers wrote, and were answered, about returns of orders. */
export const forgetReturnTexts = bulkUpdate<{ of_order: string }>({
  table: 'order_returns',
  columns: { of_order: 'uuid' },
  set: sql`note = null, answer = null, version = order_returns.version + 1`,
  where: sql<boolean>`order_returns.order_id = d.of_order
    and coalesce(order_returns.note, order_returns.answer) is not null`,
})

const arrivals = preparedQuery<{ orderId: string }, { line_id: string; arrived_at: number }>(
  (_db, param) => sql<{ line_id: string; arrived_at: number }>`
    select l.line_id, max(coalesce(f.delivered_at, f.shipped_at)) as arrived_at
    from fulfilments f join fulfilment_lines l on l.fulfilment_id = f.id
    where f.order_id = ${param('orderId')} and f.shipped_at is not null
    group by l.line_id`,
)

/** When the last pieces of each line arrived, or left if nobody says that they arrived. */
export async function arrivalsOf(db: Db, orderId: string): Promise<Map<string, number>> {
  const rows = await arrivals(db, { orderId })
  return new Map(rows.map(({ line_id, arrived_at }) => [line_id, arrived_at]))
}
