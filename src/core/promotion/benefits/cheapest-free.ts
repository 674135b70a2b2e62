import {
  cheapestPieces,
  fittingLines,
  leftOfPieces,
  lineFilterSchema,
  lineTest,
  noFittingLine,
  scatter,
  type LineFilter,
} from '../lines.ts'
import { quantitySchema, type BenefitKind } from '../rule.ts'

interface Parameters extends LineFilter {
  readonly of: number
  readonly free?: number
  readonly times_max?: number
}

export const kind: BenefitKind = {
  name: 'cheapest_free',
  about: 'Of every so many pieces the cheapest cost nothing: 3 for 2 is of 3, free 1',
  parameters: {
    type: 'object',
    properties: {
      of: { ...quantitySchema, minimum: 2 },
      free: { ...quantitySchema, description: 'How many of them are free; default: 1' },
      times_max: { ...quantitySchema, description: 'How often it applies to one order' },
      ...lineFilterSchema,
    },
    required: ['of'],
    additionalProperties: false,
  },
  bind(parameters: Parameters) {
    const { of, free = 1, times_max: timesMax = Infinity } = parameters
    const fits = lineTest(parameters)
    return {
      phase: 'goods',
      apply(basket) {
        const indexes = fittingLines(basket, fits)
        if (indexes.length === 0) return noFittingLine
        const count = indexes.reduce((sum, index) => sum + basket.lines[index]!.quantity, 0)
        const times = Math.min(timesMax, Math.floor(count / of))
        if (times === 0) return `there are ${count} pieces, fewer than ${of}`
        const pieces = cheapestPieces(basket, indexes, times * Math.min(free, of))
        const off = pieces.map((some) => leftOfPieces(basket, some))
        return {
          linesMinor: scatter(
            basket,
            pieces.map(({ index }) => index),
            off,
          ),
        }
      },
    }
  },
}
