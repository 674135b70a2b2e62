import { sql, type Kysely } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import { columnTypes, creator } from './table.ts'

/**
 * The addresses that customers keep. Which of them is the default for shipping and for billing
 * stands in a table of its own, where the primary key allows one of each for a customer, and the
 * foreign key only an address of that customer.
 */
export async function up(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const create = creator(schema, dialect)
  const { uuid, string, text, integer, required, withDefault } = columnTypes(dialect)
  await create('customer_addresses', {
    columns: {
      customer_id: required(uuid),
      // As orders keep theirs: the fields of an address as JSON.
      address: required(text),
      version: withDefault(integer, 1),
      created_at: required(integer),
      updated_at: required(integer),
    },
    constraints: [
      'unique (customer_id, id)',
      'foreign key (customer_id) references customers (id) on delete cascade',
    ],
  })
  await create('customer_default_addresses', {
    keyed: true,
    columns: {
      customer_id: required(uuid),
      purpose: required(string(10)),
      address_id: required(uuid),
    },
    constraints: [
      'primary key (customer_id, purpose)',
      "check (purpose in ('shipping', 'billing'))",
      'foreign key (customer_id, address_id) references customer_addresses (customer_id, id) ' +
        'on delete cascade',
    ],
    indexes: { customer_default_addresses_address: ['customer_id', 'address_id'] },
  })
}

export async function down(schema: Kysely<unknown>): Promise<void> {
  await sql`drop table customer_default_addresses`.execute(schema)
  await sql`drop table customer_addresses`.execute(schema)
}
