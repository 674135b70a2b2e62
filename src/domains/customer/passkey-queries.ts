import type { Db, Tx } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { PasskeyTable } from './factor-tables.ts'

export type PasskeyRow = PasskeyTable

const byCredential = preparedQuery<{ credential_hash: string }, PasskeyRow>((db, param) =>
  db.selectFrom('passkeys').selectAll().where('credential_hash', '=', param('credential_hash')),
)

export async function findPasskey(db: Db, credentialHash: string): Promise<PasskeyRow | undefined> {
  return (await byCredential(db, { credential_hash: credentialHash }))[0]
}

/** Oldest first. */
export const listPasskeys = preparedQuery<{ customer_id: string }, PasskeyRow>((db, param) =>
  db
    .selectFrom('passkeys')
    .selectAll()
    .where('customer_id', '=', param('customer_id'))
    .orderBy('created_at')
    .orderBy('id')
    .limit(100),
)

/** False if this credential is registered already, for whichever account. */
export function insertPasskey(tx: Tx, row: PasskeyRow): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'passkeys', { ...row })
}

/**
 * Notes that a passkey was used. One changed row = its counter has gone on, or it has none, which
 * is always 0 (WebAuthn §6.1.1): otherwise there may be two of the authenticator.
 */
export const advanceCounter = preparedWrite<{ id: string; counter: number; now: number }>(
  (db, param) =>
    db
      .updateTable('passkeys')
      .set({ counter: param('counter'), last_used_at: param('now') })
      .where('id', '=', param('id'))
      .where((where) =>
        where.or([
          where('counter', '<', param('counter')),
          where.and([where('counter', '=', 0), where('counter', '=', param('counter'))]),
        ]),
      ),
)

interface Own {
  readonly id: string
  readonly customer_id: string
}

export const renamePasskeyRow = preparedWrite<Own & { name: string }>((db, param) =>
  db
    .updateTable('passkeys')
    .set({ name: param('name') })
    .where('id', '=', param('id'))
    .where('customer_id', '=', param('customer_id')),
)

export const deletePasskeyRow = preparedWrite<Own>((db, param) =>
  db
    .deleteFrom('passkeys')
    .where('id', '=', param('id'))
    .where('customer_id', '=', param('customer_id')),
)
