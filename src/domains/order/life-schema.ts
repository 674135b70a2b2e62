import { Type } from 'typebox'
import { Amount, Label, Money, Timestamp, Uuid, uuidPattern } from '../../http/schema.ts'

const closed = { additionalProperties: false }
const TextOrNull = Type.Union([Type.String(), Type.Null()])
const TimeOrNull = Type.Union([Timestamp, Type.Null()])

const Quantity = Type.Integer({ minimum: 1, maximum: 1_000_000_000 })
const Id = Type.String({ pattern: `^${uuidPattern}$` })

/** Why something is cancelled or returned: a word that can be counted. */
const Reason = Type.String({
  pattern: '^[a-z][a-z0-9_]{0,49}$',
  description: 'A word that can be counted: lower-case letters, digits and _',
  examples: ['changed_mind'],
})
const Note = Type.String({ minLength: 1, maxLength: 1_000 })

const PiecesBody = Type.Object({ line_id: Id, quantity: Quantity }, closed)

const items = <T extends typeof PiecesBody>(item: T, description: string) =>
  Type.Array(item, { minItems: 1, maxItems: 2_000, description })

export const CancellationBody = Type.Object({ reason: Type.Optional(Reason) }, closed)

export const StaffCancellationBody = Type.Object(
  {
    reason: Type.Optional(Reason),
    note: Type.Optional(Note),
    items: Type.Optional(items(PiecesBody, 'What to cancel; without it all of the order')),
    shipping_refund: Type.Optional({
      ...Amount,
      description: 'Of the shipping, given back besides items',
    }),
  },
  closed,
)

const tracking = {
  carrier: Type.Optional(Label),
  tracking_number: Type.Optional(Label),
  tracking_url: Type.Optional(
    Type.String({ pattern: '^https?://[^\\s"<>\\\\^`{|}]{1,900}$', description: 'http or https' }),
  ),
}

export const FulfilmentBody = Type.Object(
  {
    items: Type.Optional(items(PiecesBody, 'Without it everything that is to be sent and open')),
    ...tracking,
    shipped: Type.Optional(Type.Boolean({ default: false, description: 'It leaves at once' })),
  },
  closed,
)

export const ShipmentBody = Type.Object(tracking, closed)

export const ReturnBody = Type.Object(
  {
    items: Type.Array(Type.Object({ line_id: Id, quantity: Quantity, reason: Reason }, closed), {
      minItems: 1,
      maxItems: 2_000,
    }),
    note: Type.Optional(Note),
  },
  closed,
)

export const StaffReturnBody = Type.Object(
  {
    ...ReturnBody.properties,
    approved: Type.Optional(
      Type.Boolean({ default: false, description: 'It was agreed upon already' }),
    ),
  },
  closed,
)

export const AnswerBody = Type.Object({ answer: Type.Optional(Note) }, closed)

const ArticlesBody = Type.Array(Type.Object({ variant_id: Id, quantity: Quantity }, closed), {
  minItems: 1,
  maxItems: 200,
  description: 'Each variant once, at the prices of today',
})

const payment = {
  payment_method: Type.Optional(
    Type.String({ maxLength: 50, description: 'Needed if there is something to pay' }),
  ),
  payment_data: Type.Optional(
    Type.Record(Type.String({ maxLength: 50 }), Type.Unknown(), {
      description: 'What the payment method needs',
    }),
  ),
}

export const LinesBody = Type.Object({ items: ArticlesBody, ...payment }, closed)

export const ReceiptBody = Type.Object(
  {
    items: Type.Optional(
      Type.Array(
        Type.Object(
          {
            line_id: Id,
            quantity: Quantity,
            restocked: Type.Optional(
              Type.Integer({
                minimum: 0,
                maximum: 1_000_000_000,
                description: 'Of these, fit to be sold again; the others are scrap. Default: all',
              }),
            ),
          },
          closed,
        ),
        {
          minItems: 1,
          maxItems: 2_000,
          description: 'What has come; without it everything. What is not named has not come',
        },
      ),
    ),
    deduction: Type.Optional({ ...Amount, description: 'Kept, say for damage' }),
    shipping_refund: Type.Optional({ ...Amount, description: 'Of the shipping, given back too' }),
    exchange: Type.Optional(ArticlesBody),
    ...payment,
  },
  closed,
)

export const ShippingMethodBody = Type.Object(
  { shipping_method: Type.String({ minLength: 1, maxLength: 50 }), ...payment },
  closed,
)

const PiecesView = Type.Object({ line_id: Uuid, quantity: Type.Integer() })

export const FulfilmentView = Type.Object(
  {
    id: Uuid,
    position: Type.Integer({ description: 'Counts the parcels of the order from 1' }),
    status: Type.String({ examples: ['shipped'] }),
    carrier: TextOrNull,
    tracking_number: TextOrNull,
    tracking_url: TextOrNull,
    items: Type.Array(PiecesView),
    created_at: Timestamp,
    shipped_at: TimeOrNull,
    delivered_at: TimeOrNull,
    cancelled_at: TimeOrNull,
  },
  { title: 'Fulfilment' },
)

export const ReturnView = Type.Object(
  {
    id: Uuid,
    number: Type.Integer({ description: 'What to write on the parcel' }),
    status: Type.String({ examples: ['approved'] }),
    note: TextOrNull,
    answer: TextOrNull,
    items: Type.Array(
      Type.Object({
        line_id: Uuid,
        reason: Type.String(),
        quantity: Type.Integer(),
        received: Type.Integer(),
        restocked: Type.Integer(),
        amount: Money,
      }),
    ),
    amount: Money,
    shipping: Money,
    deduction: Money,
    offset: { ...Money, description: 'Of the amount, what was given in other goods' },
    created_at: Timestamp,
    received_at: TimeOrNull,
  },
  { title: 'Return' },
)

/** What has happened to the pieces of a line. */
export const lineProgress = {
  cancelled_quantity: Type.Integer(),
  packed_quantity: Type.Integer({ description: 'In parcels, whether they have left or not' }),
  shipped_quantity: Type.Integer(),
  returning_quantity: Type.Integer({ description: 'Asked to be returned, and not back yet' }),
  returned_quantity: Type.Integer(),
}

export const ActorView = Type.Object({
  kind: Type.Enum(['customer', 'staff', 'key', 'command', 'system']),
  id: TextOrNull,
  name: TextOrNull,
})

export const FulfilmentParams = { fulfilment_id: Id }
export const ReturnParams = { return_id: Id }
