import { Type } from 'typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import type { Tx } from '../../db/database.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { envelope, success } from '../../http/envelope.ts'
import { answerOnce } from '../../http/once.ts'
import { UuidParams } from '../../http/schema.ts'
import { getPricing } from '../order/orders.ts'
import { namedOrder } from '../order/reference.ts'
import { OrderParams } from '../order/schema.ts'
import { makeRefunds } from './refunds.ts'
import { CaptureBody, ReceiptBody, RefundBody, StaffPaymentView, VoidBody } from './schema.ts'
import {
  capturePayment,
  getPaymentById,
  paymentsForStaff,
  receivePayment,
  refundPayment,
  voidPayment,
  type StaffPayment,
} from './staff.ts'
import type { PaymentRow } from './queries.ts'
import { staffPaymentView } from './views.ts'

const tags = ['Payments']
const errors = [
  'NOT_FOUND',
  'PAYMENT_STATE',
  'PAYMENT_IN_PROGRESS',
  'IDEMPOTENCY_KEY_REUSED',
  'REQUEST_IN_PROGRESS',
] as const
const later =
  'Answered when it is decided and written down; the provider is told at once after that, and ' +
  'again until it has answered. The operation says what has become of it.'

const view = ({ payment, operations }: StaffPayment) => staffPaymentView(payment, operations)

interface Change {
  readonly message: string
  readonly work: (ctx: Context, tx: Tx, payment: PaymentRow) => Promise<StaffPayment>
}

/** Changes a payment in the name of whoever asks, once, and has it made at its provider. */
async function change(
  ctx: Context,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  { message, work }: Change,
): Promise<FastifyReply> {
  const { id } = request.params as { id: string }
  const payment = await getPaymentById(ctx.db.read, id.toLowerCase())
  const acting = inNameOf(ctx, request)
  return answerOnce(
    ctx,
    { request, reply },
    {
      work: (tx) => work(acting, tx, payment),
      render: (found) => ({ status: 201, body: success(view(found), message) }),
      afterwards: () => makeRefunds(acting, payment.order_id),
    },
  )
}

/** What staff does with payments. */
export function registerPaymentAdminRoutes(app: App, ctx: Context): void {
  app.get(
    '/admin/orders/:id/payments',
    {
      schema: {
        tags,
        summary: 'The payments of an order, with everything that was done to each',
        params: OrderParams,
        response: { 200: envelope(Type.Array(StaffPaymentView)) },
      },
      config: { allow: 'payment:read', errors: ['NOT_FOUND'] },
    },
    async ({ params }) => {
      const { row } = await getPricing(ctx.db.read, namedOrder(ctx, params.id))
      const payments = await paymentsForStaff(ctx.db.read, row.id)
      return success(payments.map(view), 'Payments listed')
    },
  )
  registerCollecting(app, ctx)
  registerReturning(app, ctx)
}

function registerCollecting(app: App, ctx: Context): void {
  app.post(
    '/admin/payments/:id/captures',
    {
      schema: {
        tags,
        summary: 'Collect what is authorised, or a part; the rest is given up',
        description: later,
        params: UuidParams,
        body: CaptureBody,
        response: { 201: envelope(StaffPaymentView) },
      },
      config: { allow: 'payment:write', errors: [...errors, 'CAPTURE_EXCEEDS_AUTHORISED'] },
    },
    async (request, reply) => {
      const { amount } = request.body
      const work: Change['work'] = (acting, tx, payment) =>
        capturePayment(acting, tx, { payment, amount })
      return change(ctx, { request, reply }, { message: 'Capture decided', work })
    },
  )

  app.post(
    '/admin/payments/:id/receipts',
    {
      schema: {
        tags,
        summary: 'Book money that came by transfer or at the door',
        params: UuidParams,
        body: ReceiptBody,
        response: { 201: envelope(StaffPaymentView) },
      },
      config: { allow: 'payment:write', errors: [...errors, 'CAPTURE_EXCEEDS_AUTHORISED'] },
    },
    async (request, reply) => {
      const { amount, note = null } = request.body
      const work: Change['work'] = (acting, tx, payment) =>
        receivePayment(acting, tx, { payment, amount, note })
      return change(ctx, { request, reply }, { message: 'Money booked', work })
    },
  )
}

function registerReturning(app: App, ctx: Context): void {
  app.post(
    '/admin/payments/:id/voiding',
    {
      schema: {
        tags,
        summary: 'Give up what was not collected yet of a payment',
        description: later,
        params: UuidParams,
        body: VoidBody,
        response: { 201: envelope(StaffPaymentView) },
      },
      config: { allow: 'payment:write', errors },
    },
    async (request, reply) => {
      const { reason = null } = request.body
      const work: Change['work'] = (acting, tx, payment) =>
        voidPayment(acting, tx, { payment, reason })
      return change(ctx, { request, reply }, { message: 'Payment voided', work })
    },
  )

  app.post(
    '/admin/payments/:id/refunds',
    {
      schema: {
        tags,
        summary: 'Give money of a payment back, all or a part',
        description: later,
        params: UuidParams,
        body: RefundBody,
        response: { 201: envelope(StaffPaymentView) },
      },
      config: { allow: 'payment:refund', errors: [...errors, 'REFUND_EXCEEDS_CAPTURED'] },
    },
    async (request, reply) => {
      const { amount, reason } = request.body
      const work: Change['work'] = (acting, tx, payment) =>
        refundPayment(acting, tx, { payment, amount, reason })
      return change(ctx, { request, reply }, { message: 'Refund decided', work })
    },
  )
}
