import { scenarios, seededRandom } from '../scenarios.ts'
import type { Visitor } from '../scenarios.ts'
import { Connection } from './connection.ts'
import { runAutocannon } from './autocannon.ts'
import type { Load, LoadResult } from './load.ts'

/** Answers by request numbers would not do: whole operations are timed, with all their requests. */
process.on('message', (load: Load) => {
  const run = load.client === 'autocannon' ? runAutocannon : runOwnClient
  void run(load).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})

async function runOwnClient(load: Load): Promise<LoadResult> {
  const visitors = Array.from({ length: load.connections }, (_, index) => visitorOf(load, index))
  const connections = await Promise.all(visitors.map(() => Connection.open(load.port)))
  const each = <T>(work: (connection: Connection, visitor: Visitor) => Promise<T>) =>
    Promise.all(connections.map((connection, index) => work(connection, visitors[index]!)))
  await each((connection, { prepare }) => send(connection, prepare))
  const start = performance.now()
  const cpuBefore = process.cpuUsage()
  const end = start + load.seconds * 1_000
  const latencies = await each((connection, visitor) => visit(connection, { visitor, end }))
  const elapsedMs = performance.now() - start
  const cpu = process.cpuUsage(cpuBefore)
  for (const connection of connections) connection.close()
  const sorted = Float64Array.from(latencies.flat()).sort()
  return {
    operations: sorted.length,
    elapsedMs,
    p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    cpuMs: (cpu.user + cpu.system) / 1_000,
  }
}

function visitorOf({ scenario, facts, seed, run }: Load, index: number): Visitor {
  const random = seededRandom(seed * 1_000 + index)
  return scenarios[scenario].visitor({ facts, random, name: `${run}-${index}` })
}

async function visit(
  connection: Connection,
  { visitor, end }: { visitor: Visitor; end: number },
): Promise<number[]> {
  const latencies: number[] = []
  for (let start = performance.now(); start < end;) {
    await send(connection, visitor.next())
    const now = performance.now()
    latencies.push(now - start)
    start = now
  }
  return latencies
}

async function send(connection: Connection, requests: readonly string[]): Promise<void> {
  for (const text of requests) {
    const { status, body } = await connection.request(text)
    if (status >= 300) throw new Error(`${status} for\n${text}\n${body.toString()}`)
  }
}
