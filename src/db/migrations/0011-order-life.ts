import { sql, type Kysely } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import { addColumns, columnTypes, creator, type Column, type Create } from './table.ts'

const lineCounters = [
  'cancelled_quantity',
  'fulfilled_quantity',
  'shipped_quantity',
  'returning_quantity',
  'returned_quantity',
] as const

const totalIsItsParts =
  'total_minor >= 0 and total_minor = subtotal_minor - discount_minor ' +
  '+ shipping_minor + (1 - tax_inclusive) * tax_minor'

const statesBefore = "'pending_payment', 'placed', 'paid', 'cancelled'"
const states =
  `${statesBefore}, 'processing', 'partially_shipped', 'shipped', 'delivered', ` +
  "'refunded', 'returned'"

/**
 * What happens to an order after it counts: cancellations, parcels and returns, each with the
 * pieces it is about. Counters of the lines say how many pieces are where; CHECKs keep any of them
 * from being in two places.
 */
export async function up(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const run = (statement: string) => sql.raw(statement).execute(schema)
  for (const [table, columns] of Object.entries(addedColumns(dialect))) {
    await addColumns(schema, table, columns)
  }
  await dialect.dropNamelessChecks(schema, 'orders')
  const add = (table: string, name: string, check: string) =>
    run(`alter table ${table} add constraint ${name} check (${check})`)
  await add('orders', 'orders_status', `status in (${states})`)
  await add('orders', 'orders_total', totalIsItsParts)
  await add(
    'orders',
    'orders_given_back',
    '0 <= given_back_minor and given_back_minor <= total_minor',
  )
  await add(
    'order_lines',
    'order_lines_progress',
    'cancelled_quantity >= 0 and returning_quantity >= 0 and returned_quantity >= 0 ' +
      'and cancelled_quantity + fulfilled_quantity <= quantity ' +
      'and shipped_quantity <= fulfilled_quantity ' +
      'and returning_quantity + returned_quantity <= shipped_quantity',
  )
  const create = creator(schema, dialect)
  await createCancellations(create, dialect)
  await createFulfilments(create, dialect)
  await createReturns(create, dialect)
}

export async function down(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const run = (statement: string) => sql.raw(statement).execute(schema)
  const tables =
    'return_lines order_returns fulfilment_lines fulfilments cancellation_lines cancellations'
  for (const table of tables.split(' ')) await run(`drop table ${table}`)
  for (const name of ['orders_status', 'orders_total', 'orders_given_back']) {
    await run(`alter table orders drop constraint ${name}`)
  }
  await run('alter table order_lines drop constraint order_lines_progress')
  for (const [table, columns] of Object.entries(addedColumns(dialect))) {
    for (const name of Object.keys(columns)) {
      await sql`alter table ${sql.table(table)} drop column ${sql.ref(name)}`.execute(schema)
    }
  }
  // What came later has no name there: as far as it counted it is paid.
  await run(`update orders set status = 'paid' where status not in (${statesBefore})`)
  await run(`alter table orders add check (status in (${statesBefore}))`)
  await run(`alter table orders add check (${totalIsItsParts})`)
}

function addedColumns(dialect: Dialect): Record<string, Record<string, Column>> {
  const { string, uuid, integer, optional, withDefault, name } = columnTypes(dialect)
  return {
    orders: {
      // What cancellations and returns have taken off its worth.
      given_back_minor: withDefault(integer, 0),
    },
    order_lines: {
      ...Object.fromEntries(lineCounters.map((counter) => [counter, withDefault(integer, 0)])),
      // Set for what goes out in exchange for a return.
      return_id: optional(uuid),
    },
    order_events: {
      actor_kind: withDefault(string(20), 'system'),
      actor_id: optional(string(36)),
      actor_name: optional(name),
    },
  }
}

async function createCancellations(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, text, integer, required, optional } = columnTypes(dialect)
  await create('cancellations', {
    appendOnly: true,
    columns: {
      order_id: required(uuid),
      reason: required(string(50)),
      note: optional(text),
      // Shipping included.
      amount_minor: required(integer),
      shipping_minor: required(integer),
      created_at: required(integer),
    },
    constraints: [
      'foreign key (order_id) references orders (id)',
      'check (0 <= shipping_minor and shipping_minor <= amount_minor)',
    ],
    indexes: { cancellations_order: ['order_id', 'created_at'] },
  })
  await create('cancellation_lines', {
    keyed: true,
    columns: {
      cancellation_id: required(uuid),
      line_id: required(uuid),
      quantity: required(integer),
      amount_minor: required(integer),
    },
    constraints: [
      'primary key (cancellation_id, line_id)',
      'foreign key (cancellation_id) references cancellations (id)',
      'foreign key (line_id) references order_lines (id)',
      'check (quantity > 0 and amount_minor >= 0)',
    ],
    indexes: { cancellation_lines_line: ['line_id'] },
  })
}

async function createFulfilments(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, integer, required, optional, withDefault, name } = columnTypes(dialect)
  await create('fulfilments', {
    columns: {
      order_id: required(uuid),
      // Counts the parcels of an order from 1.
      position: required(integer),
      status: required(string(20)),
      carrier: optional(name),
      tracking_number: optional(name),
      tracking_url: optional(string(1_000)),
      version: withDefault(integer, 1),
      created_at: required(integer),
      shipped_at: optional(integer),
      delivered_at: optional(integer),
      cancelled_at: optional(integer),
    },
    constraints: [
      'unique (order_id, position)',
      'foreign key (order_id) references orders (id)',
      "check (status in ('pending', 'shipped', 'delivered', 'cancelled'))",
    ],
    indexes: { fulfilments_status: ['status', 'created_at'] },
  })
  await create('fulfilment_lines', {
    keyed: true,
    columns: {
      fulfilment_id: required(uuid),
      line_id: required(uuid),
      quantity: required(integer),
    },
    constraints: [
      'primary key (fulfilment_id, line_id)',
      'foreign key (fulfilment_id) references fulfilments (id)',
      'foreign key (line_id) references order_lines (id)',
      'check (quantity > 0)',
    ],
    indexes: { fulfilment_lines_line: ['line_id'] },
  })
}

async function createReturns(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, text, integer, required, optional, withDefault } = columnTypes(dialect)
  await create('order_returns', {
    numberedFrom: 1,
    columns: {
      order_id: required(uuid),
      status: required(string(20)),
      // What the customer wrote, and what the shop answered.
      note: optional(text),
      answer: optional(text),
      // What is given back in all, when it has been received: lines and shipping, less deduction.
      amount_minor: withDefault(integer, 0),
      shipping_minor: withDefault(integer, 0),
      deduction_minor: withDefault(integer, 0),
      // Of the amount, what other goods were given for instead of money.
      offset_minor: withDefault(integer, 0),
      version: withDefault(integer, 1),
      created_at: required(integer),
      updated_at: required(integer),
      received_at: optional(integer),
    },
    constraints: [
      'foreign key (order_id) references orders (id)',
      "check (status in ('requested', 'approved', 'refused', 'withdrawn', 'received'))",
      'check (amount_minor >= 0 and shipping_minor >= 0 and deduction_minor >= 0)',
      'check (0 <= offset_minor and offset_minor <= amount_minor)',
    ],
    indexes: {
      order_returns_order: ['order_id', 'number'],
      order_returns_status: ['status', 'number'],
    },
  })
  await create('return_lines', {
    keyed: true,
    columns: {
      return_id: required(uuid),
      line_id: required(uuid),
      reason: required(string(50)),
      quantity: required(integer),
      received_quantity: withDefault(integer, 0),
      restocked_quantity: withDefault(integer, 0),
      amount_minor: withDefault(integer, 0),
    },
    constraints: [
      'primary key (return_id, line_id)',
      'foreign key (return_id) references order_returns (id)',
      'foreign key (line_id) references order_lines (id)',
      'check (quantity > 0 and 0 <= restocked_quantity ' +
        'and restocked_quantity <= received_quantity and received_quantity <= quantity ' +
        'and amount_minor >= 0)',
    ],
    indexes: { return_lines_line: ['line_id'] },
  })
}
