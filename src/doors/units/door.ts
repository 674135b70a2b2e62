import type { Context } from '../../context.ts'
import type { App } from '../../http/app.ts'
import { sendMessage } from './errors.ts'
import { registerUserRoutes } from './user-routes.ts'

/**
 * The units door at the root of the shop: bare bodies, refusals as `{"message": …}`, and access
 * tokens for an hour. Where it departs from its contract, docs/contracts.md says why.
 */
export function registerUnitsDoor(app: App, ctx: Context): void {
  app.setErrorHandler((error, request, reply) => sendMessage(ctx, { request, reply, error }))
  registerUserRoutes(app, ctx)
}
