/** In what MariaDB and MySQL differ here; everything else is written so that both understand it. */
export interface Flavour {
  readonly name: 'MariaDB' | 'MySQL'
  /** Compares code points, trailing spaces included, as the other databases do here. */
  readonly collation: string
  /** Column type of a UUID, as DDL text. */
  readonly uuid: string
  /** JSON text as it was written: MySQL's own type would sort the keys. */
  readonly json: string
  /**
   * The beginning of an UPDATE that reads its joins row by row. A join buffer would scan a small
   * table, and lock all of it.
   */
  readonly unbufferedUpdate: string
  /** Session settings: how long a statement may run, and a transaction may be idle. */
  timeouts(limits: { statementMs: number; idleTransactionMs: number }): Record<string, number>
}

const seconds = (ms: number) => Math.max(1, Math.ceil(ms / 1_000))

export const mariadb: Flavour = {
  name: 'MariaDB',
  collation: 'utf8mb4_nopad_bin',
  uuid: 'uuid',
  json: 'json',
  unbufferedUpdate: 'set statement join_cache_level = 0 for update',
  timeouts: ({ statementMs, idleTransactionMs }) => ({
    max_statement_time: statementMs / 1_000,
    idle_transaction_timeout: seconds(idleTransactionMs),
  }),
}

export const mysql: Flavour = {
  name: 'MySQL',
  collation: 'utf8mb4_0900_bin',
  uuid: 'char(36) character set ascii collate ascii_bin',
  json: 'longtext',
  unbufferedUpdate: 'update /*+ NO_BNL() */',
  // MySQL limits SELECT alone, and has one limit for every idle connection; the pool replaces
  // those.
  timeouts: ({ statementMs, idleTransactionMs }) => ({
    max_execution_time: statementMs,
    wait_timeout: seconds(idleTransactionMs),
  }),
}
