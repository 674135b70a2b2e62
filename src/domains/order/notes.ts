import type { Context } from '../../context.ts'
import { invalid, notFound } from '../../core/errors.ts'
import type { Tx } from '../../db/database.ts'
import { enqueue } from '../../db/outbox.ts'
import { record } from '../audit/log.ts'
import { deleteNote, deleteTag, insertNote, listNotes, listTags, noteById } from './note-queries.ts'
import type { OrderRow } from './queries.ts'
import type { OrderNoteTable } from './tables.ts'

export type OrderNote = OrderNoteTable

/** Notes on one order; whoever writes more has a ticket system. */
const notesMax = 500
export const tagsMax = 50

export interface NewNote {
  readonly order: Pick<OrderRow, 'id' | 'number'>
  readonly body: string
  /** The customer can read it, and gets it by mail. */
  readonly isPublic: boolean
}

/** Writes a note on an order, in the name of whoever acts. */
export async function addNote(ctx: Context, tx: Tx, note: NewNote): Promise<OrderNote> {
  const { order, body, isPublic } = note
  const written = await listNotes(tx, { orderId: order.id, least: 0, limit: notesMax })
  if (written.length >= notesMax) throw invalid('body', `cannot be one more than ${notesMax}`)
  const row: OrderNote = {
    id: ctx.newId(),
    order_id: order.id,
    is_public: isPublic ? 1 : 0,
    body,
    author: ctx.actor.name,
    created_at: ctx.clock.now(),
  }
  await insertNote(tx, row)
  // What it says may be about a person: the log, which nobody can change, is not told.
  const after = { note_id: row.id, is_public: isPublic }
  await record(ctx, tx, { action: 'order.noted', subject: ['order', order.id], after })
  if (isPublic) {
    const payload = { order_id: order.id, number: order.number, note_id: row.id }
    await enqueue(ctx, tx, { topic: 'note.added', payload })
  }
  return row
}

/** The notes on an order, the oldest first; to its customer only those that are meant for them. */
export function notesOf(
  { db }: Context,
  { orderId, isForCustomer }: { readonly orderId: string; readonly isForCustomer: boolean },
): Promise<OrderNote[]> {
  return listNotes(db.read, { orderId, least: isForCustomer ? 1 : 0, limit: notesMax })
}

/** A note, for the shop itself; undefined if it was deleted. */
export async function findNote({ db }: Context, id: string): Promise<OrderNote | undefined> {
  return (await noteById(db.read, { id }))[0]
}

/** Deletes a note. NOT_FOUND if there is none on this order. */
export async function removeNote(
  ctx: Context,
  tx: Tx,
  { orderId, id }: { readonly orderId: string; readonly id: string },
): Promise<void> {
  if ((await deleteNote(tx, { orderId, id })).changes === 0) throw notFound('Note')
  const before = { note_id: id }
  await record(ctx, tx, { action: 'order.note_deleted', subject: ['order', orderId], before })
}

interface Tagging {
  readonly orderId: string
  readonly tag: string
}

/** Puts a tag on an order; nothing happens if it has it. Returns all that it has then. */
export async function addTag(ctx: Context, tx: Tx, { orderId, tag }: Tagging): Promise<string[]> {
  const row = { order_id: orderId, tag, created_at: ctx.clock.now() }
  const isNew = await tx.dialect.insertOnce(tx, 'order_tags', row)
  const tags = await tagsOf(tx, orderId)
  if (tags.length > tagsMax) throw invalid('tag', `cannot be one more than ${tagsMax}`)
  const facts = { subject: ['order', orderId] as const, after: { tag } }
  if (isNew) await record(ctx, tx, { action: 'order.tagged', ...facts })
  return tags
}

/** Takes a tag off an order; nothing happens if it has it not. Returns those that are left. */
export async function removeTag(
  ctx: Context,
  tx: Tx,
  { orderId, tag }: Tagging,
): Promise<string[]> {
  const { changes } = await deleteTag(tx, { orderId, tag })
  const facts = { subject: ['order', orderId] as const, before: { tag } }
  if (changes > 0) await record(ctx, tx, { action: 'order.untagged', ...facts })
  return tagsOf(tx, orderId)
}

async function tagsOf(tx: Tx, orderId: string): Promise<string[]> {
  return (await listTags(tx, { orderId })).map(({ tag }) => tag)
}
