import { Type, type Static } from 'typebox'
import type { Context } from '../../context.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { demandedVersion } from '../../http/conditional.ts'
import { envelope, success } from '../../http/envelope.ts'
import {
  Amount,
  Code,
  CurrencyCode,
  Label,
  momentOf,
  Money,
  OptionalTime,
  Timestamp,
  Uuid,
  UuidParams,
  uuidPattern,
} from '../../http/schema.ts'
import { priceOf } from '../catalog/filter.ts'
import { moneyView } from '../catalog/views.ts'
import { timeOrNull } from '../tax/routes.ts'
import {
  changePriceList,
  createPriceList,
  getPriceList,
  listPriceLists,
  pricesOn,
  removePrice,
  removePriceList,
  setPrices,
  type ListedPrice,
  type ListRow,
} from './lists.ts'

const tags = ['Administration']
const config = { allow: 'pricing:write' } as const
const closed = { additionalProperties: false }

const listFields = {
  name: Label,
  priority: Type.Optional(
    Type.Integer({
      minimum: -10_000,
      maximum: 10_000,
      default: 0,
      description: 'Lists are asked from the lowest number up; of equals the cheaper counts',
    }),
  ),
  group_id: Type.Optional(
    Type.Union([Type.String({ pattern: `^${uuidPattern}$` }), Type.Null()], {
      description: 'The customer group it is for; null: everybody',
    }),
  ),
  starts_at: OptionalTime,
  ends_at: OptionalTime,
  is_active: Type.Optional(Type.Boolean({ default: true })),
}

const NewListBody = Type.Object({ code: Code, currency: CurrencyCode, ...listFields }, closed)
const ListBody = Type.Object(listFields, closed)

const ListView = Type.Object(
  {
    id: Uuid,
    code: Type.String(),
    name: Type.String(),
    currency: Type.String(),
    priority: Type.Integer(),
    group_id: Type.Union([Uuid, Type.Null()]),
    starts_at: Type.Union([Timestamp, Type.Null()]),
    ends_at: Type.Union([Timestamp, Type.Null()]),
    is_active: Type.Boolean(),
    version: Type.Integer(),
  },
  { title: 'PriceList' },
)

const listView = (list: ListRow) => ({
  ...list,
  starts_at: timeOrNull(list.starts_at),
  ends_at: timeOrNull(list.ends_at),
  is_active: list.is_active === 1,
})

const listOf = (body: Static<typeof ListBody>) => ({
  name: body.name,
  priority: body.priority ?? 0,
  groupId: body.group_id?.toLowerCase() ?? null,
  startsAt: momentOf('starts_at', body.starts_at) ?? null,
  endsAt: momentOf('ends_at', body.ends_at) ?? null,
  isActive: body.is_active ?? true,
})

export function registerPriceListRoutes(app: App, ctx: Context): void {
  registerLists(app, ctx)
  registerListChanges(app, ctx)
  registerPrices(app, ctx)
  registerPriceWriting(app, ctx)
}

function registerLists(app: App, ctx: Context): void {
  app.get(
    '/admin/price-lists',
    {
      schema: {
        tags,
        summary: 'All price lists, in the order in which they are asked',
        response: { 200: envelope(Type.Array(ListView)) },
      },
      config,
    },
    async () => success((await listPriceLists(ctx.db.read)).map(listView), 'Price lists listed'),
  )

  app.post(
    '/admin/price-lists',
    {
      schema: {
        tags,
        summary: 'Create a price list',
        body: NewListBody,
        response: { 201: envelope(ListView) },
      },
      config: { ...config, errors: ['ALREADY_EXISTS'] },
    },
    async (request, reply) => {
      const { code, currency, ...list } = request.body
      const created = await createPriceList(inNameOf(ctx, request), {
        code,
        currency,
        ...listOf(list),
      })
      return reply.code(201).send(success(listView(created), 'Price list created'))
    },
  )

  app.get(
    '/admin/price-lists/:id',
    {
      schema: {
        tags,
        summary: 'One price list',
        params: UuidParams,
        response: { 200: envelope(ListView) },
      },
      config: { ...config, errors: ['NOT_FOUND'] },
    },
    async ({ params }) => {
      const list = await getPriceList(ctx.db.read, params.id.toLowerCase())
      return success(listView(list), 'Price list found')
    },
  )
}

function registerListChanges(app: App, ctx: Context): void {
  app.put(
    '/admin/price-lists/:id',
    {
      schema: {
        tags,
        summary: 'Replace a price list, but for its code, currency and prices',
        params: UuidParams,
        body: ListBody,
        response: { 200: envelope(ListView) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'VERSION_CONFLICT'] },
    },
    async (request) => {
      const at = { id: request.params.id.toLowerCase(), version: demandedVersion(request) }
      const list = await changePriceList(inNameOf(ctx, request), at, listOf(request.body))
      return success(listView(list), 'Price list replaced')
    },
  )

  app.delete(
    '/admin/price-lists/:id',
    {
      schema: {
        tags,
        summary: 'Delete a price list with its prices',
        params: UuidParams,
        response: { 200: envelope(Type.Null()) },
      },
      config: { ...config, errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const { params } = request
      await removePriceList(inNameOf(ctx, request), params.id.toLowerCase())
      return success(null, 'Price list deleted')
    },
  )
}

const Sku = Type.String({ minLength: 1, maxLength: 100 })
const MinQuantity = Type.Integer({ minimum: 1, maximum: 1_000_000 })

const PricesBody = Type.Object(
  {
    prices: Type.Array(
      Type.Object(
        {
          sku: Sku,
          min_quantity: Type.Optional(MinQuantity),
          price: Amount,
          compare_at_price: Type.Optional(Type.Union([Amount, Type.Null()])),
        },
        closed,
      ),
      { minItems: 1, maxItems: 5_000 },
    ),
  },
  closed,
)

const PriceView = Type.Object({
  sku: Type.String(),
  variant_id: Uuid,
  min_quantity: Type.Integer(),
  price: Money,
  compare_at_price: Type.Union([Money, Type.Null()]),
})

const priceView = (price: ListedPrice, currency: string) => ({
  sku: price.sku,
  variant_id: price.variant_id,
  min_quantity: price.min_quantity,
  price: moneyView(price.price_minor, currency),
  compare_at_price:
    price.compare_at_minor === null ? null : moneyView(price.compare_at_minor, currency),
})

function registerPrices(app: App, ctx: Context): void {
  app.get(
    '/admin/price-lists/:id/prices',
    {
      schema: {
        tags,
        summary: 'The prices on a list, by SKU',
        params: UuidParams,
        querystring: Type.Object(
          {
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 100 })),
            offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000_000, default: 0 })),
          },
          closed,
        ),
        response: { 200: envelope(Type.Array(PriceView)) },
      },
      config: { ...config, errors: ['NOT_FOUND'] },
    },
    async ({ params, query: { limit = 100, offset = 0 } }) => {
      const page = { listId: params.id.toLowerCase(), limit, offset }
      const { list, prices } = await pricesOn(ctx, page)
      return success(
        prices.map((price) => priceView(price, list.currency)),
        'Prices listed',
      )
    },
  )
}

function registerPriceWriting(app: App, ctx: Context): void {
  app.put(
    '/admin/price-lists/:id/prices',
    {
      schema: {
        tags,
        summary: 'Set prices on a list; others on it stay',
        params: UuidParams,
        body: PricesBody,
        response: { 200: envelope(Type.Object({ count: Type.Integer() })) },
      },
      config: { ...config, errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const { params, body } = request
      const id = params.id.toLowerCase()
      const { currency } = await getPriceList(ctx.db.read, id)
      const prices = body.prices.map(({ sku, min_quantity, price, compare_at_price }) => ({
        sku,
        minQuantity: min_quantity ?? 1,
        priceMinor: priceOf('price', price, currency),
        compareAtMinor:
          typeof compare_at_price === 'string'
            ? priceOf('compare_at_price', compare_at_price, currency)
            : null,
      }))
      await setPrices(inNameOf(ctx, request), id, prices)
      return success({ count: prices.length }, 'Prices set')
    },
  )

  app.delete(
    '/admin/price-lists/:id/prices/:sku/:min_quantity',
    {
      schema: {
        tags,
        summary: 'Take a price off a list',
        params: Type.Object({ ...UuidParams.properties, sku: Sku, min_quantity: MinQuantity }),
        response: { 200: envelope(Type.Null()) },
      },
      config: { ...config, errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const { params } = request
      const { id, sku, min_quantity: minQuantity } = params
      await removePrice(inNameOf(ctx, request), { listId: id.toLowerCase(), sku, minQuantity })
      return success(null, 'Price removed')
    },
  )
}
