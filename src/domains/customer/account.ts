import { ShopError } from '../../core/errors.ts'
import type { Db } from '../../db/database.ts'
import { findCustomer, type CustomerRow } from './queries.ts'

/** A token outlives its account by minutes: nothing is kept for an account that is gone. */
export async function assertAccount(db: Db, id: string): Promise<void> {
  if (!(await findCustomer(db, { by: 'id', id }))) throw new ShopError('INVALID_TOKEN')
}

/** An account that may be gone, for those who only want to tell its owner something. */
export function findAccount(db: Db, id: string): Promise<CustomerRow | undefined> {
  return findCustomer(db, { by: 'id', id })
}
