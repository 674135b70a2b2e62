import { Type } from 'typebox'
import { Amount, Money, Timestamp, Uuid } from '../../http/schema.ts'

const closed = { additionalProperties: false }

export const DocumentView = Type.Object(
  {
    id: Uuid,
    kind: Type.String({ examples: ['invoice'] }),
    number: Type.String({ examples: ['INV-2026-000001'] }),
    order: Type.Object({ id: Uuid, number: Type.Integer(), reference: Type.String() }),
    corrects: Type.Union([Type.Object({ id: Uuid, number: Type.String() }), Type.Null()]),
    reason: Type.Union([Type.String(), Type.Null()]),
    buyer: Type.String(),
    net: Money,
    tax: Money,
    total: Money,
    issued_at: Timestamp,
    links: Type.Record(Type.String(), Type.String()),
  },
  { title: 'Document' },
)

const LineId = Type.String({ format: 'uuid', description: 'The id of a line of the order' })

export const CreditNoteBody = Type.Object(
  {
    reason: Type.String({
      minLength: 1,
      maxLength: 300,
      pattern: '^[^\\u0000-\\u001f]*\\S[^\\u0000-\\u001f]*$',
      description: 'Stands on the credit note',
    }),
    items: Type.Optional(
      Type.Array(
        Type.Object(
          { line_id: LineId, quantity: Type.Integer({ minimum: 1, maximum: 1_000_000_000 }) },
          closed,
        ),
        { minItems: 1, maxItems: 500, description: 'What is credited, by pieces' },
      ),
    ),
    shipping: Type.Optional({ ...Amount, description: 'With items: of the shipping, so much' }),
    amount: Type.Optional({
      ...Amount,
      description: 'Instead of items: so much, spread over everything that is left',
    }),
  },
  {
    ...closed,
    examples: [{ reason: 'One lamp was broken', amount: '10.00' }],
  },
)
