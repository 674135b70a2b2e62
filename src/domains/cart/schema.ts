import { Type } from 'typebox'
import { CountryCode, CurrencyCode, Money, Timestamp, Uuid } from '../../http/schema.ts'

const closed = { additionalProperties: false }

export const quantityMax = 1_000_000

export const Quantity = Type.Integer({ minimum: 1, maximum: quantityMax, examples: [1] })
export const QuantityOrZero = Type.Integer({
  minimum: 0,
  maximum: quantityMax,
  description: '0 removes the line',
})

export const AddItemBody = Type.Object(
  {
    variant_id: Type.Optional(Type.String({ format: 'uuid' })),
    product_id: Type.Optional(
      Type.Union([Type.String({ format: 'uuid' }), Type.Integer({ minimum: 1 })], {
        description: 'Instead of variant_id, for a product that has only one variant',
        examples: [1],
      }),
    ),
    quantity: Quantity,
  },
  { ...closed, examples: [{ product_id: 1, quantity: 2 }] },
)

export const SetItemBody = Type.Object({ quantity: QuantityOrZero }, closed)

const Problem = Type.Object({
  code: Type.Enum(['PRICE_CHANGED', 'PRODUCT_UNAVAILABLE', 'INSUFFICIENT_STOCK']),
  message: Type.String(),
  line_id: Uuid,
  sku: Type.String(),
  available: Type.Optional(Type.Integer()),
  requested: Type.Optional(Type.Integer()),
  seen: Type.Optional(Money),
  current: Type.Optional(Money),
})

export const CartLineView = Type.Object(
  {
    id: Uuid,
    number: Type.Integer(),
    quantity: Type.Integer(),
    price: Money,
    compare_at_price: Type.Union([Money, Type.Null()]),
    subtotal: Money,
    discount: Money,
    tax: Money,
    total: Money,
    available: Type.Integer(),
    back_order: Type.Optional(
      Type.Object(
        {
          quantity: Type.Integer({ description: 'Of this line, pieces that are not there yet' }),
          promised_at: Type.Union([Timestamp, Type.Null()]),
        },
        { title: 'LineOnBackOrder' },
      ),
    ),
    variant: Type.Object({
      id: Uuid,
      sku: Type.String(),
      options: Type.Record(Type.String(), Type.String()),
    }),
    product: Type.Object({
      id: Uuid,
      number: Type.Integer(),
      slug: Type.String(),
      name: Type.String(),
      image: Type.String(),
    }),
  },
  { title: 'CartLine' },
)

const Nullable = Type.Union([Type.String(), Type.Null()])

export const DestinationBody = Type.Object(
  {
    country: CountryCode,
    region: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    postal_code: Type.Optional(Type.String({ minLength: 1, maxLength: 20 })),
    vat_id: Type.Optional(
      Type.String({ maxLength: 40, description: 'A VAT id with its country, such as DE123456789' }),
    ),
  },
  closed,
)

export const CurrencyBody = Type.Object({ currency: CurrencyCode }, closed)

export const CartView = Type.Object(
  {
    id: Type.Union([Uuid, Type.Null()]),
    version: Type.Integer(),
    status: Type.String(),
    currency: Type.String(),
    lines: Type.Array(CartLineView),
    item_count: Type.Integer(),
    subtotal: Money,
    tax: Money,
    shipping_estimate: Money,
    discount: Money,
    total: Money,
    shipping_options: Type.Array(
      Type.Object({
        code: Type.String(),
        name: Type.String(),
        description: Type.String(),
        price: Money,
        discount: Money,
        days_min: Type.Integer(),
        days_max: Type.Integer(),
        delivery: Type.Object({ earliest: Type.String(), latest: Type.String() }),
      }),
    ),
    tax_inclusive: Type.Boolean(),
    taxes: Type.Array(
      Type.Object({ name: Type.String(), percent: Type.String(), amount: Money, tax: Money }),
    ),
    coupons: Type.Array(
      Type.Object({
        code: Type.String(),
        applied: Type.Boolean(),
        reason: Type.Union([Type.String(), Type.Null()]),
      }),
    ),
    discounts: Type.Array(Type.Object({ promotion_id: Uuid, name: Type.String(), amount: Money })),
    gifts: Type.Array(
      Type.Object({
        variant_id: Uuid,
        sku: Type.String(),
        name: Type.String(),
        quantity: Type.Integer(),
      }),
    ),
    destination: Type.Union([
      Type.Object({
        country: Nullable,
        region: Nullable,
        postal_code: Nullable,
      }),
      Type.Null(),
    ]),
    vat_id: Nullable,
    problems: Type.Array(Problem),
    expires_at: Type.Union([Timestamp, Type.Null()]),
  },
  { title: 'Cart' },
)
