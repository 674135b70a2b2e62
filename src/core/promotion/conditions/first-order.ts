import type { ConditionKind } from '../rule.ts'

export const kind: ConditionKind = {
  name: 'first_order',
  about: 'The customer is signed in and has not ordered before (cancelled orders do not count)',
  parameters: { type: 'object', properties: {}, required: [], additionalProperties: false },
  bind() {
    return ({ buyer }) => {
      if (buyer.customerId === undefined) return 'only a signed-in customer has a first order'
      return buyer.orderCount === 0 ? undefined : 'the customer has ordered before'
    }
  },
}
