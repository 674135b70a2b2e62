import type { Db, Tx } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { Reference } from '../../core/reference.ts'
import { adminRole } from '../access/permissions.ts'
import type { CustomerTable } from './tables.ts'

export interface CustomerRow {
  readonly number: number
  readonly id: string
  readonly username: string | null
  readonly email: string
  readonly first_name: string | null
  readonly last_name: string | null
  readonly postal_address: string | null
  readonly password_hash: string
  readonly role: string
  readonly email_verified_at: number | null
  readonly password_changed_at: number | null
  readonly disabled_at: number | null
  readonly version: number
  readonly created_at: number
  readonly updated_at: number
}

const customerColumns = [
  'number',
  'id',
  'username',
  'email',
  'first_name',
  'last_name',
  'postal_address',
  'password_hash',
  'role',
  'email_verified_at',
  'password_changed_at',
  'disabled_at',
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

/** The same, and nobody else changes it, or makes anything that belongs to it, until the end. */
export function lockCustomer(tx: Tx, id: string): Promise<CustomerRow | undefined> {
  const query = tx.selectFrom('customers').select(customerColumns).where('id', '=', id)
  return (tx.dialect.can.rowLocks ? query.forUpdate() : query).executeTakeFirst()
}

/** E-mail addresses and user names are the same whatever their case. */
export const loginKey = (text: string): string => text.toLowerCase()

export type Login = { readonly email: string } | { readonly username: string }

export async function findCustomerByLogin(db: Db, login: Login): Promise<CustomerRow | undefined> {
  return 'email' in login
    ? (await customerByEmail(db, { key: loginKey(login.email) }))[0]
    : (await customerByUsername(db, { key: loginKey(login.username) }))[0]
}

export type NewCustomerRow = Omit<
  CustomerTable,
  'number' | 'version' | 'username_key' | 'email_key' | 'password_changed_at' | 'disabled_at'
>

export function insertCustomer(tx: Tx, row: NewCustomerRow): Promise<number> {
  return tx.dialect.insertNumbered(tx, 'customers', {
    ...row,
    username_key: row.username === null ? null : loginKey(row.username),
    email_key: loginKey(row.email),
  })
}

export type CustomerPatch = Partial<
  Pick<
    CustomerTable,
    | 'username'
    | 'email'
    | 'first_name'
    | 'last_name'
    | 'postal_address'
    | 'password_hash'
    | 'password_changed_at'
    | 'email_verified_at'
    | 'disabled_at'
    | 'role'
  >
>

interface At {
  readonly id: string
  readonly now: number
  /** Only this version is changed. */
  readonly version?: number | undefined
  /** Only if its password is still this one. */
  readonly passwordHash?: string | undefined
}

/** Changes an account; says whether it still existed as it was asked to. */
export async function updateCustomer(
  tx: Tx,
  { id, now, version, passwordHash }: At,
  patch: CustomerPatch,
): Promise<boolean> {
  const { username, email } = patch
  const result = await tx
    .updateTable('customers')
    .set((set) => ({
      ...patch,
      ...(username === undefined || username === null ? {} : { username_key: loginKey(username) }),
      ...(email === undefined ? {} : { email_key: loginKey(email) }),
      version: set('version', '+', 1),
      updated_at: now,
    }))
    .where('id', '=', id)
    .$if(version !== undefined, (query) => query.where('version', '=', version ?? 0))
    .$if(passwordHash !== undefined, (query) =>
      query.where('password_hash', '=', passwordHash ?? ''),
    )
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Deletes an account. Its orders stay: they are the shop's books, and lose their owner. */
export const deleteCustomer = preparedWrite<{ id: string }>((db, param) =>
  db.deleteFrom('customers').where('id', '=', param('id')),
)

/** How many administrators could sign in, were it not for this one. */
export async function countOtherAdmins(tx: Tx, id: string): Promise<number> {
  const { count } = await tx
    .selectFrom('customers')
    .select((select) => select.fn.countAll<number | string>().as('count'))
    .where('role', '=', adminRole)
    .where('disabled_at', 'is', null)
    .where('id', '!=', id)
    .executeTakeFirstOrThrow()
  return Number(count)
}

export interface AccountFilter {
  readonly role?: string | undefined
  /** The beginning of an e-mail address or user name, in any case. */
  readonly search?: string | undefined
  readonly isDisabled?: boolean | undefined
}

/** Newest first; `before` is the number of the last account of the page before. */
export function listCustomers(
  db: Db,
  { role, search, isDisabled }: AccountFilter,
  { before, limit }: { before: number | undefined; limit: number },
): Promise<CustomerRow[]> {
  let query = db
    .selectFrom('customers')
    .select(customerColumns)
    .orderBy('number', 'desc')
    .limit(limit)
  if (role !== undefined) query = query.where('role', '=', role)
  if (isDisabled !== undefined)
    query = query.where('disabled_at', isDisabled ? 'is not' : 'is', null)
  if (before !== undefined) query = query.where('number', '<', before)
  if (search === undefined) return query.execute()
  const from = loginKey(search)
  const to = `${from}\u{10ffff}`
  return query
    .where((where) =>
      where.or([
        where.and([where('email_key', '>=', from), where('email_key', '<', to)]),
        where.and([where('username_key', '>=', from), where('username_key', '<', to)]),
      ]),
    )
    .execute()
}
