import { sql, type Kysely } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import { columnTypes, creator } from './table.ts'

/** A queue for each subscriber that may be slow, so that none waits for another. */
export async function up(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { uuid, string, integer, required, withDefault } = columnTypes(dialect)
  await creator(schema, dialect)('deliveries', {
    keyed: true,
    columns: {
      event_id: required(uuid),
      subscriber: required(string(50)),
      status: required(string(20)),
      attempts: withDefault(integer, 0),
      available_at: required(integer),
      created_at: required(integer),
    },
    constraints: [
      'primary key (event_id, subscriber)',
      'foreign key (event_id) references outbox (id)',
      "check (status in ('pending', 'refused', 'failed'))",
    ],
    indexes: { deliveries_due: ['subscriber', 'status', 'available_at'] },
  })
}

export async function down(schema: Kysely<unknown>): Promise<void> {
  await sql`drop table deliveries`.execute(schema)
}
