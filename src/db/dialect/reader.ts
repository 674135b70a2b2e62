import { Db, kyselyProps, type Change, type Runner } from '../database.ts'
import { assertOutsideTransaction } from '../scope.ts'
import type { Dialect } from './dialect.ts'

export type Reader = Pick<Runner, 'all'>

/** For reads outside of transactions. Inside of one they would not see what it has written. */
export function readingDb(reader: Reader, dialect: Dialect): Db {
  const runner: Runner = {
    all(sql, params, name) {
      assertOutsideTransaction('a read beside the transaction')
      return reader.all(sql, params, name)
    },
    run: (): Promise<Change> => Promise.reject(new Error('writes need a transaction')),
  }
  return new Db(kyselyProps(runner, dialect), runner, dialect)
}
