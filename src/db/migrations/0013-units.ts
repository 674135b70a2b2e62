import { sql, type Kysely } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import { addColumns, columnTypes, creator, type Create } from './table.ts'

/** Articles of which every piece has a serial number, and what happened to each of them. */
export async function up(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { integer, withDefault } = columnTypes(dialect)
  // Beside the counts that it decides on: whoever writes them sees it under the same row lock.
  await addColumns(schema, 'stock', { is_tracked: withDefault(integer, 0) })
  const create = creator(schema, dialect)
  await createUnits(create, dialect)
  await createEvents(create, dialect)
}

export async function down(schema: Kysely<unknown>): Promise<void> {
  for (const table of ['unit_events', 'units']) {
    await sql`drop table ${sql.table(table)}`.execute(schema)
  }
  await sql`alter table stock drop column is_tracked`.execute(schema)
}

async function createUnits(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, integer, required, optional, withDefault } = columnTypes(dialect)
  await create('units', {
    numberedFrom: 1,
    columns: {
      variant_id: required(uuid),
      // Compared in capitals, kept as it was written.
      serial: required(string(100)),
      serial_key: required(string(100)),
      state: required(string(20)),
      location_id: required(uuid),
      // The order that has it, or had it last, and the line of it.
      order_id: optional(uuid),
      order_line_id: optional(uuid),
      version: withDefault(integer, 1),
      created_at: required(integer),
      updated_at: required(integer),
    },
    constraints: [
      'unique (serial_key)',
      'foreign key (variant_id) references variants (id)',
      'foreign key (location_id) references locations (id)',
      'foreign key (order_id) references orders (id)',
      'foreign key (order_line_id) references order_lines (id)',
      'constraint units_state check ' +
        "(state in ('available', 'reserved', 'sold', 'returned', 'scrapped'))",
      'constraint units_owner check ' +
        "(order_id is not null or state not in ('sold', 'returned'))",
    ],
    indexes: {
      // The next unit to sell is the first entry of its part.
      units_shelf: ['variant_id', 'location_id', 'state', 'number'],
      units_variant: ['variant_id', 'number'],
      units_state: ['state', 'number'],
      units_order: ['order_id'],
      units_line: ['order_line_id'],
    },
  })
}

async function createEvents(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, text, integer, required, optional } = columnTypes(dialect)
  await create('unit_events', {
    keyed: true,
    appendOnly: true,
    columns: {
      unit_id: required(uuid),
      // The version of the unit that this has made.
      version: required(integer),
      kind: required(string(20)),
      state: required(string(20)),
      serial: required(string(100)),
      location_id: required(uuid),
      order_id: optional(uuid),
      order_line_id: optional(uuid),
      actor: required(string(200)),
      note: optional(text),
      created_at: required(integer),
    },
    constraints: [
      'primary key (unit_id, version)',
      'foreign key (unit_id) references units (id)',
      'foreign key (location_id) references locations (id)',
      'foreign key (order_id) references orders (id)',
      'foreign key (order_line_id) references order_lines (id)',
    ],
    indexes: {
      unit_events_order: ['order_id'],
      unit_events_line: ['order_line_id'],
    },
  })
}
