import type { Context } from '../context.ts'
import { minor } from '../core/money.ts'
import type { Tx } from '../db/database.ts'
import { findSetting, insertSetting } from '../db/settings.ts'
import { insertOneCategory } from '../domains/catalog/categories.ts'
import { insertProducts, type NewProduct } from '../domains/catalog/writes.ts'
import { register } from '../domains/customer/customers.ts'
import { readDemoCatalogue, type DemoProduct } from './catalogue.ts'

/** The account a newcomer tries things with; it exists in demo shops only. */
export const demoCustomer = {
  email: 'demo@example.com',
  username: 'demo',
  firstName: 'Demo',
  lastName: 'Shopper',
  password: 'Trolley-Wheel5',
} as const

const settingName = 'demo_data'
const chunkSize = 500

/** Whether this shop holds the demo data; undefined if that has not been decided yet. */
export async function hasDemoData(ctx: Context): Promise<boolean | undefined> {
  const decision = await findSetting(ctx.db.read, settingName)
  return decision === undefined ? undefined : decision === 'loaded'
}

/**
 * Loads the demo catalogue into a new shop, once. All of it is one transaction: a start that is
 * interrupted leaves nothing behind and the next one begins again. Returns whether it loaded.
 */
export async function loadDemoData(ctx: Context): Promise<boolean> {
  const loaded = await ctx.db.transaction(async (tx) => {
    // Whatever was decided at the first start stays: a shop begun empty never becomes a demo.
    if (!(await insertSetting(tx, settingName, 'loaded'))) return false
    await loadCatalogue(ctx, tx)
    return true
  })
  if (loaded) await register(ctx, demoCustomer)
  return loaded
}

/** Notes that this shop began without demo data. */
export async function declineDemoData(ctx: Context): Promise<void> {
  await ctx.db.transaction((tx) => insertSetting(tx, settingName, 'declined'))
}

async function loadCatalogue(ctx: Context, tx: Tx): Promise<void> {
  const categories = new Map<string, string>()
  const brands = new Map<string, string>()
  let chunk: NewProduct[] = []
  for (const record of readDemoCatalogue()) {
    if (record.kind === 'category') {
      const { slug, name, description, position, parent } = record
      const parentId = parent === null ? null : (categories.get(parent) ?? null)
      const category = { slug, name, description, position, parentId }
      categories.set(slug, await insertOneCategory(ctx, tx, category))
    } else if (record.kind === 'brand') {
      brands.set(record.slug, record.name)
    } else {
      chunk.push(productOf(record, { categories, brands }))
      if (chunk.length === chunkSize) {
        await insertProducts(ctx, tx, chunk)
        chunk = []
      }
    }
  }
  await insertProducts(ctx, tx, chunk)
}

type Names = ReadonlyMap<string, string>

function productOf(
  record: DemoProduct,
  { categories, brands }: { categories: Names; brands: Names },
): NewProduct {
  const { slug, name, description, tags, attributes, options } = record
  return {
    slug,
    name,
    description,
    tags,
    attributes,
    options,
    brand: record.brand === null ? null : (brands.get(record.brand) ?? null),
    categoryId: categories.get(record.category) ?? null,
    variants: record.variants.map((variant) => ({
      sku: variant.sku,
      options: variant.options,
      priceMinor: minor(variant.price_minor),
      onHand: variant.on_hand,
      gtin: variant.gtin,
      weightGrams: variant.weight_grams,
    })),
  }
}
