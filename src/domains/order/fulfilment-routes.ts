import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import type { Tx } from '../../db/database.ts'
import type { App } from '../../http/app.ts'
import { demandedVersion } from '../../http/conditional.ts'
import { envelope } from '../../http/envelope.ts'
import { deliverParcel, packParcel, shipParcel, undoParcel } from './fulfilments.ts'
import { stateErrors } from './life-routes.ts'
import {
  AnswerBody,
  FulfilmentBody,
  FulfilmentParams,
  ReceiptBody,
  ReturnParams,
  ShipmentBody,
  StaffReturnBody,
} from './life-schema.ts'
import { receiveReturn } from './receipt.ts'
import { decideOnReturn, requestReturn } from './returns.ts'
import { OrderParams, StaffOrderView } from './schema.ts'
import { answerChange, articlesIn, orderIdOf } from './change-routes.ts'

const tags = ['Administration']
const response = { 201: envelope(StaffOrderView) }
const fulfil = { allow: 'order:fulfil' } as const
const nothing = Type.Object({}, { additionalProperties: false })
const ofFulfilment = Type.Object({ ...OrderParams.properties, ...FulfilmentParams })
const ofReturn = Type.Object({ ...OrderParams.properties, ...ReturnParams })

/** Parcels and returns, for the warehouse and whoever decides. */
export function registerFulfilmentRoutes(app: App, ctx: Context): void {
  registerPacking(app, ctx)
  registerShipping(app, ctx)
  registerParcelEnds(app, ctx)
  registerStaffReturns(app, ctx)
  registerDecisions(app, ctx)
  registerReceipt(app, ctx)
}

interface TrackingBody {
  readonly carrier?: string
  readonly tracking_number?: string
  readonly tracking_url?: string
}

function trackingOf({ carrier, tracking_number, tracking_url }: TrackingBody) {
  // It becomes a link in a mail.
  if (tracking_url !== undefined && !URL.canParse(tracking_url)) {
    throw invalid('tracking_url', 'is no address')
  }
  return {
    carrier: carrier ?? null,
    trackingNumber: tracking_number ?? null,
    trackingUrl: tracking_url ?? null,
  }
}

function registerPacking(app: App, ctx: Context): void {
  app.post(
    '/admin/orders/:id/fulfilments',
    {
      schema: {
        tags,
        summary: 'Make up a parcel of an order, or of some of it',
        params: OrderParams,
        body: FulfilmentBody,
        response,
      },
      config: { ...fulfil, errors: [...stateErrors, 'QUANTITY_EXCEEDED', 'INSUFFICIENT_STOCK'] },
    },
    async (request, reply) => {
      const orderId = await orderIdOf(ctx, request.params)
      const { items, shipped: isShipped = false, ...tracking } = request.body
      const packing = {
        ...{ orderId, isShipped, version: demandedVersion(request) },
        ...trackingOf(tracking),
        items: items?.map(({ line_id, quantity }) => ({
          ...{ lineId: line_id.toLowerCase(), quantity },
        })),
      }
      const work = async (acting: Context, tx: Tx) => {
        await packParcel(acting, tx, packing)
      }
      return answerChange(ctx, { request, reply }, { orderId, message: 'Parcel made up', work })
    },
  )
}

function registerShipping(app: App, ctx: Context): void {
  app.post(
    '/admin/orders/:id/fulfilments/:fulfilment_id/shipment',
    {
      schema: {
        tags,
        summary: 'A parcel leaves; its customer is told',
        params: ofFulfilment,
        body: ShipmentBody,
        response,
      },
      config: { ...fulfil, errors: [...stateErrors, 'WRONG_STATE'] },
    },
    async (request, reply) => {
      const orderId = await orderIdOf(ctx, request.params)
      const id = request.params.fulfilment_id.toLowerCase()
      const work = (acting: Context, tx: Tx) =>
        shipParcel(acting, tx, { orderId, id, ...trackingOf(request.body) })
      return answerChange(ctx, { request, reply }, { orderId, message: 'Parcel shipped', work })
    },
  )
}

const parcelEnds = [
  ['delivery', 'A parcel has arrived', deliverParcel, 'Parcel delivered'],
  ['cancellation', 'Undo a parcel that has not left', undoParcel, 'Parcel undone'],
] as const

function registerParcelEnds(app: App, ctx: Context): void {
  for (const [noun, summary, end, message] of parcelEnds) {
    app.post(
      `/admin/orders/:id/fulfilments/:fulfilment_id/${noun}`,
      {
        schema: { tags, summary, params: ofFulfilment, body: nothing, response },
        config: { ...fulfil, errors: [...stateErrors, 'WRONG_STATE'] },
      },
      async (request, reply) => {
        const { fulfilment_id, ...params } = request.params
        const orderId = await orderIdOf(ctx, params)
        const one = { orderId, id: fulfilment_id.toLowerCase() }
        const work = (acting: Context, tx: Tx) => end(acting, tx, one)
        return answerChange(ctx, { request, reply }, { orderId, message, work })
      },
    )
  }
}

function registerStaffReturns(app: App, ctx: Context): void {
  app.post(
    '/admin/orders/:id/returns',
    {
      schema: {
        tags,
        summary: 'Note that a customer sends goods back, at any time',
        params: OrderParams,
        body: StaffReturnBody,
        response,
      },
      config: { allow: 'order:write', errors: [...stateErrors, 'QUANTITY_EXCEEDED'] },
    },
    async (request, reply) => {
      const orderId = await orderIdOf(ctx, request.params)
      const { note = null, approved: isApproved = false } = request.body
      const items = request.body.items.map(({ line_id, quantity, reason }) => ({
        ...{ lineId: line_id.toLowerCase(), quantity, reason },
      }))
      const work = async (acting: Context, tx: Tx) => {
        await requestReturn(acting, tx, { orderId, items, note, isApproved, by: 'staff' })
      }
      return answerChange(ctx, { request, reply }, { orderId, message: 'Return noted', work })
    },
  )
}

const decisions = [
  ['approval', 'Let goods come back', 'approved', 'Return approved'],
  ['refusal', 'Refuse a return, also one that was approved and never came', 'refused', 'Refused'],
] as const

function registerDecisions(app: App, ctx: Context): void {
  for (const [noun, summary, decision, message] of decisions) {
    app.post(
      `/admin/orders/:id/returns/:return_id/${noun}`,
      {
        schema: { tags, summary, params: ofReturn, body: AnswerBody, response },
        config: { allow: 'order:write', errors: [...stateErrors, 'WRONG_STATE'] },
      },
      async (request, reply) => {
        const { return_id, ...params } = request.params
        const orderId = await orderIdOf(ctx, params)
        const { answer = null } = request.body
        const deciding = { orderId, id: return_id.toLowerCase(), decision, answer } as const
        const work = (acting: Context, tx: Tx) =>
          decideOnReturn(acting, tx, { ...deciding, by: 'staff' })
        return answerChange(ctx, { request, reply }, { orderId, message, work })
      },
    )
  }
}

function registerReceipt(app: App, ctx: Context): void {
  app.post(
    '/admin/orders/:id/returns/:return_id/receipt',
    {
      schema: {
        tags,
        summary: 'Goods have come back: put them on the shelf or scrap them, and give money back',
        description:
          'Exactly what was paid for these pieces goes back, less a deduction. With an exchange ' +
          'other articles go out instead, and only the difference is paid or given back.',
        params: ofReturn,
        body: ReceiptBody,
        response,
      },
      config: {
        ...fulfil,
        errors: [
          ...stateErrors,
          'WRONG_STATE',
          'QUANTITY_EXCEEDED',
          'INSUFFICIENT_STOCK',
          'PRODUCT_UNAVAILABLE',
          'ORDER_NOT_EDITABLE',
          'UNKNOWN_PAYMENT_METHOD',
        ],
      },
    },
    async (request, reply) => {
      const orderId = await orderIdOf(ctx, request.params)
      const { items, exchange, payment_method, payment_data, ...amounts } = request.body
      const receiving = {
        ...{ orderId, id: request.params.return_id.toLowerCase() },
        items: items?.map(({ line_id, quantity, restocked = quantity }) => ({
          ...{ lineId: line_id.toLowerCase(), quantity, restocked },
        })),
        ...{ shippingRefund: amounts.shipping_refund, deduction: amounts.deduction },
        exchange: exchange && { items: articlesIn(exchange), paymentMethod: payment_method },
      }
      const work = (acting: Context, tx: Tx) => receiveReturn(acting, tx, receiving)
      const [message, paymentData] = ['Return received', payment_data]
      return answerChange(ctx, { request, reply }, { orderId, message, work, paymentData })
    },
  )
}
