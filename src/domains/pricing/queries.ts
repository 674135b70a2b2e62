import { sql } from 'kysely'
import type { Minor } from '../../core/money.ts'
import type { Db } from '../../db/database.ts'
import { preparedQuery } from '../../db/prepared.ts'
import { availableOfVariant, isPlainArticle } from '../../db/stock.ts'
import type { ProductKind, ProductStatus } from '../catalog/tables.ts'

/** What is looked up about one article that may be in a basket. */
export interface ArticleRow {
  readonly variant_id: string
  readonly product_id: string
  readonly product_number: number
  readonly sku: string
  readonly name: string
  readonly options: string
  readonly price_minor: Minor
  readonly compare_at_minor: Minor | null
  readonly weight_grams: number | null
  readonly currency: string
  readonly tax_class: string
  readonly kind: ProductKind
  readonly status: ProductStatus
  readonly available: number
  readonly is_plain: 0 | 1
}

/** Articles by their variants. `ids` is a JSON array of {id}. */
export const listArticles = preparedQuery<{ ids: string }, ArticleRow>(
  (db, param) => sql<ArticleRow>`
    select v.id as variant_id, p.id as product_id, p.number as product_number, v.sku, p.name,
      v.options, v.price_minor, v.compare_at_minor, v.weight_grams, p.currency, p.tax_class,
      p.kind, p.status, ${availableOfVariant(db)} as available, ${isPlainArticle} as is_plain
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join variants v on v.id = d.id join products p on p.id = v.product_id`,
)

/** Variants by their SKU. `skus` is a JSON array of {sku}. */
export const listVariantIds = preparedQuery<{ skus: string }, { id: string; sku: string }>(
  (db, param) => sql<{ id: string; sku: string }>`
    select v.id, v.sku from ${db.dialect.jsonRows(param('skus'), { sku: 'text' })} d
    join variants v on v.sku = d.sku`,
)

/** The categories of products, with all above them. `numbers` is a JSON array of {number}. */
export const listCategoriesOf = preparedQuery<
  { numbers: string },
  { number: number; category_id: string }
>(
  (db, param) => sql<{ number: number; category_id: string }>`
    select d.number, c.id as category_id
    from ${db.dialect.jsonRows(param('numbers'), { number: 'integer' })} d
    join product_categories pc on pc.product_number = d.number
    join categories c on c.number = pc.category_number`,
)

const ordersOf = preparedQuery<{ customerId: string }, { count: number }>(
  (_db, param) => sql<{ count: number }>`select count(*) as count from (
    select 1 as one from orders where customer_id = ${param('customerId')}
      and status <> 'cancelled' limit 1000) counted`,
)

/** How many orders of a customer count, up to a thousand. */
export async function countOrdersOf(db: Db, customerId: string): Promise<number> {
  return (await ordersOf(db, { customerId }))[0]?.count ?? 0
}
