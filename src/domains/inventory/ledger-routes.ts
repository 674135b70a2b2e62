import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import { notFound } from '../../core/errors.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { envelope, listEnvelope, success } from '../../http/envelope.ts'
import { cursorPage, CursorQuery } from '../../http/paging.ts'
import { Timestamp, Uuid, UuidParams } from '../../http/schema.ts'
import { auditStock } from '../audit/audit.ts'
import { timeOrNullView, timeView } from '../catalog/views.ts'
import { getPricing } from '../order/orders.ts'
import { namedOrder } from '../order/reference.ts'
import { OrderParams } from '../order/schema.ts'
import {
  listAllocations,
  listLotsOfOrder,
  listMovements,
  listPartsOfOrder,
  listWaitingArticles,
  listWaitingOrders,
} from './ledger-queries.ts'
import { listLots } from './lot-queries.ts'
import { reconcileStock } from './reconcile.ts'
import { NullableText, NullableTime, NullableUuid, tags } from './schema.ts'
import { findSupply } from './supply-queries.ts'

const MovementView = Type.Object(
  {
    id: Uuid,
    location_id: Uuid,
    location_code: Type.String(),
    quantity: Type.Integer({ description: 'Signed change of what is on hand' }),
    kind: Type.String({ examples: ['sale'] }),
    reason: NullableText,
    note: NullableText,
    order_id: NullableUuid,
    order_number: Type.Union([Type.Integer(), Type.Null()]),
    lot_code: NullableText,
    source_id: Type.Union([Uuid, Type.Null()], { description: 'The transfer or stock-take' }),
    created_at: Timestamp,
  },
  { title: 'StockMovement' },
)

const LotView = Type.Object(
  {
    id: Uuid,
    location_id: Uuid,
    location_code: Type.String(),
    code: Type.String(),
    expires_at: NullableTime,
    on_hand: Type.Integer(),
    reserved: Type.Integer(),
    is_withheld: Type.Boolean({ description: 'It has expired and is not sold' }),
  },
  { title: 'Lot' },
)

/** After every id, for lists that begin with the newest. */
const newest = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
const oldest = '00000000-0000-0000-0000-000000000000'

export function registerLedgerRoutes(app: App, ctx: Context): void {
  const config = { allow: 'inventory:read', errors: ['NOT_FOUND'] } as const
  const assertVariant = async (id: string) => {
    if (!(await findSupply(ctx.db.read, id))) throw notFound('Variant')
  }
  app.get(
    '/admin/variants/:id/movements',
    {
      schema: {
        tags,
        summary: 'The ledger of an article, newest first: what explains every number of it',
        params: UuidParams,
        querystring: CursorQuery,
        response: { 200: listEnvelope(MovementView) },
      },
      config,
    },
    async (request) => {
      const variantId = request.params.id.toLowerCase()
      await assertVariant(variantId)
      const { rows, meta } = await cursorPage(request.query, {
        read: (before = newest, limit) => listMovements(ctx.db.read, { variantId, before, limit }),
        placeOf: ({ id }) => id,
      })
      const views = rows.map((row) => ({ ...row, created_at: timeView(row.created_at) }))
      return success(views, 'Movements listed', { meta })
    },
  )

  app.get(
    '/admin/variants/:id/lots',
    {
      schema: {
        tags,
        summary: 'The lots of an article, the first to expire first',
        params: UuidParams,
        response: { 200: envelope(Type.Array(LotView)) },
      },
      config,
    },
    async (request) => {
      const variantId = request.params.id.toLowerCase()
      await assertVariant(variantId)
      const lots = await listLots(ctx.db.read, { variantId })
      const views = lots.map(({ variant_id: _, expires_at, is_withheld, ...lot }) => ({
        ...lot,
        expires_at: timeOrNullView(expires_at),
        is_withheld: is_withheld === 1,
      }))
      return success(views, 'Lots listed')
    },
  )
  registerOrderStock(app, ctx)
  registerBackorders(app, ctx)
  registerChecks(app, ctx)
}

const Count = Type.Integer()

const AllocationsView = Type.Object(
  {
    articles: Type.Array(
      Type.Object({
        variant_id: Uuid,
        sku: Type.String(),
        location_id: Uuid,
        location_code: Type.String(),
        status: Type.Enum(['active', 'sold', 'released']),
        quantity: Count,
        waiting: Type.Integer({ description: 'On back-order' }),
        promised_at: NullableTime,
        dropped: Type.Integer({ description: 'Cancelled while on back-order' }),
        returned: Count,
        lots: Type.Array(
          Type.Object({
            code: Type.String(),
            expires_at: NullableTime,
            quantity: Count,
            returned: Count,
          }),
        ),
      }),
    ),
    bundles: Type.Array(
      Type.Object({
        variant_id: Uuid,
        parts: Type.Array(Type.Object({ variant_id: Uuid, sku: Type.String(), quantity: Count })),
      }),
      { description: 'What one of each bundle was made of when it was bought' },
    ),
  },
  { title: 'Allocations' },
)

function registerOrderStock(app: App, ctx: Context): void {
  app.get(
    '/admin/orders/:id/allocations',
    {
      schema: {
        tags,
        summary: 'What an order takes from where: locations, lots, parts of bundles, back-orders',
        params: OrderParams,
        response: { 200: envelope(AllocationsView) },
      },
      config: { allow: 'inventory:read', errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const { row } = await getPricing(ctx.db.read, namedOrder(ctx, request.params.id))
      return success(await allocationsOf(ctx, row.id), 'Allocations found')
    },
  )
}

async function allocationsOf(ctx: Context, orderId: string) {
  const rows = await listAllocations(ctx.db.read, { orderId })
  const lots = await listLotsOfOrder(ctx.db.read, { orderId })
  const parts = await listPartsOfOrder(ctx.db.read, { orderId })
  return {
    articles: rows.map((row) => ({
      ...row,
      promised_at: timeOrNullView(row.promised_at),
      lots: lots
        .filter((lot) => lot.variant_id === row.variant_id && lot.location_id === row.location_id)
        .map(({ code, expires_at, quantity, returned }) => ({
          ...{ code, expires_at: timeOrNullView(expires_at), quantity, returned },
        })),
    })),
    bundles: [...Map.groupBy(parts, ({ variant_id }) => variant_id)].map(([variant_id, own]) => ({
      variant_id,
      parts: own.map(({ part_id, sku, quantity }) => ({ variant_id: part_id, sku, quantity })),
    })),
  }
}

const BackorderView = Type.Object(
  {
    order_id: Uuid,
    order_number: Count,
    articles: Type.Array(
      Type.Object({
        variant_id: Uuid,
        sku: Type.String(),
        quantity: Count,
        promised_at: NullableTime,
      }),
    ),
  },
  { title: 'BackOrder' },
)

function registerBackorders(app: App, ctx: Context): void {
  app.get(
    '/admin/back-orders',
    {
      schema: {
        tags,
        summary: 'Which orders wait for what, the oldest first',
        querystring: CursorQuery,
        response: { 200: listEnvelope(BackorderView) },
      },
      config: { allow: 'inventory:read' },
    },
    async (request) => {
      const { rows, meta } = await cursorPage(request.query, {
        read: (after = oldest, limit) => listWaitingOrders(ctx.db.read, { after, limit }),
        placeOf: ({ order_id }) => order_id,
      })
      const ids = JSON.stringify(rows.map(({ order_id: id }) => ({ id })))
      const articles = Map.groupBy(
        await listWaitingArticles(ctx.db.read, { ids }),
        ({ order_id }) => order_id,
      )
      const views = rows.map((row) => ({
        ...row,
        articles: (articles.get(row.order_id) ?? []).map(({ order_id: _, ...article }) => ({
          ...article,
          promised_at: timeOrNullView(article.promised_at),
        })),
      }))
      return success(views, 'Back-orders listed', { meta })
    },
  )
}

const ReconciliationView = Type.Object(
  {
    shelves: Type.Integer({ description: 'How many were compared' }),
    differences: Type.Array(
      Type.Object({
        variant_id: Uuid,
        sku: Type.String(),
        location_code: Type.String(),
        on_hand: Type.Integer({ description: 'By the counter' }),
        moved: Type.Integer({ description: 'By the ledger' }),
        reserved: Type.Integer({ description: 'By the counter' }),
        held: Type.Integer({ description: 'By the orders that hold it' }),
      }),
    ),
  },
  { title: 'Reconciliation' },
)

const StockAuditView = Type.Object(
  {
    clean: Type.Boolean(),
    promises: Type.Array(
      Type.Object({
        promise: Type.String(),
        kept: Type.Boolean(),
        places: Type.Array(Type.Record(Type.String(), Type.Unknown()), {
          description: 'The first few where it is not',
        }),
      }),
    ),
  },
  { title: 'StockAudit' },
)

function registerChecks(app: App, ctx: Context): void {
  app.post(
    '/admin/inventory/reconcile',
    {
      schema: {
        tags,
        summary: 'Compare every shelf with its ledger; reports differences and corrects none',
        response: { 200: envelope(ReconciliationView) },
      },
      config: { allow: 'inventory:manage' },
    },
    async (request) => success(await reconcileStock(inNameOf(ctx, request)), 'Stock reconciled'),
  )

  app.get(
    '/admin/inventory/audit',
    {
      schema: {
        tags,
        summary: 'Every promise about stock, and whether it is kept',
        response: { 200: envelope(StockAuditView) },
      },
      config: { allow: 'inventory:read' },
    },
    async () => {
      const promises = await auditStock(ctx)
      const clean = promises.every(({ kept }) => kept)
      return success({ clean, promises }, clean ? 'All promises are kept' : 'Promises are broken')
    },
  )
}
