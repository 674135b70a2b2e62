import { formatMinor, minor, parseDecimal, type Minor } from '../../src/core/money.ts'
import type { NewProduct } from '../../src/domains/catalog/writes.ts'
import { currency, rowsOf, type HistoryOrder } from './history.ts'

/** What stays on the shelf of every variant when all orders are sold. */
export const spareStock = 1_000
/** As many as the API takes in one product. */
const variantsMax = 200

interface Article {
  readonly stockCode: string
  readonly name: string
  /** Units sold by unit price. */
  readonly demand: Map<Minor, number>
}

/**
 * The historic price of an article changed from order to order, and a shop charges what its
 * catalogue says. So an article has one variant for every price it was ever sold at here: the
 * order line names the variant, and pays exactly what was paid.
 */
export async function readArticles(
  folder: string,
  orders: readonly HistoryOrder[],
): Promise<NewProduct[]> {
  const articles = new Map<string, Article>()
  for await (const row of rowsOf(folder, 'products')) {
    const stockCode = row.get('stock_code') ?? ''
    const usual = parseDecimal(row.get('usual_price') ?? '', currency)
    const demand = new Map(usual === undefined || usual <= 0 ? [] : [[usual, 0]])
    articles.set(stockCode, { stockCode, name: row.get('name') || stockCode, demand })
  }
  for (const { stockCode, description, priceMinor, quantity } of orders.flatMap((o) => o.lines)) {
    const name = description || stockCode
    const article = articles.get(stockCode) ?? { stockCode, name, demand: new Map() }
    articles.set(stockCode, article)
    article.demand.set(priceMinor, (article.demand.get(priceMinor) ?? 0) + quantity)
  }
  const slugs = new Set<string>()
  return [...articles.values()].flatMap((article) => productsOf(article, slugs))
}

function productsOf({ stockCode, name, demand }: Article, slugs: Set<string>): NewProduct[] {
  const variants = [...demand].map(([priceMinor, units]) => ({
    sku: skuOf(stockCode, priceMinor),
    priceMinor,
    onHand: units + spareStock,
    options: { price: formatMinor(priceMinor, currency) },
  }))
  const parts = Math.ceil(variants.length / variantsMax)
  return Array.from({ length: parts }, (_, part) => ({
    slug: freeSlug(stockCode, slugs),
    name: parts === 1 ? name : `${name} (${part + 1})`,
    description: `Article ${stockCode}`,
    variants: variants.slice(part * variantsMax, (part + 1) * variantsMax),
  }))
}

/** Some codes differ in case only, and a slug has none. */
function freeSlug(stockCode: string, taken: Set<string>): string {
  const plain = `article-${stockCode.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`
  let slug = plain
  for (let copy = 2; taken.has(slug); copy++) slug = `${plain}-${copy}`
  taken.add(slug)
  return slug
}

export function skuOf(stockCode: string, priceMinor: Minor): string {
  return `${stockCode.replace(/[^A-Za-z0-9._-]/g, '-')}/${formatMinor(minor(priceMinor), currency)}`
}
