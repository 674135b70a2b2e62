import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import { referenceOf } from '../../core/reference.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { envelope, success } from '../../http/envelope.ts'
import { answerOnce } from '../../http/once.ts'
import { momentOf } from '../../http/schema.ts'
import { adjustStock, getStock, setLevel } from './adjustments.ts'
import { registerLedgerRoutes } from './ledger-routes.ts'
import { registerNoticeRoutes } from './notice-routes.ts'
import { registerLocationRoutes } from './location-routes.ts'
import type { StockRow } from './queries.ts'
import { AdjustmentBody, LevelBody, onceErrors, StockView, tags } from './schema.ts'
import { registerStockTakeRoutes } from './stock-take-routes.ts'
import { registerSupplyRoutes } from './supply-routes.ts'
import { registerTransferRoutes } from './transfer-routes.ts'

const stockView = ({ is_active, ...row }: StockRow) => ({ ...row, is_active: is_active === 1 })

export function registerInventoryRoutes(app: App, ctx: Context): void {
  registerLevels(app, ctx)
  registerAdjustments(app, ctx)
  registerLocationRoutes(app, ctx)
  registerTransferRoutes(app, ctx)
  registerStockTakeRoutes(app, ctx)
  registerSupplyRoutes(app, ctx)
  registerLedgerRoutes(app, ctx)
  registerNoticeRoutes(app, ctx)
}

function registerLevels(app: App, ctx: Context): void {
  app.get(
    '/admin/stock/:id',
    {
      schema: {
        tags,
        summary: 'Stock of a variant at every location, by variant id or SKU',
        params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 100 }) }),
        response: { 200: envelope(Type.Array(StockView)) },
      },
      config: { allow: 'inventory:read', errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const by = referenceOf(request.params.id)
      const key = by.by === 'id' ? { variantId: by.id } : { sku: request.params.id }
      return success((await getStock(ctx, key)).map(stockView), 'Stock found')
    },
  )

  app.put(
    '/admin/stock-levels',
    {
      schema: {
        tags,
        summary: 'Set what is on hand, if it is what you expect',
        description: 'Refused with STOCK_CHANGED if something was sold or booked meanwhile.',
        body: LevelBody,
        response: { 200: envelope(Type.Array(StockView)) },
      },
      config: {
        allow: 'inventory:write',
        errors: ['NOT_FOUND', 'STOCK_CHANGED', 'INSUFFICIENT_STOCK', ...onceErrors],
      },
    },
    async (request, reply) => {
      const { body } = request
      const level = {
        variantId: body.variant_id.toLowerCase(),
        locationId: body.location_id?.toLowerCase(),
        onHand: body.on_hand,
        expected: body.expected_on_hand,
        reason: body.reason,
        note: body.note,
      }
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: (tx) => setLevel(inNameOf(ctx, request), tx, level),
          render: (rows) => ({ status: 200, body: success(rows.map(stockView), 'Stock set') }),
        },
      )
    },
  )
}

function registerAdjustments(app: App, ctx: Context): void {
  app.post(
    '/admin/stock-adjustments',
    {
      schema: {
        tags,
        summary: 'Book a receipt, a correction, a return or scrap',
        body: AdjustmentBody,
        response: { 201: envelope(Type.Array(StockView)) },
      },
      config: {
        allow: 'inventory:write',
        errors: ['NOT_FOUND', 'INSUFFICIENT_STOCK', ...onceErrors],
      },
    },
    async (request, reply) => {
      const { variant_id, location_id, lot, ...plain } = request.body
      const expiresAt = lot && momentOf('lot.expires_at', lot.expires_at)
      const adjustment = {
        ...plain,
        variantId: variant_id.toLowerCase(),
        locationId: location_id?.toLowerCase(),
        lot: lot && { code: lot.code, expiresAt },
      }
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: (tx) => adjustStock(inNameOf(ctx, request), tx, adjustment),
          render: (rows) => ({ status: 201, body: success(rows.map(stockView), 'Stock adjusted') }),
        },
      )
    },
  )
}
