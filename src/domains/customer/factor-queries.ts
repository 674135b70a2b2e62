import type { Db, Tx } from '../../db/database.ts'
import { bulkInsert } from '../../db/bulk.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { RecoveryCodeTable, SecondFactorTable } from './factor-tables.ts'
import type { OneTimeTokenTable } from './tables.ts'

const secondFactorOf = preparedQuery<{ customer_id: string }, SecondFactorTable>((db, param) =>
  db.selectFrom('second_factors').selectAll().where('customer_id', '=', param('customer_id')),
)

export async function findSecondFactor(
  db: Db,
  customerId: string,
): Promise<SecondFactorTable | undefined> {
  return (await secondFactorOf(db, { customer_id: customerId }))[0]
}

/** False if there is one already, confirmed or not. */
export function insertSecondFactor(tx: Tx, row: SecondFactorTable): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'second_factors', { ...row })
}

/** Forgets what was begun and never confirmed. */
export const deletePendingFactor = preparedWrite<{ customer_id: string }>((db, param) =>
  db
    .deleteFrom('second_factors')
    .where('customer_id', '=', param('customer_id'))
    .where('confirmed_at', 'is', null),
)

interface Step {
  readonly customer_id: string
  /** The secret that the code was checked against. */
  readonly sealed_secret: string
  readonly step: number
}

/** One changed row = this call confirmed it. */
export const confirmFactor = preparedWrite<Step & { readonly now: number }>((db, param) =>
  db
    .updateTable('second_factors')
    .set({ confirmed_at: param('now'), last_step: param('step') })
    .where('customer_id', '=', param('customer_id'))
    .where('sealed_secret', '=', param('sealed_secret'))
    .where('confirmed_at', 'is', null),
)

/** One changed row = the code of this step was not used before, and now is. */
export const spendStep = preparedWrite<Step>((db, param) =>
  db
    .updateTable('second_factors')
    .set({ last_step: param('step') })
    .where('customer_id', '=', param('customer_id'))
    .where('sealed_secret', '=', param('sealed_secret'))
    .where('confirmed_at', 'is not', null)
    .where('last_step', '<', param('step')),
)

export const deleteSecondFactor = preparedWrite<{ customer_id: string }>((db, param) =>
  db
    .deleteFrom('second_factors')
    .where('customer_id', '=', param('customer_id'))
    .where('confirmed_at', 'is not', null),
)

export const insertRecoveryCodes = bulkInsert<Omit<RecoveryCodeTable, 'used_at'>>(
  'recovery_codes',
  { customer_id: 'uuid', hash: 'text' },
)

export const deleteRecoveryCodes = preparedWrite<{ customer_id: string }>((db, param) =>
  db.deleteFrom('recovery_codes').where('customer_id', '=', param('customer_id')),
)

/** One changed row = the code was not used before, and now is. */
export const spendRecoveryCode = preparedWrite<{
  customer_id: string
  hash: string
  now: number
}>((db, param) =>
  db
    .updateTable('recovery_codes')
    .set({ used_at: param('now') })
    .where('customer_id', '=', param('customer_id'))
    .where('hash', '=', param('hash'))
    .where('used_at', 'is', null),
)

export async function countRecoveryCodes(db: Db, customerId: string): Promise<number> {
  const { count } = await db
    .selectFrom('recovery_codes')
    .select((select) => select.fn.countAll<number | string>().as('count'))
    .where('customer_id', '=', customerId)
    .where('used_at', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Notes that a token was used, as long as it is good; false if it was used before. */
export function insertUsedToken(
  tx: Tx,
  row: Omit<OneTimeTokenTable, 'purpose'> & { purpose: string },
): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'one_time_tokens', { ...row })
}

/**
 * Takes the row lock under which the ways into an account are taken away, so that two who remove
 * one each cannot leave none.
 */
export async function lockAccount(tx: Tx, id: string) {
  const query = tx
    .selectFrom('customers')
    .select(['id', 'email_key', 'email_verified_at', 'password_hash', 'disabled_at'])
    .where('id', '=', id)
  return (tx.dialect.can.rowLocks ? query.forUpdate() : query).executeTakeFirst()
}
