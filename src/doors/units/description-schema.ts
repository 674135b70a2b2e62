import { Type } from 'typebox'
import { pageSizeMax } from '../../core/paging.ts'
import { PageQuery } from '../../http/paging.ts'
import { Amount } from '../exact.ts'

const closed = { additionalProperties: false }

const example = {
  name: 'Desk lamp',
  description: 'Warm light, 9 W',
  price: 29.99,
}

export const Description = Type.Object(
  { id: Type.Integer(), name: Type.String(), description: Type.String(), price: Amount },
  { title: 'ProductDescription', examples: [{ id: 7, ...example }] },
)

const fields = {
  name: Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' }),
  description: Type.String({ maxLength: 1_000 }),
  price: Type.Union(
    [
      Type.Number({ minimum: 0 }),
      Type.String({ pattern: '^[0-9]{1,15}(\\.[0-9]{1,4})?$', description: 'a decimal amount' }),
    ],
    { description: 'In the currency of the shop, with no more digits than it has' },
  ),
}

export const NewDescriptionBody = Type.Object(fields, { ...closed, examples: [example] })

export const DescriptionBody = Type.Partial(Type.Object(fields), {
  ...closed,
  examples: [{ price: 24.99 }],
})

const { page } = PageQuery

export const DescriptionQuery = Type.Object(
  {
    page,
    per_page: Type.Optional(
      Type.Integer({ minimum: 1, maximum: pageSizeMax, default: pageSizeMax }),
    ),
  },
  closed,
)

const number = (description: string) =>
  Type.String({ minLength: 1, maxLength: 100, description, examples: ['1'] })

export const DescriptionParams = Type.Object({ id: number('The number of the description') })
export const DescParams = Type.Object({ desc_id: number('The number of the description') })

export const Message = Type.Object({ message: Type.String() })

export const MadeUnit = Type.Object(
  { message: Type.String(), serial_number: Type.String(), desc_id: Type.Integer() },
  {
    examples: [
      {
        message: 'Product item created',
        serial_number: '5f0c6a2e-6d0f-4d1b-8a53-3f1c2b9d7e10',
        desc_id: 7,
      },
    ],
  },
)
