import { sql } from 'kysely'
import type { Db, Tx } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'

export const countVersionUp = preparedWrite<object>(
  () => sql`update pricing_state set version = version + 1 where id = 1`,
)

export function insertState(tx: Tx): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'pricing_state', { id: 1, version: 0 })
}

const stateVersion = preparedQuery<object, { version: number }>((db) =>
  db.selectFrom('pricing_state').select('version').where('id', '=', 1),
)

/** 0 for a shop in which nothing has been changed yet. */
export async function readVersion(db: Db): Promise<number> {
  return (await stateVersion(db, {}))[0]?.version ?? 0
}
