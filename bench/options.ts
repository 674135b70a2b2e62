import { parseArgs } from 'node:util'
import { groups, scenarios, type ScenarioName } from './scenarios.ts'

/** What `--db` says about the database server; on SQLite there is none. */
export interface DatabaseOptions {
  readonly kind: 'postgres' | 'mysql'
  readonly url: string | undefined
  /** Undefined: pgbench where there is one, else the loop. */
  readonly baseline: 'pgbench' | 'loop' | undefined
  readonly sync: boolean
}

export interface Options {
  readonly products: number
  readonly seconds: number
  readonly rounds: number
  readonly connections: number
  readonly only: readonly ScenarioName[]
  /** Product details are measured while people sign in, too. */
  readonly logins: boolean
  readonly client: 'own' | 'autocannon'
  readonly json: boolean
  readonly database: DatabaseOptions | undefined
}

/** What is measured on a database server: lists are its own work, not that of the shop. */
const databaseScenarios: readonly ScenarioName[] = ['detail', 'add', 'manual', 'test']

export const help = `Measures the shop against a bare server that does the same work.

  npm run bench -- [options]

  --products N       products in the shop; beyond the real ones they repeat (default 20000)
  --seconds N        length of one measurement (default 2)
  --rounds N         measurements of each server per scenario, by turns (default 5)
  --connections N    requests at the same time (default 32)
  --only a,b         of: ${[...Object.keys(scenarios), ...Object.keys(groups)].join(', ')}
  --only login       product details alone, and while 20 people sign in every second
  --client NAME      own, or autocannon for the reads (default own)
  --json             the figures as JSON on standard output

On a database server, against the same SQL without the shop:

  --db NAME          postgres or mysql, which stands for MariaDB too (default sqlite)
  --url URL          a server that runs already (else one is started and thrown away); the
                     benchmark makes and drops two databases there
  --baseline NAME    pgbench, or loop for the bare driver in a loop (default pgbench on
                     PostgreSQL, if it is on PATH; there is nothing but the loop on MariaDB)
  --no-sync          a COMMIT does not wait for the disk, on a server that is started
  --only a,b         of: ${databaseScenarios.join(', ')} (default add,manual,test)
`

export class OptionError extends Error {}

export function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      products: { type: 'string', default: '20000' },
      seconds: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '5' },
      connections: { type: 'string', default: '32' },
      only: { type: 'string' },
      client: { type: 'string', default: 'own' },
      json: { type: 'boolean', default: false },
      db: { type: 'string', default: 'sqlite' },
      url: { type: 'string' },
      baseline: { type: 'string' },
      'no-sync': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const client = values.client === 'autocannon' ? 'autocannon' : 'own'
  if (client !== values.client) throw new OptionError('--client must be own or autocannon')
  const database = databaseOptions(values)
  const names = values.only?.split(',')
  const logins = names?.includes(loginName) ?? false
  if (logins && database) throw new OptionError(`"${loginName}" is measured on SQLite only`)
  const only = names?.filter((name) => name !== loginName).flatMap(namesOf)
  return {
    products: wholeNumber('products', values.products),
    seconds: wholeNumber('seconds', values.seconds),
    rounds: wholeNumber('rounds', values.rounds),
    connections: wholeNumber('connections', values.connections),
    only: database ? onDatabase(only) : (only ?? everything[client].flatMap(namesOf)),
    logins,
    client,
    json: values.json,
    database,
  }
}

/** Not a scenario as the others: two loads at once, and no bare server to compare with. */
const loginName = 'login'

const everything = { own: Object.keys(scenarios), autocannon: ['reads'] } as const

interface DatabaseValues {
  readonly db: string
  readonly url?: string | undefined
  readonly baseline?: string | undefined
  readonly client: string
  readonly 'no-sync': boolean
}

function databaseOptions(values: DatabaseValues): DatabaseOptions | undefined {
  const { db, url, client, 'no-sync': noSync } = values
  if (db === 'sqlite') {
    if (url === undefined && values.baseline === undefined && !noSync) return undefined
    throw new OptionError('--url, --baseline and --no-sync go with --db postgres or --db mysql')
  }
  const kind = db === 'mariadb' ? 'mysql' : db
  if (kind !== 'postgres' && kind !== 'mysql') {
    throw new OptionError('--db must be sqlite, postgres or mysql')
  }
  if (client !== 'own') throw new OptionError('--client goes with SQLite only')
  const { baseline } = values
  const isPgbench = baseline === 'pgbench' && kind === 'postgres'
  if (isPgbench || baseline === 'loop' || baseline === undefined) {
    return { kind, url, baseline, sync: !noSync }
  }
  throw new OptionError('--baseline must be loop, or pgbench on PostgreSQL')
}

function onDatabase(only: readonly ScenarioName[] = ['add', 'manual', 'test']) {
  const refused = only.find((name) => !databaseScenarios.includes(name))
  if (refused === undefined) return only
  throw new OptionError(`--only: on a database server "${refused}" is not measured`)
}

function wholeNumber(name: string, text: string): number {
  // Thousands may be set apart: 1_000_000 or 1,000,000.
  const digits = text.replaceAll(/[_,]/g, '')
  if (!/^[1-9]\d{0,8}$/.test(digits)) throw new OptionError(`--${name} must be a whole number`)
  return Number(digits)
}

function namesOf(text: string): readonly ScenarioName[] {
  if (Object.hasOwn(scenarios, text)) return [text as ScenarioName]
  const group = groups[text]
  if (!group) throw new OptionError(`--only: there is no "${text}"`)
  return group
}
