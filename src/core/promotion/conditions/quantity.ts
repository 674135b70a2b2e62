import { lineFilterSchema, lineTest, type LineFilter } from '../lines.ts'
import { quantitySchema, type ConditionKind } from '../rule.ts'

interface Parameters extends LineFilter {
  readonly at_least: number
}

export const kind: ConditionKind = {
  name: 'quantity',
  about: 'There are at least so many pieces (of those named) in the cart',
  parameters: {
    type: 'object',
    properties: { at_least: quantitySchema, ...lineFilterSchema },
    required: ['at_least'],
    additionalProperties: false,
  },
  bind(parameters: Parameters) {
    const fits = lineTest(parameters)
    return ({ lines }) => {
      let count = 0
      for (const line of lines) if (fits(line)) count += line.quantity
      if (count >= parameters.at_least) return undefined
      return `there are ${count} pieces, fewer than ${parameters.at_least}`
    }
  },
}
