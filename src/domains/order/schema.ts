import { Type } from 'typebox'
import { Money, Timestamp, Uuid } from '../../http/schema.ts'
import { PageQuery } from '../../http/paging.ts'
import { ActorView, FulfilmentView, lineProgress, ReturnView } from './life-schema.ts'

export const OrderLineView = Type.Object(
  {
    id: Uuid,
    product_id: Uuid,
    product_number: Type.Integer(),
    variant_id: Uuid,
    sku: Type.String(),
    name: Type.String(),
    options: Type.Record(Type.String(), Type.String()),
    quantity: Type.Integer(),
    price: Money,
    subtotal: Money,
    discount: Money,
    tax: Money,
    total: Money,
    is_gift: Type.Boolean(),
    back_order: Type.Optional(
      Type.Object(
        {
          quantity: Type.Integer({ description: 'Pieces that are not there yet' }),
          promised_at: Type.Union([Timestamp, Type.Null()]),
        },
        { title: 'OrderedOnBackOrder' },
      ),
    ),
    units: Type.Array(Type.Object({ serial_number: Type.String(), is_returned: Type.Boolean() }), {
      description: 'The pieces by serial number, where the article is tracked by unit',
    }),
    ...lineProgress,
  },
  { title: 'OrderLine' },
)

export const OrderPaymentView = Type.Object(
  {
    id: Uuid,
    position: Type.Integer({ description: '1: the payment of the checkout' }),
    method: Type.String(),
    status: Type.String({ examples: ['captured'] }),
    amount: Money,
    authorised: Money,
    captured: Money,
    refunding: Money,
    refunded: Money,
    released: Money,
    failure: Type.Union([Type.String(), Type.Null()]),
  },
  { title: 'OrderPayment' },
)

const summary = {
  id: Uuid,
  number: Type.Integer(),
  reference: Type.String({ description: 'What to call the order towards people' }),
  status: Type.String({ examples: ['paid'] }),
  currency: Type.String(),
  item_count: Type.Integer(),
  subtotal: Money,
  discount: Money,
  shipping_discount: Money,
  shipping: Money,
  tax: Money,
  tax_inclusive: Type.Boolean(),
  total: Money,
  credit: Money,
  given_back: { ...Money, description: 'What cancellations and returns took off the total' },
  payment: Type.Object({ method: Type.String(), status: Type.String(), captured: Money }),
  payments: Type.Array(OrderPaymentView),
  lines: Type.Array(OrderLineView),
  created_at: Timestamp,
  version: Type.Integer(),
  links: Type.Record(Type.String(), Type.String()),
}

export const OrderSummaryView = Type.Object(summary, { title: 'OrderSummary' })

const event = {
  type: Type.String(),
  at: Timestamp,
  data: Type.Record(Type.String(), Type.Unknown()),
}

const AddressView = Type.Record(Type.String(), Type.String())

export const OrderView = Type.Object(
  {
    ...summary,
    email: Type.String(),
    shipping_method: Type.Object({ code: Type.String(), name: Type.String() }),
    shipping_address: AddressView,
    billing_address: AddressView,
    fulfilments: Type.Array(FulfilmentView),
    returns: Type.Array(ReturnView),
    timeline: Type.Array(
      Type.Object({
        ...event,
        actor: Type.Enum(['customer', 'staff', 'system'], { description: 'Who did it' }),
      }),
    ),
  },
  { title: 'Order' },
)

export const StaffOrderView = Type.Object(
  {
    ...OrderView.properties,
    timeline: Type.Array(Type.Object({ ...event, actor: ActorView })),
  },
  { title: 'StaffOrder' },
)

export const OrderQuery = Type.Object(PageQuery, { additionalProperties: false })

/** Wherever an order is named: the UUID, the short number or the reference. */
export const OrderParams = Type.Object({
  id: Type.String({
    minLength: 1,
    maxLength: 60,
    pattern: '^[0-9A-Za-z._-]+$',
    description: 'The id (UUID), the short number or the reference',
    examples: ['1001'],
  }),
})

export const Tag = Type.String({
  pattern: '^[a-z0-9][a-z0-9_-]{0,49}$',
  description: 'Lower-case letters, digits, - and _; up to 50',
  examples: ['gift-wrap'],
})

export const OrderTokenQuery = Type.Object(
  {
    token: Type.Optional(
      Type.String({ maxLength: 100, description: 'For guests: the token from the checkout' }),
    ),
  },
  { additionalProperties: false },
)
