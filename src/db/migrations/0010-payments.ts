import { sql, type Kysely } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import { addColumns, columnTypes, creator, type Create } from './table.ts'

/**
 * Several payments for an order, what is done to each at its provider, and an inbox for what the
 * providers tell. Money can only go back as far as it came, and only come as far as it was allowed:
 * the CHECK of `payments` says so.
 */
export async function up(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const create = creator(schema, dialect)
  await rebuildPayments(schema, {
    create: () => createPayments(create, dialect),
    columns: {
      ...keptColumns,
      position: '1',
      capturing_minor: '0',
      authorised_minor: 'captured_minor',
      refunding_minor: "case when status = 'refund_due' then captured_minor else 0 end",
      released_minor: '0',
    },
  })
  await createOperations(create, dialect)
  await createInbox(create, dialect)
  await createAccounts(create, dialect)
  const { integer, withDefault } = columnTypes(dialect)
  await addColumns(schema, 'orders', { payment_count: withDefault(integer, 1) })
  const run = (statement: string) => sql.raw(statement).execute(schema)
  // What has gone back, or is on its way, gets the operation that it would have had.
  await run(`insert into payment_operations (id, payment_id, order_id, kind, provider_key,
      amount_minor, status, reason, attempts, check_at, created_at, updated_at)
    select id, id, order_id, 'refund', provider_key, captured_minor,
      case when status = 'refunded' then 'done' else 'pending' end,
      'order not kept', 0, check_at, updated_at, updated_at
    from payments where status in ('refund_due', 'refunded') and captured_minor > 0`)
}

/** Refuses where an order has several payments: there is no place for them in what was before. */
export async function down(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const run = (statement: string) => sql.raw(statement).execute(schema)
  const { rows } = await run('select id from payments where position > 1 limit 1')
  if (rows.length > 0) throw new Error('an order has several payments, which would be lost')
  for (const table of ['payment_accounts', 'payment_events', 'payment_operations']) {
    await run(`drop table ${table}`)
  }
  await rebuildPayments(schema, {
    create: () => createFormerPayments(creator(schema, dialect), dialect),
    columns: { ...keptColumns, status: formerStatus },
  })
  await run('alter table orders drop column payment_count')
}

const formerStatus = `case status when 'authorised' then 'due' when 'voided' then 'failed'
  when 'open' then 'pending' else status end`

const keptNames =
  'id order_id method provider_key provider_reference status amount_minor captured_minor ' +
  'refunded_minor currency failure_code created_at updated_at check_at'
const keptColumns = Object.fromEntries(keptNames.split(' ').map((name) => [name, name]))

interface Rebuilding {
  readonly create: () => Promise<void>
  /** Each column of the new table, with what it is of the old one. */
  readonly columns: Readonly<Record<string, string>>
}

/** SQLite cannot drop a UNIQUE key: the rows step aside while their table is made anew. */
async function rebuildPayments(
  schema: Kysely<unknown>,
  { create, columns }: Rebuilding,
): Promise<void> {
  const run = (statement: string) => sql.raw(statement).execute(schema)
  await run('create table payments_before as select * from payments')
  await run('drop table payments')
  await create()
  const [names, values] = [Object.keys(columns), Object.values(columns)]
  await run(`insert into payments (${names.join(', ')})
    select ${values.join(', ')} from payments_before`)
  await run('drop table payments_before')
}

function paymentColumns(dialect: Dialect) {
  const { string, uuid, integer, required, optional, withDefault } = columnTypes(dialect)
  return {
    order_id: required(uuid),
    method: required(string(50)),
    // Sent to the provider with every call about this payment, so that it can act only once.
    provider_key: required(string(100)),
    provider_reference: optional(string(200)),
    status: required(string(20)),
    amount_minor: required(integer),
    captured_minor: withDefault(integer, 0),
    refunded_minor: withDefault(integer, 0),
    currency: required(string(3)),
    failure_code: optional(string(100)),
    created_at: required(integer),
    updated_at: required(integer),
    // When the reconciler looks at it again; far in the future once it is settled for good.
    check_at: required(integer),
  }
}

async function createPayments(create: Create, dialect: Dialect): Promise<void> {
  const { uuid, integer, required, optional, withDefault } = columnTypes(dialect)
  await create('payments', {
    columns: {
      ...paymentColumns(dialect),
      // The checkout's own payment is the first.
      position: required(integer),
      // The payment that came to nothing, which this one is made instead of.
      replaces_id: optional(uuid),
      authorised_minor: withDefault(integer, 0),
      // On their way: decided here, not yet confirmed by the provider.
      capturing_minor: withDefault(integer, 0),
      refunding_minor: withDefault(integer, 0),
      // Not to be collected any more, since what it was for was cancelled.
      released_minor: withDefault(integer, 0),
    },
    constraints: [
      'unique (order_id, position)',
      'unique (provider_key)',
      'unique (replaces_id)',
      'foreign key (order_id) references orders (id)',
      'constraint payments_status_known check (status in ' +
        "('open', 'pending', 'due', 'authorised', 'captured', 'failed', 'voided', " +
        "'refund_due', 'refunded'))",
      'constraint payments_amounts_bound check (0 <= refunded_minor and 0 <= refunding_minor ' +
        'and refunded_minor + refunding_minor <= captured_minor and 0 <= capturing_minor ' +
        'and captured_minor + capturing_minor <= authorised_minor ' +
        'and authorised_minor <= amount_minor and 0 <= released_minor ' +
        'and captured_minor + capturing_minor + released_minor <= amount_minor)',
    ],
    indexes: {
      payments_check: ['status', 'check_at'],
      payments_reference: ['provider_reference'],
    },
  })
}

async function createFormerPayments(create: Create, dialect: Dialect): Promise<void> {
  await create('payments', {
    columns: paymentColumns(dialect),
    constraints: [
      'unique (order_id)',
      'unique (provider_key)',
      'foreign key (order_id) references orders (id)',
      "check (status in ('pending', 'due', 'captured', 'failed', 'refund_due', 'refunded'))",
      'check (0 <= refunded_minor and refunded_minor <= captured_minor ' +
        'and captured_minor <= amount_minor)',
    ],
    indexes: { payments_check: ['status', 'check_at'] },
  })
}

async function createOperations(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, text, integer, required, optional, withDefault } = columnTypes(dialect)
  await create('payment_operations', {
    columns: {
      payment_id: required(uuid),
      order_id: required(uuid),
      kind: required(string(20)),
      // The provider acts once for it, however often it is asked.
      provider_key: required(string(100)),
      provider_reference: optional(string(200)),
      amount_minor: required(integer),
      status: required(string(20)),
      reason: optional(text),
      failure_code: optional(string(100)),
      attempts: withDefault(integer, 0),
      check_at: required(integer),
      created_at: required(integer),
      updated_at: required(integer),
    },
    constraints: [
      'unique (provider_key)',
      'foreign key (payment_id) references payments (id)',
      'foreign key (order_id) references orders (id)',
      "constraint payment_operations_kind_known check (kind in ('capture', 'void', 'refund'))",
      'constraint payment_operations_status_known check ' +
        "(status in ('pending', 'done', 'failed'))",
      'constraint payment_operations_amount_real check (amount_minor >= 0)',
    ],
    indexes: {
      payment_operations_payment: ['payment_id'],
      payment_operations_order: ['order_id'],
      payment_operations_check: ['status', 'check_at'],
      payment_operations_reference: ['provider_reference'],
    },
  })
}

async function createInbox(create: Create, dialect: Dialect): Promise<void> {
  const { string, json, integer, required, optional, withDefault } = columnTypes(dialect)
  await create('payment_events', {
    columns: {
      provider: required(string(50)),
      // The provider's own; what comes twice is here once.
      event_id: required(string(200)),
      type: required(string(100)),
      // What the driver made of it: keys, amounts and states, nothing of a person.
      content: required(json),
      status: required(string(20)),
      failure: optional(string(200)),
      attempts: withDefault(integer, 0),
      available_at: required(integer),
      received_at: required(integer),
      handled_at: optional(integer),
    },
    constraints: [
      'unique (provider, event_id)',
      'constraint payment_events_status_known check ' +
        "(status in ('received', 'handled', 'ignored', 'failed'))",
    ],
    indexes: { payment_events_due: ['status', 'available_at'] },
  })
}

/** By what name a provider knows a customer, who may keep cards there. */
async function createAccounts(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, integer, required } = columnTypes(dialect)
  await create('payment_accounts', {
    keyed: true,
    columns: {
      provider: required(string(50)),
      // No foreign key: it outlives the account until the provider has forgotten the person too.
      customer_id: required(uuid),
      reference: required(string(200)),
      created_at: required(integer),
    },
    constraints: ['primary key (provider, customer_id)', 'unique (provider, reference)'],
  })
}
