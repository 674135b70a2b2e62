import { Worker } from 'node:worker_threads'
import type { Reader } from '../reader.ts'

export interface LongRead {
  readonly id: number
  readonly sql: string
  readonly params: readonly unknown[]
}

export type LongReadReply =
  | { readonly id: number; readonly rows: unknown[] }
  | { readonly id: number; readonly message: string }

interface Waiting {
  resolve(rows: unknown[]): void
  reject(error: Error): void
}

/**
 * Reads on a thread of their own, so that a report never holds up a shopper. Starts on first use.
 */
export class LongReads implements Reader, AsyncDisposable {
  readonly #file: string
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | undefined
  #lastId = 0

  constructor(file: string) {
    this.#file = file
  }

  all(sql: string, params: readonly unknown[]): Promise<unknown[]> {
    const id = ++this.#lastId
    const { promise, resolve, reject } = Promise.withResolvers<unknown[]>()
    this.#waiting.set(id, { resolve, reject })
    this.#worker ??= this.#start()
    this.#worker.ref()
    this.#worker.postMessage({ id, sql, params } satisfies LongRead)
    return promise
  }

  #start(): Worker {
    const worker = new Worker(new URL('./long-reads-worker.ts', import.meta.url), {
      workerData: { file: this.#file },
    })
    worker.on('message', (reply: LongReadReply) => this.#settle(reply))
    worker.on('error', (error: unknown) => this.#failAll(error))
    return worker
  }

  #settle(reply: LongReadReply): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if (this.#waiting.size === 0) this.#worker?.unref()
    if ('rows' in reply) waiting?.resolve(reply.rows)
    else waiting?.reject(new Error(reply.message))
  }

  #failAll(error: unknown): void {
    this.#worker = undefined
    const reason = error instanceof Error ? error : new Error(String(error))
    for (const waiting of this.#waiting.values()) waiting.reject(reason)
    this.#waiting.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker?.terminate()
    this.#failAll(new Error('the database was closed'))
  }
}
