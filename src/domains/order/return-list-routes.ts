import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import { formatMinor } from '../../core/money.ts'
import type { App } from '../../http/app.ts'
import { Money, Timestamp, Uuid } from '../../http/schema.ts'
import { choicesOf, Moment, registerStaffList, timeOf } from '../../http/staff-list.ts'
import { moneyView, timeView } from '../catalog/views.ts'
import { namedOrder, orderReference } from './reference.ts'
import {
  countReturns,
  returnSorts,
  searchReturns,
  type ListedReturn,
} from './return-list-queries.ts'
import { OrderParams } from './schema.ts'

const statuses = ['requested', 'approved', 'refused', 'withdrawn', 'received'] as const

const fields = {
  status: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description: `One or more of ${statuses.join(', ')}, with commas`,
    }),
  ),
  from: Type.Optional(Moment),
  to: Type.Optional({ ...Moment, description: 'Not included' }),
  order: Type.Optional(OrderParams.properties.id),
  number: Type.Optional(Type.Integer({ minimum: 1, description: 'The number on the parcel' })),
  reason: Type.Optional(Type.String({ minLength: 1, maxLength: 50 })),
}

const ListedReturnView = Type.Object(
  {
    id: Uuid,
    number: Type.Integer(),
    status: Type.String(),
    order: Type.Object({ id: Uuid, number: Type.Integer(), reference: Type.String() }),
    email: Type.String(),
    note: Type.Union([Type.String(), Type.Null()]),
    quantity: Type.Integer(),
    reasons: Type.Array(Type.String()),
    amount: Money,
    created_at: Timestamp,
    received_at: Type.Union([Timestamp, Type.Null()]),
    links: Type.Record(Type.String(), Type.String()),
  },
  { title: 'ListedReturn' },
)

const referenceOf = (ctx: Context, { order_number: number, order_created_at }: ListedReturn) =>
  orderReference(ctx, { number, created_at: order_created_at })

const timeOrNull = (time: number | null) => (time === null ? null : timeView(time))

function listedReturnView(ctx: Context, row: ListedReturn) {
  return {
    id: row.id,
    number: row.number,
    status: row.status,
    order: { id: row.order_id, number: row.order_number, reference: referenceOf(ctx, row) },
    email: row.email,
    note: row.note,
    quantity: row.quantity,
    reasons: row.reasons === '' ? [] : row.reasons.split(' '),
    amount: moneyView(row.amount_minor, row.currency),
    created_at: timeView(row.created_at),
    received_at: timeOrNull(row.received_at),
    links: { order: `/api/v1/admin/orders/${row.order_number}` },
  }
}

/** Every return in a list, and as a line of CSV. */
export function registerReturnListRoutes(app: App, ctx: Context): void {
  registerStaffList(app, {
    path: '/admin/returns',
    tags: ['Administration'],
    summary: 'Returns of all orders',
    permission: 'order:read',
    fields,
    sorts: returnSorts,
    view: ListedReturnView,
    filterOf: ({ status, from, to, order, number, reason }) => ({
      statuses: choicesOf('status', status, statuses),
      from: timeOf('from', from),
      to: timeOf('to', to),
      order: order === undefined ? undefined : namedOrder(ctx, order, 'order'),
      number,
      reason,
    }),
    read: (request) => searchReturns(ctx.db.long, request),
    count: (filter) => countReturns(ctx.db.long, filter),
    show: (row) => listedReturnView(ctx, row),
    columns: {
      number: ({ number }) => number,
      order: (row) => referenceOf(ctx, row),
      created_at: ({ created_at }) => timeView(created_at),
      status: ({ status }) => status,
      email: ({ email }) => email,
      pieces: ({ quantity }) => quantity,
      reasons: ({ reasons }) => reasons,
      currency: ({ currency }) => currency,
      amount: ({ amount_minor, currency }) => formatMinor(amount_minor, currency),
      received_at: ({ received_at }) => timeOrNull(received_at),
      note: ({ note }) => note,
      id: ({ id }) => id,
    },
  })
}
