import { sql } from 'kysely'
import type { Tx } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { AddressPurpose } from './tables.ts'

export interface AddressRow {
  readonly id: string
  readonly address: string
  readonly version: number
  readonly created_at: number
  readonly updated_at: number
  /** The id again, if it is the customer's default for this. */
  readonly shipping_id: string | null
  readonly billing_id: string | null
}

interface Owned {
  readonly customerId: string
}

interface OneOf extends Owned {
  readonly id: string
}

/** All addresses of a customer, the oldest first (ids sort by time). */
export const listAddressRows = preparedQuery<Owned, AddressRow>(
  (_db, param) => sql<AddressRow>`
    select a.id, a.address, a.version, a.created_at, a.updated_at,
      s.address_id as shipping_id, b.address_id as billing_id
    from customer_addresses a
    left join customer_default_addresses s on s.customer_id = a.customer_id
      and s.address_id = a.id and s.purpose = 'shipping'
    left join customer_default_addresses b on b.customer_id = a.customer_id
      and b.address_id = a.id and b.purpose = 'billing'
    where a.customer_id = ${param('customerId')}
    order by a.id`,
)

/**
 * Takes the customer's row, under which addresses are counted; false if there is no such customer.
 */
export async function lockCustomer(tx: Tx, customerId: string): Promise<boolean> {
  const query = tx.selectFrom('customers').select('id').where('id', '=', customerId)
  const row = await (tx.dialect.can.rowLocks ? query.forUpdate() : query).executeTakeFirst()
  return row !== undefined
}

interface NewAddressRow {
  readonly id: string
  readonly customer_id: string
  readonly address: string
  readonly created_at: number
}

const insertUnlessEnough = preparedWrite<{ rows: string; countMax: number }>(
  (db, param) => sql`
    insert into customer_addresses (id, customer_id, address, created_at, updated_at)
    select d.id, d.customer_id, d.address, d.created_at, d.created_at
    from ${db.dialect.jsonRows(param('rows'), {
      id: 'uuid',
      customer_id: 'uuid',
      address: 'text',
      created_at: 'integer',
    })} d
    where (select count(*) from customer_addresses c where c.customer_id = d.customer_id)
      < ${param('countMax')}`,
)

/**
 * Adds an address unless its customer has `countMax` of them; says whether it did. Counts right
 * under `lockCustomer` only.
 */
export async function insertAddress(
  tx: Tx,
  row: NewAddressRow,
  countMax: number,
): Promise<boolean> {
  const rows = JSON.stringify([row])
  return (await insertUnlessEnough(tx, { rows, countMax })).changes === 1
}

/** Replaces an address; no row changes where it is not there, not theirs or of another version. */
export function updateAddress(
  tx: Tx,
  { customerId, id, version }: OneOf & { readonly version: number | undefined },
  { address, now }: { readonly address: string; readonly now: number },
): Promise<boolean> {
  let update = tx
    .updateTable('customer_addresses')
    .set((set) => ({ address, version: set('version', '+', 1), updated_at: now }))
    .where('id', '=', id)
    .where('customer_id', '=', customerId)
  if (version !== undefined) update = update.where('version', '=', version)
  return update.executeTakeFirst().then(({ numUpdatedRows }) => numUpdatedRows === 1n)
}

/** Deletes an address; as default it goes with it. */
export function deleteAddress(
  tx: Tx,
  { customerId, id, version }: OneOf & { readonly version: number | undefined },
): Promise<boolean> {
  let query = tx
    .deleteFrom('customer_addresses')
    .where('id', '=', id)
    .where('customer_id', '=', customerId)
  if (version !== undefined) query = query.where('version', '=', version)
  return query.executeTakeFirst().then(({ numDeletedRows }) => numDeletedRows === 1n)
}

const pointDefault = preparedWrite<OneOf & { purpose: AddressPurpose }>((db, param) =>
  db
    .updateTable('customer_default_addresses')
    .set({ address_id: param('id') })
    .where('customer_id', '=', param('customerId'))
    .where('purpose', '=', param('purpose')),
)

/** Makes an address the default: the one row there can be is made, or pointed at it. */
export async function setDefault(tx: Tx, purpose: AddressPurpose, one: OneOf): Promise<void> {
  const { customerId: customer_id, id: address_id } = one
  const row = { customer_id, purpose, address_id }
  if (await tx.dialect.insertOnce(tx, 'customer_default_addresses', row)) return
  await pointDefault(tx, { ...one, purpose })
}

/** Leaves the customer without a default, if it is this address. */
export const clearDefault = preparedWrite<OneOf & { purpose: AddressPurpose }>((db, param) =>
  db
    .deleteFrom('customer_default_addresses')
    .where('customer_id', '=', param('customerId'))
    .where('purpose', '=', param('purpose'))
    .where('address_id', '=', param('id')),
)
