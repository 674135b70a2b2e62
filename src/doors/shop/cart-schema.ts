import { Type, type Static } from 'typebox'
import { Quantity, QuantityOrZero } from '../../domains/cart/schema.ts'
import { Timestamp, Uuid } from '../../http/schema.ts'
import { Amount } from '../exact.ts'

const closed = { additionalProperties: false }

/** A short number, or the UUID of the same thing. */
const Id = Type.Union([
  Type.Integer({ minimum: 1, maximum: 999_999_999_999_999 }),
  Type.String({ format: 'uuid' }),
])

export const ShopAddBody = Type.Object(
  {
    product_id: Type.Optional(Id),
    variant_id: Type.Optional(
      Type.String({
        format: 'uuid',
        description: 'Which variant; without it the first one in stock',
      }),
    ),
    quantity: Quantity,
  },
  { ...closed, examples: [{ product_id: 1, quantity: 2 }] },
)
export type ShopAddBody = Static<typeof ShopAddBody>

export const ShopUpdateBody = Type.Object(
  { item_id: Id, quantity: QuantityOrZero },
  { ...closed, examples: [{ item_id: 1, quantity: 3 }] },
)

const Item = Type.Object({
  item_id: Type.Integer({ description: 'Names the line in update and remove' }),
  cart_item_id: Type.Integer({ description: 'The same as item_id' }),
  product_id: Type.Integer(),
  variant_id: Uuid,
  sku: Type.String(),
  slug: Type.String(),
  name: Type.String(),
  options: Type.Record(Type.String(), Type.String()),
  price: Amount,
  quantity: Type.Integer(),
  subtotal: Amount,
  total_price: Amount,
  tax: Amount,
  image_url: Type.String(),
  stock_quantity: Type.Integer({ description: 'What can be bought now' }),
  in_stock: Type.Boolean({ description: 'The whole quantity can be bought now' }),
})

const Problem = Type.Object({
  code: Type.Enum(['PRICE_CHANGED', 'PRODUCT_UNAVAILABLE', 'INSUFFICIENT_STOCK']),
  message: Type.String(),
  item_id: Type.Integer(),
  product_id: Type.Integer(),
  sku: Type.String(),
  requested: Type.Optional(Type.Integer()),
  available: Type.Optional(Type.Integer()),
  seen: Type.Optional(Amount),
  current: Type.Optional(Amount),
})

const ShippingOption = Type.Object({
  code: Type.String(),
  name: Type.String(),
  description: Type.String(),
  price: Amount,
  discount: Amount,
  days_min: Type.Integer(),
  days_max: Type.Integer(),
})

const exampleCart = {
  session_id: 'my-session',
  version: 2,
  currency: 'USD',
  items: [
    {
      item_id: 1,
      cart_item_id: 1,
      product_id: 1,
      name: 'Desk lamp',
      price: 29.99,
      quantity: 2,
      subtotal: 59.98,
      total_price: 59.98,
      stock_quantity: 12,
    },
  ],
  item_count: 2,
  subtotal: 59.98,
  tax: 4.95,
  shipping: 0,
  total: 64.93,
  problems: [],
}

export const ShopCart = Type.Object(
  {
    session_id: Type.Union([Type.String(), Type.Null()], {
      description: 'The session as named by path or header; null when a cookie keeps it',
    }),
    version: Type.Integer({ description: 'Counts changes; the ETag for If-Match' }),
    currency: Type.String(),
    items: Type.Array(Item),
    item_count: Type.Integer({ description: 'Sum of the quantities' }),
    subtotal: Amount,
    tax: Amount,
    shipping: Type.Unsafe<Static<typeof Amount>>({
      ...Amount,
      description: 'Estimate: the first of shipping_options',
    }),
    discount: Amount,
    total: Amount,
    shipping_options: Type.Array(ShippingOption),
    tax_inclusive: Type.Boolean({ description: 'The prices contain the tax already' }),
    coupons: Type.Array(
      Type.Object({
        code: Type.String(),
        applied: Type.Boolean(),
        reason: Type.Union([Type.String(), Type.Null()]),
      }),
    ),
    discounts: Type.Array(Type.Object({ name: Type.String(), amount: Amount })),
    problems: Type.Array(Problem, { description: 'What keeps this cart from being bought' }),
    expires_at: Type.Union([Timestamp, Type.Null()]),
  },
  { title: 'ShopCart', examples: [exampleCart] },
)

/** The cart after a change, with the line that was changed. */
export const ShopCartChange = Type.Object(
  {
    ...ShopCart.properties,
    item_id: Type.Integer(),
    cart_item_id: Type.Integer(),
    product_id: Type.Integer(),
    variant_id: Uuid,
    name: Type.String(),
    price: Amount,
    quantity: Type.Integer({ description: 'In the cart now, 0 if the line is gone' }),
    total_price: Amount,
  },
  {
    title: 'ShopCartChange',
    examples: [
      {
        ...exampleCart,
        item_id: 1,
        cart_item_id: 1,
        product_id: 1,
        price: 29.99,
        quantity: 2,
        total_price: 59.98,
      },
    ],
  },
)
