import {
  fittingLines,
  lineFilterSchema,
  lineTest,
  noFittingLine,
  scatter,
  spread,
  type LineFilter,
} from '../lines.ts'
import { amountOf, amountSchema, type BenefitKind } from '../rule.ts'

interface Parameters extends LineFilter {
  readonly amount: string
  readonly target?: 'order' | 'lines' | 'shipping'
}

export const kind: BenefitKind = {
  name: 'fixed',
  about: 'A fixed amount off the order, off each piece, or off shipping; never more than it costs',
  parameters: {
    type: 'object',
    properties: {
      amount: amountSchema,
      target: { type: 'string', enum: ['order', 'lines', 'shipping'] },
      ...lineFilterSchema,
    },
    required: ['amount'],
    additionalProperties: false,
  },
  bind(parameters: Parameters, reading) {
    const { target = 'order' } = parameters
    const amount = amountOf(parameters.amount, 'amount', reading)
    const fits = lineTest(parameters)
    if (target === 'shipping') {
      const apply = ({ shippingLeftMinor }: { shippingLeftMinor: number | undefined }) => ({
        shippingMinor: Math.min(amount, shippingLeftMinor ?? 0),
      })
      return { phase: 'shipping', apply }
    }
    return {
      phase: 'goods',
      apply(basket) {
        const indexes = fittingLines(basket, fits)
        if (indexes.length === 0) return noFittingLine
        if (target === 'order') return spread(basket, indexes, amount)
        const off = indexes.map((index) => {
          const { unitPriceMinor, quantity } = basket.lines[index]!
          return Math.min(basket.leftMinor[index]!, Math.min(amount, unitPriceMinor) * quantity)
        })
        return { linesMinor: scatter(basket, indexes, off) }
      },
    }
  },
}
