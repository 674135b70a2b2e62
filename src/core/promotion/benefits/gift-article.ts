import { uuidSchema } from '../lines.ts'
import { quantitySchema, type BenefitKind } from '../rule.ts'

interface Parameters {
  readonly variant: string
  readonly quantity?: number
}

export const kind: BenefitKind = {
  name: 'gift_article',
  about: 'An article is put into the parcel for nothing, while there is stock of it',
  parameters: {
    type: 'object',
    properties: {
      variant: { ...uuidSchema, description: 'The variant that is given' },
      quantity: { ...quantitySchema, description: 'Default: 1' },
    },
    required: ['variant'],
    additionalProperties: false,
  },
  bind({ variant, quantity = 1 }: Parameters) {
    const variantId = variant.toLowerCase()
    return {
      phase: 'goods',
      giftVariants: [variantId],
      apply({ giftStock, lines }) {
        if (lines.length === 0) return 'the cart is empty'
        if ((giftStock.get(variantId) ?? 0) < quantity) return 'the gift is out of stock'
        return { gifts: [{ variantId, quantity }] }
      },
    }
  },
}
