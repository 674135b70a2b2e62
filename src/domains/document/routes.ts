import { Type, type Static } from 'typebox'
import type { FastifyReply } from 'fastify'
import type { Context } from '../../context.ts'
import { invalid, ShopError } from '../../core/errors.ts'
import { formatMinor, minor, parseDecimal } from '../../core/money.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { envelope, success } from '../../http/envelope.ts'
import { answerOnce } from '../../http/once.ts'
import { UuidParams } from '../../http/schema.ts'
import { Moment, registerStaffList, timeOf } from '../../http/staff-list.ts'
import { timeView } from '../catalog/views.ts'
import { getOrder, orderOf } from '../order/orders.ts'
import { namedOrder } from '../order/reference.ts'
import { readerOf } from '../order/routes.ts'
import { OrderParams, OrderTokenQuery } from '../order/schema.ts'
import { issueCreditNote, type CreditWanted } from './credit-notes.ts'
import { documentsOf, getDocument, issueInvoice, readContent } from './documents.ts'
import { documentPdf, packingSlipsPdf } from './printing.ts'
import { countDocuments, documentSorts, listDocuments } from './queries.ts'
import { CreditNoteBody, DocumentView } from './schema.ts'
import { documentView } from './views.ts'

const tags = ['Documents']
const once = ['IDEMPOTENCY_KEY_REUSED', 'REQUEST_IN_PROGRESS'] as const

const Pdf = { content: { 'application/pdf': { schema: Type.String({ format: 'binary' }) } } }

const DocumentParams = Type.Object({
  id: OrderParams.properties.id,
  document_id: UuidParams.properties.id,
})

export function registerDocumentRoutes(app: App, ctx: Context): void {
  registerOwn(app, ctx)
  registerIssue(app, ctx)
  registerReading(app, ctx)
  registerSlips(app, ctx)
  registerDocumentList(app, ctx)
}

/** Tells browsers to show it, and what to call it when it is kept. */
function sendPdf(reply: FastifyReply, { name, bytes }: { name: string; bytes: Buffer }) {
  reply.type('application/pdf')
  reply.header('content-disposition', `inline; filename="${name.replaceAll('/', '-')}.pdf"`)
  return reply.send(bytes)
}

function registerOwn(app: App, ctx: Context): void {
  app.get(
    '/orders/:id/documents',
    {
      schema: {
        tags,
        summary: 'The invoices and credit notes of an order: yours, or a guest’s with its token',
        params: OrderParams,
        querystring: OrderTokenQuery,
        response: { 200: envelope(Type.Array(DocumentView)) },
      },
      config: { allow: 'shopper', errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const reader = readerOf(request, request.query.token)
      const { order } = await getOrder(ctx, namedOrder(ctx, request.params.id), reader)
      return success((await documentsOf(ctx, order.id)).map(documentView), 'Documents listed')
    },
  )

  app.get(
    '/orders/:id/documents/:document_id/pdf',
    {
      schema: {
        tags,
        summary: 'One of them as PDF',
        params: DocumentParams,
        querystring: OrderTokenQuery,
        response: { 200: Pdf },
      },
      config: { allow: 'shopper', errors: ['NOT_FOUND'] },
    },
    async (request, reply) => {
      const { id, document_id: documentId } = request.params
      const reader = readerOf(request, request.query.token)
      const { order } = await getOrder(ctx, namedOrder(ctx, id), reader)
      const found = await getDocument(ctx, { id: documentId.toLowerCase(), orderId: order.id })
      return sendPdf(reply, { name: found.number, bytes: await documentPdf(ctx, found) })
    },
  )
}

function registerIssue(app: App, ctx: Context): void {
  app.post(
    '/admin/orders/:id/invoices',
    {
      schema: {
        tags,
        summary: 'Issue the invoice of an order, or of what it has grown by',
        params: OrderParams,
        response: { 201: envelope(DocumentView) },
      },
      config: {
        allow: 'document:write',
        errors: ['NOT_FOUND', 'NOTHING_TO_INVOICE', 'SELLER_UNKNOWN', ...once],
      },
    },
    async (request, reply) => {
      const { id } = await orderOf(ctx, namedOrder(ctx, request.params.id))
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: (tx) => issueInvoice(inNameOf(ctx, request), tx, id),
          render: (row) => ({ status: 201, body: success(documentView(row), 'Invoice issued') }),
        },
      )
    },
  )

  app.post(
    '/admin/orders/:id/credit-notes',
    {
      schema: {
        tags,
        summary: 'Issue a credit note over pieces or an amount; one for each invoice it is about',
        params: OrderParams,
        body: CreditNoteBody,
        response: { 201: envelope(Type.Array(DocumentView)) },
      },
      config: {
        allow: 'document:write',
        errors: ['NOT_FOUND', 'NOT_INVOICED', 'CREDIT_EXCEEDS_INVOICED', ...once],
      },
    },
    async (request, reply) => {
      const order = await orderOf(ctx, namedOrder(ctx, request.params.id))
      const wanted = creditOf(order, request.body)
      return answerOnce(
        ctx,
        { request, reply },
        {
          async work(tx) {
            const issued = await issueCreditNote(inNameOf(ctx, request), tx, wanted)
            if (issued.length === 0) throw new ShopError('NOT_INVOICED')
            return issued
          },
          render: (rows) => ({
            status: 201,
            body: success(rows.map(documentView), 'Credit note issued'),
          }),
        },
      )
    },
  )
}

function creditOf(
  order: { readonly id: string; readonly currency: string },
  { reason, items, shipping, amount }: Static<typeof CreditNoteBody>,
): CreditWanted {
  if ((items === undefined) === (amount === undefined)) {
    throw invalid('amount', 'is required, or items instead of it')
  }
  if (amount !== undefined && shipping !== undefined) {
    throw invalid('shipping', 'cannot be combined with amount')
  }
  const ids = items?.map(({ line_id }) => line_id.toLowerCase()) ?? []
  if (new Set(ids).size !== ids.length) throw invalid('items', 'must name each line once')
  const money = (field: string, text: string | undefined) => {
    if (text === undefined) return undefined
    const value = parseDecimal(text.replace(/^0+(?=\d)/, ''), order.currency)
    if (value === undefined) throw invalid(field, `must be an amount in ${order.currency}`)
    if (value === 0) throw invalid(field, 'must be more than 0')
    return minor(value)
  }
  return {
    orderId: order.id,
    reason,
    items:
      items?.map(({ line_id, quantity }) => ({ lineId: line_id.toLowerCase(), quantity })) ?? [],
    shippingMinor: money('shipping', shipping),
    amountMinor: money('amount', amount),
  }
}

function registerReading(app: App, ctx: Context): void {
  app.get(
    '/admin/documents/:id',
    {
      schema: {
        tags,
        summary: 'A document, with all that stands on it',
        params: UuidParams,
        response: {
          200: envelope(
            Type.Object({
              ...DocumentView.properties,
              content: Type.Record(Type.String(), Type.Unknown()),
            }),
          ),
        },
      },
      config: { allow: 'order:read', errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const found = await getDocument(ctx, { id: request.params.id.toLowerCase() })
      const content = readContent(found) as unknown as Record<string, unknown>
      return success({ ...documentView(found), content }, 'Document found')
    },
  )
}

function registerSlips(app: App, ctx: Context): void {
  app.get(
    '/admin/orders/:id/packing-slip',
    {
      schema: {
        tags,
        summary: 'What goes into the parcel, as PDF',
        params: OrderParams,
        response: { 200: Pdf },
      },
      config: { allow: 'order:read', errors: ['NOT_FOUND'] },
    },
    async (request, reply) => {
      const { id, number } = await orderOf(ctx, namedOrder(ctx, request.params.id))
      const bytes = await packingSlipsPdf(ctx, [id])
      return sendPdf(reply, { name: `packing-slip-${number}`, bytes })
    },
  )

  app.post(
    '/admin/packing-slips',
    {
      schema: {
        tags,
        summary: 'The packing slips of up to 100 orders in one PDF',
        body: Type.Object(
          {
            orders: Type.Array(OrderParams.properties.id, {
              minItems: 1,
              maxItems: 100,
              description: 'Ids, numbers or references',
            }),
          },
          { additionalProperties: false },
        ),
        response: { 200: Pdf },
      },
      config: { allow: 'order:read', errors: ['NOT_FOUND'] },
    },
    async (request, reply) => {
      const names = request.body.orders.map((name) => namedOrder(ctx, name, 'orders'))
      const orders = await Promise.all(names.map((by) => orderOf(ctx, by)))
      const bytes = await packingSlipsPdf(
        ctx,
        orders.map(({ id }) => id),
      )
      return sendPdf(reply, { name: 'packing-slips', bytes })
    },
  )
}

const fields = {
  kind: Type.Optional(Type.Enum(['invoice', 'credit_note'])),
  number: Type.Optional(Type.String({ minLength: 1, maxLength: 80 })),
  from: Type.Optional(Moment),
  to: Type.Optional({ ...Moment, description: 'Not included' }),
  order: Type.Optional(OrderParams.properties.id),
}

function registerDocumentList(app: App, ctx: Context): void {
  registerStaffList(app, {
    path: '/admin/documents',
    tags,
    summary: 'Invoices and credit notes',
    permission: 'order:read',
    fields,
    sorts: documentSorts,
    view: DocumentView,
    filterOf: ({ kind, number, from, to, order }) => ({
      kind,
      number,
      from: timeOf('from', from),
      to: timeOf('to', to),
      order: order === undefined ? undefined : namedOrder(ctx, order, 'order'),
    }),
    read: (request) => listDocuments(ctx.db.long, request),
    count: (filter) => countDocuments(ctx.db.long, filter),
    show: documentView,
    columns: {
      number: ({ number }) => number,
      kind: ({ kind }) => kind,
      issued_at: ({ issued_at }) => timeView(issued_at),
      order: (row) => readContent(row).order.reference,
      corrects: (row) => readContent(row).corrects?.number ?? null,
      buyer: (row) => readContent(row).buyer.name,
      country: (row) => readContent(row).buyer.address.at(-1) ?? null,
      vat_id: (row) => readContent(row).buyer.vat_id,
      currency: ({ currency }) => currency,
      net: ({ total_minor, tax_minor, currency }) =>
        formatMinor(minor(total_minor - tax_minor), currency),
      tax: ({ tax_minor, currency }) => formatMinor(tax_minor, currency),
      total: ({ total_minor, currency }) => formatMinor(total_minor, currency),
      id: ({ id }) => id,
    },
  })
}
