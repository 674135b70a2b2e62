import type { Context } from '../../context.ts'
import { formatMinor, type Minor } from '../../core/money.ts'
import type { Product } from './catalog.ts'
import type { ListRow } from './listing-queries.ts'
import type { CategoryRow, VariantRow } from './queries.ts'

export const lowStockMax = 5

export type StockStatusName = 'in_stock' | 'low_stock' | 'out_of_stock'

export function stockStatus(available: number): StockStatusName {
  if (available <= 0) return 'out_of_stock'
  return available <= lowStockMax ? 'low_stock' : 'in_stock'
}

export const moneyView = (amount: Minor, currency: string) => ({
  amount: formatMinor(amount, currency),
  currency,
})

export const timeView = (atMs: number): string => new Date(atMs).toISOString()

interface Pictured {
  readonly images: string
  readonly name: string
}

/** The pictures of a product: its own, or the one drawn for it. */
export function imagesOf(
  ctx: Context,
  row: Pictured,
  { number, version }: { number: number; version: number },
): { url: string; alt: string }[] {
  // Most products have none; a string comparison is cheaper than parsing.
  if (row.images !== '[]') return JSON.parse(row.images) as { url: string; alt: string }[]
  const url = `${ctx.config.server.publicUrl}/images/products/${number}.svg?v=${version}`
  return [{ url, alt: row.name }]
}

export const imageOf = (...[ctx, row, at]: Parameters<typeof imagesOf>): string =>
  imagesOf(ctx, row, at)[0]?.url ?? ''

interface Named {
  readonly brand_slug: string | null
  readonly brand_name: string | null
  readonly category_number: number | null
  readonly category_slug: string | null
  readonly category_name: string | null
}

function refsOf(row: Named) {
  const { brand_slug, brand_name, category_number, category_slug, category_name } = row
  return {
    brand: brand_slug === null ? null : { slug: brand_slug, name: brand_name ?? '' },
    category:
      category_number === null
        ? null
        : { number: category_number, slug: category_slug ?? '', name: category_name ?? '' },
  }
}

export function productSummary(ctx: Context, row: ListRow) {
  return {
    id: row.id,
    number: row.number,
    slug: row.slug,
    name: row.name,
    price: moneyView(row.price_minor, row.currency),
    price_max: moneyView(row.price_max_minor, row.currency),
    ...refsOf(row),
    image: imageOf(ctx, row, row),
    tags: JSON.parse(row.tags) as string[],
    stock_status: stockStatus(row.available),
    available: row.available,
    variant_count: row.variant_count,
    links: { self: `/api/v1/products/${row.number}` },
  }
}

export function variantView(row: VariantRow, currency: string) {
  return {
    id: row.id,
    sku: row.sku,
    options: JSON.parse(row.options) as Record<string, string>,
    price: moneyView(row.price_minor, currency),
    gtin: row.gtin,
    weight_grams: row.weight_grams,
    available: row.available,
    stock_status: stockStatus(row.available),
    ...backOrderView(row),
  }
}

interface Backorderable {
  readonly backorder_room: number
  readonly promised_at: number | null
}

/** What may be ordered before it is there; nothing where that is not offered. */
function backOrderView({ backorder_room: available, promised_at }: Backorderable) {
  if (available <= 0) return {}
  return { back_order: { available, promised_at: timeOrNullView(promised_at) } }
}

export const timeOrNullView = (atMs: number | null): string | null =>
  atMs === null ? null : timeView(atMs)

export const availableOf = ({ variants }: Product): number =>
  variants.reduce((sum, variant) => sum + variant.available, 0)

export function productDetail(ctx: Context, found: Product) {
  const { product } = found
  const available = availableOf(found)
  return {
    id: product.id,
    number: product.number,
    slug: product.slug,
    name: product.name,
    description: product.description,
    status: product.status,
    price: moneyView(product.price_minor, product.currency),
    price_max: moneyView(product.price_max_minor, product.currency),
    ...refsOf(product),
    images: imagesOf(ctx, product, product),
    tags: JSON.parse(product.tags) as string[],
    options: JSON.parse(product.options) as { name: string; values: string[] }[],
    attributes: JSON.parse(product.attributes) as { name: string; value: string }[],
    variants: found.variants.map((variant) => variantView(variant, product.currency)),
    stock_status: stockStatus(available),
    available,
    version: product.version,
    created_at: timeView(product.created_at),
    updated_at: timeView(product.updated_at),
  }
}

export function categoryView(row: CategoryRow) {
  const { id, number, slug, name, description, parent_id, version } = row
  const { product_count, total_product_count } = row
  return {
    id,
    number,
    slug,
    name,
    description,
    parent_id,
    product_count,
    total_product_count,
    version,
  }
}

export interface CategoryNode extends ReturnType<typeof categoryView> {
  readonly children: CategoryNode[]
}

/** The flat list as a tree; siblings keep their order. */
export function categoryTree(rows: readonly CategoryRow[]): CategoryNode[] {
  const nodes = new Map<string, CategoryNode>(
    rows.map((row) => [row.id, { ...categoryView(row), children: [] }]),
  )
  const roots: CategoryNode[] = []
  for (const node of nodes.values()) {
    const siblings = nodes.get(node.parent_id ?? '')?.children ?? roots
    siblings.push(node)
  }
  return roots
}
