import type { Generated } from 'kysely'
import type { Minor } from '../../core/money.ts'

export type ProductStatus = 'draft' | 'active' | 'archived'
/** Digital goods are not sent; a gift card is money. */
export type ProductKind = 'physical' | 'digital' | 'gift_card'

export interface CategoryTable {
  number: Generated<number>
  id: string
  parent_id: string | null
  slug: string
  name: string
  description: string
  position: number
  product_count: Generated<number>
  total_product_count: Generated<number>
  version: Generated<number>
  created_at: number
  updated_at: number
}

export interface BrandTable {
  id: string
  slug: string
  name: string
  created_at: number
}

export interface ProductTable {
  number: Generated<number>
  id: string
  slug: string
  name: string
  description: string
  status: ProductStatus
  brand_id: string | null
  category_id: string | null
  price_minor: Minor
  price_max_minor: Minor
  currency: string
  /** JSON: string[] */
  tags: string
  /** JSON: { name, values[] }[] */
  options: string
  /** JSON: { name, value }[] */
  attributes: string
  /** JSON: { url, alt }[] */
  images: string
  tax_class: Generated<string>
  kind: Generated<ProductKind>
  /** One of its variants is a bundle, so that its stock is that of others. */
  has_bundle: Generated<0 | 1>
  version: Generated<number>
  created_at: number
  updated_at: number
}

export interface VariantTable {
  id: string
  product_id: string
  sku: string
  /** JSON: { [option]: value } */
  options: string
  price_minor: Minor
  /** What the price is said to be reduced from. */
  compare_at_minor: Generated<Minor | null>
  position: number
  gtin: string | null
  weight_grams: number | null
  /** Whether its stock is counted, counted by lot, or that of its parts. */
  supply: Generated<'stock' | 'lots' | 'bundle'>
  may_backorder: Generated<0 | 1>
  /** Staff are told when less than this, or just this, is left. */
  low_stock_threshold: Generated<number | null>
  created_at: number
  updated_at: number
}

export interface ProductCategoryTable {
  category_number: number
  product_number: number
  price_minor: Minor
}

export interface ProductAttributeTable {
  attribute: string
  value: string
  product_number: number
}

export interface CatalogTables {
  categories: CategoryTable
  brands: BrandTable
  products: ProductTable
  variants: VariantTable
  product_categories: ProductCategoryTable
  product_attributes: ProductAttributeTable
}
