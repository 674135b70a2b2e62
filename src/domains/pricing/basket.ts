import type { Context } from '../../context.ts'
import type { Minor } from '../../core/money.ts'
import type { CartLine, PricedCart } from '../../core/pricing/cart.ts'
import type { Destination } from '../../core/pricing/destination.ts'
import { priceCart } from '../../core/pricing/price-cart.ts'
import {
  choosePrice,
  type ChosenPrice,
  type ListPrice,
  type PriceQuestion,
} from '../../core/pricing/price-lists.ts'
import type { TaxRules } from '../../core/pricing/tax.ts'
import { readVatId } from '../../core/pricing/vat-id.ts'
import type { Buyer } from '../../core/promotion/rule.ts'
import type { Db } from '../../db/database.ts'
import { together } from '../../db/together.ts'
import type { ProductKind } from '../catalog/tables.ts'
import { groupIdsOf } from '../group/groups.ts'
import { findCodes, type CodeInCart } from '../promotion/coupons.ts'
import { customerKeys, readLimits, type Limits } from '../promotion/uses.ts'
import { listPricesOf } from './list-queries.ts'
import { countOrdersOf, listArticles, listCategoriesOf, type ArticleRow } from './queries.ts'
import { pricingSettings, type PricingSettings } from './settings.ts'

/** A line of a basket as it is stored. */
export interface BasketRow {
  readonly number: number
  readonly variant_id: string
  readonly product_id: string
  readonly product_number: number
  readonly quantity: number
  /** The article's own price, in `currency`. */
  readonly price_minor: Minor
  readonly compare_at_minor: Minor | null
  readonly currency: string
  readonly weight_grams: number | null
  readonly tax_class: string
  readonly kind: ProductKind
  /** What staff have agreed on, in the currency of the basket; it needs no list. */
  readonly custom_minor?: Minor | null
}

export interface BasketQuestion<Row extends BasketRow> {
  readonly currency: string
  readonly rows: readonly Row[]
  readonly customerId: string | undefined
  readonly email?: string | undefined
  readonly codes: readonly string[]
  /** undefined: not known yet; the shop's own country is taken. */
  readonly destination: Destination | undefined
  readonly vatId: string | undefined
  /** Of the pricing settings, as it stands beside the cart. */
  readonly version: number
  /** A method by its code; undefined: the first that can be had. */
  readonly shippingMethod?: string | undefined
  /** What shipping costs, whatever the methods say. */
  readonly shippingMinor?: Minor
  /** Articles are added to what was bought before: promotions do not count for them. */
  readonly withoutPromotions?: boolean
  /** UTC milliseconds; undefined: now. */
  readonly at?: number
}

export interface PricedBasket<Row extends BasketRow> {
  readonly currency: string
  readonly rows: readonly Row[]
  /** One per row; undefined: the article has no price in this currency. */
  readonly prices: readonly (ChosenPrice | undefined)[]
  readonly priced: PricedCart<number>
  readonly codes: readonly CodeInCart[]
  /** Those that promotions give, with what is known of them. */
  readonly gifts: readonly { readonly article: ArticleRow; readonly quantity: number }[]
  readonly settings: PricingSettings
  readonly tax: TaxRules
  readonly limits: Limits
  readonly keys: readonly string[]
  readonly facts: BasketFacts
  readonly destination: Destination
  readonly at: number
}

interface BasketFacts {
  readonly listPrices: readonly (ListPrice & { readonly variantId: string })[]
  readonly categories: ReadonlyMap<number, readonly string[]>
  readonly buyer: Buyer
  readonly codes: readonly CodeInCart[]
  readonly limits: Limits
  readonly gifts: readonly ArticleRow[]
}

/**
 * Prices a basket by everything the shop knows: its lists, taxes, shipping and promotions. The
 * number of statements depends on which of these a shop uses, and neither on how many lines the
 * basket has nor on how many promotions there are.
 */
export async function priceBasket<Row extends BasketRow>(
  ctx: Context,
  db: Db,
  question: BasketQuestion<Row>,
): Promise<PricedBasket<Row>> {
  const settings = await pricingSettings(ctx, db, question.version)
  const keys = customerKeys(ctx, { customerId: question.customerId, email: question.email })
  const facts = await factsOf(ctx, db, { question, settings, keys })
  const { currency, rows } = question
  const at = question.at ?? ctx.clock.now()
  const destination = question.destination ?? { country: ctx.config.store.country }
  const tax = taxOf(ctx, { settings, destination, at, buyer: facts.buyer, vatId: question.vatId })
  const prices = rows.map((row) => {
    if (row.custom_minor !== null && row.custom_minor !== undefined) return agreed(row.custom_minor)
    const own = facts.listPrices.filter(({ variantId }) => variantId === row.variant_id)
    return choosePrice(settings.lists, own, questionOf(row, { currency, at, facts }))
  })
  const giftStock = new Map(facts.gifts.map((gift) => [gift.variant_id, gift.available]))
  const priced = priceCart({
    currency,
    lines: rows.map((row, index) => lineOf(row, { price: prices[index], facts })),
    tax,
    shipping: shippingOf(settings, question),
    methods: settings.methods,
    promotions: question.withoutPromotions ? [] : settings.promotions,
    at,
    buyer: facts.buyer,
    destination,
    codes: facts.codes,
    giftStock,
    exhausted: facts.limits.exhausted,
    budgetLeft: facts.limits.budgetLeft,
  })
  const gifts = giftsOf(priced, facts)
  const { codes, limits } = facts
  return {
    ...{ currency, rows, prices, priced, codes, gifts, settings },
    ...{ tax, limits, keys, facts, destination, at },
  }
}

const agreed = (priceMinor: Minor): ChosenPrice => ({
  priceMinor,
  compareAtMinor: undefined,
  list: undefined,
  minQuantity: 1,
})

export function questionOf(
  row: BasketRow,
  given: { currency: string; at: number; facts: Pick<BasketFacts, 'buyer'> },
): PriceQuestion {
  const { currency, at, facts } = given
  const compareAtMinor = row.compare_at_minor ?? undefined
  const base = { priceMinor: row.price_minor, compareAtMinor }
  const question = { currency, quantity: row.quantity, groups: facts.buyer.groups, at }
  return row.currency === currency ? { ...question, base } : question
}

function shippingOf(settings: PricingSettings, question: BasketQuestion<BasketRow>) {
  const { shippingMethod, shippingMinor: priceMinor } = question
  if (priceMinor !== undefined) return { priceMinor }
  if (shippingMethod === undefined) return 'first' as const
  return settings.methods.find(({ code }) => code === shippingMethod)
}

function lineOf(
  row: BasketRow,
  { price, facts }: { price: ChosenPrice | undefined; facts: BasketFacts },
): CartLine<number> {
  return {
    id: row.number,
    quantity: row.quantity,
    // Without a price it cannot be bought; `problems` say so.
    unitPriceMinor: price?.priceMinor ?? (0 as Minor),
    productId: row.product_id,
    variantId: row.variant_id,
    categories: facts.categories.get(row.product_number) ?? [],
    taxClass: row.kind === 'gift_card' ? 'none' : row.tax_class,
    weightGrams: row.weight_grams ?? 0,
    needsShipping: row.kind === 'physical',
    isDiscountable: row.kind !== 'gift_card',
  }
}

function giftsOf(priced: PricedCart, { gifts }: BasketFacts) {
  const byVariant = new Map(gifts.map((article) => [article.variant_id, article]))
  return priced.gifts.flatMap(({ variantId, quantity }) => {
    const article = byVariant.get(variantId)
    return article ? [{ article, quantity }] : []
  })
}

interface TaxFacts {
  readonly settings: PricingSettings
  readonly destination: Destination
  readonly at: number
  readonly buyer: Buyer
  readonly vatId: string | undefined
}

function taxOf(ctx: Context, { settings, destination, at, buyer, vatId }: TaxFacts): TaxRules {
  const exempt = settings.groups.find(
    ({ id, is_tax_exempt }) => is_tax_exempt === 1 && buyer.groups.includes(id),
  )
  return ctx.drivers.tax.rulesFor({
    zones: settings.taxZones,
    fallback: settings.defaultTax,
    destination,
    at,
    homeCountry: ctx.config.store.country,
    vatId: vatId === undefined ? undefined : readVatId(vatId),
    exemption: exempt && `customer group ${exempt.name}`,
  })
}

interface Asked {
  readonly question: BasketQuestion<BasketRow>
  readonly settings: PricingSettings
  readonly keys: readonly string[]
}

const asJson = (values: readonly string[]): string => JSON.stringify(values.map((id) => ({ id })))

/** Looks up what the settings ask for about this basket, and nothing else. */
async function factsOf(ctx: Context, db: Db, asked: Asked): Promise<BasketFacts> {
  const { settings, keys, question } = asked
  const { rows } = question
  const variants = [...new Set(rows.map(({ variant_id }) => variant_id))]
  const hasLines = rows.length > 0
  const { giftVariants } = settings
  const [prices, categories, buyer, codes, limits, gifts] = await together(db, [
    async () =>
      hasLines && settings.lists.length > 0 ? listPricesOf(db, { ids: asJson(variants) }) : [],
    async () => (hasLines && settings.asks.categories ? categoriesOf(db, rows) : new Map()),
    () => buyerOf(db, asked),
    () => findCodes(ctx, db, question.codes),
    () => readLimits(db, settings.promotions, keys),
    async () =>
      hasLines && giftVariants.length > 0 ? listArticles(db, { ids: asJson(giftVariants) }) : [],
  ])
  return {
    listPrices: prices.map((row) => ({
      variantId: row.variant_id,
      listId: row.list_id,
      minQuantity: row.min_quantity,
      priceMinor: row.price_minor,
      compareAtMinor: row.compare_at_minor ?? undefined,
    })),
    categories: categories as ReadonlyMap<number, readonly string[]>,
    buyer,
    codes,
    limits,
    gifts: gifts.filter(({ status }) => status === 'active'),
  }
}

async function categoriesOf(
  db: Db,
  rows: readonly BasketRow[],
): Promise<Map<number, readonly string[]>> {
  const numbers = [...new Set(rows.map(({ product_number }) => product_number))]
  const found = await listCategoriesOf(db, {
    numbers: JSON.stringify(numbers.map((number) => ({ number }))),
  })
  const byProduct = Map.groupBy(found, ({ number }) => number)
  return new Map(
    [...byProduct].map(([number, own]) => [number, own.map(({ category_id }) => category_id)]),
  )
}

async function buyerOf(db: Db, { question, settings }: Asked): Promise<Buyer> {
  const { customerId } = question
  if (customerId === undefined) return { groups: [], orderCount: 0 }
  const [groups, orderCount] = await together(db, [
    async () => (settings.groups.length > 0 ? groupIdsOf(db, customerId) : []),
    async () => (settings.asks.orderCount ? countOrdersOf(db, customerId) : 0),
  ])
  return { customerId, groups, orderCount }
}
