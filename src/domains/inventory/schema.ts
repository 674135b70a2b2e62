import { Type } from 'typebox'
import { Code, Label, OptionalTime, Timestamp, Uuid } from '../../http/schema.ts'
import { adjustmentReasons } from './adjustments.ts'

export const tags = ['Administration']
export const closed = { additionalProperties: false }
export const onceErrors = ['IDEMPOTENCY_KEY_REUSED', 'REQUEST_IN_PROGRESS'] as const
export const quantityMax = 1_000_000_000

export const VariantId = Type.String({ format: 'uuid' })
export const LocationId = Type.Optional(
  Type.String({ format: 'uuid', description: 'Default: the default location' }),
)
export const Note = Type.Optional(Type.String({ minLength: 1, maxLength: 500 }))
export const Reason = Type.Optional(
  Type.Enum([...adjustmentReasons], { description: 'Why; kept in the ledger' }),
)
export const LotCode = Type.String({
  minLength: 1,
  maxLength: 60,
  pattern: '^[\\x21-\\x7e]+$',
  description: 'What the lot is marked with: printable characters, no blanks',
  examples: ['L-2026-11'],
})

export const LotBody = Type.Object(
  { code: LotCode, expires_at: OptionalTime },
  { ...closed, description: 'For articles that are kept by lots: which one' },
)

export const StockView = Type.Object(
  {
    variant_id: Uuid,
    sku: Type.String(),
    location_id: Uuid,
    location_code: Type.String(),
    on_hand: Type.Integer(),
    reserved: Type.Integer(),
    withheld: Type.Integer({ description: 'On hand, and not to be sold: it has expired' }),
    available: Type.Integer(),
    is_active: Type.Boolean({ description: 'Whether the location sells' }),
  },
  { title: 'Stock' },
)

export const LocationView = Type.Object(
  {
    id: Uuid,
    code: Type.String(),
    name: Type.String(),
    is_default: Type.Boolean({ description: 'Where goods go if nothing else is said' }),
    is_active: Type.Boolean({ description: 'Whether it sells' }),
    priority: Type.Integer({ description: 'The smaller is asked for goods first' }),
    version: Type.Integer(),
  },
  { title: 'Location' },
)

const Priority = Type.Integer({
  minimum: -1_000_000,
  maximum: 1_000_000,
  description: 'The smaller is asked for goods first',
})

export const NewLocationBody = Type.Object(
  {
    code: Code,
    name: Label,
    priority: Type.Optional({ ...Priority, default: 0 }),
    is_active: Type.Optional(Type.Boolean({ default: true })),
  },
  closed,
)

export const LocationBody = Type.Object(
  {
    name: Type.Optional(Label),
    priority: Type.Optional(Priority),
    is_active: Type.Optional(Type.Boolean()),
    is_default: Type.Optional(
      Type.Boolean({ description: 'true makes it the default, and the other one not' }),
    ),
  },
  { ...closed, minProperties: 1 },
)

export const AdjustmentBody = Type.Object(
  {
    variant_id: VariantId,
    quantity: Type.Integer({
      minimum: -quantityMax,
      maximum: quantityMax,
      description: 'Signed change of what is on hand; not 0',
      not: { const: 0 },
    }),
    kind: Type.Enum(['receipt', 'adjustment', 'return', 'scrap']),
    location_id: LocationId,
    reason: Reason,
    lot: Type.Optional(LotBody),
    note: Type.Optional(Type.String({ maxLength: 500 })),
  },
  closed,
)

export const LevelBody = Type.Object(
  {
    variant_id: VariantId,
    on_hand: Type.Integer({ minimum: 0, maximum: quantityMax }),
    expected_on_hand: Type.Integer({
      minimum: 0,
      maximum: quantityMax,
      description: 'What is on hand as far as you know: otherwise it is refused',
    }),
    location_id: LocationId,
    reason: Reason,
    note: Note,
  },
  closed,
)

export const NullableTime = Type.Union([Timestamp, Type.Null()])
export const NullableText = Type.Union([Type.String(), Type.Null()])
export const NullableUuid = Type.Union([Uuid, Type.Null()])
