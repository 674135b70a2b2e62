import type { Context } from './context.ts'
import { registerAccessAdminRoutes } from './domains/access/admin-routes.ts'
import { registerKeySet, registerSessionRoutes } from './domains/access/routes.ts'
import { registerAuditRoutes } from './domains/audit/routes.ts'
import { registerCartRoutes } from './domains/cart/routes.ts'
import { registerCartExplainRoutes } from './domains/cart/explain-routes.ts'
import { registerCartTermRoutes } from './domains/cart/term-routes.ts'
import { registerCatalogAdminRoutes } from './domains/catalog/admin-routes.ts'
import { registerCatalogRoutes, registerPictureRoute } from './domains/catalog/routes.ts'
import { registerCheckoutRoutes } from './domains/checkout/routes.ts'
import { registerCustomerAdminRoutes } from './domains/customer/admin-routes.ts'
import { registerAddressRoutes } from './domains/customer/address-routes.ts'
import { registerLinkRoutes } from './domains/customer/link-routes.ts'
import { registerLinkPages } from './domains/customer/page-routes.ts'
import { registerSecondFactorRoutes } from './domains/customer/factor-routes.ts'
import { registerIdentityRoutes } from './domains/customer/identity-routes.ts'
import { registerPasskeyRoutes } from './domains/customer/passkey-routes.ts'
import { registerCreditRoutes } from './domains/credit/routes.ts'
import { registerCustomerRoutes } from './domains/customer/routes.ts'
import { registerDocumentRoutes } from './domains/document/routes.ts'
import { registerDraftRoutes } from './domains/draft/routes.ts'
import { registerGroupRoutes } from './domains/group/routes.ts'
import { registerInventoryRoutes } from './domains/inventory/routes.ts'
import { registerOrderBulkRoutes } from './domains/order/bulk-routes.ts'
import { registerReturnListRoutes } from './domains/order/return-list-routes.ts'
import { registerOrderNoteRoutes } from './domains/order/note-routes.ts'
import { registerOrderStaffRoutes } from './domains/order/staff-routes.ts'
import { registerPaymentStaffRoutes } from './domains/payment/staff-routes.ts'
import { registerStockStaffRoutes } from './domains/inventory/staff-routes.ts'
import { registerOrderChangeRoutes } from './domains/order/change-routes.ts'
import { registerFulfilmentRoutes } from './domains/order/fulfilment-routes.ts'
import { registerOrderLifeRoutes } from './domains/order/life-routes.ts'
import { registerOrderRoutes } from './domains/order/routes.ts'
import { registerPaymentAdminRoutes } from './domains/payment/admin-routes.ts'
import { registerPaymentEventRoutes } from './domains/payment/event-routes.ts'
import { registerPaymentRoutes } from './domains/payment/routes.ts'
import { registerPrivacyRoutes } from './domains/privacy/routes.ts'
import { registerPriceListRoutes } from './domains/pricing/list-routes.ts'
import { registerPricingRoutes } from './domains/pricing/routes.ts'
import { registerCouponRoutes } from './domains/promotion/coupon-routes.ts'
import { registerPromotionRoutes } from './domains/promotion/routes.ts'
import { registerShippingRoutes } from './domains/shipping/routes.ts'
import { registerTaxRoutes } from './domains/tax/routes.ts'
import { registerUnitRoutes } from './domains/unit/routes.ts'
import { registerShopDoor } from './doors/shop/door.ts'
import { registerUnitsDoor } from './doors/units/door.ts'
import type { App } from './http/app.ts'
import { registerDocs } from './http/docs.ts'
import { registerHealthRoutes } from './http/health.ts'
import { registerOpenApi, registerOpenApiDocument } from './http/openapi.ts'
import { createServer } from './http/server.ts'
import { registerMailPreview } from './mail/routes.ts'

export interface BuiltApp {
  readonly app: App
  /** Set `stopping` to make the server say that it is not ready any more. */
  readonly health: { stopping: boolean }
}

/** The whole HTTP surface, as a list to read from top to bottom. */
export async function buildApp(ctx: Context): Promise<BuiltApp> {
  const app = await createServer(ctx)
  await registerOpenApi(app, ctx)
  const health = registerHealthRoutes(app, ctx)
  registerOpenApiDocument(app)
  registerDocs(app, ctx)
  registerPictureRoute(app, ctx)
  registerKeySet(app, ctx)
  registerMailPreview(app, ctx)
  await app.register(
    async (v1: App) => {
      registerCatalogRoutes(v1, ctx)
      registerCartRoutes(v1, ctx)
      registerCartTermRoutes(v1, ctx)
      registerCheckoutRoutes(v1, ctx)
      registerOrderRoutes(v1, ctx)
      registerOrderStaffRoutes(v1, ctx)
      registerOrderNoteRoutes(v1, ctx)
      registerOrderBulkRoutes(v1, ctx)
      registerReturnListRoutes(v1, ctx)
      registerPaymentStaffRoutes(v1, ctx)
      registerStockStaffRoutes(v1, ctx)
      registerOrderLifeRoutes(v1, ctx)
      registerOrderChangeRoutes(v1, ctx)
      registerFulfilmentRoutes(v1, ctx)
      registerPaymentRoutes(v1, ctx)
      await registerPaymentEventRoutes(v1, ctx)
      registerCustomerRoutes(v1, ctx)
      registerLinkRoutes(v1, ctx)
      registerPrivacyRoutes(v1, ctx)
      registerSessionRoutes(v1, ctx)
      registerAddressRoutes(v1, ctx)
      registerSecondFactorRoutes(v1, ctx)
      registerPasskeyRoutes(v1, ctx)
      registerIdentityRoutes(v1, ctx)
      registerCatalogAdminRoutes(v1, ctx)
      registerInventoryRoutes(v1, ctx)
      registerUnitRoutes(v1, ctx)
      registerPaymentAdminRoutes(v1, ctx)
      registerCustomerAdminRoutes(v1, ctx)
      registerAccessAdminRoutes(v1, ctx)
      registerAuditRoutes(v1, ctx)
      registerGroupRoutes(v1, ctx)
      registerTaxRoutes(v1, ctx)
      registerShippingRoutes(v1, ctx)
      registerPriceListRoutes(v1, ctx)
      registerPricingRoutes(v1, ctx)
      registerCartExplainRoutes(v1, ctx)
      registerPromotionRoutes(v1, ctx)
      registerCouponRoutes(v1, ctx)
      registerCreditRoutes(v1, ctx)
      registerDocumentRoutes(v1, ctx)
      registerDraftRoutes(v1, ctx)
    },
    { prefix: '/api/v1' },
  )
  await app.register((shop: App) => registerShopDoor(shop, ctx), { prefix: '/api' })
  await app.register((units: App) => registerUnitsDoor(units, ctx))
  await app.register((pages: App) => registerLinkPages(pages, ctx))
  await app.ready()
  return { app, health }
}
