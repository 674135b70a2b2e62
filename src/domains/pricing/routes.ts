import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import { invalid, notFound } from '../../core/errors.ts'
import { formatMinor, isCurrency, type Minor } from '../../core/money.ts'
import { referenceOf } from '../../core/reference.ts'
import type { App } from '../../http/app.ts'
import { envelope, success } from '../../http/envelope.ts'
import {
  CountryCode,
  CurrencyCode,
  IdOrNumber,
  IdParams,
  momentOf,
  Money,
  OptionalTime,
  SlugParams,
  Timestamp,
  Uuid,
  UuidParams,
} from '../../http/schema.ts'
import { getProduct } from '../catalog/catalog.ts'
import { moneyView, timeView } from '../catalog/views.ts'
import { getCustomer } from '../customer/customers.ts'
import { getPricing } from '../order/orders.ts'
import { readVatId } from '../../core/pricing/vat-id.ts'
import type { PricedBasket } from './basket.ts'
import { articlePrices, checkPrices, type CheckedRow } from './checks.ts'
import { explanation, type PricingRecord } from './explain.ts'

const tags = ['Administration']
const config = { allow: 'pricing:write' } as const
const closed = { additionalProperties: false }

const Text = Type.String()
const TextOrNull = Type.Union([Text, Type.Null()])

const Tax = Type.Object({ name: Text, percent: Text })

/** How a cart or an order was priced. Amounts are decimals in its currency. */
export const PricingView = Type.Object(
  {
    at: Timestamp,
    currency: Text,
    destination: Type.Object({ country: TextOrNull, region: TextOrNull, postal_code: TextOrNull }),
    tax: Type.Object({
      zone: Text,
      name: Text,
      prices_include_tax: Type.Boolean(),
      rounding: Text,
      round_per: Text,
      exemption: TextOrNull,
      taxes: Type.Array(Type.Object({ name: Text, percent: Text, amount: Text, tax: Text })),
    }),
    shipping_taxes: Type.Optional(Type.Array(Tax)),
    lines: Type.Array(
      Type.Object({
        line: Type.Integer(),
        variant_id: Uuid,
        tax_class: Text,
        taxes: Type.Optional(Type.Array(Tax)),
        price_list: TextOrNull,
        min_quantity: Type.Integer(),
        price_lists: Type.Optional(
          Type.Array(Type.Object({ name: Text, applied: Type.Boolean(), reason: TextOrNull })),
        ),
      }),
    ),
    codes: Type.Array(Type.Object({ code: Text, promotion_id: TextOrNull })),
    discounts: Type.Array(
      Type.Object({
        promotion_id: Uuid,
        name: Text,
        amount: Text,
        shipping: Text,
        lines: Type.Array(Type.Object({ line: Type.Integer(), amount: Text })),
      }),
    ),
    rules: Type.Array(
      Type.Object({
        promotion_id: Uuid,
        name: Text,
        applied: Type.Boolean(),
        reason: TextOrNull,
        refused_by: TextOrNull,
        amount: Text,
      }),
      { description: 'Every promotion that was tried, in order, and why it was refused' },
    ),
    shipping: Type.Optional(
      Type.Array(
        Type.Object({
          code: Text,
          name: Text,
          price: TextOrNull,
          discount: Text,
          reason: TextOrNull,
        }),
      ),
    ),
  },
  { title: 'Pricing' },
)

const CheckBody = Type.Object(
  {
    currency: Type.Optional(CurrencyCode),
    lines: Type.Array(
      Type.Object(
        {
          sku: Type.String({ minLength: 1, maxLength: 100 }),
          quantity: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
        },
        closed,
      ),
      { maxItems: 200 },
    ),
    codes: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 60 }), { maxItems: 20 }),
    ),
    customer: Type.Optional(IdOrNumber),
    destination: Type.Optional(
      Type.Object(
        {
          country: CountryCode,
          region: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
          postal_code: Type.Optional(Type.String({ minLength: 1, maxLength: 20 })),
        },
        closed,
      ),
    ),
    vat_id: Type.Optional(Type.String({ maxLength: 40 })),
    shipping_method: Type.Optional(Type.String({ maxLength: 50 })),
    at: OptionalTime,
  },
  closed,
)

const CheckView = Type.Object(
  {
    subtotal: Money,
    discount: Money,
    shipping: Money,
    shipping_method: TextOrNull,
    tax: Money,
    tax_inclusive: Type.Boolean(),
    total: Money,
    lines: Type.Array(
      Type.Object({
        sku: Text,
        name: Text,
        quantity: Type.Integer(),
        price: Type.Union([Money, Type.Null()]),
        subtotal: Money,
        discount: Money,
        tax: Money,
        total: Money,
      }),
    ),
    gifts: Type.Array(Type.Object({ sku: Text, quantity: Type.Integer() })),
    pricing: PricingView,
  },
  { title: 'PriceCheck' },
)

function checkView(basket: PricedBasket<CheckedRow>) {
  const { priced, currency, rows, prices, gifts } = basket
  const money = (amount: Minor) => moneyView(amount, currency)
  return {
    subtotal: money(priced.subtotalMinor),
    discount: money(priced.discountMinor),
    shipping: money(priced.shippingMinor),
    shipping_method: priced.method?.code ?? null,
    tax: money(priced.taxMinor),
    tax_inclusive: priced.isTaxInclusive,
    total: money(priced.totalMinor),
    lines: priced.lines.map((line, index) => ({
      sku: rows[index]?.sku ?? '',
      name: rows[index]?.name ?? '',
      quantity: line.quantity,
      price: prices[index] ? money(line.unitPriceMinor) : null,
      subtotal: money(line.subtotalMinor),
      discount: money(line.discountMinor),
      tax: money(line.taxMinor),
      total: money(line.totalMinor),
    })),
    gifts: gifts.map(({ article, quantity }) => ({ sku: article.sku, quantity })),
    pricing: explanation(basket),
  }
}

export function registerPricingRoutes(app: App, ctx: Context): void {
  registerChecks(app, ctx)
  registerOrderPricing(app, ctx)
  registerArticlePrices(app, ctx)
  registerHistory(app, ctx)
}

function registerChecks(app: App, ctx: Context): void {
  app.post(
    '/admin/price-checks',
    {
      schema: {
        tags,
        summary: 'Price any basket, and see every rule that was tried; nothing is changed',
        body: CheckBody,
        response: { 200: envelope(CheckView) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'AMOUNT_TOO_LARGE'] },
    },
    async ({ body }) => {
      const { currency = ctx.config.store.currency, customer, destination, vat_id, at } = body
      if (!isCurrency(currency)) throw invalid('currency', 'is no currency of ISO 4217')
      if (vat_id !== undefined && !readVatId(vat_id)) {
        throw invalid('vat_id', 'has not the form of a VAT id with its country')
      }
      const buyer =
        customer === undefined ? undefined : await getCustomer(ctx, referenceOf(customer))
      const basket = await checkPrices(ctx, ctx.db.read, {
        currency,
        lines: body.lines,
        codes: body.codes ?? [],
        customerId: buyer?.id,
        email: buyer?.email,
        destination: destination && {
          country: destination.country,
          region: destination.region,
          postcode: destination.postal_code,
        },
        vatId: vat_id,
        shippingMethod: body.shipping_method,
        at: momentOf('at', at) ?? undefined,
      })
      return success(checkView(basket), 'Basket priced')
    },
  )
}

function registerOrderPricing(app: App, ctx: Context): void {
  app.get(
    '/admin/orders/:id/pricing',
    {
      schema: {
        tags,
        summary: 'How an order was priced: taxes, discounts and every rule that was tried',
        params: IdParams,
        response: { 200: envelope(PricingView) },
      },
      config: { allow: 'order:read', errors: ['NOT_FOUND'] },
    },
    async ({ params }) => {
      const { pricing } = await getPricing(ctx.db.read, referenceOf(params.id))
      // Orders that are older than this record have none.
      if (pricing === null) throw notFound('Pricing')
      return success(JSON.parse(pricing) as PricingRecord, 'Pricing found')
    },
  )
}

const ArticlePricesView = Type.Object(
  {
    variant_id: Uuid,
    sku: Text,
    price: Type.Union([Money, Type.Null()]),
    compare_at_price: Type.Union([Money, Type.Null()]),
    lowest_prior_price: Type.Union([Money, Type.Null()], {
      description:
        'The lowest price that everybody was asked in the 30 days before the present one ' +
        '(Directive 98/6/EC, Article 6a)',
    }),
    tiers: Type.Array(Type.Object({ min_quantity: Type.Integer(), price: Money })),
    tax_class: Text,
    kind: Text,
  },
  { title: 'ArticlePrices' },
)

const CurrencyQuery = Type.Object({ currency: Type.Optional(CurrencyCode) }, closed)

function currencyOf(ctx: Context, { currency }: { currency?: string }): string {
  const code = currency ?? ctx.config.store.currency
  if (!isCurrency(code)) throw invalid('currency', 'is no currency of ISO 4217')
  return code
}

function registerArticlePrices(app: App, ctx: Context): void {
  app.get(
    '/products/:id/prices',
    {
      schema: {
        tags: ['Catalogue'],
        summary: 'What the variants of a product cost you, in every quantity and currency',
        params: SlugParams,
        querystring: CurrencyQuery,
        response: { 200: envelope(Type.Array(ArticlePricesView)) },
      },
      config: { allow: 'shopper', errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const currency = currencyOf(ctx, request.query)
      const { variants } = await getProduct(ctx, referenceOf(request.params.id))
      const prices = await articlePrices(ctx, ctx.db.read, {
        variantIds: variants.map(({ id }) => id),
        currency,
        customerId: request.principal?.customerId,
      })
      const money = (amount: Minor | undefined) =>
        amount === undefined ? null : moneyView(amount, currency)
      const data = prices.map(({ variantId, sku, taxClass, kind, ...article }) => ({
        variant_id: variantId,
        sku,
        price: money(article.tiers[0]?.priceMinor),
        compare_at_price: money(article.compareAtMinor),
        lowest_prior_price: money(article.history.lowestPriorMinor),
        tiers: article.tiers.map(({ minQuantity, priceMinor }) => ({
          min_quantity: minQuantity,
          price: moneyView(priceMinor, currency),
        })),
        tax_class: taxClass,
        kind,
      }))
      return success(data, 'Prices found')
    },
  )
}

function registerHistory(app: App, ctx: Context): void {
  app.get(
    '/admin/variants/:id/price-history',
    {
      schema: {
        tags,
        summary: 'What everybody was asked for a variant, and the lowest prior price',
        params: UuidParams,
        querystring: CurrencyQuery,
        response: {
          200: envelope(
            Type.Object({
              lowest_prior_price: Type.Union([Money, Type.Null()]),
              records: Type.Array(
                Type.Object({
                  price: TextOrNull,
                  list_id: Type.Union([Uuid, Type.Null()]),
                  recorded_at: Timestamp,
                }),
              ),
            }),
          ),
        },
      },
      config: { ...config, errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const currency = currencyOf(ctx, request.query)
      const variantIds = [request.params.id.toLowerCase()]
      const customerId = undefined
      const [found] = await articlePrices(ctx, ctx.db.read, { variantIds, currency, customerId })
      if (!found) throw notFound('Variant')
      const { records, lowestPriorMinor } = found.history
      const data = {
        lowest_prior_price:
          lowestPriorMinor === undefined ? null : moneyView(lowestPriorMinor, currency),
        records: records.map((record) => ({
          price: record.price_minor === null ? null : formatMinor(record.price_minor, currency),
          list_id: record.list_id,
          recorded_at: timeView(record.created_at),
        })),
      }
      return success(data, 'Price history found')
    },
  )
}
