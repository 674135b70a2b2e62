import type { Runner } from '../database.ts'

/** A connection lent by a pool. One that was lost reports ConnectionLostError from then on. */
export interface PooledConnection extends Runner {
  begin(): Promise<void>
  /** Rejects if the server did not commit, or did not say so. */
  commit(): Promise<void>
  rollback(): Promise<void>
  /** Gives the connection back; one in an unknown state is closed instead. */
  release(state: 'clean' | 'unknown'): void
}

export interface ConnectionPool extends AsyncDisposable {
  /** Waits for a free connection for a bounded time, then throws UnavailableError. */
  acquire(): Promise<PooledConnection>
}
