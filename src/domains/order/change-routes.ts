import { Type } from 'typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import type { Tx } from '../../db/database.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { demandedVersion, sendCacheable } from '../../http/conditional.ts'
import { envelope, success } from '../../http/envelope.ts'
import { answerOnce } from '../../http/once.ts'
import { AddressBody } from '../checkout/schema.ts'
import { payAdditional } from '../payment/additional.ts'
import { makeRefunds } from '../payment/refunds.ts'
import { cancelLines, cancelOrder } from './cancellation.ts'
import { growOrder, type Charge } from './edits.ts'
import { stateErrors } from './life-routes.ts'
import { LinesBody, ShippingMethodBody, StaffCancellationBody } from './life-schema.ts'
import { lockOrder, moveOrder } from './life.ts'
import { getOrderId, loadOrder, getOrderRow, readOrder } from './orders.ts'
import { namedOrder } from './reference.ts'
import { OrderParams, StaffOrderView } from './schema.ts'
import { readdress, resend } from './sending.ts'
import { staffOrderView } from './views.ts'

const tags = ['Administration']

const AddressesBody = Type.Object(
  { shipping_info: Type.Optional(AddressBody), billing_info: Type.Optional(AddressBody) },
  { additionalProperties: false, minProperties: 1 },
)

const response = { 201: envelope(StaffOrderView) }
const write = { allow: 'order:write' } as const

/** Every route about an order is answered by the order as it is then. */
export interface StaffChange {
  readonly orderId: string
  readonly message: string
  /** Returns what is still to be paid for it. */
  readonly work: (ctx: Context, tx: Tx) => Promise<Charge | undefined | void>
  readonly paymentData?: Readonly<Record<string, unknown>> | undefined
}

/** Does something to an order in the name of whoever asks, once, and what follows at providers. */
export function answerChange(
  ctx: Context,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  { orderId, message, work, paymentData: data = {} }: StaffChange,
): Promise<FastifyReply> {
  const acting = inNameOf(ctx, request)
  return answerOnce(
    ctx,
    { request, reply },
    {
      work: async (tx) => {
        const charge = await work(acting, tx)
        return { charge, order: await readOrder(tx, orderId) }
      },
      render: ({ order }) => ({ status: 201, body: success(staffOrderView(ctx, order), message) }),
      afterwards: async ({ charge }) => {
        if (charge) await payAdditional(ctx, { ...charge, data })
        await makeRefunds(ctx, orderId)
      },
    },
  )
}

/** The id of the order that the address names. */
export const orderIdOf = (ctx: Context, { id }: { readonly id: string }): Promise<string> =>
  getOrderId(ctx.db.read, namedOrder(ctx, id))

export function registerOrderChangeRoutes(app: App, ctx: Context): void {
  app.get(
    '/admin/orders/:id',
    {
      schema: {
        tags,
        summary: 'One order, with everything that was done about it and by whom',
        params: OrderParams,
        response: { 200: envelope(StaffOrderView) },
      },
      config: { allow: 'order:read', errors: ['NOT_FOUND'] },
    },
    async (request, reply) => {
      const { read } = ctx.db
      const row = await getOrderRow(read, await orderIdOf(ctx, request.params))
      const found = await loadOrder(read, row)
      const body = JSON.stringify(success(staffOrderView(ctx, found), 'Order found'))
      return sendCacheable({ request, reply }, body, row.version)
    },
  )
  registerCancellation(app, ctx)
  registerProcessing(app, ctx)
  registerLines(app, ctx)
  registerSending(app, ctx)
}

function registerCancellation(app: App, ctx: Context): void {
  app.post(
    '/admin/orders/:id/cancellation',
    {
      schema: {
        tags,
        summary: 'Cancel an order, or some of its pieces',
        description:
          'Stock, promotions, gift cards and money go back. Shipping is given back with the ' +
          'whole order, or as shipping_refund.',
        params: OrderParams,
        body: StaffCancellationBody,
        response,
      },
      config: { ...write, errors: [...stateErrors, 'QUANTITY_EXCEEDED', 'GIFT_CARD_SPENT'] },
    },
    async (request, reply) => {
      const { items, reason = 'by_the_shop', note = null, shipping_refund } = request.body
      const orderId = await orderIdOf(ctx, request.params)
      const version = demandedVersion(request)
      const cancelling = { orderId, version, reason, note, by: 'staff' } as const
      const named = items?.map(({ line_id, quantity }) => ({
        ...{ lineId: line_id.toLowerCase(), quantity },
      }))
      const work = async (acting: Context, tx: Tx) => {
        const pieces = named && { items: named, shippingRefund: shipping_refund }
        await (pieces
          ? cancelLines(acting, tx, { ...cancelling, ...pieces })
          : cancelOrder(acting, tx, cancelling))
      }
      return answerChange(ctx, { request, reply }, { orderId, message: 'Cancelled', work })
    },
  )
}

function registerProcessing(app: App, ctx: Context): void {
  app.post(
    '/admin/orders/:id/processing',
    {
      schema: {
        tags,
        summary: 'Begin to put an order together: its customer cannot cancel it any more',
        params: OrderParams,
        body: Type.Object({}, { additionalProperties: false }),
        response,
      },
      config: { allow: 'order:fulfil', errors: [...stateErrors] },
    },
    async (request, reply) => {
      const orderId = await orderIdOf(ctx, request.params)
      const version = demandedVersion(request)
      const work = async (acting: Context, tx: Tx) => {
        const order = await lockOrder(tx, { id: orderId, version })
        await moveOrder(acting, tx, { order, action: 'start' })
      }
      return answerChange(ctx, { request, reply }, { orderId, message: 'In process', work })
    },
  )
}

function registerLines(app: App, ctx: Context): void {
  app.post(
    '/admin/orders/:id/lines',
    {
      schema: {
        tags,
        summary: 'Add articles to an order before any of it is sent',
        description: 'At the prices and taxes of today; promotions do not count for them.',
        params: OrderParams,
        body: LinesBody,
        response,
      },
      config: {
        ...write,
        errors: [
          ...stateErrors,
          'PRODUCT_UNAVAILABLE',
          'ORDER_NOT_EDITABLE',
          'INSUFFICIENT_STOCK',
          'UNKNOWN_PAYMENT_METHOD',
          'AMOUNT_TOO_LARGE',
        ],
      },
    },
    async (request, reply) => {
      const { items, payment_method: paymentMethod, payment_data: paymentData } = request.body
      const orderId = await orderIdOf(ctx, request.params)
      const growing = {
        ...{ orderId, paymentMethod, version: demandedVersion(request) },
        items: articlesIn(items),
      }
      const work = (acting: Context, tx: Tx) => growOrder(acting, tx, growing)
      const message = 'Articles added'
      return answerChange(ctx, { request, reply }, { orderId, message, work, paymentData })
    },
  )
}

export const articlesIn = (
  items: readonly { readonly variant_id: string; readonly quantity: number }[],
) => items.map(({ variant_id, quantity }) => ({ variantId: variant_id.toLowerCase(), quantity }))

function registerSending(app: App, ctx: Context): void {
  app.post(
    '/admin/orders/:id/addresses',
    {
      schema: {
        tags,
        summary: 'Send an order elsewhere, or bill it to somebody else, before it is sent',
        description:
          'Refused where other taxes apply, or its shipping method costs something else.',
        params: OrderParams,
        body: AddressesBody,
        response,
      },
      config: { ...write, errors: [...stateErrors, 'ORDER_NOT_EDITABLE'] },
    },
    async (request, reply) => {
      const { shipping_info: shipping, billing_info: billing } = request.body
      const orderId = await orderIdOf(ctx, request.params)
      const change = { orderId, shipping, billing, version: demandedVersion(request) }
      const work = (acting: Context, tx: Tx) => readdress(acting, tx, change)
      return answerChange(ctx, { request, reply }, { orderId, message: 'Addresses changed', work })
    },
  )

  app.post(
    '/admin/orders/:id/shipping-method',
    {
      schema: {
        tags,
        summary: 'Send an order another way, before it is sent',
        description: 'What it costs more is one more payment; what it costs less goes back.',
        params: OrderParams,
        body: ShippingMethodBody,
        response,
      },
      config: {
        ...write,
        errors: [
          ...stateErrors,
          'ORDER_NOT_EDITABLE',
          'UNKNOWN_SHIPPING_METHOD',
          'UNKNOWN_PAYMENT_METHOD',
        ],
      },
    },
    async (request, reply) => {
      const { shipping_method: shippingMethod, payment_method, payment_data } = request.body
      const orderId = await orderIdOf(ctx, request.params)
      const change = {
        ...{ orderId, shippingMethod, version: demandedVersion(request) },
        paymentMethod: payment_method,
      }
      const work = (acting: Context, tx: Tx) => resend(acting, tx, change)
      const [message, paymentData] = ['Shipping method changed', payment_data]
      return answerChange(ctx, { request, reply }, { orderId, message, work, paymentData })
    },
  )
}
