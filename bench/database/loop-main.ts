import { uuidSource } from '../../src/ids.ts'
import { openBare, type BareConnection } from './loop-connections.ts'
import type { LoopOrder, LoopResult } from './loop.ts'
import { bind, shareOf, type Fresh, type Script, type Share } from './script.ts'

const newId = uuidSource()
let connections: Promise<readonly BareConnection[]> | undefined

process.on('message', (order: LoopOrder) => {
  void run(order).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String((error as Error).stack) }),
  )
})

async function run({ target, connectionCount, script, shares, seconds }: LoopOrder) {
  // Kept from one round to the next, as those of the shop are, with what they have prepared.
  connections ??= Promise.all(Array.from({ length: connectionCount }, () => openBare(target)))
  const cpuBefore = process.cpuUsage()
  const start = performance.now()
  const end = start + seconds * 1_000
  const opened = await connections
  const latencies = await Promise.all(
    opened.map((connection, index) =>
      repeat(connection, { script, share: shareOf(script, { index, shares }), end }),
    ),
  )
  const elapsedMs = performance.now() - start
  const cpu = process.cpuUsage(cpuBefore)
  const sorted = Float64Array.from(latencies.flat()).sort()
  return {
    operations: sorted.length,
    completed: sorted.length,
    elapsedMs,
    p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    cpuMs: (cpu.user + cpu.system) / 1_000,
  } satisfies LoopResult
}

interface Repetition {
  readonly script: Script
  readonly share: Share
  readonly end: number
}

async function repeat(
  connection: BareConnection,
  { script, share, end }: Repetition,
): Promise<number[]> {
  const latencies: number[] = []
  for (let start = performance.now(); start < end;) {
    await runOnce(connection, { script, share })
    const now = performance.now()
    latencies.push(now - start)
    start = now
  }
  return latencies
}

async function runOnce(
  connection: BareConnection,
  { script, share }: Omit<Repetition, 'end'>,
): Promise<void> {
  const variant = share.first + Math.floor(Math.random() * share.count)
  const fresh = { ids: Array.from({ length: script.idCount }, newId), nowMs: Date.now() }
  let waiting: Promise<void>[] = []
  for (const [index, step] of script.steps.entries()) {
    waiting.push(runStep(connection, { script, variant, fresh, index }))
    if (script.steps[index + 1]?.joined) continue
    if (waiting.length === 1) await waiting[0]
    else await Promise.all(waiting)
    waiting = []
    if (step.kind === 'rollback') throw new Error('a script never rolls back')
  }
}

interface Place {
  readonly script: Script
  readonly variant: number
  readonly fresh: Fresh
  readonly index: number
}

/** Refuses an answer that is not the shop's: then it would not be the same work. */
async function runStep(connection: BareConnection, place: Place): Promise<void> {
  const { script, variant, fresh, index } = place
  const { kind, sql } = script.steps[index]!
  if (kind === 'begin') return void (await connection.begin())
  if (kind === 'commit') return void (await connection.commit())
  const { params, rows: expected } = script.variants[variant]!
  const values = params[index]!.map((value) => bind(value, fresh))
  const rows = await connection.execute(sql, values)
  if (rows === expected[index]) return
  throw new Error(`${rows} rows instead of ${expected[index]}: ${sql}\n${JSON.stringify(values)}`)
}
