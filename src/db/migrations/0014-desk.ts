import { sql, type Kysely } from 'kysely'
import { emailKey, nameKey } from '../../core/order-search.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { addColumns, columnTypes, creator, type Column, type Create } from './table.ts'

/**
 * What staff do at their desk: lists of orders, payments and stock by any of their sides, tags and
 * notes, documents with numbers that leave none out, and orders that they draft for customers.
 */
export async function up(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  for (const [table, columns] of Object.entries(addedColumns(dialect))) {
    await addColumns(schema, table, columns)
  }
  await fillSearchKeys(schema, dialect)
  for (const [table, name, columns] of indexes) {
    await sql.raw(`create index ${name} on ${table} (${columns})`).execute(schema)
  }
  const create = creator(schema, dialect)
  await createTags(create, dialect)
  await createDocuments(create, dialect)
  await createDrafts(create, dialect)
}

export async function down(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const run = (statement: string) => sql.raw(statement).execute(schema)
  const tables = 'draft_orders invoiced_parts documents document_series order_notes order_tags'
  for (const table of tables.split(' ')) await run(`drop table ${table}`)
  for (const [table, name] of indexes) await run(dialect.dropIndex(table, name))
  for (const [table, columns] of Object.entries(addedColumns(dialect))) {
    for (const name of Object.keys(columns)) {
      await sql`alter table ${sql.table(table)} drop column ${sql.ref(name)}`.execute(schema)
    }
  }
}

function addedColumns(dialect: Dialect): Record<string, Record<string, Column>> {
  const { string, integer, optional, withDefault } = columnTypes(dialect)
  return {
    // By which orders are searched: see core/order-search.ts.
    orders: {
      email_key: withDefault(string(254), ''),
      name_key: withDefault(string(200), ''),
    },
    // What staff have agreed on instead of the price of the lists.
    cart_lines: { custom_minor: optional(integer) },
  }
}

/** Each ends in what its list is sorted by, so that a page is read and no more. */
const indexes = [
  ['orders', 'orders_created', 'created_at, number'],
  ['orders', 'orders_status', 'status, created_at, number'],
  ['orders', 'orders_total', 'total_minor, number'],
  ['orders', 'orders_shipping', 'shipping_method, created_at, number'],
  ['orders', 'orders_email', 'email_key, created_at, number'],
  ['orders', 'orders_name', 'name_key, created_at, number'],
  ['order_lines', 'order_lines_variant', 'variant_id, order_id'],
  ['payments', 'payments_created', 'created_at, id'],
  ['payments', 'payments_status', 'status, created_at, id'],
] as const

const pageSize = 500

/** Orders of before can be searched too. A page of them at a time, in two statements. */
async function fillSearchKeys(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  let last = 0
  for (;;) {
    const { rows } = await sql<{ number: number; email: string; shipping_address: string }>`
      select number, email, shipping_address from orders where number > ${last}
      order by number limit ${pageSize}`.execute(schema)
    const end = rows.at(-1)
    if (!end) return
    const keys = rows.map(({ number, email, shipping_address }) => {
      const { name = '' } = JSON.parse(shipping_address) as { name?: string }
      return { order_number: number, new_email: emailKey(email), new_name: nameKey(name) }
    })
    const columns = { order_number: 'integer', new_email: 'text', new_name: 'text' } as const
    const update = dialect.updateJoined({
      table: 'orders',
      source: dialect.jsonRows(sql<string>`${JSON.stringify(keys)}`, columns),
      alias: 'd',
      set: sql`email_key = d.new_email, name_key = d.new_name`,
      where: sql`orders.number = d.order_number`,
    })
    await update.execute(schema)
    last = end.number
  }
}

async function createTags(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, text, integer, required, name } = columnTypes(dialect)
  await create('order_tags', {
    keyed: true,
    columns: { order_id: required(uuid), tag: required(string(50)), created_at: required(integer) },
    constraints: ['primary key (order_id, tag)', 'foreign key (order_id) references orders (id)'],
    indexes: { order_tags_tag: ['tag', 'order_id'] },
  })
  await create('order_notes', {
    columns: {
      order_id: required(uuid),
      // 1: the customer can read it.
      is_public: required(integer),
      body: required(text),
      author: required(name),
      created_at: required(integer),
    },
    constraints: ['foreign key (order_id) references orders (id)', 'check (is_public in (0, 1))'],
    indexes: { order_notes_order: ['order_id', 'created_at'] },
  })
}

async function createDocuments(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, json, integer, required, optional, withDefault } = columnTypes(dialect)
  // The last number that was given out. Counted up by the transaction that issues the document, so
  // that a number is used if and only if its document is there: none is left out, none is twice.
  await create('document_series', {
    keyed: true,
    columns: { code: required(string(60)), last_number: withDefault(integer, 0) },
    constraints: ['primary key (code)', 'check (last_number >= 0)'],
  })
  await create('documents', {
    appendOnly: true,
    columns: {
      kind: required(string(20)),
      series: required(string(60)),
      series_number: required(integer),
      // What stands on it: prefix, year and number, as they were configured then.
      number: required(string(80)),
      order_id: required(uuid),
      // The invoice that a credit note takes something off.
      corrects_id: optional(uuid),
      // What it was issued for: nothing is issued twice.
      once_key: required(string(100)),
      issued_at: required(integer),
      currency: required(string(3)),
      total_minor: required(integer),
      tax_minor: required(integer),
      content: required(json),
    },
    constraints: [
      'unique (series, series_number)',
      'unique (number)',
      'unique (once_key)',
      'foreign key (series) references document_series (code)',
      'foreign key (order_id) references orders (id)',
      'foreign key (corrects_id) references documents (id)',
      "check (kind in ('invoice', 'credit_note'))",
      'check (series_number > 0 and total_minor >= 0)',
    ],
    indexes: {
      documents_order: ['order_id', 'issued_at'],
      documents_corrects: ['corrects_id'],
      documents_issued: ['issued_at', 'id'],
    },
  })
  // A line of an order, or its shipping: invoiced once, and credited as far as it was invoiced.
  await create('invoiced_parts', {
    keyed: true,
    columns: {
      order_id: required(uuid),
      part: required(string(40)),
      invoice_id: required(uuid),
      quantity: required(integer),
      credited_quantity: withDefault(integer, 0),
      total_minor: required(integer),
      credited_minor: withDefault(integer, 0),
    },
    constraints: [
      'primary key (order_id, part)',
      'foreign key (order_id) references orders (id)',
      'foreign key (invoice_id) references documents (id)',
      'check (0 <= credited_quantity and credited_quantity <= quantity)',
      'check (0 <= credited_minor and credited_minor <= total_minor)',
    ],
    indexes: { invoiced_parts_invoice: ['invoice_id'] },
  })
}

async function createDrafts(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, text, json, integer, required, optional, withDefault, name } =
    columnTypes(dialect)
  await create('draft_orders', {
    numberedFrom: 1,
    columns: {
      // Holds its lines, codes and currency; it belongs to nobody else.
      cart_id: required(uuid),
      customer_id: optional(uuid),
      email: required(string(254)),
      shipping_address: optional(json),
      billing_address: optional(json),
      shipping_method: optional(string(50)),
      note: optional(text),
      author: required(name),
      version: withDefault(integer, 1),
      created_at: required(integer),
      updated_at: required(integer),
      expires_at: required(integer),
      cancelled_at: optional(integer),
    },
    constraints: [
      'unique (cart_id)',
      'foreign key (cart_id) references carts (id)',
      'foreign key (customer_id) references customers (id) on delete set null',
    ],
    indexes: { draft_orders_customer: ['customer_id'] },
  })
}
