import { Type, type Static } from 'typebox'
import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import { formatMinor, isCurrency } from '../../core/money.ts'
import { orderStates } from '../../core/order-states.ts'
import { referenceOf } from '../../core/reference.ts'
import type { App } from '../../http/app.ts'
import { Amount, CurrencyCode, IdOrNumber, Uuid } from '../../http/schema.ts'
import { choicesOf, Moment, registerStaffList, timeOf } from '../../http/staff-list.ts'
import { priceOf } from '../catalog/filter.ts'
import { orderSorts } from './list-queries.ts'
import { namedOrder, orderReference } from './reference.ts'
import { paymentStatuses } from './list-schema.ts'
import { OrderParams, OrderSummaryView, Tag } from './schema.ts'
import { countFound, searchOrders, type ListedOrder, type OrderFilter } from './staff-list.ts'
import { orderSummaryView } from './views.ts'

const text = (maxLength: number, description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength, description }))

const fields = {
  search: text(100, 'A number, a reference, or the beginning of an e-mail address or a name'),
  status: text(200, `One or more of ${orderStates.join(', ')}, with commas`),
  payment_status: text(200, `One or more of ${paymentStatuses.join(', ')}, with commas`),
  payment_method: text(50, 'Such as test'),
  from: Type.Optional(Moment),
  to: Type.Optional({ ...Moment, description: 'Not included' }),
  min_total: Type.Optional(Amount),
  max_total: Type.Optional(Amount),
  currency: Type.Optional(CurrencyCode),
  customer: Type.Optional(IdOrNumber),
  email: text(254, 'The whole address, in any case'),
  order: Type.Optional(OrderParams.properties.id),
  tag: Type.Optional(Tag),
  sku: text(100, 'An article that is in the order, by its SKU of today'),
  shipping_method: text(50, 'Such as standard'),
}

type Fields = Static<ReturnType<typeof fieldsObject>>
const fieldsObject = () => Type.Object(fields)

const ListedOrderView = Type.Object(
  {
    ...OrderSummaryView.properties,
    email: Type.String(),
    customer_id: Type.Union([Uuid, Type.Null()]),
    shipping_method: Type.Object({ code: Type.String(), name: Type.String() }),
    recipient: Type.String(),
    tags: Type.Array(Type.String()),
  },
  { title: 'ListedOrder' },
)

function listedOrderView(ctx: Context, listed: ListedOrder) {
  const { order, tags } = listed
  const { name = '' } = JSON.parse(order.shipping_address) as { name?: string }
  return {
    ...orderSummaryView(ctx, listed),
    email: order.email,
    customer_id: order.customer_id,
    shipping_method: { code: order.shipping_method, name: order.shipping_name },
    recipient: name,
    tags,
  }
}

function filterOf(ctx: Context, given: Fields): OrderFilter {
  const { min_total, max_total, search } = given
  const hasAmounts = min_total !== undefined || max_total !== undefined
  const currency = given.currency ?? (hasAmounts ? ctx.config.store.currency : undefined)
  if (currency !== undefined && !isCurrency(currency)) {
    throw invalid('currency', 'is no currency of ISO 4217')
  }
  const amountOf = (field: string, amount: string | undefined) =>
    amount === undefined ? undefined : priceOf(field, amount, currency ?? '')
  const named = search === undefined ? undefined : orderIn(ctx, search)
  return {
    statuses: choicesOf('status', given.status, orderStates),
    paymentStatuses: choicesOf('payment_status', given.payment_status, paymentStatuses),
    paymentMethod: given.payment_method,
    from: timeOf('from', given.from),
    to: timeOf('to', given.to),
    currency,
    totalMin: amountOf('min_total', min_total),
    totalMax: amountOf('max_total', max_total),
    customer: given.customer === undefined ? undefined : referenceOf(given.customer),
    email: given.email,
    order: given.order === undefined ? named : namedOrder(ctx, given.order, 'order'),
    search: named ? undefined : search,
    tag: given.tag,
    sku: given.sku,
    shippingMethod: given.shipping_method,
  }
}

/** The order that a search names; undefined if it is something else that is searched for. */
function orderIn(ctx: Context, search: string) {
  const by = referenceOf(search.trim())
  if (by.by !== 'slug') return by
  const number = ctx.config.orders.numbers.read(search.trim())
  return number === undefined ? undefined : ({ by: 'number', number } as const)
}

type AmountColumn =
  'subtotal_minor' | 'discount_minor' | 'shipping_minor' | 'tax_minor' | 'total_minor'

const amount =
  (name: AmountColumn) =>
  ({ order }: ListedOrder) =>
    formatMinor(order[name], order.currency)

/** Every order in a list, and as a line of CSV. */
export function registerOrderStaffRoutes(app: App, ctx: Context): void {
  registerStaffList(app, {
    path: '/admin/orders',
    tags: ['Administration'],
    summary: 'Orders of all customers, by any of their sides',
    permission: 'order:read',
    fields,
    sorts: orderSorts,
    view: ListedOrderView,
    filterOf: (given) => filterOf(ctx, given),
    read: (request, { isExport }) => searchOrders(ctx, request, { hasLines: !isExport }),
    count: (filter) => countFound(ctx, filter),
    show: (row) => listedOrderView(ctx, row),
    columns: {
      number: ({ order }) => order.number,
      reference: ({ order }) => orderReference(ctx, order),
      created_at: ({ order }) => new Date(order.created_at).toISOString(),
      status: ({ order }) => order.status,
      payment_method: ({ order }) => order.payment_method,
      payment_status: ({ order }) => order.payment_status,
      email: ({ order }) => order.email,
      recipient: (row) => listedOrderView(ctx, row).recipient,
      shipping_method: ({ order }) => order.shipping_method,
      items: ({ order }) => order.item_count,
      currency: ({ order }) => order.currency,
      subtotal: amount('subtotal_minor'),
      discount: amount('discount_minor'),
      shipping: amount('shipping_minor'),
      tax: amount('tax_minor'),
      total: amount('total_minor'),
      tags: ({ tags }) => tags.join(' '),
      id: ({ order }) => order.id,
    },
  })
}
