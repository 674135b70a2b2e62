import { Type } from 'typebox'
import { Amount, Money, Timestamp, Uuid } from '../../http/schema.ts'
import { OrderPaymentView } from '../order/schema.ts'

const closed = { additionalProperties: false }

export const Reason = Type.String({
  minLength: 1,
  maxLength: 500,
  pattern: '^[^\\u0000-\\u001f]*\\S[^\\u0000-\\u001f]*$',
  description: 'For the books: one line of text',
})

const OptionalAmount = Type.Optional({
  ...Amount,
  description: 'A decimal amount such as 19.99; without it all that there is',
})

export const CaptureBody = Type.Object({ amount: OptionalAmount }, closed)
export const ReceiptBody = Type.Object(
  { amount: OptionalAmount, note: Type.Optional(Reason) },
  closed,
)
export const RefundBody = Type.Object({ amount: OptionalAmount, reason: Reason }, closed)
export const VoidBody = Type.Object({ reason: Type.Optional(Reason) }, closed)

export const OperationView = Type.Object(
  {
    id: Uuid,
    kind: Type.String({ examples: ['refund'], description: 'capture, void or refund' }),
    amount: Money,
    status: Type.String({
      examples: ['pending'],
      description: 'pending: not confirmed by the provider yet, and tried until it is',
    }),
    reason: Type.Union([Type.String(), Type.Null()]),
    failure: Type.Union([Type.String(), Type.Null()]),
    reference: Type.Union([Type.String(), Type.Null()]),
    created_at: Timestamp,
  },
  { title: 'PaymentOperation' },
)

export const StaffPaymentView = Type.Object(
  {
    ...OrderPaymentView.properties,
    order_id: Uuid,
    reference: Type.Union([Type.String(), Type.Null()], {
      description: 'What the provider calls it',
    }),
    replaces_id: Type.Union([Uuid, Type.Null()]),
    created_at: Timestamp,
    operations: Type.Array(OperationView),
  },
  { title: 'StaffPayment' },
)

export const CardView = Type.Object(
  {
    id: Type.String({ description: 'Sent as payment_data.payment_method to pay with it' }),
    brand: Type.String(),
    last4: Type.String(),
    exp_month: Type.Integer(),
    exp_year: Type.Integer(),
  },
  { title: 'SavedCard' },
)

export const CardSetupView = Type.Object(
  {
    provider: Type.String(),
    id: Type.String(),
    client_secret: Type.String({ description: 'For the client library of the provider' }),
    publishable_key: Type.Union([Type.String(), Type.Null()]),
  },
  { title: 'CardSetup' },
)
