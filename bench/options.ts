import { parseArgs } from 'node:util'
import { groups, scenarios, type ScenarioName } from './scenarios.ts'

export interface Options {
  readonly products: number
  readonly seconds: number
  readonly rounds: number
  readonly connections: number
  readonly only: readonly ScenarioName[]
  readonly client: 'own' | 'autocannon'
  readonly json: boolean
}

export const help = `Measures the shop against a bare server that does the same work.

  npm run bench -- [options]

  --products N       products in the shop; beyond the real ones they repeat (default 20000)
  --seconds N        length of one measurement (default 2)
  --rounds N         measurements of each server per scenario, by turns (default 5)
  --connections N    requests at the same time (default 32)
  --only a,b         of: ${[...Object.keys(scenarios), ...Object.keys(groups)].join(', ')}
  --client NAME      own, or autocannon for the reads (default own)
  --json             the figures as JSON on standard output
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
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const client = values.client === 'autocannon' ? 'autocannon' : 'own'
  if (client !== values.client) throw new OptionError('--client must be own or autocannon')
  const everything = client === 'own' ? Object.keys(scenarios) : ['reads']
  return {
    products: wholeNumber('products', values.products),
    seconds: wholeNumber('seconds', values.seconds),
    rounds: wholeNumber('rounds', values.rounds),
    connections: wholeNumber('connections', values.connections),
    only: (values.only?.split(',') ?? everything).flatMap(namesOf),
    client,
    json: values.json,
  }
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
