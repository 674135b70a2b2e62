import { sql, type Kysely } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import {
  addColumns,
  columnTypes as plainColumnTypes,
  creator,
  type Column,
  type Create,
} from './table.ts'

/**
 * Stock in depth: several locations, transfers between them, stock-takes, back-orders, lots,
 * bundles, alerts and subscriptions. Whatever counts has its limits in a CHECK.
 */
export async function up(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  for (const [table, columns] of Object.entries(addedColumns(dialect))) {
    await addColumns(schema, table, columns)
  }
  const run = (statement: string) => sql.raw(statement).execute(schema)
  await run(
    'alter table stock add constraint stock_withheld check ' +
      '(0 <= withheld and reserved + withheld <= on_hand)',
  )
  await restateMovements(schema, dialect)
  await restateHolds(schema, dialect)
  const create = creator(schema, dialect)
  await createLots(create, dialect)
  await createBackorders(create, dialect)
  await createBundles(create, dialect)
  await createTransfers(create, dialect)
  await createStockTakes(create, dialect)
  await createNotices(create, dialect)
}

export async function down(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const run = (statement: string) => sql.raw(statement).execute(schema)
  const tables =
    'stock_subscriptions stock_alerts stock_take_lines stock_takes stock_transfer_lines ' +
    'stock_transfers order_bundle_parts bundle_parts backorder_terms stock_lot_holds stock_lots'
  for (const table of tables.split(' ')) await run(`drop table ${table}`)
  const indexes = [
    ['stock_holds', 'stock_holds_waiting', 'stock_holds_variant', 'location_id, status'],
    ['stock_movements', 'stock_movements_article', 'stock_movements_variant', 'location_id'],
  ] as const
  for (const [table, ours, before, columns] of indexes) {
    await run(`create index ${before} on ${table} (variant_id, ${columns})`)
    await run(dialect.dropIndex(table, ours))
  }
  for (const name of ['stock_holds_status', 'stock_holds_counts']) {
    await run(`alter table stock_holds drop constraint ${name}`)
  }
  for (const name of ['stock_movements_kind', 'stock_movements_quantity']) {
    await run(`alter table stock_movements drop constraint ${name}`)
  }
  await run('alter table stock drop constraint stock_withheld')
  for (const [table, columns] of Object.entries(addedColumns(dialect))) {
    for (const name of Object.keys(columns)) {
      await sql`alter table ${sql.table(table)} drop column ${sql.ref(name)}`.execute(schema)
    }
  }
  // What was only on back-order has no place in the schema of before.
  await run('delete from stock_holds where quantity = 0')
  await run("alter table stock_holds add check (status in ('active', 'sold', 'released'))")
  await run('alter table stock_holds add check (quantity > 0)')
  // The ledger is append-only: movements of the newer kinds stay in it.
  await run("alter table stock_movements add check (kind <> '')")
  await run('alter table stock_movements add check (quantity <> 0)')
}

const columnTypes = (dialect: Dialect) => {
  const plain = plainColumnTypes(dialect)
  const times = {
    created_at: plain.required(plain.integer),
    updated_at: plain.required(plain.integer),
  }
  return { ...plain, times, note: plain.optional(plain.text), code: plain.string(60) }
}

/** What the tables of before get; by its defaults older rows stay what they were. */
function addedColumns(dialect: Dialect): Record<string, Record<string, Column>> {
  const { string, uuid, integer, optional, withDefault } = columnTypes(dialect)
  return {
    locations: {
      is_active: withDefault(integer, 1),
      // The smaller is asked first.
      priority: withDefault(integer, 0),
      version: withDefault(integer, 1),
    },
    stock: {
      // Of what is on hand, what may not be sold any more: unreserved pieces of expired lots.
      withheld: withDefault(integer, 0),
      // As its location: kept here too, because every page of the catalogue asks.
      is_active: withDefault(integer, 1),
    },
    stock_movements: {
      reason: optional(string(50)),
      lot_id: optional(uuid),
      // The transfer or the stock-take that it belongs to.
      source_id: optional(uuid),
    },
    stock_holds: {
      // Pieces on back-order: sold or reserved before they are there.
      waiting: withDefault(integer, 0),
      // Pieces that were on back-order when they were cancelled.
      dropped: withDefault(integer, 0),
      promised_at: optional(integer),
      returned: withDefault(integer, 0),
      has_lots: withDefault(integer, 0),
    },
    variants: {
      // 'stock', 'lots' or 'bundle'.
      supply: withDefault(string(20), 'stock'),
      may_backorder: withDefault(integer, 0),
      low_stock_threshold: optional(integer),
    },
    products: { has_bundle: withDefault(integer, 0) },
  }
}

const movementKinds = [
  ...['receipt', 'adjustment', 'sale', 'return', 'cancellation'],
  ...['transfer', 'scrap', 'stock_take'],
]

async function restateMovements(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const run = (statement: string) => sql.raw(statement).execute(schema)
  await dialect.dropNamelessChecks(schema, 'stock_movements')
  const kinds = movementKinds.map((kind) => `'${kind}'`).join(', ')
  const add = 'alter table stock_movements add constraint stock_movements_'
  await run(`${add}kind check (kind in (${kinds}))`)
  await run(`${add}quantity check (quantity <> 0)`)
  // Walked from the newest back, for one article.
  await run('create index stock_movements_article on stock_movements (variant_id, id)')
  await run(dialect.dropIndex('stock_movements', 'stock_movements_variant'))
}

async function restateHolds(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const run = (statement: string) => sql.raw(statement).execute(schema)
  await dialect.dropNamelessChecks(schema, 'stock_holds')
  const add = 'alter table stock_holds add constraint stock_holds_'
  await run(`${add}status check (status in ('active', 'sold', 'released'))`)
  await run(
    `${add}counts check (quantity >= 0 and waiting >= 0 and dropped >= 0 ` +
      'and 0 <= returned and returned <= quantity)',
  )
  // Back-orders of an article are found by it, and so are its active holds.
  await run('create index stock_holds_waiting on stock_holds (variant_id, status, waiting)')
  await run(dialect.dropIndex('stock_holds', 'stock_holds_variant'))
}

async function createLots(create: Create, dialect: Dialect): Promise<void> {
  const { uuid, integer, required, optional, withDefault, code } = columnTypes(dialect)
  await create('stock_lots', {
    columns: {
      variant_id: required(uuid),
      location_id: required(uuid),
      code: required(code),
      // UTC milliseconds from which on it may not be sold; null: it keeps.
      expires_at: optional(integer),
      on_hand: required(integer),
      reserved: withDefault(integer, 0),
      is_withheld: withDefault(integer, 0),
      created_at: required(integer),
    },
    constraints: [
      'unique (variant_id, location_id, code)',
      'foreign key (variant_id) references variants (id)',
      'foreign key (location_id) references locations (id)',
      'check (0 <= reserved and reserved <= on_hand)',
      'check (is_withheld in (0, 1))',
    ],
    indexes: { stock_lots_expiry: ['is_withheld', 'expires_at'] },
  })
  await create('stock_lot_holds', {
    keyed: true,
    columns: {
      order_id: required(uuid),
      lot_id: required(uuid),
      quantity: required(integer),
      returned: withDefault(integer, 0),
      is_sold: withDefault(integer, 0),
    },
    constraints: [
      'primary key (order_id, lot_id)',
      'foreign key (order_id) references orders (id)',
      'foreign key (lot_id) references stock_lots (id)',
      'check (quantity > 0 and 0 <= returned and returned <= quantity)',
      'check (is_sold in (0, 1) and (is_sold = 1 or returned = 0))',
    ],
    indexes: { stock_lot_holds_lot: ['lot_id', 'is_sold'] },
  })
}

async function createBackorders(create: Create, dialect: Dialect): Promise<void> {
  const { uuid, integer, required, optional, withDefault } = columnTypes(dialect)
  await create('backorder_terms', {
    keyed: true,
    columns: {
      variant_id: required(uuid),
      limit_quantity: required(integer),
      backordered: withDefault(integer, 0),
      promised_at: optional(integer),
    },
    constraints: [
      'primary key (variant_id)',
      'foreign key (variant_id) references variants (id)',
      'check (0 <= backordered and backordered <= limit_quantity)',
    ],
  })
}

async function createBundles(create: Create, dialect: Dialect): Promise<void> {
  const { uuid, integer, required } = columnTypes(dialect)
  await create('bundle_parts', {
    keyed: true,
    columns: {
      variant_id: required(uuid),
      part_id: required(uuid),
      quantity: required(integer),
    },
    constraints: [
      'primary key (variant_id, part_id)',
      'foreign key (variant_id) references variants (id)',
      'foreign key (part_id) references variants (id)',
      'check (quantity > 0 and variant_id <> part_id)',
    ],
    indexes: { bundle_parts_part: ['part_id'] },
  })
  // What one bundle of an order was made of: the bundle may be put together otherwise tomorrow.
  await create('order_bundle_parts', {
    keyed: true,
    columns: {
      order_id: required(uuid),
      variant_id: required(uuid),
      part_id: required(uuid),
      quantity: required(integer),
    },
    constraints: [
      'primary key (order_id, variant_id, part_id)',
      'foreign key (order_id) references orders (id)',
      'foreign key (variant_id) references variants (id)',
      'foreign key (part_id) references variants (id)',
      'check (quantity > 0)',
    ],
  })
}

async function createTransfers(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, integer, required, optional, withDefault, times, note } =
    columnTypes(dialect)
  await create('stock_transfers', {
    columns: {
      from_id: required(uuid),
      to_id: required(uuid),
      status: required(string(20)),
      note,
      version: withDefault(integer, 1),
      ...times,
    },
    constraints: [
      'foreign key (from_id) references locations (id)',
      'foreign key (to_id) references locations (id)',
      "check (status in ('in_transit', 'partly_received', 'received', 'cancelled'))",
      'check (from_id <> to_id)',
    ],
    indexes: { stock_transfers_status: ['status'] },
  })
  await create('stock_transfer_lines', {
    keyed: true,
    columns: {
      transfer_id: required(uuid),
      position: required(integer),
      variant_id: required(uuid),
      // The lot that it was taken from; the same lot is known where it arrives.
      lot_id: optional(uuid),
      quantity: required(integer),
      received: withDefault(integer, 0),
      // What came back when the rest was cancelled.
      taken_back: withDefault(integer, 0),
    },
    constraints: [
      'primary key (transfer_id, position)',
      'foreign key (transfer_id) references stock_transfers (id)',
      'foreign key (variant_id) references variants (id)',
      'foreign key (lot_id) references stock_lots (id)',
      'check (quantity > 0 and received >= 0 and taken_back >= 0)',
      'check (received + taken_back <= quantity)',
    ],
    indexes: { stock_transfer_lines_variant: ['variant_id'] },
  })
}

async function createStockTakes(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, integer, required, optional, withDefault, times, note } =
    columnTypes(dialect)
  await create('stock_takes', {
    columns: {
      location_id: required(uuid),
      status: required(string(20)),
      note,
      version: withDefault(integer, 1),
      ...times,
    },
    constraints: [
      'foreign key (location_id) references locations (id)',
      "check (status in ('open', 'posted', 'cancelled'))",
    ],
    indexes: { stock_takes_status: ['status'] },
  })
  await create('stock_take_lines', {
    keyed: true,
    columns: {
      stock_take_id: required(uuid),
      // The lot that was counted, or the article where it has none.
      counted_id: required(uuid),
      variant_id: required(uuid),
      lot_id: optional(uuid),
      counted: required(integer),
      // What was on hand by the books at the moment of counting.
      expected: required(integer),
      counted_at: required(integer),
    },
    constraints: [
      'primary key (stock_take_id, counted_id)',
      'foreign key (stock_take_id) references stock_takes (id)',
      'foreign key (variant_id) references variants (id)',
      'foreign key (lot_id) references stock_lots (id)',
      'check (counted >= 0)',
    ],
  })
}

async function createNotices(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, integer, required, optional } = columnTypes(dialect)
  await create('stock_alerts', {
    columns: {
      variant_id: required(uuid),
      // The article while the alert is open: there is one at a time.
      open_variant_id: optional(uuid),
      threshold: required(integer),
      available: required(integer),
      created_at: required(integer),
      ended_at: optional(integer),
    },
    constraints: ['unique (open_variant_id)', 'foreign key (variant_id) references variants (id)'],
    indexes: { stock_alerts_variant: ['variant_id'] },
  })
  await create('stock_subscriptions', {
    columns: {
      variant_id: required(uuid),
      customer_id: optional(uuid),
      email: required(string(254)),
      // Article and address while it is open: nobody waits twice for the same.
      open_key: optional(string(300)),
      status: required(string(20)),
      created_at: required(integer),
      ended_at: optional(integer),
    },
    constraints: [
      'unique (open_key)',
      'foreign key (variant_id) references variants (id)',
      'foreign key (customer_id) references customers (id) on delete cascade',
      "check (status in ('unconfirmed', 'waiting', 'notified', 'ended'))",
    ],
    indexes: {
      stock_subscriptions_waiting: ['status', 'variant_id'],
      stock_subscriptions_customer: ['customer_id'],
    },
  })
}
