import type { AccessTables } from '../domains/access/tables.ts'
import type { AuditTables } from '../domains/audit/tables.ts'
import type { CartTables } from '../domains/cart/tables.ts'
import type { CatalogTables } from '../domains/catalog/tables.ts'
import type { CreditTables } from '../domains/credit/tables.ts'
import type { FactorTables } from '../domains/customer/factor-tables.ts'
import type { CustomerTables } from '../domains/customer/tables.ts'
import type { DocumentTables } from '../domains/document/tables.ts'
import type { DraftTables } from '../domains/draft/tables.ts'
import type { GroupTables } from '../domains/group/tables.ts'
import type { InventoryTables } from '../domains/inventory/tables.ts'
import type { OrderTables } from '../domains/order/tables.ts'
import type { PaymentTables } from '../domains/payment/tables.ts'
import type { PricingTables } from '../domains/pricing/tables.ts'
import type { PromotionTables } from '../domains/promotion/tables.ts'
import type { ShippingTables } from '../domains/shipping/tables.ts'
import type { TaxTables } from '../domains/tax/tables.ts'
import type { UnitTables } from '../domains/unit/tables.ts'
import type { DeliveryTables } from './deliveries.ts'
import type { IdempotencyTables } from './idempotency.ts'
import type { OutboxTables } from './outbox.ts'
import type { SettingsTables } from './settings.ts'

/** Every table, declared by the domain that owns it. */
export interface Tables
  extends
    SettingsTables,
    CatalogTables,
    InventoryTables,
    CustomerTables,
    FactorTables,
    AccessTables,
    AuditTables,
    CartTables,
    OrderTables,
    PaymentTables,
    ShippingTables,
    GroupTables,
    PricingTables,
    TaxTables,
    PromotionTables,
    CreditTables,
    DocumentTables,
    DraftTables,
    UnitTables,
    IdempotencyTables,
    OutboxTables,
    DeliveryTables {}
