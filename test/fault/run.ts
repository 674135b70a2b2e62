import { parseArgs } from 'node:util'
import { engines, type Engine } from '../support/databases.ts'
import { killRounds, type KillTally } from './kill-rounds.ts'

/**
 * `npm run fault -- [--rounds 100] [--seed 1] [--db sqlite|postgres|mysql] [--width 16]`: kills the
 * server in mid-checkout that many times and checks every promise after each.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    seed: { type: 'string' },
    db: { type: 'string', default: 'sqlite' },
    width: { type: 'string', default: '16' },
  },
})

const rounds = wholeNumber('rounds', values.rounds)
const width = wholeNumber('width', values.width)
const seed = wholeNumber('seed', values.seed ?? String(Date.now() % 1_000_000_007))
const engine = chosenEngine(values.db)

process.stdout.write(`${rounds} rounds of kill -9 on ${engine.name}, seed ${seed}\n`)
const startedAt = performance.now()
const tally = await killRounds({ engine, rounds, seed, width, onRound: showProgress })
process.stdout.write(`\n${JSON.stringify(tally, null, 2)}\n0 promises broken.\n`)

function showProgress(so: KillTally): void {
  const perRoundMs = (performance.now() - startedAt) / so.rounds
  const leftSeconds = Math.round((perRoundMs * (rounds - so.rounds)) / 1_000)
  const done = Math.round((so.rounds / rounds) * 30)
  const bar = '█'.repeat(done).padEnd(30, '·')
  const counts = `${so.orders} orders, ${so.interrupted} interrupted`
  process.stdout.write(`\r${bar} ${so.rounds}/${rounds}, ${counts}, ${leftSeconds} s left   `)
}

function wholeNumber(name: string, text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text)
  throw new Error(`--${name} must be a whole number from 1, not "${text}"`)
}

function chosenEngine(name: string): Engine {
  const known = engines()
  const found = known.find((candidate) => candidate.name === name)
  if (!found) throw new Error(`--db must be one of ${known.map((one) => one.name).join(', ')}`)
  if (found.missing !== undefined) throw new Error(found.missing)
  return found
}
