import type { Context } from '../../context.ts'
import type { App } from '../../http/app.ts'
import { endOfAccount } from '../../http/auth.ts'
import { registerCartRoutes } from './cart-routes.ts'
import { registerDescriptionRoutes } from './description-routes.ts'
import { sendMessage } from './errors.ts'
import { registerOrderRoutes } from './order-routes.ts'
import { registerUserRoutes } from './user-routes.ts'

/**
 * The units door at the root of the shop: bare bodies, refusals as `{"message": …}`, and access
 * tokens for an hour. Where it departs from its contract, docs/contracts.md says why.
 */
export function registerUnitsDoor(app: App, ctx: Context): void {
  app.setErrorHandler(async (given, request, reply) => {
    const error = await endOfAccount(ctx, request, given)
    return sendMessage(ctx, { request, reply, error })
  })
  registerUserRoutes(app, ctx)
  registerDescriptionRoutes(app, ctx)
  registerCartRoutes(app, ctx)
  registerOrderRoutes(app, ctx)
}
