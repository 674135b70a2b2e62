import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import type { Tx } from '../../db/database.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { envelope, listEnvelope, success } from '../../http/envelope.ts'
import { answerOnce } from '../../http/once.ts'
import { cursorPage, CursorQuery } from '../../http/paging.ts'
import { Timestamp, Uuid, UuidParams } from '../../http/schema.ts'
import { timeView } from '../catalog/views.ts'
import {
  closed,
  LotCode,
  Note,
  NullableText,
  onceErrors,
  quantityMax,
  tags,
  VariantId,
} from './schema.ts'
import { listStockTakes, type StockTakeRow } from './stock-take-queries.ts'
import {
  cancelStockTake,
  countStock,
  getStockTake,
  openStockTake,
  postStockTake,
  type StockTake,
} from './stock-takes.ts'

const summary = {
  id: Uuid,
  location_id: Uuid,
  location_code: Type.String(),
  status: Type.Enum(['open', 'posted', 'cancelled']),
  note: NullableText,
  version: Type.Integer(),
  created_at: Timestamp,
  updated_at: Timestamp,
}

const StockTakeSummary = Type.Object(summary, { title: 'StockTakeSummary' })
const StockTakeView = Type.Object(
  {
    ...summary,
    lines: Type.Array(
      Type.Object({
        variant_id: Uuid,
        sku: Type.String(),
        lot_code: NullableText,
        counted: Type.Integer(),
        expected: Type.Integer({ description: 'On hand by the books when it was counted' }),
        difference: Type.Integer(),
        counted_at: Timestamp,
      }),
    ),
  },
  { title: 'StockTake' },
)

const summaryView = ({ created_at, updated_at, ...row }: StockTakeRow) => ({
  ...row,
  created_at: timeView(created_at),
  updated_at: timeView(updated_at),
})

const takeView = ({ take, lines }: StockTake) => ({
  ...summaryView(take),
  lines: lines.map(({ variant_id, sku, lot_code, counted, expected, counted_at }) => ({
    ...{ variant_id, sku, lot_code, counted, expected },
    difference: counted - expected,
    counted_at: timeView(counted_at),
  })),
})

const CountBody = Type.Object(
  {
    lines: Type.Array(
      Type.Object(
        {
          variant_id: VariantId,
          lot_code: Type.Optional(LotCode),
          counted: Type.Integer({ minimum: 0, maximum: quantityMax }),
        },
        closed,
      ),
      { minItems: 1, maxItems: 1_000 },
    ),
  },
  closed,
)

const one = (message: string, status: number) => (found: StockTake) => ({
  status,
  body: success(takeView(found), message),
})

export function registerStockTakeRoutes(app: App, ctx: Context): void {
  registerReading(app, ctx)
  app.post(
    '/admin/stock-takes',
    {
      schema: {
        tags,
        summary: 'Begin to count what there is at a location',
        body: Type.Object({ location_id: Type.String({ format: 'uuid' }), note: Note }, closed),
        response: { 201: envelope(StockTakeView) },
      },
      config: { allow: 'inventory:write', errors: ['NOT_FOUND', ...onceErrors] },
    },
    async (request, reply) => {
      const { location_id, note } = request.body
      const opening = { locationId: location_id.toLowerCase(), note }
      const work = (tx: Tx) => openStockTake(inNameOf(ctx, request), tx, opening)
      return answerOnce(ctx, { request, reply }, { work, render: one('Stock-take opened', 201) })
    },
  )

  app.post(
    '/admin/stock-takes/:id/counts',
    {
      schema: {
        tags,
        summary: 'Note what was counted, against what is on hand at this moment',
        description: 'What is counted again replaces what was counted before.',
        params: UuidParams,
        body: CountBody,
        response: { 201: envelope(StockTakeView) },
      },
      config: { allow: 'inventory:write', errors: ['NOT_FOUND', 'ALREADY_CLOSED', ...onceErrors] },
    },
    async (request, reply) => {
      const counts = request.body.lines.map(({ variant_id, lot_code: lotCode, counted }) => ({
        variantId: variant_id.toLowerCase(),
        lotCode,
        counted,
      }))
      const id = request.params.id.toLowerCase()
      const work = (tx: Tx) => countStock(ctx, tx, { id, counts })
      return answerOnce(ctx, { request, reply }, { work, render: one('Counted', 201) })
    },
  )
  registerEnds(app, ctx)
}

function registerReading(app: App, ctx: Context): void {
  app.get(
    '/admin/stock-takes',
    {
      schema: {
        tags,
        summary: 'Stock-takes, newest first',
        querystring: CursorQuery,
        response: { 200: listEnvelope(StockTakeSummary) },
      },
      config: { allow: 'inventory:read' },
    },
    async (request) => {
      const { rows, meta } = await cursorPage(request.query, {
        read: (before, limit) => listStockTakes(ctx.db.read, { before, limit }),
        placeOf: ({ id }) => id,
      })
      return success(rows.map(summaryView), 'Stock-takes listed', { meta })
    },
  )

  app.get(
    '/admin/stock-takes/:id',
    {
      schema: {
        tags,
        summary: 'One stock-take with everything that was counted',
        params: UuidParams,
        response: { 200: envelope(StockTakeView) },
      },
      config: { allow: 'inventory:read', errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const found = await getStockTake(ctx.db.read, request.params.id.toLowerCase())
      return success(takeView(found), 'Stock-take found')
    },
  )
}

function registerEnds(app: App, ctx: Context): void {
  const ends = [
    {
      path: '/admin/stock-takes/:id/posting',
      summary: 'Book the differences; what was sold since the counting stays sold',
      act: postStockTake,
      message: 'Stock-take posted',
      errors: ['NOT_FOUND', 'ALREADY_CLOSED', 'INSUFFICIENT_STOCK', ...onceErrors],
    },
    {
      path: '/admin/stock-takes/:id/cancellation',
      summary: 'Give a stock-take up: nothing is booked',
      act: cancelStockTake,
      message: 'Stock-take cancelled',
      errors: ['NOT_FOUND', 'ALREADY_CLOSED', ...onceErrors],
    },
  ] as const
  for (const { path, summary: about, act, message, errors } of ends) {
    app.post(
      path,
      {
        schema: {
          tags,
          summary: about,
          params: UuidParams,
          response: { 201: envelope(StockTakeView) },
        },
        config: { allow: 'inventory:write', errors },
      },
      async (request, reply) => {
        const id = request.params.id.toLowerCase()
        const work = (tx: Tx) => act(inNameOf(ctx, request), tx, id)
        return answerOnce(ctx, { request, reply }, { work, render: one(message, 201) })
      },
    )
  }
}
