import { Type } from 'typebox'
import { Amount, uuidPattern } from '../../http/schema.ts'
import { OrderView } from '../order/schema.ts'

const closed = { additionalProperties: false }

export const line = (lengthMax: number) =>
  Type.String({
    minLength: 1,
    maxLength: lengthMax,
    pattern: '^[^\\u0000-\\u001f]*\\S[^\\u0000-\\u001f]*$',
    description: 'One line of text that is not blank',
  })

export const Email = Type.String({ format: 'email', maxLength: 254, examples: ['ada@example.com'] })

export const AddressBody = Type.Object(
  {
    name: line(200),
    company: Type.Optional(line(200)),
    address: line(300),
    address2: Type.Optional(line(300)),
    city: line(100),
    state: Type.Optional(line(100)),
    postal_code: Type.Optional(line(20)),
    country: Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2' }),
    phone: Type.Optional(line(40)),
    email: Type.Optional(Email),
  },
  {
    ...closed,
    title: 'Address',
    examples: [
      {
        name: 'Ada Lovelace',
        address: '12 St James Square',
        city: 'London',
        postal_code: 'SW1Y 4JH',
        country: 'GB',
        email: 'ada@example.com',
      },
    ],
  },
)

const SavedAddressId = Type.String({
  pattern: `^${uuidPattern}$`,
  description: 'The id (UUID) of one of your addresses',
})

export const CheckoutBody = Type.Object(
  {
    email: Type.Optional(Email),
    shipping_info: Type.Optional(AddressBody),
    billing_info: Type.Optional(AddressBody),
    shipping_address_id: Type.Optional(SavedAddressId),
    billing_address_id: Type.Optional(SavedAddressId),
    shipping_method: Type.Optional(
      Type.String({
        maxLength: 50,
        examples: ['standard'],
        description: 'Default: the first offered',
      }),
    ),
    payment_method: Type.String({
      maxLength: 50,
      examples: ['test'],
      description: 'A payment method; credit: gift cards and store credit pay all of it',
    }),
    vat_id: Type.Optional(
      Type.String({ maxLength: 40, description: 'A VAT id with its country, such as DE123456789' }),
    ),
    gift_cards: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 60 }), {
        maxItems: 10,
        description: 'Codes of gift cards to pay with, before the payment method',
      }),
    ),
    use_store_credit: Type.Optional(
      Type.Boolean({ default: false, description: 'Pay with the store credit of the account too' }),
    ),
    expected_total: Type.Optional({
      ...Amount,
      description: 'The total that was shown, such as 19.99: another one is refused',
    }),
    payment_data: Type.Optional(
      Type.Record(Type.String({ maxLength: 50 }), Type.Unknown(), {
        description: 'What the payment method needs; for test: {"outcome": "approve"}',
      }),
    ),
  },
  closed,
)

export const PaymentActionView = Type.Object(
  {
    type: Type.String({ examples: ['stripe'] }),
    client_secret: Type.Optional(
      Type.String({ description: 'For the client library of the provider, such as Stripe.js' }),
    ),
    redirect_url: Type.Optional(Type.String({ description: 'Where to send the payer' })),
  },
  { title: 'PaymentAction', description: 'What the payer has to do before the payment can go on' },
)

export const PlacedOrderView = Type.Object({
  ...OrderView.properties,
  payment_action: Type.Optional(PaymentActionView),
  token: Type.String({ description: 'Lets a guest read this order again' }),
})
