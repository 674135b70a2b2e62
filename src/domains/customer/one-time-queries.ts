import type { Db } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { OneTimeTokenTable, TokenPurpose } from './tables.ts'

export type TokenRow = OneTimeTokenTable

const tokenByHash = preparedQuery<{ hash: string }, TokenRow>((db, param) =>
  db.selectFrom('one_time_tokens').selectAll().where('hash', '=', param('hash')),
)
const tokenById = preparedQuery<{ id: string }, TokenRow>((db, param) =>
  db.selectFrom('one_time_tokens').selectAll().where('id', '=', param('id')),
)

export async function findTokenByHash(db: Db, hash: string): Promise<TokenRow | undefined> {
  return (await tokenByHash(db, { hash }))[0]
}

export async function findTokenById(db: Db, id: string): Promise<TokenRow | undefined> {
  return (await tokenById(db, { id }))[0]
}

export const insertToken = preparedWrite<Omit<TokenRow, 'used_at'>>((db, param) =>
  db.insertInto('one_time_tokens').values({
    id: param('id'),
    customer_id: param('customer_id'),
    purpose: param('purpose'),
    hash: param('hash'),
    data: param('data'),
    created_at: param('created_at'),
    expires_at: param('expires_at'),
    used_at: null,
  }),
)

/** Uses a token up; one changed row means that this caller did. */
export const useTokenRow = preparedWrite<{ id: string; now: number }>((db, param) =>
  db
    .updateTable('one_time_tokens')
    .set({ used_at: param('now') })
    .where('id', '=', param('id'))
    .where('used_at', 'is', null)
    .where('expires_at', '>', param('now')),
)

interface Of {
  readonly customer_id: string
  readonly purpose: TokenPurpose
}

/** How many have been made for this since then, used and dead ones too. */
export const countTokensSince = preparedQuery<Of & { since: number }, { count: number | string }>(
  (db, param) =>
    db
      .selectFrom('one_time_tokens')
      .select((select) => select.fn.countAll<number | string>().as('count'))
      .where('customer_id', '=', param('customer_id'))
      .where('purpose', '=', param('purpose'))
      .where('created_at', '>', param('since')),
)

/** From now on those that were made before are good for nothing. */
export const retireTokens = preparedWrite<Of & { now: number }>((db, param) =>
  db
    .updateTable('one_time_tokens')
    .set({ expires_at: param('now') })
    .where('customer_id', '=', param('customer_id'))
    .where('purpose', '=', param('purpose'))
    .where('used_at', 'is', null)
    .where('expires_at', '>', param('now')),
)

/** The same for all purposes. */
export const retireAllTokens = preparedWrite<{ customer_id: string; now: number }>((db, param) =>
  db
    .updateTable('one_time_tokens')
    .set({ expires_at: param('now') })
    .where('customer_id', '=', param('customer_id'))
    .where('used_at', 'is', null)
    .where('expires_at', '>', param('now')),
)

export const deleteOldTokens = preparedWrite<{ before: number }>((db, param) =>
  db.deleteFrom('one_time_tokens').where('expires_at', '<', param('before')),
)
