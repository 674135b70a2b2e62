import { Type } from 'typebox'
import { Money, Timestamp, Uuid } from '../../http/schema.ts'

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
    subtotal: Money,
    tax: Money,
    total: Money,
    available: Type.Integer(),
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
        days_min: Type.Integer(),
        days_max: Type.Integer(),
      }),
    ),
    problems: Type.Array(Problem),
    expires_at: Type.Union([Timestamp, Type.Null()]),
  },
  { title: 'Cart' },
)
