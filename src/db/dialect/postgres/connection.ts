import { DatabaseError, type ClientBase, type PoolClient } from 'pg'
import type { Change } from '../../database.ts'
import { ConnectionLostError, UnavailableError } from '../../errors.ts'
import type { PooledConnection } from '../pool.ts'
import { endsConnection, idleTransactionCode } from './faults.ts'
import { Lane, type Outcome } from './lane.ts'

/**
 * Why a client cannot be used any more; `pg` says so in an event, which may come between queries.
 */
const losses = new WeakMap<ClientBase, Error>()

/** Must be called for every new client: an event that nobody hears would end the process. */
export function watchForLoss(client: ClientBase): void {
  // The first error is the reason; others follow from it.
  client.on('error', (error: Error) => losses.set(client, losses.get(client) ?? error))
}

/** Each client has one for all of its life: what it has prepared stays prepared. */
const lanes = new WeakMap<ClientBase, Lane>()

function laneOf(client: ClientBase): Lane {
  const known = lanes.get(client)
  if (known) return known
  const made = new Lane(client)
  lanes.set(client, made)
  return made
}

export class PostgresConnection implements PooledConnection {
  readonly #client: PoolClient
  readonly #lane: Lane
  #begun: Promise<unknown> = Promise.resolve()

  constructor(client: PoolClient) {
    this.#client = client
    this.#lane = laneOf(client)
  }

  async all(sql: string, params: readonly unknown[], name?: string): Promise<unknown[]> {
    return (await this.#run(sql, params, name)).rows
  }

  async run(sql: string, params: readonly unknown[], name?: string): Promise<Change> {
    const { tag } = await this.#run(sql, params, name)
    return { changes: countOf(tag), insertId: undefined }
  }

  /** Does not wait for the answer: BEGIN travels together with the first statement. */
  async begin(): Promise<void> {
    this.#begun = this.#run('begin', [], 'begin')
    this.#begun.catch(() => undefined)
  }

  /** PostgreSQL answers COMMIT of a failed transaction with ROLLBACK, and calls that a success. */
  async commit(): Promise<void> {
    await this.#begun
    const { tag } = await this.#run('commit', [], 'commit')
    if (tag === 'COMMIT') return
    throw new Error('nothing was committed: an error inside the transaction was caught and ignored')
  }

  async rollback(): Promise<void> {
    await this.#run('rollback', [], 'rollback')
  }

  release(state: 'clean' | 'unknown'): void {
    this.#client.release(state === 'unknown')
  }

  async #run(sql: string, params: readonly unknown[], name?: string): Promise<Outcome> {
    try {
      return await this.#lane.run(sql, params, name)
    } catch (error) {
      // From where it was asked, not from where the answer was read.
      if (error instanceof DatabaseError) Error.captureStackTrace(error)
      throw this.#lossOf(error) ?? error
    }
  }

  #lossOf(error: unknown): UnavailableError | undefined {
    const event = losses.get(this.#client)
    // Work that made the server wait too long would only do so again.
    if (codeOf(event) === idleTransactionCode) {
      return new UnavailableError('the transaction was idle for too long', { cause: event })
    }
    const isLost = event !== undefined || endsConnection(codeOf(error)) || isClientLoss(error)
    return isLost ? new ConnectionLostError('connection lost', { cause: error }) : undefined
  }
}

/** How many rows a statement has changed or given back, from `UPDATE 3` or `INSERT 0 3`. */
function countOf(tag: string): number {
  const count = Number(tag.slice(tag.lastIndexOf(' ') + 1))
  return Number.isNaN(count) ? 0 : count
}

function codeOf(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined
}

/** `pg` has no codes for what goes wrong on its own side. */
export function isClientLoss(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof DatabaseError) return false
  if ('code' in error && typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code)) return true
  return /^(Connection terminated|Client (has|was)|Query read timeout|time(out|d))/.test(
    error.message,
  )
}
