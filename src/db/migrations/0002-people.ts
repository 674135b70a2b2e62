import { sql, type Kysely } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import { addColumns, columnTypes, creator, type Create } from './table.ts'

/**
 * Accounts with sessions, roles, keys and second factors, and the log of what staff did. What could
 * open a door is kept as a hash (tokens, keys, codes) or sealed (secrets that must be read again).
 */
export async function up(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await changeCustomers(schema, dialect)
  const create = creator(schema, dialect)
  await createRoles(create, dialect)
  await createSessions(create, dialect)
  await createKeys(create, dialect)
  await createSignIn(create, dialect)
  await createAuditLog(create, dialect)
}

export async function down(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const tables =
    'audit_entries identities passkeys recovery_codes second_factors one_time_tokens api_keys ' +
    'signing_keys sessions roles'
  for (const table of tables.split(' ')) await sql`drop table ${sql.table(table)}`.execute(schema)
  const run = (statement: string) => sql.raw(statement).execute(schema)
  await addColumns(schema, 'customers', { name: sql`${dialect.types.string(200)} null` })
  // Names were one field before; the parts have no longer place than that.
  await run('update customers set name = coalesce(first_name, last_name)')
  for (const column of customerColumns(dialect)) {
    await sql`alter table customers drop column ${sql.ref(column[0])}`.execute(schema)
  }
  await run('alter table customers drop constraint customers_role_named')
  await run("update customers set role = 'customer' where role <> 'admin'")
  await run("alter table customers add check (role in ('customer', 'admin'))")
}

function customerColumns(dialect: Dialect) {
  const { string, integer, optional } = columnTypes(dialect)
  return [
    ['first_name', optional(string(150))],
    ['last_name', optional(string(150))],
    // As one line, for the doors that know no address book.
    ['postal_address', optional(string(250))],
    ['email_verified_at', optional(integer)],
    ['password_changed_at', optional(integer)],
    ['disabled_at', optional(integer)],
  ] as const
}

/** Names get their two parts, and a role may be one that the shop has made. */
async function changeCustomers(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await addColumns(schema, 'customers', Object.fromEntries(customerColumns(dialect)))
  const run = (statement: string) => sql.raw(statement).execute(schema)
  await run('update customers set first_name = name')
  await run('alter table customers drop column name')
  await dialect.dropNamelessChecks(schema, 'customers')
  await run("alter table customers add constraint customers_role_named check (role <> '')")
}

async function createRoles(create: Create, dialect: Dialect): Promise<void> {
  const { string, text, json, integer, required, withDefault, name } = columnTypes(dialect)
  await create('roles', {
    keyed: true,
    columns: {
      code: required(string(20)),
      name: required(name),
      description: required(text),
      permissions: required(json),
      version: withDefault(integer, 1),
      created_at: required(integer),
      updated_at: required(integer),
    },
    constraints: ['primary key (code)'],
  })
}

async function createSessions(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, integer, required, optional, withDefault } = columnTypes(dialect)
  await create('sessions', {
    columns: {
      customer_id: required(uuid),
      method: required(string(20)),
      // The refresh token that may be used next, as a hash, and how often there was a new one.
      refresh_hash: required(string(64)),
      generation: withDefault(integer, 0),
      rotated_at: required(integer),
      user_agent: required(string(255)),
      ip: required(string(45)),
      created_at: required(integer),
      last_used_at: required(integer),
      expires_at: required(integer),
      ended_at: optional(integer),
      end_reason: optional(string(50)),
    },
    constraints: ['foreign key (customer_id) references customers (id) on delete cascade'],
    indexes: {
      sessions_customer: ['customer_id', 'created_at'],
      sessions_expiry: ['expires_at'],
    },
  })
  await create('one_time_tokens', {
    columns: {
      customer_id: required(uuid),
      purpose: required(string(30)),
      hash: required(string(64)),
      data: required(dialect.types.json),
      created_at: required(integer),
      expires_at: required(integer),
      used_at: optional(integer),
    },
    constraints: [
      'unique (hash)',
      'foreign key (customer_id) references customers (id) on delete cascade',
    ],
    indexes: {
      one_time_tokens_customer: ['customer_id', 'purpose'],
      one_time_tokens_expiry: ['expires_at'],
    },
  })
}

async function createKeys(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, text, json, integer, required, optional, name } = columnTypes(dialect)
  await create('signing_keys', {
    columns: {
      // Counts from 1: nodes that would make the next key at once make one.
      turn: required(integer),
      algorithm: required(string(10)),
      sealed_key: required(text),
      // What others may know of it; null where the key is shared and not to be told.
      public_key: optional(json),
      created_at: required(integer),
      // Signs nothing any more; what it signed has expired at the second moment.
      retired_at: optional(integer),
      expires_at: optional(integer),
    },
    constraints: ['unique (turn)'],
  })
  await create('api_keys', {
    columns: {
      owner_id: required(uuid),
      name: required(name),
      // The first characters, by which its owner knows it again.
      prefix: required(string(20)),
      hash: required(string(64)),
      permissions: required(json),
      created_at: required(integer),
      expires_at: optional(integer),
      last_used_at: optional(integer),
      revoked_at: optional(integer),
    },
    constraints: [
      'unique (hash)',
      'foreign key (owner_id) references customers (id) on delete cascade',
    ],
    indexes: { api_keys_owner: ['owner_id', 'created_at'] },
  })
}

async function createSignIn(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, text, json, integer, required, optional, name } = columnTypes(dialect)
  const owner = 'foreign key (customer_id) references customers (id) on delete cascade'
  await create('second_factors', {
    keyed: true,
    columns: {
      customer_id: required(uuid),
      sealed_secret: required(text),
      // The last time step that was used: no code is good twice (RFC 6238 §5.2).
      last_step: required(integer),
      created_at: required(integer),
      confirmed_at: optional(integer),
    },
    constraints: ['primary key (customer_id)', owner],
  })
  await create('recovery_codes', {
    keyed: true,
    columns: {
      customer_id: required(uuid),
      hash: required(string(64)),
      used_at: optional(integer),
    },
    constraints: ['primary key (customer_id, hash)', owner],
  })
  await create('passkeys', {
    columns: {
      customer_id: required(uuid),
      name: required(name),
      // Credential ids are too long to be a key, so their SHA-256 is.
      credential_hash: required(string(64)),
      credential_id: required(text),
      public_key: required(text),
      counter: required(integer),
      transports: required(json),
      created_at: required(integer),
      last_used_at: optional(integer),
    },
    constraints: ['unique (credential_hash)', owner],
    indexes: { passkeys_customer: ['customer_id', 'created_at'] },
  })
  await create('identities', {
    columns: {
      customer_id: required(uuid),
      provider: required(string(50)),
      subject: required(string(255)),
      created_at: required(integer),
    },
    constraints: ['unique (provider, subject)', owner],
    indexes: { identities_customer: ['customer_id'] },
  })
}

async function createAuditLog(create: Create, dialect: Dialect): Promise<void> {
  const { string, json, integer, required, optional, name } = columnTypes(dialect)
  await create('audit_entries', {
    appendOnly: true,
    columns: {
      created_at: required(integer),
      actor_kind: required(string(20)),
      actor_id: optional(string(36)),
      actor_name: required(name),
      action: required(string(60)),
      subject_kind: required(string(40)),
      subject_id: required(string(100)),
      before_change: optional(json),
      after_change: optional(json),
      request_id: optional(string(100)),
      ip: optional(string(45)),
    },
    indexes: {
      audit_entries_subject: ['subject_kind', 'subject_id', 'id'],
      audit_entries_actor: ['actor_id', 'id'],
      audit_entries_action: ['action', 'id'],
    },
  })
}
