/** How much of a database server one process uses, and how long it waits for it. */
export interface DatabaseLimits {
  /** Connections kept for transactions and short reads. */
  readonly poolSize: number
  /** How long to wait for a free connection before answering "unavailable". */
  readonly poolWaitMs: number
  /** How long a statement waits for a lock before its transaction is run again. */
  readonly lockTimeoutMs: number
  readonly statementTimeoutMs: number
  /** How long an open transaction may stay silent before the server ends it. */
  readonly idleTransactionTimeoutMs: number
}

export const defaultLimits: DatabaseLimits = {
  poolSize: 20,
  poolWaitMs: 5_000,
  lockTimeoutMs: 3_000,
  statementTimeoutMs: 15_000,
  idleTransactionTimeoutMs: 15_000,
}

/** For reports and exports, which run on connections of their own. */
export const longReads = { poolSize: 2, statementTimeoutMs: 300_000 } as const
