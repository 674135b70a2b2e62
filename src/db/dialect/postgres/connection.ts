import type { Socket } from 'node:net'
import { DatabaseError, type ClientBase, type PoolClient, type QueryResult } from 'pg'
import type { Change } from '../../database.ts'
import { ConnectionLostError, UnavailableError } from '../../errors.ts'
import type { PooledConnection } from '../pool.ts'
import { assertBindable } from '../values.ts'
import { endsConnection, idleTransactionCode } from './faults.ts'

/**
 * Why a client cannot be used any more; `pg` says so in an event, which may come between queries.
 */
const losses = new WeakMap<ClientBase, Error>()

/** Must be called for every new client: an event that nobody hears would end the process. */
export function watchForLoss(client: ClientBase): void {
  // The first error is the reason; others follow from it.
  client.on('error', (error: Error) => losses.set(client, losses.get(client) ?? error))
}

/** What the types of `pg` leave out. */
interface WithStream {
  readonly connection: { readonly stream: Socket }
}

export class PostgresConnection implements PooledConnection {
  readonly #client: PoolClient
  #begun: Promise<unknown> = Promise.resolve()

  constructor(client: PoolClient) {
    this.#client = client
  }

  async all(text: string, params: readonly unknown[], name?: string): Promise<unknown[]> {
    return (await this.#query(text, params, name)).rows
  }

  async run(text: string, params: readonly unknown[], name?: string): Promise<Change> {
    const { rowCount } = await this.#query(text, params, name)
    return { changes: rowCount ?? 0, insertId: undefined }
  }

  /** Does not wait for the answer: BEGIN travels together with the first statement. */
  async begin(): Promise<void> {
    this.#begun = this.#query('begin', [])
    this.#begun.catch(() => undefined)
  }

  /** PostgreSQL answers COMMIT of a failed transaction with ROLLBACK, and calls that a success. */
  async commit(): Promise<void> {
    await this.#begun
    const { command } = await this.#query('commit', [])
    if (command === 'COMMIT') return
    throw new Error('nothing was committed: an error inside the transaction was caught and ignored')
  }

  async rollback(): Promise<void> {
    await this.#query('rollback', [])
  }

  release(state: 'clean' | 'unknown'): void {
    this.#client.release(state === 'unknown')
  }

  async #query(text: string, params: readonly unknown[], name?: string): Promise<QueryResult> {
    assertBindable(params)
    this.#gather()
    try {
      return await this.#client.query({
        text,
        values: params as unknown[],
        ...(name === undefined ? {} : { name }),
      })
    } catch (error) {
      throw this.#lossOf(error) ?? error
    }
  }

  /** What is sent within one turn leaves in one piece: each write would be a system call. */
  #gather(): void {
    const { stream } = (this.#client as unknown as WithStream).connection
    stream.cork()
    process.nextTick(() => stream.uncork())
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
