import type { Context } from '../../context.ts'
import type { App } from '../../http/app.ts'
import { registerCartRoutes } from './cart-routes.ts'
import { registerCheckoutRoutes } from './checkout-routes.ts'
import { registerOrderRoutes } from './order-routes.ts'
import { registerProductRoutes } from './product-routes.ts'
import { registerUserRoutes } from './user-routes.ts'

/**
 * The shop door, /api/*: short integer ids and plain numbers over the same use-cases as /api/v1.
 * A session is named by path, `Session-ID` header or cookie, in this order.
 */
export function registerShopDoor(app: App, ctx: Context): void {
  // A serializer made from a schema would turn the exact digits of an amount into a float.
  app.setSerializerCompiler(() => JSON.stringify)
  registerProductRoutes(app, ctx)
  registerCartRoutes(app, ctx)
  registerCheckoutRoutes(app, ctx)
  registerOrderRoutes(app, ctx)
  registerUserRoutes(app, ctx)
}
