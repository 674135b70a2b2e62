import { uuidsSchema } from '../lines.ts'
import type { ConditionKind } from '../rule.ts'

interface Parameters {
  readonly groups: readonly string[]
}

export const kind: ConditionKind = {
  name: 'customer_group',
  about: 'The customer is signed in and in one of these groups',
  parameters: {
    type: 'object',
    properties: { groups: uuidsSchema },
    required: ['groups'],
    additionalProperties: false,
  },
  bind({ groups }: Parameters) {
    const wanted = new Set(groups.map((id) => id.toLowerCase()))
    return ({ buyer }) =>
      buyer.groups.some((id) => wanted.has(id))
        ? undefined
        : 'the customer is in none of its groups'
  },
}
