import type { Db, Tx } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { IdentityTable } from './factor-tables.ts'

export type IdentityRow = IdentityTable

type Named = Pick<IdentityRow, 'provider' | 'subject'>

const byName = preparedQuery<Named, IdentityRow>((db, param) =>
  db
    .selectFrom('identities')
    .selectAll()
    .where('provider', '=', param('provider'))
    .where('subject', '=', param('subject')),
)

export async function findIdentity(db: Db, named: Named): Promise<IdentityRow | undefined> {
  return (await byName(db, named))[0]
}

/** Oldest first. */
export const listIdentities = preparedQuery<{ customer_id: string }, IdentityRow>((db, param) =>
  db
    .selectFrom('identities')
    .selectAll()
    .where('customer_id', '=', param('customer_id'))
    .orderBy('created_at')
    .orderBy('id')
    .limit(100),
)

/** False if it is linked already, to whichever account. */
export function insertIdentity(tx: Tx, row: IdentityRow): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'identities', { ...row })
}

export const deleteIdentityRow = preparedWrite<{ id: string; customer_id: string }>((db, param) =>
  db
    .deleteFrom('identities')
    .where('id', '=', param('id'))
    .where('customer_id', '=', param('customer_id')),
)
