import type { Db, Tx } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { Reference } from '../../core/reference.ts'
import type { Role } from './tables.ts'

export interface CustomerRow {
  readonly number: number
  readonly id: string
  readonly username: string | null
  readonly email: string
  readonly name: string | null
  readonly password_hash: string
  readonly role: Role
  readonly version: number
  readonly created_at: number
  readonly updated_at: number
}

const customerColumns = [
  'number',
  'id',
  'username',
  'email',
  'name',
  'password_hash',
  'role',
  'version',
  'created_at',
  'updated_at',
] as const

const customerById = preparedQuery<{ id: string }, CustomerRow>((db, param) =>
  db.selectFrom('customers').select(customerColumns).where('id', '=', param('id')),
)
const customerByNumber = preparedQuery<{ number: number }, CustomerRow>((db, param) =>
  db.selectFrom('customers').select(customerColumns).where('number', '=', param('number')),
)
const customerByEmail = preparedQuery<{ key: string }, CustomerRow>((db, param) =>
  db.selectFrom('customers').select(customerColumns).where('email_key', '=', param('key')),
)
const customerByUsername = preparedQuery<{ key: string }, CustomerRow>((db, param) =>
  db.selectFrom('customers').select(customerColumns).where('username_key', '=', param('key')),
)

export async function findCustomer(db: Db, by: Reference): Promise<CustomerRow | undefined> {
  if (by.by === 'number') return (await customerByNumber(db, by))[0]
  return by.by === 'id' ? (await customerById(db, by))[0] : undefined
}

/** E-mail addresses and user names are the same whatever their case. */
export const loginKey = (text: string): string => text.toLowerCase()

export async function findCustomerByLogin(
  db: Db,
  login: { email: string } | { username: string },
): Promise<CustomerRow | undefined> {
  return 'email' in login
    ? (await customerByEmail(db, { key: loginKey(login.email) }))[0]
    : (await customerByUsername(db, { key: loginKey(login.username) }))[0]
}

export interface NewCustomerRow {
  readonly id: string
  readonly username: string | null
  readonly email: string
  readonly name: string | null
  readonly password_hash: string
  readonly role: Role
  readonly created_at: number
  readonly updated_at: number
}

export function insertCustomer(tx: Tx, row: NewCustomerRow): Promise<number> {
  return tx.dialect.insertNumbered(tx, 'customers', {
    ...row,
    username_key: row.username === null ? null : loginKey(row.username),
    email_key: loginKey(row.email),
  })
}

export interface CustomerPatch {
  readonly username?: string
  readonly email?: string
  readonly name?: string | null
  readonly password_hash?: string
}

/** Changes an account; says whether it still existed. */
export async function updateCustomer(
  tx: Tx,
  { id, now }: { id: string; now: number },
  patch: CustomerPatch,
): Promise<boolean> {
  const result = await tx
    .updateTable('customers')
    .set((set) => ({
      ...patch,
      ...(patch.username === undefined ? {} : { username_key: loginKey(patch.username) }),
      ...(patch.email === undefined ? {} : { email_key: loginKey(patch.email) }),
      version: set('version', '+', 1),
      updated_at: now,
    }))
    .where('id', '=', id)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Deletes an account. Its orders stay: they are the shop's books, and lose their owner. */
export const deleteCustomer = preparedWrite<{ id: string }>((db, param) =>
  db.deleteFrom('customers').where('id', '=', param('id')),
)
