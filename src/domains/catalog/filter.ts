import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import { parseDecimal, type Minor } from '../../core/money.ts'
import { pagingOf } from '../../core/paging.ts'
import { referenceOf } from '../../core/reference.ts'
import { queryWords } from '../../core/words.ts'
import { categoryNumber, type Listing } from './catalog.ts'
import type { ProductFilter } from './listing-queries.ts'
import type { ProductQuery } from './schema.ts'
import { attributeKey } from './writes.ts'

/** Every further attribute makes the statement longer; a shopper chooses a handful. */
const attributesMax = 10

/** What a caller asked to see, in the terms of the catalogue. Both doors read their query so. */
export async function listingOf(ctx: Context, query: ProductQuery): Promise<Listing> {
  const filter = { ...(await placeFilter(ctx, query)), ...plainFilter(ctx, query) }
  const sort = query.sort ?? (filter.words ? 'relevance' : 'created_at')
  return { filter, sort, paging: pagingOf(query) }
}

async function placeFilter(ctx: Context, query: ProductQuery): Promise<ProductFilter> {
  const { category, category_id } = query
  if (category !== undefined && category_id !== undefined) {
    throw invalid('category_id', 'cannot be combined with category')
  }
  const field = category === undefined ? 'category_id' : 'category'
  const text = category ?? category_id
  if (text === undefined) return {}
  return { categoryNumber: await categoryNumber(ctx, field, referenceOf(text)) }
}

function plainFilter(ctx: Context, query: ProductQuery): ProductFilter {
  const { brand, min_price, max_price, in_stock, availability, search } = query
  const { currency } = ctx.config.store
  const inStock = in_stock ?? (availability && availability === 'in_stock')
  const words = search === undefined ? [] : queryWords(search)
  const attributes = attributesOf(query)
  return {
    ...(brand === undefined ? {} : { brandSlug: brand }),
    ...(min_price === undefined ? {} : { priceMin: priceOf('min_price', min_price, currency) }),
    ...(max_price === undefined ? {} : { priceMax: priceOf('max_price', max_price, currency) }),
    ...(inStock === undefined ? {} : { inStock }),
    ...(words.length === 0 ? {} : { words }),
    ...(attributes.length === 0 ? {} : { attributes }),
  }
}

/** An amount as callers write it, refused if the currency cannot express it. */
export function priceOf(field: string, text: string, currency: string): Minor {
  const amount = parseDecimal(text.replace(/^0+(?=\d)/, ''), currency)
  if (amount === undefined) throw invalid(field, `must be an amount in ${currency}`)
  return amount
}

function attributesOf(query: ProductQuery) {
  const attributes = Object.entries(query).flatMap(([key, value]) => {
    const name = /^attributes\[([a-z0-9_]+)\]$/.exec(key)?.[1]
    return name === undefined ? [] : [{ name, value: attributeKey(String(value)) }]
  })
  if (attributes.length <= attributesMax) return attributes
  throw invalid('attributes', `must be at most ${attributesMax}`)
}
