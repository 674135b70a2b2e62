import type { BenefitKind } from '../rule.ts'

export const kind: BenefitKind = {
  name: 'free_shipping',
  about: 'Shipping costs nothing',
  parameters: { type: 'object', properties: {}, required: [], additionalProperties: false },
  bind() {
    return {
      phase: 'shipping',
      apply: ({ shippingLeftMinor }) => ({ shippingMinor: shippingLeftMinor ?? 0 }),
    }
  },
}
