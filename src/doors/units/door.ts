import type { Context } from '../../context.ts'
import type { App } from '../../http/app.ts'
import { endOfAccount } from '../../http/auth.ts'
import { sendMessage } from './errors.ts'
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
}
