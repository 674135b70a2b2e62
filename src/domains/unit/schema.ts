import { Type } from 'typebox'
import { listEnvelope } from '../../http/envelope.ts'
import { CursorQuery } from '../../http/paging.ts'
import { Timestamp, Uuid, uuidPattern } from '../../http/schema.ts'
import { unitsAtOnceMax } from './tracking.ts'

const closed = { additionalProperties: false }

export const Serial = Type.String({
  pattern: '^[!-~](?:[ -~]{0,98}[!-~])?$',
  description: '1 to 100 printable ASCII characters, without blanks at the ends',
  examples: ['SN-2026-000417'],
})

const Place = Type.String({
  minLength: 1,
  maxLength: 50,
  description: 'A location: its code, or its id (UUID)',
  examples: ['main'],
})

const Note = Type.Optional(
  Type.String({ minLength: 1, maxLength: 500, description: 'Why, for the history' }),
)

export const UnitState = Type.Enum(['available', 'reserved', 'sold', 'returned', 'scrapped'])

const OrderRef = Type.Union([
  Type.Object({ id: Uuid, number: Type.Integer() }),
  Type.Null({ description: 'It has never been sold' }),
])

const unit = {
  id: Uuid,
  serial_number: Type.String(),
  state: UnitState,
  variant_id: Uuid,
  sku: Type.String(),
  product: Type.Object({ id: Uuid, number: Type.Integer(), name: Type.String() }),
  location: Type.Object({ id: Uuid, code: Type.String() }),
  order: OrderRef,
  version: Type.Integer(),
  created_at: Timestamp,
  updated_at: Timestamp,
}

export const UnitView = Type.Object(unit, { title: 'Unit' })

export const UnitHistoryView = Type.Object(
  {
    ...unit,
    history: Type.Array(
      Type.Object({
        version: Type.Integer(),
        kind: Type.String({ examples: ['received'] }),
        state: UnitState,
        serial_number: Type.String(),
        location: Type.String(),
        order: OrderRef,
        actor: Type.String(),
        note: Type.Union([Type.String(), Type.Null()]),
        at: Timestamp,
      }),
    ),
  },
  { title: 'UnitWithHistory' },
)

export const UnitList = listEnvelope(UnitView)

export const ReceivedView = Type.Object({
  received: Type.Integer(),
  units: Type.Array(Type.Object({ id: Uuid, serial_number: Type.String() })),
})

export const TrackingView = Type.Object(
  { variant_id: Uuid, sku: Type.String(), is_tracked: Type.Boolean(), on_hand: Type.Integer() },
  { title: 'UnitTracking' },
)

const uuid = (description: string) =>
  Type.String({ pattern: `^${uuidPattern}$`, description, ...Uuid })

export const ReceiveBody = Type.Object(
  {
    variant_id: uuid('The id (UUID) of the article'),
    location: Type.Optional(Place),
    serial_numbers: Type.Optional(
      Type.Array(Serial, { minItems: 1, maxItems: unitsAtOnceMax, description: 'One per piece' }),
    ),
    quantity: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: unitsAtOnceMax,
        description: 'Instead of serial_numbers: so many units, with serial numbers made up here',
      }),
    ),
    note: Note,
  },
  closed,
)

export const UnitQuery = Type.Object(
  {
    ...CursorQuery.properties,
    serial_number: Type.Optional(
      Type.String({
        pattern: '^[ -~]{1,100}$',
        description: 'How it begins, in any case: printable ASCII',
        examples: ['SN-2026'],
      }),
    ),
    state: Type.Optional(UnitState),
    variant_id: Type.Optional(uuid('The id (UUID) of an article')),
    order_id: Type.Optional(uuid('The id (UUID) of the order that has or had them')),
  },
  closed,
)

export const UnitParams = Type.Object({
  id: Type.String({
    minLength: 1,
    maxLength: 100,
    description: 'The serial number, or the id (UUID)',
    examples: ['SN-2026-000417'],
  }),
})

export const CorrectionBody = Type.Object({ serial_number: Serial, note: Note }, closed)
export const MoveBody = Type.Object({ note: Note }, closed)
export const AssignmentBody = Type.Object(
  {
    instead_of: Type.String({
      minLength: 1,
      maxLength: 100,
      description: 'The serial number, or the id (UUID), of the unit that the order has now',
    }),
    note: Note,
  },
  closed,
)

export const TrackingBody = Type.Object(
  {
    units: Type.Optional(
      Type.Array(Type.Object({ serial_number: Serial, location: Type.Optional(Place) }, closed), {
        maxItems: unitsAtOnceMax,
        description: 'The serial numbers of what is on hand, each with the place where it is',
      }),
    ),
    generate: Type.Optional(
      Type.Boolean({ default: false, description: 'Instead: make them up for what is on hand' }),
    ),
  },
  closed,
)

export const DiscardQuery = Type.Object(
  {
    discard: Type.Optional(
      Type.Boolean({ default: false, description: 'Let go of the units that are on the shelf' }),
    ),
  },
  closed,
)
