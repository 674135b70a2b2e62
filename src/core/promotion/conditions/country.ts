import type { ConditionKind } from '../rule.ts'

interface Parameters {
  readonly countries: readonly string[]
}

export const kind: ConditionKind = {
  name: 'country',
  about: 'The goods go to one of these countries',
  parameters: {
    type: 'object',
    properties: {
      countries: {
        type: 'array',
        items: { type: 'string', pattern: '^[A-Z]{2}$' },
        minItems: 1,
        maxItems: 250,
        uniqueItems: true,
      },
    },
    required: ['countries'],
    additionalProperties: false,
  },
  bind({ countries }: Parameters) {
    return ({ destination: { country } }) => {
      if (country === undefined) return 'it is not known yet where the goods go'
      return countries.includes(country) ? undefined : `it is not for ${country}`
    }
  },
}
