import type { Context } from '../../context.ts'
import type { Minor } from '../../core/money.ts'
import type { Destination } from '../../core/pricing/destination.ts'
import type { Db } from '../../db/database.ts'
import { priceBasket, type BasketRow, type PricedBasket } from './basket.ts'
import { listArticles, type ArticleRow } from './queries.ts'
import { currentSettings } from './settings.ts'

export interface ArticlesQuestion {
  readonly currency: string
  readonly items: readonly { readonly variantId: string; readonly quantity: number }[]
  readonly customerId: string | undefined
  readonly destination: Destination
  readonly vatId: string | undefined
  /** What shipping costs; undefined: it is quoted. */
  readonly shippingMinor?: Minor
  readonly shippingMethod?: string
}

export type ArticleLine = ArticleRow & BasketRow

/** Articles at today's prices, with the taxes of a destination and without any promotion. */
export async function priceArticles(
  ctx: Context,
  db: Db,
  { items, ...question }: ArticlesQuestion,
): Promise<PricedBasket<ArticleLine>> {
  const ids = JSON.stringify(items.map(({ variantId: id }) => ({ id })))
  const found = new Map((await listArticles(db, { ids })).map((row) => [row.variant_id, row]))
  const rows = items.flatMap(({ variantId, quantity }, index) => {
    const article = found.get(variantId)
    return article ? [{ ...article, number: index + 1, quantity }] : []
  })
  const { version } = await currentSettings(ctx, db)
  return priceBasket(ctx, db, { ...question, rows, codes: [], version, withoutPromotions: true })
}
