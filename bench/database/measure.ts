import { availableParallelism } from 'node:os'
import type { LoadClient, LoadResult } from '../client/load.ts'
import { median, rateOf, since } from '../measure.ts'
import { scenarios, seededRandom, type Facts, type ScenarioName } from '../scenarios.ts'
import type { Server } from '../servers.ts'
import { machineCpuMs, processCpuMs, waitForQuiet } from '../usage.ts'
import type { Baseline, BaselineResult } from './baseline.ts'

/** Medians over the rounds of one side. */
export interface SideFigures {
  readonly rate: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Processor time per operation, of the side itself and of the database server for it. */
  readonly cpuMicroseconds: number | undefined
  readonly databaseCpuMicroseconds: number | undefined
}

export interface DatabaseFigures {
  readonly shop: SideFigures
  readonly baseline: SideFigures
  readonly ratio: { readonly median: number; readonly min: number; readonly max: number }
  /** Processors that others kept busy, at most; undefined if the database server is elsewhere. */
  readonly othersLoad: number | undefined
  /** Operations that the baseline completed, with those that are not in the figures. */
  readonly baselineCompleted: number
}

export interface Sides {
  readonly client: LoadClient
  readonly shop: Server
  readonly baseline: Baseline
  readonly facts: Facts
  readonly databaseCpuMs: () => number | undefined
}

export interface Plan {
  readonly name: ScenarioName
  readonly seconds: number
  readonly rounds: number
  readonly connections: number
  readonly progress: (text: string) => void
}

interface Contender {
  run(seconds: number, round: number): Promise<BaselineResult>
  cpuMs(): number | undefined
}

interface Round extends BaselineResult {
  readonly ownCpuMs: number | undefined
  readonly databaseCpuMs: number | undefined
  readonly othersLoad: number | undefined
}

const warmUpSeconds = 3

/** Measures both sides by turns, so that what the machine does meanwhile meets both alike. */
export async function measureSides(sides: Sides, plan: Plan): Promise<DatabaseFigures> {
  const contenders = { shop: shopOf(sides, plan), baseline: sides.baseline }
  const rounds = { shop: [] as Round[], baseline: [] as Round[] }
  const run = (side: keyof typeof rounds, round: number, seconds: number) =>
    runRound(sides, contenders[side], { round, seconds })
  await run('shop', 0, warmUpSeconds)
  const { completed } = await run('baseline', 0, warmUpSeconds)
  for (let round = 1; round <= plan.rounds; round++) {
    plan.progress(`${plan.name}: round ${round} of ${plan.rounds}`)
    rounds.shop.push(await run('shop', round, plan.seconds))
    rounds.baseline.push(await run('baseline', round, plan.seconds))
  }
  const ratios = rounds.shop.map((of, at) => rateOf(of) / rateOf(rounds.baseline[at] ?? of))
  const loads = [...rounds.shop, ...rounds.baseline].map(({ othersLoad }) => othersLoad)
  return {
    shop: figuresOf(rounds.shop),
    baseline: figuresOf(rounds.baseline),
    ratio: { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) },
    othersLoad: loads.includes(undefined) ? undefined : Math.max(...(loads as number[])),
    baselineCompleted: rounds.baseline.reduce((sum, round) => sum + round.completed, completed),
  }
}

function shopOf({ client, shop, facts }: Sides, { name, connections }: Plan): Contender {
  const random = seededRandom(0)
  const { prepare } = scenarios[name].visitor({ facts, random, name })
  return {
    cpuMs: () => processCpuMs(shop.pid),
    async run(seconds, round) {
      const result = await client.run({
        client: 'own',
        port: shop.port,
        scenario: name,
        facts,
        connections,
        seconds,
        seed: round,
        run: `${name}-${round}`,
      })
      // What made ready for the operations has taken its time of the processor too.
      return { ...result, completed: result.operations + connections * prepare.length }
    },
  }
}

async function runRound(
  { databaseCpuMs, baseline }: Sides,
  contender: Contender,
  { round, seconds }: { round: number; seconds: number },
): Promise<Round> {
  await waitForQuiet()
  const read = () => [contender.cpuMs(), databaseCpuMs(), machineCpuMs()] as const
  const [before, start] = [read(), performance.now()]
  const result = await contender.run(seconds, round)
  const [after, spentMs] = [read(), performance.now() - start]
  const [ownCpuMs, databaseMs, machineMs] = after.map((ms, at) => since(ms, before[at]))
  // The loop's own time is the contender's already.
  const clientMs = contender === baseline ? 0 : result.cpuMs
  const ours = (ownCpuMs ?? 0) + (databaseMs ?? 0) + clientMs
  const isKnown = machineMs !== undefined && databaseMs !== undefined
  const others = isKnown ? Math.max(0, (machineMs - ours) / spentMs) : undefined
  const othersLoad = others === undefined ? others : Math.min(others, availableParallelism())
  return { ...result, ownCpuMs, databaseCpuMs: databaseMs, othersLoad }
}

function figuresOf(rounds: readonly Round[]): SideFigures {
  const medianOf = (read: (round: Round) => number) => median(rounds.map(read))
  const cost = (read: (round: Round) => number | undefined) =>
    rounds.some((round) => read(round) === undefined)
      ? undefined
      : medianOf((round) => ((read(round) ?? 0) * 1_000) / round.completed)
  return {
    rate: medianOf((round) => rateOf(round satisfies LoadResult)),
    p50Ms: medianOf(({ p50Ms }) => p50Ms),
    p99Ms: medianOf(({ p99Ms }) => p99Ms),
    cpuMicroseconds: cost(({ ownCpuMs }) => ownCpuMs),
    databaseCpuMicroseconds: cost(({ databaseCpuMs }) => databaseCpuMs),
  }
}
