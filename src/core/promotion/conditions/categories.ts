import { uuidsSchema } from '../lines.ts'
import type { ConditionKind } from '../rule.ts'

interface Parameters {
  readonly categories: readonly string[]
}

export const kind: ConditionKind = {
  name: 'categories',
  about: 'A product of one of these categories, or of one below them, is in the cart',
  parameters: {
    type: 'object',
    properties: { categories: uuidsSchema },
    required: ['categories'],
    additionalProperties: false,
  },
  bind({ categories }: Parameters) {
    const wanted = new Set(categories.map((id) => id.toLowerCase()))
    return ({ lines }) =>
      lines.some((line) => line.categories.some((id) => wanted.has(id)))
        ? undefined
        : 'nothing in the cart is of its categories'
  },
}
