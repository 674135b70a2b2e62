import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import { referenceOf } from '../../core/reference.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { envelope, success } from '../../http/envelope.ts'
import { answerOnce } from '../../http/once.ts'
import { Uuid } from '../../http/schema.ts'
import { adjustStock, getStock } from './inventory.ts'

const tags = ['Administration']

const StockView = Type.Object(
  {
    variant_id: Uuid,
    sku: Type.String(),
    location_id: Uuid,
    location_code: Type.String(),
    on_hand: Type.Integer(),
    reserved: Type.Integer(),
    available: Type.Integer(),
  },
  { title: 'Stock' },
)

const AdjustmentBody = Type.Object(
  {
    variant_id: Type.String({ format: 'uuid' }),
    quantity: Type.Integer({
      minimum: -1_000_000_000,
      maximum: 1_000_000_000,
      description: 'Signed change of what is on hand; not 0',
      not: { const: 0 },
    }),
    kind: Type.Enum(['receipt', 'adjustment', 'return']),
    note: Type.Optional(Type.String({ maxLength: 500 })),
  },
  { additionalProperties: false },
)

export function registerInventoryRoutes(app: App, ctx: Context): void {
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
      return success(await getStock(ctx, key), 'Stock found')
    },
  )

  app.post(
    '/admin/stock-adjustments',
    {
      schema: {
        tags,
        summary: 'Book a receipt, a correction or a return',
        body: AdjustmentBody,
        response: { 201: envelope(Type.Array(StockView)) },
      },
      config: {
        allow: 'inventory:write',
        errors: [
          'NOT_FOUND',
          'INSUFFICIENT_STOCK',
          'IDEMPOTENCY_KEY_REUSED',
          'REQUEST_IN_PROGRESS',
        ],
      },
    },
    async (request, reply) => {
      const { variant_id, quantity, kind, note } = request.body
      const adjustment = { variantId: variant_id.toLowerCase(), quantity, kind, note }
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: (tx) => adjustStock(inNameOf(ctx, request), tx, adjustment),
          render: (rows) => ({ status: 201, body: success(rows, 'Stock adjusted') }),
        },
      )
    },
  )
}
