import { parseArgs } from 'node:util'
import { engines, type Engine } from '../support/databases.ts'
import { faults, type Rounds } from './rounds.ts'

const list = Object.entries(faults).map(
  ([name, { about, on }]) => `  ${name.padEnd(14)} ${about} (${on.join(', ')})`,
)
const usage = `npm run fault -- [NAME] [--rounds 100] [--db sqlite] [--seed S] [--processes 2]

Breaks something that many times and checks every promise after each; the same seed makes the same
mistakes. NAME is one of these, kill without one:

${list.join('\n')}
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
    db: { type: 'string' },
    processes: { type: 'string', default: '2' },
    help: { type: 'boolean', default: false },
  },
})

/** Asked for something that there is not. */
class UsageError extends Error {}

try {
  if (values.help) process.stdout.write(usage)
  else await main(positionals[0] ?? 'kill')
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error)
  process.exitCode = 1
}
// The database server of this run would keep the process alive.
process.exit()

async function main(name: string): Promise<void> {
  const fault = faults[name]
  if (!fault) throw new UsageError(`There is no fault "${name}".\n\n${usage}`)
  const engine = chosenEngine(values.db ?? fault.on[0] ?? 'sqlite')
  if (!fault.on.includes(engine.name)) throw new UsageError(`${name} is for ${fault.on.join(', ')}`)
  const [rounds, seed] = [wholeNumber('rounds', values.rounds), wholeNumber('seed', values.seed)]
  process.stdout.write(`${name} on ${engine.name}, ${rounds} rounds, seed ${seed}\n`)
  const processes = wholeNumber('processes', values.processes)
  const options = { engine, rounds, seed, processes, onRound: progress(rounds) }
  const tally = await fault.run(options)
  process.stdout.write(`\n${JSON.stringify(tally, null, 2)}\n0 promises broken.\n`)
}

/** A line that is drawn over itself, or twenty lines where there is no terminal. */
function progress(rounds: number): Rounds['onRound'] {
  const startedAt = performance.now()
  return ({ rounds: done }) => {
    const leftSeconds = ((performance.now() - startedAt) / done) * (rounds - done) * 0.001
    const bar = '█'.repeat(Math.round((done / rounds) * 30)).padEnd(30, '·')
    const line = `${bar} ${done}/${rounds}, ${Math.round(leftSeconds)} s left   `
    if (process.stdout.isTTY) process.stdout.write(`\r${line}`)
    else if (done % Math.ceil(rounds / 20) === 0) process.stdout.write(`${line}\n`)
  }
}

function wholeNumber(name: string, text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text)
  throw new UsageError(`--${name} must be a whole number from 1, not "${text}"`)
}

function chosenEngine(name: string): Engine {
  const known = engines()
  const found = known.find((candidate) => candidate.name === name)
  if (!found) throw new UsageError(`--db must be one of ${known.map((one) => one.name).join(', ')}`)
  if (found.missing !== undefined) throw new UsageError(found.missing)
  return found
}
