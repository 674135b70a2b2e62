import { formatMinor, minor } from '../../money.ts'
import { lineFilterSchema, lineTest, type LineFilter } from '../lines.ts'
import { amountOf, amountSchema, type ConditionKind } from '../rule.ts'

interface Parameters extends LineFilter {
  readonly at_least: string
}

export const kind: ConditionKind = {
  name: 'subtotal',
  about: 'The goods (or those named) cost at least so much, before any discount',
  parameters: {
    type: 'object',
    properties: { at_least: amountSchema, ...lineFilterSchema },
    required: ['at_least'],
    additionalProperties: false,
  },
  bind(parameters: Parameters, reading) {
    const atLeast = amountOf(parameters.at_least, 'at_least', reading)
    const fits = lineTest(parameters)
    return ({ lines, currency }) => {
      let sum = 0
      for (const line of lines) if (fits(line)) sum += line.subtotalMinor
      if (sum >= atLeast) return undefined
      const [found, wanted] = [formatMinor(minor(sum), currency), formatMinor(atLeast, currency)]
      return `the goods cost ${found}, less than ${wanted}`
    }
  },
}
