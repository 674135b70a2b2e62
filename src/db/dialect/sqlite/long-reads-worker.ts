import { parentPort, workerData } from 'node:worker_threads'
import { SqliteConnection } from './connection.ts'
import type { LongRead, LongReadReply } from './long-reads.ts'

const { file } = workerData as { file: string }
const connection = new SqliteConnection({ file, readOnly: true, busyTimeoutMs: 5_000 })

parentPort?.on('message', ({ id, sql, params }: LongRead) => {
  parentPort?.postMessage(answer(id, () => connection.all(sql, params)))
})

function answer(id: number, read: () => unknown[]): LongReadReply {
  try {
    return { id, rows: read() }
  } catch (error) {
    return { id, message: error instanceof Error ? error.message : String(error) }
  }
}
