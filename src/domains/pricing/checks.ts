import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import type { Minor } from '../../core/money.ts'
import type { Destination } from '../../core/pricing/destination.ts'
import { choosePrice, type ListPrice } from '../../core/pricing/price-lists.ts'
import type { Db } from '../../db/database.ts'
import { groupIdsOf } from '../group/groups.ts'
import { normalCode } from '../promotion/coupons.ts'
import { priceBasket, type BasketRow, type PricedBasket } from './basket.ts'
import { priceHistories, type PriceHistory } from './history.ts'
import { listPricesOf } from './list-queries.ts'
import { listArticles, listVariantIds, type ArticleRow } from './queries.ts'
import { currentSettings } from './settings.ts'

export interface PriceCheck {
  readonly currency: string
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[]
  readonly codes: readonly string[]
  readonly customerId: string | undefined
  readonly email: string | undefined
  readonly destination: Destination | undefined
  readonly vatId: string | undefined
  readonly shippingMethod: string | undefined
  /** UTC milliseconds; undefined: now. */
  readonly at: number | undefined
}

export type CheckedRow = BasketRow & Pick<ArticleRow, 'sku' | 'name'>

/**
 * Prices a basket that nobody has, as a cart would be priced at some moment: nothing is written,
 * and nothing is used. Refuses a SKU that does not exist (VALIDATION_ERROR).
 */
export async function checkPrices(
  ctx: Context,
  db: Db,
  check: PriceCheck,
): Promise<PricedBasket<CheckedRow>> {
  const rows = await rowsOf(db, check)
  const { version } = await currentSettings(ctx, db)
  const { at, codes, ...question } = check
  return priceBasket(ctx, db, {
    ...question,
    rows,
    codes: codes.map(normalCode),
    version,
    ...(at === undefined ? {} : { at }),
  })
}

async function rowsOf(db: Db, { lines }: PriceCheck): Promise<CheckedRow[]> {
  const skus = [...new Set(lines.map(({ sku }) => sku))]
  const found = await listVariantIds(db, { skus: JSON.stringify(skus.map((sku) => ({ sku }))) })
  const articles = await listArticles(db, {
    ids: JSON.stringify(found.map(({ id }) => ({ id }))),
  })
  const bySku = new Map(articles.map((article) => [article.sku, article]))
  return lines.map(({ sku, quantity }, index) => {
    const article = bySku.get(sku)
    if (!article) throw invalid('lines', `there is no SKU ${sku}`)
    return { ...article, number: index + 1, quantity }
  })
}

/** What one article costs somebody, in every quantity. */
export interface ArticlePrices {
  readonly variantId: string
  readonly sku: string
  readonly taxClass: string
  readonly kind: string
  readonly compareAtMinor: Minor | undefined
  /** From the lowest quantity up; empty where it has no price in this currency. */
  readonly tiers: readonly { readonly minQuantity: number; readonly priceMinor: Minor }[]
  readonly history: PriceHistory
}

export interface PricesQuestion {
  readonly variantIds: readonly string[]
  readonly currency: string
  readonly customerId: string | undefined
}

/** What articles cost a shopper, with the lowest price of the 30 days before a reduction. */
export async function articlePrices(
  ctx: Context,
  db: Db,
  { variantIds, currency, customerId }: PricesQuestion,
): Promise<ArticlePrices[]> {
  const ids = JSON.stringify(variantIds.map((id) => ({ id })))
  const settings = await currentSettings(ctx, db)
  const articles = await listArticles(db, { ids })
  const rows = settings.lists.length > 0 ? await listPricesOf(db, { ids }) : []
  const histories = await priceHistories(ctx, db, { variantIds, currency })
  const hasGroups = settings.groups.length > 0 && customerId !== undefined
  const groups = hasGroups ? await groupIdsOf(db, customerId) : []
  const at = ctx.clock.now()
  const byId = new Map(articles.map((article) => [article.variant_id, article]))
  return variantIds.flatMap((id) => {
    const article = byId.get(id)
    if (!article) return []
    const own = rows
      .filter(({ variant_id }) => variant_id === id)
      .map((row) => ({
        listId: row.list_id,
        minQuantity: row.min_quantity,
        priceMinor: row.price_minor,
        compareAtMinor: row.compare_at_minor ?? undefined,
      }))
    const price = (quantity: number) =>
      choosePrice(settings.lists, own, {
        ...{ currency, quantity, groups, at },
        ...baseOf(article, currency),
      })
    return {
      variantId: id,
      sku: article.sku,
      taxClass: article.tax_class,
      kind: article.kind,
      compareAtMinor: price(1)?.compareAtMinor,
      tiers: tiersOf(own, (quantity) => price(quantity)?.priceMinor),
      history: histories.get(id) ?? { records: [], lowestPriorMinor: undefined },
    }
  })
}

function baseOf(article: ArticleRow, currency: string) {
  if (article.currency !== currency) return {}
  const compareAtMinor = article.compare_at_minor ?? undefined
  return { base: { priceMinor: article.price_minor, compareAtMinor } }
}

/** The quantities from which the price is another one. */
function tiersOf(prices: readonly ListPrice[], priceAt: (quantity: number) => Minor | undefined) {
  const quantities = [...new Set([1, ...prices.map(({ minQuantity }) => minQuantity)])]
  let last: Minor | undefined
  return quantities
    .sort((left, right) => left - right)
    .flatMap((minQuantity) => {
      const priceMinor = priceAt(minQuantity)
      if (priceMinor === undefined || priceMinor === last) return []
      last = priceMinor
      return { minQuantity, priceMinor }
    })
}
