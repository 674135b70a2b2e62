import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { envelope, success } from '../../http/envelope.ts'
import { answerOnce } from '../../http/once.ts'
import { Timestamp, Uuid, UuidParams } from '../../http/schema.ts'
import { timeView } from '../catalog/views.ts'
import { addNote, addTag, notesOf, removeNote, removeTag, type OrderNote } from './notes.ts'
import { getOrder, orderOf } from './orders.ts'
import { namedOrder } from './reference.ts'
import { readerOf } from './routes.ts'
import { OrderParams, OrderTokenQuery, Tag } from './schema.ts'

const tags = ['Administration']

const NoteBody = Type.Object(
  {
    body: Type.String({ minLength: 1, maxLength: 5_000, pattern: '\\S' }),
    public: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'The customer may read it, and gets it by mail',
      }),
    ),
  },
  { additionalProperties: false, examples: [{ body: 'Wants it wrapped as a gift.' }] },
)

const NoteView = Type.Object(
  {
    id: Uuid,
    body: Type.String(),
    public: Type.Boolean(),
    author: Type.Optional(Type.String()),
    created_at: Timestamp,
  },
  { title: 'OrderNote' },
)

/** Customers read what is written to them, not who of the staff wrote it. */
const customerNoteView = ({ id, body, is_public, created_at }: OrderNote) => ({
  id,
  body,
  public: is_public === 1,
  created_at: timeView(created_at),
})
const noteView = (note: OrderNote) => ({ ...customerNoteView(note), author: note.author })

const TagsAnswer = envelope(Type.Array(Type.String()))
const TagParams = Type.Object({ id: OrderParams.properties.id, tag: Tag })
const config = { allow: 'order:write', errors: ['NOT_FOUND'] } as const

/** What people write on orders, and how they sort them. */
export function registerOrderNoteRoutes(app: App, ctx: Context): void {
  app.get(
    '/orders/:id/notes',
    {
      schema: {
        tags: ['Orders'],
        summary: 'What the shop has written to you on an order: yours, or with its token',
        params: OrderParams,
        querystring: OrderTokenQuery,
        response: { 200: envelope(Type.Array(NoteView)) },
      },
      config: { allow: 'shopper', errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const reader = readerOf(request, request.query.token)
      const { order } = await getOrder(ctx, namedOrder(ctx, request.params.id), reader)
      const notes = await notesOf(ctx, { orderId: order.id, isForCustomer: true })
      return success(notes.map(customerNoteView), 'Notes listed')
    },
  )
  registerStaffNotes(app, ctx)
  registerTags(app, ctx)
}

function registerStaffNotes(app: App, ctx: Context): void {
  app.get(
    '/admin/orders/:id/notes',
    {
      schema: {
        tags,
        summary: 'All notes on an order, the oldest first',
        params: OrderParams,
        response: { 200: envelope(Type.Array(NoteView)) },
      },
      config: { allow: 'order:read', errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const { id } = await orderOf(ctx, namedOrder(ctx, request.params.id))
      const notes = await notesOf(ctx, { orderId: id, isForCustomer: false })
      return success(notes.map(noteView), 'Notes listed')
    },
  )

  app.post(
    '/admin/orders/:id/notes',
    {
      schema: {
        tags,
        summary: 'Write a note on an order, for staff or for its customer',
        params: OrderParams,
        body: NoteBody,
        response: { 201: envelope(NoteView) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'IDEMPOTENCY_KEY_REUSED', 'REQUEST_IN_PROGRESS'] },
    },
    async (request, reply) => {
      const order = await orderOf(ctx, namedOrder(ctx, request.params.id))
      const { body, public: isPublic = false } = request.body
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: (tx) => addNote(inNameOf(ctx, request), tx, { order, body, isPublic }),
          render: (note) => ({ status: 201, body: success(noteView(note), 'Note written') }),
        },
      )
    },
  )

  app.delete(
    '/admin/orders/:id/notes/:note_id',
    {
      schema: {
        tags,
        summary: 'Delete a note',
        params: Type.Object({
          id: OrderParams.properties.id,
          note_id: UuidParams.properties.id,
        }),
        response: { 200: envelope(Type.Null()) },
      },
      config,
    },
    async (request) => {
      const { id: orderId } = await orderOf(ctx, namedOrder(ctx, request.params.id))
      const id = request.params.note_id.toLowerCase()
      await ctx.db.transaction((tx) => removeNote(inNameOf(ctx, request), tx, { orderId, id }))
      return success(null, 'Note deleted')
    },
  )
}

function registerTags(app: App, ctx: Context): void {
  app.put(
    '/admin/orders/:id/tags/:tag',
    {
      schema: {
        tags,
        summary: 'Put a tag on an order',
        params: TagParams,
        response: { 200: TagsAnswer },
      },
      config,
    },
    async (request) => {
      const { id: orderId } = await orderOf(ctx, namedOrder(ctx, request.params.id))
      const tagging = { orderId, tag: request.params.tag }
      const own = await ctx.db.transaction((tx) => addTag(inNameOf(ctx, request), tx, tagging))
      return success(own, 'Tagged')
    },
  )

  app.delete(
    '/admin/orders/:id/tags/:tag',
    {
      schema: {
        tags,
        summary: 'Take a tag off an order',
        params: TagParams,
        response: { 200: TagsAnswer },
      },
      config,
    },
    async (request) => {
      const { id: orderId } = await orderOf(ctx, namedOrder(ctx, request.params.id))
      const tagging = { orderId, tag: request.params.tag }
      const own = await ctx.db.transaction((tx) => removeTag(inNameOf(ctx, request), tx, tagging))
      return success(own, 'Tag removed')
    },
  )
}
