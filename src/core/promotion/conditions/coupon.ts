import type { ConditionKind } from '../rule.ts'

export const kind: ConditionKind = {
  name: 'coupon',
  about: 'The shopper has entered a code of this promotion; without it, it applies by itself',
  parameters: { type: 'object', properties: {}, required: [], additionalProperties: false },
  bind() {
    return ({ codes, promotionId }) => {
      const own = codes.filter((entered) => entered.promotionId === promotionId)
      if (own.some(({ problem }) => problem === undefined)) return undefined
      return own[0]?.problem ?? 'none of its codes has been entered'
    }
  },
}
