import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import type { Tx } from '../../db/database.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { envelope, listEnvelope, success } from '../../http/envelope.ts'
import { answerOnce } from '../../http/once.ts'
import { cursorPage, CursorQuery } from '../../http/paging.ts'
import { Timestamp, Uuid, UuidParams } from '../../http/schema.ts'
import { timeOrNullView, timeView } from '../catalog/views.ts'
import {
  closed,
  LotCode,
  Note,
  NullableText,
  NullableTime,
  onceErrors,
  quantityMax,
  tags,
  VariantId,
} from './schema.ts'
import {
  cancelTransfer,
  getTransfer,
  receiveTransfer,
  searchTransfers,
  sendTransfer,
  type Transfer,
} from './transfers.ts'

const Place = Type.String({ format: 'uuid' })
const Pieces = Type.Integer({ minimum: 1, maximum: quantityMax })
const Status = Type.Enum(['in_transit', 'partly_received', 'received', 'cancelled'])

const TransferView = Type.Object(
  {
    id: Uuid,
    from_location_id: Uuid,
    from_location_code: Type.String(),
    to_location_id: Uuid,
    to_location_code: Type.String(),
    status: Status,
    note: NullableText,
    lines: Type.Array(
      Type.Object({
        position: Type.Integer(),
        variant_id: Uuid,
        sku: Type.String(),
        lot_code: NullableText,
        lot_expires_at: NullableTime,
        quantity: Type.Integer(),
        received: Type.Integer(),
        taken_back: Type.Integer({ description: 'Went back when the rest was cancelled' }),
      }),
    ),
    version: Type.Integer(),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  { title: 'StockTransfer' },
)

function transferView({ transfer, lines }: Transfer) {
  return {
    id: transfer.id,
    from_location_id: transfer.from_id,
    from_location_code: transfer.from_code,
    to_location_id: transfer.to_id,
    to_location_code: transfer.to_code,
    status: transfer.status,
    note: transfer.note,
    lines: lines.map(({ transfer_id: _, lot_id: __, expires_at, ...line }) => ({
      ...line,
      lot_expires_at: timeOrNullView(expires_at),
    })),
    version: transfer.version,
    created_at: timeView(transfer.created_at),
    updated_at: timeView(transfer.updated_at),
  }
}

const TransferQuery = Type.Object(
  {
    ...CursorQuery.properties,
    status: Type.Optional(Status),
    location_id: Type.Optional(
      Type.String({ format: 'uuid', description: 'To this location or from it' }),
    ),
  },
  closed,
)

const NewTransferBody = Type.Object(
  {
    from_location_id: Place,
    to_location_id: Place,
    note: Note,
    lines: Type.Array(
      Type.Object(
        { variant_id: VariantId, quantity: Pieces, lot_code: Type.Optional(LotCode) },
        closed,
      ),
      { minItems: 1, maxItems: 1_000 },
    ),
  },
  closed,
)

const ReceiptBody = Type.Object(
  {
    lines: Type.Optional(
      Type.Array(
        Type.Object({ position: Type.Integer({ minimum: 0 }), quantity: Pieces }, closed),
        {
          minItems: 1,
          maxItems: 1_000,
          description: 'What has arrived; without it, all that is on its way',
        },
      ),
    ),
  },
  closed,
)

const one = (message: string, status: number) => (transfer: Transfer) => ({
  status,
  body: success(transferView(transfer), message),
})

export function registerTransferRoutes(app: App, ctx: Context): void {
  registerReading(app, ctx)
  app.post(
    '/admin/stock-transfers',
    {
      schema: {
        tags,
        summary: 'Send goods from one location to another',
        description: 'They leave the one now and are on no shelf until they are received.',
        body: NewTransferBody,
        response: { 201: envelope(TransferView) },
      },
      config: {
        allow: 'inventory:write',
        errors: ['NOT_FOUND', 'INSUFFICIENT_STOCK', ...onceErrors],
      },
    },
    async (request, reply) => {
      const { from_location_id, to_location_id, note, lines } = request.body
      const transfer = {
        fromId: from_location_id.toLowerCase(),
        toId: to_location_id.toLowerCase(),
        note,
        lines: lines.map(({ variant_id, quantity, lot_code: lotCode }) => ({
          variantId: variant_id.toLowerCase(),
          quantity,
          lotCode,
        })),
      }
      const work = (tx: Tx) => sendTransfer(inNameOf(ctx, request), tx, transfer)
      return answerOnce(ctx, { request, reply }, { work, render: one('Transfer sent', 201) })
    },
  )
  registerEnds(app, ctx)
}

function registerReading(app: App, ctx: Context): void {
  app.get(
    '/admin/stock-transfers',
    {
      schema: {
        tags,
        summary: 'Transfers between locations, newest first',
        querystring: TransferQuery,
        response: { 200: listEnvelope(TransferView) },
      },
      config: { allow: 'inventory:read' },
    },
    async (request) => {
      const { status, location_id } = request.query
      const filter = { status, locationId: location_id?.toLowerCase() }
      const { rows, meta } = await cursorPage(request.query, {
        read: (before, limit) => searchTransfers(ctx.db.read, filter, { before, limit }),
        placeOf: ({ transfer }) => transfer.id,
      })
      return success(rows.map(transferView), 'Transfers listed', { meta })
    },
  )

  app.get(
    '/admin/stock-transfers/:id',
    {
      schema: {
        tags,
        summary: 'One transfer',
        params: UuidParams,
        response: { 200: envelope(TransferView) },
      },
      config: { allow: 'inventory:read', errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const found = await getTransfer(ctx.db.read, request.params.id.toLowerCase())
      return success(transferView(found), 'Transfer found')
    },
  )
}

function registerEnds(app: App, ctx: Context): void {
  const config = {
    allow: 'inventory:write',
    errors: ['NOT_FOUND', 'ALREADY_CLOSED', ...onceErrors],
  } as const
  app.post(
    '/admin/stock-transfers/:id/receipts',
    {
      schema: {
        tags,
        summary: 'Book what has arrived of a transfer',
        params: UuidParams,
        body: ReceiptBody,
        response: { 201: envelope(TransferView) },
      },
      config,
    },
    async (request, reply) => {
      const receiving = { id: request.params.id.toLowerCase(), receipt: request.body.lines }
      const work = (tx: Tx) => receiveTransfer(inNameOf(ctx, request), tx, receiving)
      return answerOnce(ctx, { request, reply }, { work, render: one('Goods received', 201) })
    },
  )

  app.post(
    '/admin/stock-transfers/:id/cancellation',
    {
      schema: {
        tags,
        summary: 'End a transfer: what has not arrived goes back to where it came from',
        params: UuidParams,
        response: { 201: envelope(TransferView) },
      },
      config,
    },
    async (request, reply) => {
      const id = request.params.id.toLowerCase()
      const work = (tx: Tx) => cancelTransfer(inNameOf(ctx, request), tx, id)
      return answerOnce(ctx, { request, reply }, { work, render: one('Transfer cancelled', 201) })
    },
  )
}
