import { minor, sumMinor } from '../../money.ts'
import { multiply } from '../../ratio.ts'
import {
  fittingLines,
  lineFilterSchema,
  lineTest,
  noFittingLine,
  scatter,
  spread,
  type LineFilter,
} from '../lines.ts'
import { percentOf, percentSchema, type BenefitKind } from '../rule.ts'

interface Parameters extends LineFilter {
  readonly percent: string
  readonly target?: 'order' | 'lines' | 'shipping'
}

export const kind: BenefitKind = {
  name: 'percentage',
  about: 'A percentage off the order (rounded once), off each line, or off shipping',
  parameters: {
    type: 'object',
    properties: {
      percent: percentSchema,
      target: { type: 'string', enum: ['order', 'lines', 'shipping'] },
      ...lineFilterSchema,
    },
    required: ['percent'],
    additionalProperties: false,
  },
  bind(parameters: Parameters) {
    const { target = 'order' } = parameters
    const rate = percentOf(parameters.percent, 'percent')
    const fits = lineTest(parameters)
    if (target === 'shipping') {
      const apply = ({ shippingLeftMinor }: { shippingLeftMinor: number | undefined }) => ({
        shippingMinor: multiply(minor(shippingLeftMinor ?? 0), rate, 'half-up'),
      })
      return { phase: 'shipping', apply }
    }
    return {
      phase: 'goods',
      apply(basket) {
        const indexes = fittingLines(basket, fits)
        if (indexes.length === 0) return noFittingLine
        const left = indexes.map((index) => basket.leftMinor[index]!)
        if (target === 'order') {
          return spread(basket, indexes, multiply(sumMinor(left), rate, 'half-up'))
        }
        const off = left.map((amount) => multiply(amount, rate, 'half-up'))
        return { linesMinor: scatter(basket, indexes, off) }
      },
    }
  },
}
