import { Type } from 'typebox'

export const Money = Type.Object(
  {
    amount: Type.String({ description: 'Exact decimal with the digits of the currency' }),
    currency: Type.String({ description: 'ISO 4217' }),
  },
  { title: 'Money', examples: [{ amount: '29.99', currency: 'USD' }] },
)

export const Timestamp = Type.String({
  format: 'date-time',
  examples: ['2026-11-21T10:30:00.000Z'],
})
export const Uuid = Type.String({ examples: ['0199c2a4-6b1e-7c3d-9f00-1d2e3f4a5b6c'] })

export const uuidPattern = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'
const numberPattern = '[1-9][0-9]{0,14}'

/** A UUID or the short number. */
export const IdOrNumber = Type.String({
  pattern: `^(?:${uuidPattern}|${numberPattern})$`,
  description: 'The id (UUID) or the short number',
  examples: ['1'],
})

export const IdParams = Type.Object({ id: IdOrNumber })

/** A UUID, a number or a slug. */
export const SlugParams = Type.Object({
  id: Type.String({
    minLength: 1,
    maxLength: 200,
    description: 'The id (UUID), the short number or the slug',
    examples: ['1'],
  }),
})

export const UuidParams = Type.Object({
  id: Type.String({
    pattern: `^${uuidPattern}$`,
    examples: ['0199c2a4-6b1e-7c3d-9f00-1d2e3f4a5b6c'],
  }),
})
