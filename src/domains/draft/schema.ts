import { Type } from 'typebox'
import { Amount, CurrencyCode, Label, OptionalTime, Timestamp, Uuid } from '../../http/schema.ts'
import { CartView, Quantity } from '../cart/schema.ts'
import { AddressBody, CheckoutBody, Email } from '../checkout/schema.ts'
import { draftStates } from './queries.ts'

const closed = { additionalProperties: false }
const nullable = <T extends ReturnType<typeof Type.String>>(type: T) =>
  Type.Union([type, Type.Null()])

const ItemBody = Type.Object(
  {
    variant_id: Type.String({ format: 'uuid' }),
    quantity: Quantity,
    price: Type.Optional({ ...Amount, description: 'Of a piece, instead of that of the lists' }),
    discount_percent: Type.Optional(
      Type.String({
        pattern: '^(100|[0-9]{1,2}(\\.[0-9]{1,2})?)$',
        description: 'Or so much off the price of the lists, such as 12.5',
      }),
    ),
  },
  closed,
)

export const DraftBody = Type.Object(
  {
    customer_id: Type.Optional(Type.String({ format: 'uuid' })),
    email: Type.Optional({ ...Email, description: 'Needed without a customer' }),
    items: Type.Array(ItemBody, {
      minItems: 1,
      maxItems: 200,
      description: 'Each variant once',
    }),
    currency: Type.Optional(CurrencyCode),
    shipping_info: Type.Optional(AddressBody),
    billing_info: Type.Optional(AddressBody),
    shipping_method: Type.Optional(Type.String({ minLength: 1, maxLength: 50 })),
    codes: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 60 }), {
        maxItems: 20,
        description: 'Of coupons',
      }),
    ),
    vat_id: CheckoutBody.properties.vat_id,
    note: Type.Optional({ ...Label, maxLength: 1_000, description: 'For staff alone' }),
    expires_at: OptionalTime,
  },
  {
    ...closed,
    examples: [
      {
        email: 'ada@example.com',
        items: [{ variant_id: '0199c2a4-6b1e-7c3d-9f00-1d2e3f4a5b6c', quantity: 2, price: '9.00' }],
      },
    ],
  },
)

const payment = {
  payment_method: CheckoutBody.properties.payment_method,
  payment_data: CheckoutBody.properties.payment_data,
  expected_total: CheckoutBody.properties.expected_total,
}

export const PlaceBody = Type.Object(payment, closed)

export const PayBody = Type.Object(
  {
    ...payment,
    shipping_info: Type.Optional({ ...AddressBody, description: 'Where the draft has none' }),
    billing_info: Type.Optional(AddressBody),
  },
  closed,
)

const Address = Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()])

const shared = {
  id: Uuid,
  number: Type.Integer(),
  state: Type.Enum([...draftStates]),
  email: Type.String(),
  shipping_address: Address,
  billing_address: Address,
  shipping_method: nullable(Type.String()),
  expires_at: Timestamp,
  created_at: Timestamp,
  version: Type.Integer(),
  order: Type.Union([
    Type.Object({ number: Type.Integer(), reference: Type.String() }),
    Type.Null(),
  ]),
}

/** What its customer sees. */
export const OfferedDraftView = Type.Object(
  { ...shared, cart: CartView, links: Type.Record(Type.String(), Type.String()) },
  { title: 'OfferedDraft' },
)

const forStaff = {
  customer_id: nullable(Uuid),
  note: nullable(Type.String()),
  author: Type.String(),
}

export const DraftView = Type.Object(
  {
    ...OfferedDraftView.properties,
    ...forStaff,
    payment_link: Type.String({ description: 'With which the customer can see and pay it' }),
  },
  { title: 'Draft' },
)

export const ListedDraftView = Type.Object(
  { ...shared, ...forStaff, links: Type.Record(Type.String(), Type.String()) },
  { title: 'ListedDraft' },
)
