import type { Context } from '../../context.ts'
import type { App } from '../../http/app.ts'
import { envelope, success } from '../../http/envelope.ts'
import { UuidParams } from '../../http/schema.ts'
import { PricingView } from '../pricing/routes.ts'
import { explainCart } from './explain.ts'

export function registerCartExplainRoutes(app: App, ctx: Context): void {
  app.get(
    '/admin/carts/:id/pricing',
    {
      schema: {
        tags: ['Administration'],
        summary: 'How a cart is priced now: lists, taxes, shipping and every rule that was tried',
        params: UuidParams,
        response: { 200: envelope(PricingView) },
      },
      config: { allow: 'pricing:write', errors: ['NOT_FOUND', 'AMOUNT_TOO_LARGE'] },
    },
    async ({ params }) =>
      success(await explainCart(ctx, params.id.toLowerCase()), 'Pricing explained'),
  )
}
