import { Type, type Static } from 'typebox'
import { FulfilmentView, lineProgress } from '../../domains/order/life-schema.ts'
import { Timestamp, Uuid } from '../../http/schema.ts'
import { Amount } from '../exact.ts'

const Item = Type.Object({
  product_id: Type.Integer(),
  variant_id: Uuid,
  sku: Type.String(),
  name: Type.String(),
  options: Type.Record(Type.String(), Type.String()),
  quantity: Type.Integer(),
  price_at_time: Amount,
  subtotal: Amount,
  tax_amount: Amount,
  ...lineProgress,
})

const summary = {
  id: Type.Integer(),
  uuid: Uuid,
  order_number: Type.Integer({ description: 'The same as id' }),
  reference: Type.String({ description: 'What to call the order towards people' }),
  status: Type.String({ examples: ['paid'] }),
  currency: Type.String(),
  item_count: Type.Integer(),
  subtotal: Amount,
  discount_amount: Amount,
  shipping_amount: Amount,
  tax_amount: Amount,
  tax_inclusive: Type.Boolean({ description: 'The prices contain the tax already' }),
  total_amount: Amount,
  credit_amount: Type.Unsafe<Static<typeof Amount>>({
    ...Amount,
    description: 'Paid by gift cards and store credit',
  }),
  given_back_amount: Type.Unsafe<Static<typeof Amount>>({
    ...Amount,
    description: 'What cancellations and returns took off the total',
  }),
  payment: Type.Object({ method: Type.String(), status: Type.String(), amount_paid: Amount }),
  items: Type.Array(Item),
  created_at: Timestamp,
  version: Type.Integer(),
}

const exampleOrder = {
  id: 100_001,
  order_number: 100_001,
  reference: '100001',
  status: 'paid',
  total_amount: 64.93,
  tax_amount: 4.95,
  shipping_amount: 0,
  items: [{ product_id: 1, name: 'Desk lamp', quantity: 2, price_at_time: 29.99, subtotal: 59.98 }],
  created_at: '2026-11-21T10:30:00.000Z',
}

export const ShopOrderSummary = Type.Object(summary, {
  title: 'ShopOrderSummary',
  examples: [exampleOrder],
})

const Address = Type.Record(Type.String(), Type.String())

const whole = {
  ...summary,
  email: Type.String(),
  shipping_method: Type.Object({ code: Type.String(), name: Type.String() }),
  shipping_address: Address,
  billing_address: Address,
  fulfilments: Type.Array(FulfilmentView),
  timeline: Type.Array(
    Type.Object({
      type: Type.String(),
      at: Timestamp,
      actor: Type.Enum(['customer', 'staff', 'system']),
      data: Type.Record(Type.String(), Type.Unknown()),
    }),
  ),
}

export const ShopOrder = Type.Object(whole, { title: 'ShopOrder', examples: [exampleOrder] })

export const ShopPlacedOrder = Type.Object(
  { ...whole, token: Type.String({ description: 'Lets a guest read this order again' }) },
  { title: 'ShopPlacedOrder', examples: [exampleOrder] },
)
