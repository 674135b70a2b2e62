import { multiply } from '../../ratio.ts'
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
import { percentOf, percentSchema, quantitySchema, type BenefitKind } from '../rule.ts'

interface Parameters {
  readonly buy: number
  readonly get: number
  readonly percent?: string
  readonly bought?: LineFilter
  readonly got?: LineFilter
  readonly times_max?: number
}

const filter = {
  type: 'object',
  properties: lineFilterSchema,
  required: [],
  additionalProperties: false,
}

export const kind: BenefitKind = {
  name: 'buy_x_get_y',
  about: 'For every so many pieces bought, so many others (the cheapest) cost less or nothing',
  parameters: {
    type: 'object',
    properties: {
      buy: quantitySchema,
      get: quantitySchema,
      percent: { ...percentSchema, description: 'What comes off the pieces got; default: 100' },
      bought: { ...filter, description: 'Pieces that count as bought; default: all' },
      got: { ...filter, description: 'Pieces that may be got; default: those that are bought' },
      times_max: { ...quantitySchema, description: 'How often it applies to one order' },
    },
    required: ['buy', 'get'],
    additionalProperties: false,
  },
  bind(parameters: Parameters) {
    const { buy, get, times_max: timesMax = Infinity } = parameters
    const rate = percentOf(parameters.percent ?? '100', 'percent')
    const isBought = lineTest(parameters.bought ?? {})
    const isGot = parameters.got ? lineTest(parameters.got) : isBought
    return {
      phase: 'goods',
      apply(basket) {
        const got = fittingLines(basket, isGot)
        if (got.length === 0) return noFittingLine
        let [only, both, free] = [0, 0, 0]
        for (const line of basket.lines) {
          if (isBought(line) && isGot(line)) both += line.quantity
          else if (isBought(line)) only += line.quantity
          else if (isGot(line)) free += line.quantity
        }
        const times = Math.min(timesMax, timesOf({ only, both, free }, { buy, get }))
        if (times === 0) return `${buy} bought and ${get} to get are not in the cart`
        const pieces = cheapestPieces(basket, got, times * get)
        const off = pieces.map((some) => multiply(leftOfPieces(basket, some), rate, 'half-up'))
        const indexes = pieces.map(({ index }) => index)
        return { linesMinor: scatter(basket, indexes, off) }
      },
    }
  },
}

interface Counts {
  /** Pieces that only count as bought, that count as either, that can only be got. */
  readonly only: number
  readonly both: number
  readonly free: number
}

/** How often so many can be bought and so many others be got, no piece being used twice. */
function timesOf({ only, both, free }: Counts, { buy, get }: { buy: number; get: number }): number {
  const fits = (times: number): boolean =>
    Math.max(0, times * buy - only) + Math.max(0, times * get - free) <= both
  let [low, high] = [0, Math.floor((only + both + free) / (buy + get))]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(middle)) low = middle
    else high = middle - 1
  }
  return low
}
