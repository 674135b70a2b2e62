import type { ConditionKind } from '../rule.ts'

interface Parameters {
  readonly currencies: readonly string[]
}

export const kind: ConditionKind = {
  name: 'currency',
  about: 'The cart is in one of these currencies',
  parameters: {
    type: 'object',
    properties: {
      currencies: {
        type: 'array',
        items: { type: 'string', pattern: '^[A-Z]{3}$' },
        minItems: 1,
        maxItems: 200,
        uniqueItems: true,
      },
    },
    required: ['currencies'],
    additionalProperties: false,
  },
  bind({ currencies }: Parameters) {
    return ({ currency }) =>
      currencies.includes(currency) ? undefined : `it is not for carts in ${currency}`
  },
}
