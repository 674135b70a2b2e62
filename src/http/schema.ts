import { Type } from 'typebox'
import { invalid } from '../core/errors.ts'

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
  id: Type.String({ pattern: `^${uuidPattern}$`, description: 'An id (UUID)', ...Uuid }),
})

/** What an entity is called in settings and addresses. */
export const Code = Type.String({
  pattern: '^[a-z0-9][a-z0-9_-]{0,49}$',
  description: 'Lower-case letters, digits, - and _; up to 50',
  examples: ['wholesale'],
})

/** A name for people: one line that is not blank. */
export const Label = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^[^\\u0000-\\u001f]*\\S[^\\u0000-\\u001f]*$',
  description: 'One line of text that is not blank',
})

/** An exact amount in a body, such as 19.99; its currency is known from beside it. */
export const Amount = Type.String({
  pattern: '^[0-9]{1,15}(\\.[0-9]{1,4})?$',
  description: 'A decimal amount such as 19.99',
  examples: ['19.99'],
})

export const CurrencyCode = Type.String({
  pattern: '^[A-Z]{3}$',
  description: 'ISO 4217',
  examples: ['EUR'],
})

export const CountryCode = Type.String({
  pattern: '^[A-Z]{2}$',
  description: 'ISO 3166-1 alpha-2',
  examples: ['DE'],
})

/** A moment, or null for no limit. */
export const OptionalTime = Type.Optional(
  Type.Union(
    [
      Type.String({
        pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]{1,3})?Z$',
        description: 'A moment in UTC such as 2026-11-27T00:00:00Z',
      }),
      Type.Null(),
    ],
    { description: 'A moment in UTC such as 2026-11-27T00:00:00Z; null: no limit' },
  ),
)

/** UTC milliseconds of such a moment; absent stays absent. Throws VALIDATION_ERROR. */
export function momentOf<T extends string | null | undefined>(
  field: string,
  text: T,
): number | Exclude<T, string> {
  if (typeof text !== 'string') return text as Exclude<T, string>
  const moment = Date.parse(text)
  if (Number.isNaN(moment)) throw invalid(field, 'is no moment of the calendar')
  return moment
}
