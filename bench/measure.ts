import { availableParallelism } from 'node:os'
import type { LoadClient, LoadResult } from './client/load.ts'
import type { Options } from './options.ts'
import { scenarios, type Facts, type ScenarioName } from './scenarios.ts'
import type { Server } from './servers.ts'
import { machineCpuMs, processCpuMs, waitForQuiet } from './usage.ts'

/** One server under one scenario: medians over the rounds. */
export interface Figures {
  readonly rate: number
  readonly p50Ms: number
  readonly p99Ms: number
  /**
   * Processor time of the server for one operation: says more than the rate on a shared machine.
   */
  readonly cpuMicroseconds: number | undefined
}

export interface Measurement {
  readonly name: ScenarioName
  readonly label: string
  readonly shop: Figures
  readonly bare: Figures
  /** Shop to bare, of the pairs of rounds that followed each other. */
  readonly ratio: { readonly median: number; readonly min: number; readonly max: number }
  readonly ratioMin: number
  /** How busy one processor was with the client, at most. */
  readonly clientLoad: number
  /**
   * How many processors others kept busy meanwhile, at most: more than a little spoils the figures.
   */
  readonly othersLoad: number
}

interface Round extends LoadResult {
  readonly serverCpuMs: number | undefined
  readonly othersLoad: number
}

export interface Bench {
  readonly client: LoadClient
  readonly servers: readonly [shop: Server, bare: Server]
  readonly facts: Facts
  readonly options: Options
}

const warmUpSeconds = 1

/** Measures both servers by turns, so that what the machine does meanwhile meets both alike. */
export async function measure(
  bench: Bench,
  name: ScenarioName,
  progress: (text: string) => void,
): Promise<Measurement> {
  const [shop, bare] = bench.servers
  const rounds = { shop: [] as Round[], bare: [] as Round[] }
  for (const server of bench.servers) {
    await runRound(bench, { server, name, round: 0, seconds: warmUpSeconds })
  }
  for (let round = 1; round <= bench.options.rounds; round++) {
    progress(`${name}: round ${round} of ${bench.options.rounds}`)
    for (const server of [shop, bare]) {
      const { seconds } = bench.options
      rounds[server.name].push(await runRound(bench, { server, name, round, seconds }))
    }
  }
  const ratios = rounds.shop.map((of, index) => rateOf(of) / rateOf(rounds.bare[index] ?? of))
  const all = [...rounds.shop, ...rounds.bare]
  const { label, ratioMin } = scenarios[name]
  return {
    name,
    label,
    shop: figuresOf(rounds.shop),
    bare: figuresOf(rounds.bare),
    ratio: { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) },
    ratioMin,
    clientLoad: Math.max(...all.map(({ cpuMs, elapsedMs }) => cpuMs / elapsedMs)),
    othersLoad: Math.max(...all.map(({ othersLoad }) => othersLoad)),
  }
}

interface RoundPlan {
  readonly server: Server
  readonly name: ScenarioName
  readonly round: number
  readonly seconds: number
}

async function runRound(bench: Bench, plan: RoundPlan): Promise<Round> {
  const { server, name, round, seconds } = plan
  const { client, connections } = bench.options
  await waitForQuiet()
  const before = {
    server: processCpuMs(server.pid),
    machine: machineCpuMs(),
    at: performance.now(),
  }
  const result = await bench.client.run({
    client,
    port: server.port,
    scenario: name,
    facts: bench.facts,
    connections,
    seconds,
    seed: round,
    run: `${name}-${round}`,
  })
  const spentMs = performance.now() - before.at
  const serverCpuMs = since(processCpuMs(server.pid), before.server)
  const machineMs = since(machineCpuMs(), before.machine)
  const ours = (serverCpuMs ?? 0) + result.cpuMs
  const othersLoad = machineMs === undefined ? 0 : Math.max(0, (machineMs - ours) / spentMs)
  return { ...result, serverCpuMs, othersLoad: Math.min(othersLoad, availableParallelism()) }
}

export function since(after: number | undefined, before: number | undefined): number | undefined {
  return after === undefined || before === undefined ? undefined : after - before
}

export const rateOf = ({ operations, elapsedMs }: LoadResult): number =>
  (operations * 1_000) / elapsedMs

function figuresOf(rounds: readonly Round[]): Figures {
  const costs = rounds.flatMap(({ serverCpuMs, operations }) =>
    serverCpuMs === undefined ? [] : [(serverCpuMs * 1_000) / operations],
  )
  return {
    rate: median(rounds.map(rateOf)),
    p50Ms: median(rounds.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(rounds.map(({ p99Ms }) => p99Ms)),
    cpuMicroseconds: costs.length === 0 ? undefined : median(costs),
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}
