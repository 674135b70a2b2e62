import type { Context } from '../../context.ts'
import type { ListRow, Product } from '../../domains/catalog/catalog.ts'
import type { CategoryRow, VariantRow } from '../../domains/catalog/queries.ts'
import {
  availableOf,
  imageOf,
  imagesOf,
  stockStatus,
  timeView,
} from '../../domains/catalog/views.ts'
import { exact } from '../exact.ts'

type ProductFacts = Omit<ListRow, 'available' | 'variant_count' | 'key0' | 'key1'>

function factsOf(ctx: Context, row: ProductFacts) {
  const { brand_slug, brand_name, category_number, category_slug, category_name } = row
  return {
    id: row.number,
    uuid: row.id,
    slug: row.slug,
    name: row.name,
    description: row.description,
    price: exact(row.price_minor, row.currency),
    price_max: exact(row.price_max_minor, row.currency),
    currency: row.currency,
    image_url: imageOf(ctx, row, row),
    category_id: category_number,
    category:
      category_number === null
        ? null
        : { id: category_number, slug: category_slug ?? '', name: category_name ?? '' },
    brand: brand_slug === null ? null : { slug: brand_slug, name: brand_name ?? '' },
    tags: JSON.parse(row.tags) as string[],
    created_at: timeView(row.created_at),
    updated_at: timeView(row.updated_at),
  }
}

function stockFacts(available: number) {
  return {
    stock_quantity: available,
    stock_status: stockStatus(available),
    in_stock: available > 0,
  }
}

/** Lists hold nothing but products that are for sale. */
export function shopProductSummary(ctx: Context, row: ListRow) {
  return {
    ...factsOf(ctx, row),
    ...stockFacts(row.available),
    is_active: true,
    variant_count: row.variant_count,
  }
}

export function shopProduct(ctx: Context, found: Product) {
  const { product, variants } = found
  return {
    ...factsOf(ctx, product),
    ...stockFacts(availableOf(found)),
    is_active: product.status === 'active',
    variant_count: variants.length,
    images: imagesOf(ctx, product, product),
    specifications: JSON.parse(product.attributes) as { name: string; value: string }[],
    options: JSON.parse(product.options) as { name: string; values: string[] }[],
    variants: variants.map((variant) => variantFacts(variant, product.currency)),
    version: product.version,
  }
}

function variantFacts(row: VariantRow, currency: string) {
  return {
    id: row.id,
    sku: row.sku,
    options: JSON.parse(row.options) as Record<string, string>,
    price: exact(row.price_minor, currency),
    ...stockFacts(row.available),
  }
}

/** The tree as a flat list; `parent_id` tells where each belongs. */
export function shopCategories(rows: readonly CategoryRow[]) {
  const numbers = new Map(rows.map(({ id, number }) => [id, number]))
  return rows.map((row) => ({
    id: row.number,
    uuid: row.id,
    slug: row.slug,
    name: row.name,
    description: row.description,
    parent_id: numbers.get(row.parent_id ?? '') ?? null,
    product_count: row.product_count,
    total_product_count: row.total_product_count,
  }))
}
