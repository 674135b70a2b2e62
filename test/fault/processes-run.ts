import { parseArgs } from 'node:util'
import { engines, type Engine } from '../support/databases.ts'
import { diskRounds } from './disk.ts'
import { powerRounds } from './disk-power.ts'
import { poolRounds } from './pool.ts'
import { hotRounds } from './processes.ts'
import { providerRounds } from './provider.ts'
import { keyRounds } from './provider-keys.ts'
import { settleRounds } from './provider-settle.ts'
import { restartRounds } from './restart.ts'

interface Rounds {
  readonly engine: Engine
  readonly rounds: number
  readonly seed: number
  readonly processes: number
}

/** Every fault that can be tried in any number, by its name; each throws when a promise breaks. */
export const faultRounds: Readonly<Record<string, (options: Rounds) => Promise<object>>> = {
  provider: (options) => providerRounds({ ...options, buyers: 30 }),
  settle: settleRounds,
  keys: keyRounds,
  hot: (options) => hotRounds({ ...options, buyers: 5_000, pieces: 100 }),
  pool: (options) => poolRounds({ ...options, connections: 1_000 }),
  restart: ({ engine, ...options }) => restartRounds({ ...options, engine: served(engine) }),
  'disk-full': (options) => diskRounds({ ...options, fault: 'full' }),
  'disk-error': (options) => diskRounds({ ...options, fault: 'EIO' }),
  power: powerRounds,
  'power-control': (options) => powerRounds({ ...options, synchronous: 'normal' }),
}

function served({ name }: Engine): { name: 'postgres' | 'mysql' } {
  if (name === 'sqlite') throw new Error('SQLite has no server to restart')
  return { name }
}

/** `node test/fault/processes-run.ts provider --db postgres --rounds 60 --seed 1` */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      db: { type: 'string', default: 'sqlite' },
      rounds: { type: 'string', default: '10' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
      processes: { type: 'string', default: '2' },
    },
  })
  const run = faultRounds[positionals[0] ?? '']
  const engine = engines().find(({ name }) => name === values.db)
  if (!run) throw new Error(`name one of ${Object.keys(faultRounds).join(', ')}`)
  if (!engine) throw new Error('--db must be sqlite, postgres or mysql')
  if (engine.missing !== undefined) throw new Error(engine.missing)
  const [rounds, seed, processes] = [values.rounds, values.seed, values.processes].map(Number)
  process.stdout.write(`${positionals[0]} on ${engine.name}, ${rounds} rounds, seed ${seed}\n`)
  const options = { engine, rounds: rounds ?? 0, seed: seed ?? 0, processes: processes ?? 0 }
  process.stdout.write(`${JSON.stringify(await run(options), null, 2)}\n0 promises broken.\n`)
  // The database server of this run would keep the process alive.
  process.exit()
}

if (import.meta.main) await main()
