import { sql } from 'kysely'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { OrderNoteTable } from './tables.ts'

export const insertNote = preparedWrite<OrderNoteTable>((db, param) =>
  db.insertInto('order_notes').values({
    id: param('id'),
    order_id: param('order_id'),
    is_public: param('is_public'),
    body: param('body'),
    author: param('author'),
    created_at: param('created_at'),
  }),
)

/** The notes on an order, the oldest first; `least` 1 leaves out what is not for the customer. */
export const listNotes = preparedQuery<
  { orderId: string; least: number; limit: number },
  OrderNoteTable
>((db, param) =>
  db
    .selectFrom('order_notes')
    .selectAll()
    .where('order_id', '=', param('orderId'))
    .where('is_public', '>=', param('least') as never)
    .orderBy('created_at')
    .orderBy('id')
    .limit(param('limit')),
)

const noteById = preparedQuery<{ id: string }, OrderNoteTable>((db, param) =>
  db.selectFrom('order_notes').selectAll().where('id', '=', param('id')),
)

export { noteById }

/** Deletes a note of an order; one changed row means that it was there. */
export const deleteNote = preparedWrite<{ orderId: string; id: string }>((db, param) =>
  db
    .deleteFrom('order_notes')
    .where('order_id', '=', param('orderId'))
    .where('id', '=', param('id')),
)

/** Deletes all that was noted on orders. `ids` is a JSON array of {id}. */
export const deleteNotesOf = preparedWrite<{ ids: string }>(
  (db, param) => sql`delete from order_notes where order_id in
    (select d.id from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d)`,
)

export const deleteTag = preparedWrite<{ orderId: string; tag: string }>((db, param) =>
  db
    .deleteFrom('order_tags')
    .where('order_id', '=', param('orderId'))
    .where('tag', '=', param('tag')),
)

export const listTags = preparedQuery<{ orderId: string }, { readonly tag: string }>((db, param) =>
  db.selectFrom('order_tags').select('tag').where('order_id', '=', param('orderId')).orderBy('tag'),
)
