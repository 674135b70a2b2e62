import { parseArgs } from 'node:util'
import { simulate, SimulationError, stepsDefault, type Result } from './simulate.ts'

const usage = `npm run simulate -- [--seeds N] [--from S] [--steps N]
npm run simulate -- --seed S [--steps N] [--trace]

Plays seeds of a shop in memory beside a model of it, and stops at the first that differs.`

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    steps: { type: 'string', default: String(stepsDefault) },
    trace: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) console.log(usage)
else process.exitCode = (await run()) ? 0 : 1

async function run(): Promise<boolean> {
  const first = Number(values.seed ?? values.from)
  const count = values.seed === undefined ? Number(values.seeds) : 1
  const progress = startProgress(count)
  for (let seed = first; seed < first + count; seed++) {
    try {
      progress.add(await simulate({ seed, steps: Number(values.steps), trace: traceOf() }))
    } catch (error) {
      if (!(error instanceof SimulationError)) throw error
      console.error(`\n${error.message}\n`)
      progress.fail(seed)
      if (!values['keep-going']) break
    }
  }
  return progress.end()
}

function traceOf(): ((line: string) => void) | undefined {
  return values.trace ? (line) => console.log(line) : undefined
}

function startProgress(count: number) {
  const started = performance.now()
  const outcomes = new Map<string, number>()
  const failed: number[] = []
  const sums = { seeds: 0, operations: 0, orders: 0, attemptsMax: 0 }
  const seconds = () => (performance.now() - started) / 1_000
  let shownAt = 0
  const line = () =>
    `${sums.seeds} of ${count} seeds, ${sums.operations} operations, ${sums.orders} orders, ` +
    `${failed.length} failed, ${seconds().toFixed(1)} s`
  return {
    add(result: Result) {
      sums.seeds += 1
      sums.operations += result.operations
      sums.orders += result.orders
      sums.attemptsMax = Math.max(sums.attemptsMax, result.attemptsMax)
      for (const [kind, times] of result.outcomes) {
        outcomes.set(kind, (outcomes.get(kind) ?? 0) + times)
      }
      if (seconds() - shownAt < 1) return
      shownAt = seconds()
      process.stderr.write(process.stderr.isTTY ? `\r${line()}` : `${line()}\n`)
    },
    fail: (seed: number) => failed.push(seed),
    end(): boolean {
      if (process.stderr.isTTY) process.stderr.write('\n')
      const most = [...outcomes].toSorted(([, a], [, b]) => b - a)
      for (const [kind, times] of most) console.log(`${String(times).padStart(9)}  ${kind}`)
      console.log(`${line()}; at most ${sums.attemptsMax} orders of events tried`)
      if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`)
      return failed.length === 0
    },
  }
}
