import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { envelope, success } from '../../http/envelope.ts'
import { momentOf, OptionalTime, Uuid, UuidParams } from '../../http/schema.ts'
import { timeOrNullView } from '../catalog/views.ts'
import { closed, NullableTime, quantityMax, tags, VariantId } from './schema.ts'
import { changeSupply, getSupply, type Supply } from './supply.ts'

const BackOrders = Type.Union([
  Type.Object({
    limit: Type.Integer({ description: 'Pieces that may be owed at a time' }),
    on_back_order: Type.Integer({ description: 'Pieces that are' }),
    promised_at: NullableTime,
  }),
  Type.Null(),
])

const SupplyView = Type.Object(
  {
    variant_id: Uuid,
    sku: Type.String(),
    available: Type.Integer(),
    tracks_lots: Type.Boolean(),
    back_orders: BackOrders,
    low_stock_threshold: Type.Union([Type.Integer(), Type.Null()]),
    parts: Type.Array(
      Type.Object({ variant_id: Uuid, sku: Type.String(), quantity: Type.Integer() }),
      { description: 'What one of it is made of, if it is a bundle' },
    ),
  },
  { title: 'Supply' },
)

const supplyView = ({ row, parts }: Supply) => ({
  variant_id: row.id,
  sku: row.sku,
  available: row.available,
  tracks_lots: row.supply === 'lots',
  back_orders:
    row.may_backorder === 0
      ? null
      : {
          limit: row.limit_quantity ?? 0,
          on_back_order: row.backordered ?? 0,
          promised_at: timeOrNullView(row.promised_at),
        },
  low_stock_threshold: row.low_stock_threshold,
  parts: parts.map(({ part_id, sku, quantity }) => ({ variant_id: part_id, sku, quantity })),
})

const SupplyBody = Type.Object(
  {
    tracks_lots: Type.Optional(Type.Boolean({ description: 'Whether it is kept by lots' })),
    back_orders: Type.Optional(
      Type.Union(
        [
          Type.Object(
            {
              limit: Type.Integer({ minimum: 0, maximum: quantityMax }),
              promised_at: OptionalTime,
            },
            closed,
          ),
          Type.Null(),
        ],
        { description: 'How many may be sold before they are there; null: none' },
      ),
    ),
    low_stock_threshold: Type.Optional(
      Type.Union([Type.Integer({ minimum: 0, maximum: quantityMax }), Type.Null()], {
        description: 'Staff are told when so few are left; null: never',
      }),
    ),
    parts: Type.Optional(
      Type.Array(
        Type.Object(
          { variant_id: VariantId, quantity: Type.Integer({ minimum: 1, maximum: 10_000 }) },
          closed,
        ),
        { maxItems: 50, description: 'Makes it a bundle of these; none: it is none' },
      ),
    ),
  },
  { ...closed, minProperties: 1 },
)

export function registerSupplyRoutes(app: App, ctx: Context): void {
  app.get(
    '/admin/variants/:id/supply',
    {
      schema: {
        tags,
        summary: 'How an article is kept and sold: lots, back-orders, alerts, parts',
        params: UuidParams,
        response: { 200: envelope(SupplyView) },
      },
      config: { allow: 'inventory:read', errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const found = await getSupply(ctx.db.read, request.params.id.toLowerCase())
      return success(supplyView(found), 'Supply found')
    },
  )

  app.patch(
    '/admin/variants/:id/supply',
    {
      schema: {
        tags,
        summary: 'Change how an article is kept and sold',
        description:
          'Keeping by lots, and bundles, can only begin or end while nothing of the article is ' +
          'there, on its way or promised. A bundle is sold from its parts, at a price of its own.',
        params: UuidParams,
        body: SupplyBody,
        response: { 200: envelope(SupplyView) },
      },
      config: { allow: 'inventory:manage', errors: ['NOT_FOUND', 'IN_USE'] },
    },
    async (request) => {
      const { tracks_lots: tracksLots, back_orders, parts, ...rest } = request.body
      const change = {
        tracksLots,
        lowStockThreshold: rest.low_stock_threshold,
        parts: parts?.map(({ variant_id, quantity }) => ({
          variantId: variant_id.toLowerCase(),
          quantity,
        })),
        ...(back_orders === undefined
          ? {}
          : {
              backOrders: back_orders && {
                limit: back_orders.limit,
                promisedAt: momentOf('back_orders.promised_at', back_orders.promised_at) ?? null,
              },
            }),
      }
      const id = request.params.id.toLowerCase()
      const by = inNameOf(ctx, request)
      const changed = await ctx.db.transaction((tx) => changeSupply(by, tx, { id, change }))
      return success(supplyView(changed), 'Supply changed')
    },
  )
}
