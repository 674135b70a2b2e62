import { Worker } from 'node:worker_threads'
import type { PrintJob } from './layout.ts'
import type { PrintReply, PrintRequest } from './worker.ts'

interface Waiting {
  resolve(bytes: Buffer): void
  reject(error: Error): void
}

const idleMs = 60_000

/** A thread that prints, so that no page is laid out between two requests of shoppers. */
let worker: Worker | undefined
let idle: NodeJS.Timeout | undefined
let lastId = 0
const waiting = new Map<number, Waiting>()

/** The PDF of a job, made on a thread of its own, which ends when it has had nothing to do. */
export function printed(job: PrintJob, fonts: readonly string[]): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const id = ++lastId
  waiting.set(id, { resolve, reject })
  clearTimeout(idle)
  worker ??= start()
  worker.ref()
  worker.postMessage({ id, job, fonts } satisfies PrintRequest)
  return promise
}

function start(): Worker {
  const started = new Worker(new URL('./worker.ts', import.meta.url))
  started.on('message', (reply: PrintReply) => settle(reply))
  started.on('error', (error: unknown) => fail(error))
  return started
}

function settle(reply: PrintReply): void {
  const job = waiting.get(reply.id)
  waiting.delete(reply.id)
  if ('bytes' in reply) job?.resolve(Buffer.from(reply.bytes))
  else job?.reject(new Error(reply.message))
  if (waiting.size === 0) rest()
}

function rest(): void {
  worker?.unref()
  idle = setTimeout(() => {
    void worker?.terminate()
    worker = undefined
  }, idleMs)
  idle.unref()
}

function fail(error: unknown): void {
  worker = undefined
  const reason = error instanceof Error ? error : new Error(String(error))
  for (const job of waiting.values()) job.reject(reason)
  waiting.clear()
}
