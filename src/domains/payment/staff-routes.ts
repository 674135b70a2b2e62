import { Type, type Static } from 'typebox'
import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import { formatMinor, isCurrency } from '../../core/money.ts'
import type { App } from '../../http/app.ts'
import { Amount, CurrencyCode, Money, Timestamp, Uuid } from '../../http/schema.ts'
import { choicesOf, Moment, registerStaffList, timeOf } from '../../http/staff-list.ts'
import { priceOf } from '../catalog/filter.ts'
import { moneyView, timeView } from '../catalog/views.ts'
import { paymentStatuses } from '../order/list-schema.ts'
import { namedOrder, orderReference } from '../order/reference.ts'
import { OrderParams } from '../order/schema.ts'
import {
  countPayments,
  listPayments,
  paymentSorts,
  type ListedPayment,
  type PaymentFilter,
} from './list-queries.ts'

const text = (maxLength: number, description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength, description }))

const fields = {
  status: text(200, `One or more of ${paymentStatuses.join(', ')}, with commas`),
  method: text(50, 'Such as test'),
  from: Type.Optional(Moment),
  to: Type.Optional({ ...Moment, description: 'Not included' }),
  min_amount: Type.Optional(Amount),
  max_amount: Type.Optional(Amount),
  currency: Type.Optional(CurrencyCode),
  order: Type.Optional(OrderParams.properties.id),
  provider_reference: text(200, 'What the provider calls it'),
}

const fieldsObject = () => Type.Object(fields)
type Fields = Static<ReturnType<typeof fieldsObject>>

const NullableText = Type.Union([Type.String(), Type.Null()])

const ListedPaymentView = Type.Object(
  {
    id: Uuid,
    order: Type.Object({ id: Uuid, number: Type.Integer(), reference: Type.String() }),
    method: Type.String(),
    status: Type.String(),
    provider_reference: NullableText,
    amount: Money,
    captured: Money,
    refunded: Money,
    failure: NullableText,
    created_at: Timestamp,
    updated_at: Timestamp,
    links: Type.Record(Type.String(), Type.String()),
  },
  { title: 'ListedPayment' },
)

const referenceOf = (ctx: Context, { order_number: number, order_created_at }: ListedPayment) =>
  orderReference(ctx, { number, created_at: order_created_at })

function paymentView(ctx: Context, row: ListedPayment) {
  const { currency } = row
  return {
    id: row.id,
    order: { id: row.order_id, number: row.order_number, reference: referenceOf(ctx, row) },
    method: row.method,
    status: row.status,
    provider_reference: row.provider_reference,
    amount: moneyView(row.amount_minor, currency),
    captured: moneyView(row.captured_minor, currency),
    refunded: moneyView(row.refunded_minor, currency),
    failure: row.failure_code,
    created_at: timeView(row.created_at),
    updated_at: timeView(row.updated_at),
    links: { order: `/api/v1/orders/${row.order_number}` },
  }
}

function filterOf(ctx: Context, given: Fields): PaymentFilter {
  const { min_amount, max_amount } = given
  const hasAmounts = min_amount !== undefined || max_amount !== undefined
  const currency = given.currency ?? (hasAmounts ? ctx.config.store.currency : undefined)
  if (currency !== undefined && !isCurrency(currency)) {
    throw invalid('currency', 'is no currency of ISO 4217')
  }
  const amountOf = (field: string, amount: string | undefined) =>
    amount === undefined ? undefined : priceOf(field, amount, currency ?? '')
  return {
    statuses: choicesOf('status', given.status, paymentStatuses),
    method: given.method,
    from: timeOf('from', given.from),
    to: timeOf('to', given.to),
    currency,
    amountMin: amountOf('min_amount', min_amount),
    amountMax: amountOf('max_amount', max_amount),
    order: given.order === undefined ? undefined : namedOrder(ctx, given.order, 'order'),
    reference: given.provider_reference,
  }
}

/** Every payment in a list, and as a line of CSV. */
export function registerPaymentStaffRoutes(app: App, ctx: Context): void {
  registerStaffList(app, {
    path: '/admin/payments',
    tags: ['Administration'],
    summary: 'Payments of all orders',
    permission: 'payment:read',
    fields,
    sorts: paymentSorts,
    view: ListedPaymentView,
    filterOf: (given) => filterOf(ctx, given),
    read: (request) => listPayments(ctx.db.long, request),
    count: (filter) => countPayments(ctx.db.long, filter),
    show: (row) => paymentView(ctx, row),
    columns: {
      created_at: ({ created_at }) => timeView(created_at),
      order: (row) => referenceOf(ctx, row),
      method: ({ method }) => method,
      status: ({ status }) => status,
      currency: ({ currency }) => currency,
      amount: ({ amount_minor, currency }) => formatMinor(amount_minor, currency),
      captured: ({ captured_minor, currency }) => formatMinor(captured_minor, currency),
      refunded: ({ refunded_minor, currency }) => formatMinor(refunded_minor, currency),
      provider_reference: ({ provider_reference }) => provider_reference,
      failure: ({ failure_code }) => failure_code,
      id: ({ id }) => id,
    },
  })
}
