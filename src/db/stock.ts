import { sql, type RawBuilder } from 'kysely'
import type { Db } from './database.ts'

/**
 * What can be sold of an article now, as SQL that every page needs: the sum over the places that
 * sell, or, of a bundle, as many as its scarcest part allows. `v` is the article's row of variants.
 */
export function availableOfVariant({ dialect }: Db): RawBuilder<number> {
  const ofPart = sql`(select coalesce(sum(s.on_hand - s.reserved - s.withheld), 0) from stock s
    where s.variant_id = b.part_id and s.is_active = 1)`
  return sql<number>`case when v.supply = 'bundle'
    then (select coalesce(min(${dialect.quotient(ofPart, sql`b.quantity`)}), 0)
      from bundle_parts b where b.variant_id = v.id)
    else (select coalesce(sum(s.on_hand - s.reserved - s.withheld), 0) from stock s
      where s.variant_id = v.id and s.is_active = 1) end`
}

/** The same over all articles of a product; `p` is its row of products. */
export function availableOfProduct(db: Db): RawBuilder<number> {
  return sql<number>`case when p.has_bundle = 1
    then (select coalesce(sum(${availableOfVariant(db)}), 0) from variants v
      where v.product_id = p.id)
    else (select coalesce(sum(s.on_hand - s.reserved - s.withheld), 0) from stock s
      where s.product_id = p.id and s.is_active = 1) end`
}

/** How many more of the article `v` may be sold before they are there. */
export const backorderRoom = sql<number>`case when v.may_backorder = 1
  then (select t.limit_quantity - t.backordered from backorder_terms t where t.variant_id = v.id)
  else 0 end`

/** When those are promised, in UTC milliseconds; null if it is not known. */
export const backorderPromise = sql<number | null>`case when v.may_backorder = 1
  then (select t.promised_at from backorder_terms t where t.variant_id = v.id) end`

/** 1 for an article of which pieces are counted and nothing else is to be thought of. */
export const isPlainArticle = sql<0 | 1>`case
  when v.supply = 'stock' and v.may_backorder = 0 then 1 else 0 end`
