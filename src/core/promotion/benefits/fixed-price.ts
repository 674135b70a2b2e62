import { fittingLines, lineFilterSchema, lineTest, noFittingLine, scatter } from '../lines.ts'
import type { LineFilter } from '../lines.ts'
import { amountOf, amountSchema, type BenefitKind } from '../rule.ts'

interface Parameters extends LineFilter {
  readonly price: string
}

export const kind: BenefitKind = {
  name: 'fixed_price',
  about: 'Each piece costs this much, where it would cost more',
  parameters: {
    type: 'object',
    properties: { price: amountSchema, ...lineFilterSchema },
    required: ['price'],
    additionalProperties: false,
  },
  bind(parameters: Parameters, reading) {
    const price = amountOf(parameters.price, 'price', reading)
    const fits = lineTest(parameters)
    return {
      phase: 'goods',
      apply(basket) {
        const indexes = fittingLines(basket, fits)
        if (indexes.length === 0) return noFittingLine
        const off = indexes.map((index) => {
          const target = price * basket.lines[index]!.quantity
          return Math.max(0, basket.leftMinor[index]! - target)
        })
        return { linesMinor: scatter(basket, indexes, off) }
      },
    }
  },
}
