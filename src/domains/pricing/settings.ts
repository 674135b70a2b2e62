import type { Config } from '../../config/config.ts'
import type { Context } from '../../context.ts'
import { flatTax, type TaxZone } from '../../core/pricing/tax.ts'
import type { PriceList } from '../../core/pricing/price-lists.ts'
import type { Db } from '../../db/database.ts'
import { together } from '../../db/together.ts'
import { listGroups, type GroupRow } from '../group/groups.ts'
import { listActivePromotions, type ActivePromotion } from '../promotion/promotions.ts'
import { listStoredMethods, type StoredMethod } from '../shipping/shipping.ts'
import { listTaxZones } from '../tax/tax.ts'
import { listListRows } from './list-queries.ts'
import { readVersion } from './version-queries.ts'

/** Everything by which carts are priced that is not about one cart. */
export interface PricingSettings {
  readonly version: number
  readonly lists: readonly PriceList[]
  readonly taxZones: readonly TaxZone[]
  /** The tax wherever no zone is. */
  readonly defaultTax: TaxZone
  readonly methods: readonly StoredMethod[]
  readonly promotions: readonly ActivePromotion[]
  readonly groups: readonly GroupRow[]
  /** Variants that some promotion may give away. */
  readonly giftVariants: readonly string[]
  readonly asks: { readonly categories: boolean; readonly orderCount: boolean }
}

/** By the configuration, of which every process of a shop has one. */
const known = new WeakMap<Config, PricingSettings>()

/**
 * The settings of `version` or a later one. They are kept in memory, so that pricing a cart costs
 * no statement for them: the version stands beside each cart, and when it has moved they are
 * loaded anew. However many promotions there are, they are one statement of that.
 */
export async function pricingSettings(
  ctx: Context,
  db: Db,
  version: number,
): Promise<PricingSettings> {
  const kept = known.get(ctx.config)
  if (kept && kept.version >= version) return kept
  const loaded = await loadSettings(ctx, db, version)
  known.set(ctx.config, loaded)
  return loaded
}

/** The same for whoever has no cart at hand. */
export async function currentSettings(ctx: Context, db: Db): Promise<PricingSettings> {
  return pricingSettings(ctx, db, await readVersion(db))
}

/** The version is read before what belongs to it, which can thus only be newer than it says. */
async function loadSettings(ctx: Context, db: Db, version: number): Promise<PricingSettings> {
  const [rows, taxZones, methods, promotions, groups] = await together(db, [
    () => listListRows(db, {}),
    () => listTaxZones(db),
    () => listStoredMethods(ctx, db),
    () => listActivePromotions(ctx, db),
    () => listGroups(db),
  ])
  const lists = rows
    .filter(({ is_active }) => is_active === 1)
    .map((row) => ({
      id: row.id,
      name: row.name,
      currency: row.currency,
      priority: row.priority,
      groupId: row.group_id ?? undefined,
      from: row.starts_at ?? undefined,
      until: row.ends_at ?? undefined,
    }))
  return {
    version,
    lists,
    taxZones,
    defaultTax: defaultTax(ctx),
    methods: methods.filter(({ isActive }) => isActive),
    promotions,
    groups,
    giftVariants: [...new Set(promotions.flatMap(({ giftVariants }) => giftVariants))],
    asks: {
      categories: promotions.some(({ asks }) => asks.categories),
      orderCount: promotions.some(({ asks }) => asks.orderCount),
    },
  }
}

/** The tax of the environment, with which a new shop begins. */
export function defaultTax({ config }: Context): TaxZone {
  const { rate, inclusive, shippingTaxed } = config.tax
  return flatTax({ rate, isInclusive: inclusive, isShippingTaxed: shippingTaxed })
}
