import type { Engine } from '../support/databases.ts'
import { couponRounds } from './coupons.ts'
import { diskRounds } from './disk.ts'
import { powerRounds } from './disk-power.ts'
import { killRounds } from './kill-rounds.ts'
import { poolRounds } from './pool.ts'
import { eventRounds } from './events.ts'
import { hotRounds } from './processes.ts'
import { providerRounds } from './provider.ts'
import { keyRounds } from './provider-keys.ts'
import { settleRounds } from './provider-settle.ts'
import { refreshRounds } from './refresh.ts'
import { restartRounds } from './restart.ts'

export interface Rounds {
  readonly engine: Engine
  readonly rounds: number
  readonly seed: number
  /** API processes, where there are several. */
  readonly processes: number
  readonly onRound: (tally: { readonly rounds: number }) => void
}

interface Fault {
  readonly about: string
  readonly on: readonly Engine['name'][]
  /** Throws at the first promise that is broken. */
  readonly run: (options: Rounds) => Promise<object>
}

const all = ['sqlite', 'postgres', 'mysql'] as const
const servers = ['postgres', 'mysql'] as const
const embedded = ['sqlite'] as const

/** Every fault that can be tried in any number, by its name on the command line. */
export const faults: Readonly<Record<string, Fault>> = {
  kill: {
    about: 'kill -9 of the server in mid-checkout',
    on: all,
    run: (options) => killRounds({ ...options, width: 16 }),
  },
  hot: {
    about: '5,000 buyers at several servers for 100 pieces',
    on: servers,
    run: (options) => hotRounds({ ...options, buyers: 5_000, pieces: 100 }),
  },
  keys: { about: 'one key, used at once by all the wrong people', on: all, run: keyRounds },
  refresh: {
    about: 'refresh tokens used by fifty at once, late, and after a new password',
    on: all,
    run: refreshRounds,
  },
  settle: { about: 'one payment, settled from twenty sides at once', on: all, run: settleRounds },
  coupons: {
    about: 'coupons, gift cards and store credit, spent by 200 at once',
    on: all,
    run: couponRounds,
  },
  provider: {
    about: 'a payment provider that fails in every way, by chance',
    on: all,
    run: (options) => providerRounds({ ...options, buyers: 30 }),
  },
  stripe: {
    about: 'cards by Stripe that fail in every way, by chance',
    on: all,
    run: (options) => providerRounds({ ...options, buyers: 30, provider: 'stripe' }),
  },
  events: {
    about: 'events of Stripe, twenty times each, late and in any order',
    on: all,
    run: (options) => eventRounds({ ...options, buyers: 30 }),
  },
  'stripe-kill': {
    about: 'kill -9 of the server while it takes cards by Stripe',
    on: all,
    run: (options) => killRounds({ ...options, width: 16, provider: 'stripe' }),
  },
  restart: {
    about: 'the database server killed or stopped under load',
    on: servers,
    run: ({ engine, ...options }) => restartRounds({ ...options, engine: served(engine) }),
  },
  pool: {
    about: 'a slow database, and 1,000 clients',
    on: servers,
    run: (options) => poolRounds({ ...options, connections: 1_000 }),
  },
  'disk-full': {
    about: 'a full disk under load (needs root, for a tmpfs)',
    on: embedded,
    run: (options) => diskRounds({ ...options, fault: 'full' }),
  },
  'disk-error': {
    about: 'writes and syncs that fail with EIO (needs strace)',
    on: embedded,
    run: (options) => diskRounds({ ...options, fault: 'EIO' }),
  },
  power: {
    about: 'a power cut before every sync (needs strace); rounds are orders',
    on: embedded,
    run: powerRounds,
  },
  'power-control': {
    about: 'the same with synchronous=NORMAL, which must lose something',
    on: embedded,
    run: (options) => powerRounds({ ...options, synchronous: 'normal' }),
  },
}

function served({ name }: Engine): { name: 'postgres' | 'mysql' } {
  if (name === 'sqlite') throw new Error('SQLite has no server to restart')
  return { name }
}
