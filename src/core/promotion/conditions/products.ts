import { uuidsSchema } from '../lines.ts'
import type { ConditionKind } from '../rule.ts'

interface Parameters {
  readonly products: readonly string[]
  readonly all?: boolean
}

export const kind: ConditionKind = {
  name: 'products',
  about: 'One of these products (or each of them) is in the cart',
  parameters: {
    type: 'object',
    properties: {
      products: uuidsSchema,
      all: { type: 'boolean', description: 'Each of them; default: one is enough' },
    },
    required: ['products'],
    additionalProperties: false,
  },
  bind({ products, all = false }: Parameters) {
    const wanted = products.map((id) => id.toLowerCase())
    return ({ lines }) => {
      const isIn = (id: string) => lines.some(({ productId }) => productId === id)
      const holds = all ? wanted.every(isIn) : wanted.some(isIn)
      if (holds) return undefined
      return all ? 'not all of its products are in the cart' : 'none of its products is in the cart'
    }
  },
}
