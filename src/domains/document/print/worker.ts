import { parentPort } from 'node:worker_threads'
import { print, type PrintJob } from './layout.ts'

export interface PrintRequest {
  readonly id: number
  readonly job: PrintJob
  readonly fonts: readonly string[]
}

export type PrintReply =
  | { readonly id: number; readonly bytes: Uint8Array }
  | { readonly id: number; readonly message: string }

/** One job after the other: what waits costs less memory than what runs. */
let last: Promise<void> = Promise.resolve()

parentPort?.on('message', (request: PrintRequest) => {
  last = last.then(() => answer(request))
})

async function answer({ id, job, fonts }: PrintRequest): Promise<void> {
  const reply = await print(job, fonts).then(
    (bytes): PrintReply => ({ id, bytes }),
    (error: unknown): PrintReply => ({ id, message: String(error) }),
  )
  parentPort?.postMessage(reply)
}
